package main

import (
	"context"
	"flag"

	"fieldsync/client"
	"fieldsync/sync/cli"
)

func exportCommand() *command {
	var codes bool
	return &command{
		Name: "export", Args: "FILE | -codes", Most: 1, Needs: writing,
		Brief: "bring unsent work to the office without a network: as a file, or as texts of QR codes",
		About: "Only the office can read it. It takes the file in on its page Brought by hand; what arrives twice, by hand and\n" +
			"by fieldtech sync, is judged once. Photos are in the file, not in the codes.",
		Example: "fieldtech export /media/stick/li.fsp",
		Flags: func(f *flag.FlagSet) {
			f.BoolVar(&codes, "codes", false, "print the texts of a chain of QR codes, one a line")
		},
		Do: func(ctx context.Context, a *app, args []string) error {
			switch {
			case codes && len(args) == 0:
				return a.exportCodes(ctx)
			case !codes && len(args) == 1:
				return a.exportFile(ctx, args[0])
			}
			return cli.Usage("name a file, or say -codes: see fieldtech export -h")
		},
	}
}

func (a *app) exportFile(ctx context.Context, path string) error {
	e, err := a.client.ExportTo(ctx, path)
	if err != nil {
		return err
	}
	return a.answer(e, func() {
		a.say("%s holds %s and %s. Bring it to the office.\n", path, count(e.Changes, "change"), count(e.Files, "file"))
	})
}

func (a *app) exportCodes(ctx context.Context) error {
	frames, e, err := a.client.ExportFrames(ctx)
	if err != nil {
		return err
	}
	shown := struct {
		client.Export
		Codes []string `json:"codes"`
	}{e, frames}
	return a.answer(shown, func() {
		for _, f := range frames {
			a.say("%s\n", f)
		}
	})
}
