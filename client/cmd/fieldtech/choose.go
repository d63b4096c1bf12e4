package main

import (
	"context"
	"flag"

	"fieldsync/client"
	"fieldsync/sync/cli"
)

// meteredFlag tells that the network costs by the byte: nobody else does on a computer.
func meteredFlag(f *flag.FlagSet, metered *bool) {
	f.BoolVar(metered, "metered", false, "the network is mobile data: changes go before files, and what was chosen for it holds")
}

func (a *app) metered(is bool) {
	if is {
		a.client.SetNetwork(client.NetworkMetered)
	}
}

func chooseCommand() *command {
	var photos, send string
	return &command{
		Name: "choose", Args: "[-photos small|full] [-send any|wifi]", Needs: writing,
		Brief:   "choose how large new photos are kept, and by which networks files are sent",
		About:   "Without a flag it shows what holds now. What is chosen holds from now on, also for fieldtech app.\nSignatures always go, by any network.",
		Example: "fieldtech choose -photos small -send wifi",
		Flags: func(f *flag.FlagSet) {
			f.StringVar(&photos, "photos", "", "SIZE of new photos: small, or full as they are")
			f.StringVar(&send, "send", "", "NETWORK for files: any, or wifi for one that is not metered")
		},
		Do: func(_ context.Context, a *app, _ []string) error { return a.choose(photos, send) },
	}
}

func (a *app) choose(photos, send string) error {
	was := a.client.Choices()
	now := was
	var known bool
	if now.Reduce, known = map[string]bool{"": was.Reduce, "small": true, "full": false}[photos]; !known {
		return cli.Usage("-photos takes small or full")
	}
	if now.WiFiOnly, known = map[string]bool{"": was.WiFiOnly, "any": false, "wifi": true}[send]; !known {
		return cli.Usage("-send takes any or wifi")
	}
	if now != was {
		if err := a.client.Choose(now); err != nil {
			return err
		}
	}
	return a.answer(now, func() {
		var t table
		t.add("Photos", pickOne(now.Reduce, "small", "full: as the camera takes them"))
		t.add("Sent", pickOne(now.WiFiOnly, "by Wi-Fi only, signatures by any network", "by any network"))
		a.say("%s", &t)
	})
}

func pickOne(first bool, one, other string) string {
	if first {
		return one
	}
	return other
}
