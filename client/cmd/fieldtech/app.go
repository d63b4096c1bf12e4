package main

import (
	"context"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"

	"fieldsync/client"
	"fieldsync/client/web"
	"fieldsync/sync/cli"
	"fieldsync/sync/fault"
)

// opened is what app answers.
type opened struct {
	URL string `json:"url"` // opens the app; it carries the secret of this launch
}

func appCommand() *command {
	var o web.Options
	var open, metered bool
	return &command{
		Name: "app", Args: "[-port N] [-open] [-metered]", Needs: fresh,
		Brief: "serve the technician's app to a browser on this computer, until Ctrl-C",
		About: "It prints the address to open, which carries a secret of this start: nobody else gets in. The app works\n" +
			"without a network, and sends and fetches by itself when there is one. Meanwhile commands that only show\n" +
			"something work beside it.",
		Example: "fieldtech app -open",
		Flags: func(f *flag.FlagSet) {
			f.IntVar(&o.Port, "port", 0, "N to listen on; 0 is one that is free")
			f.BoolVar(&open, "open", false, "open it in the browser")
			meteredFlag(f, &metered)
		},
		Do: func(ctx context.Context, a *app, _ []string) error {
			a.metered(metered)
			return a.serveApp(ctx, o, open)
		},
	}
}

func (a *app) serveApp(ctx context.Context, o web.Options, open bool) (err error) {
	ctx, leave := context.WithCancel(ctx)
	defer leave()
	var out atomic.Bool
	o.LogOut = func(context.Context) error {
		out.Store(true)
		leave()
		return nil
	}
	o.Anew = func() (*client.Client, error) { return a.anew(context.WithoutCancel(ctx)) }
	w, err := web.New(a.client, o)
	if err != nil {
		return err
	}
	url, err := w.Start()
	if err != nil {
		return cli.Usage("the app cannot listen on port %d: choose another with -port (%v)", o.Port, err)
	}
	if s, err := a.client.Status(ctx); err == nil && s.Enrolled {
		if err := a.client.Connect(); err != nil {
			return errors.Join(err, w.Close())
		}
	}
	if err := a.answer(opened{url}, func() { a.say("%s\n", url) }); err != nil {
		return errors.Join(err, w.Close())
	}
	if open {
		browse(ctx, url)
	}
	<-ctx.Done()
	err = w.Close()
	if a.client = w.Client(); err != nil || !out.Load() {
		return err
	}
	return a.forget(context.WithoutCancel(ctx))
}

// anew opens an empty replica after the office has wiped the one that was here.
func (a *app) anew(ctx context.Context) (*client.Client, error) {
	o, err := a.options(filepath.Join(a.data, "replica.db"))
	if err != nil {
		return nil, err
	}
	_ = a.client.Close() // there is nothing left that could be lost
	return client.Open(ctx, o)
}

// forget takes the replica and what stands beside it away: the person has logged out. Nothing writes any more, so that
// this is the moment to look, for the last time, whether anything is unsent.
func (a *app) forget(ctx context.Context) error {
	may, err := a.client.Leavable(ctx)
	if err != nil {
		return err
	}
	if !may {
		return fault.New("unsent_work", "something was recorded that only this computer has: run fieldtech sync or fieldtech export first")
	}
	if err := a.client.Close(); err != nil {
		return err
	}
	beside, err := filepath.Glob(filepath.Join(a.data, "replica.db*"))
	for _, path := range beside {
		err = errors.Join(err, os.RemoveAll(path))
	}
	return err
}

// browse opens the address where this computer opens addresses. Where it has nothing for that, the person does it.
func browse(ctx context.Context, url string) {
	with := map[string]string{"darwin": "open", "windows": "rundll32 url.dll,FileProtocolHandler"}[runtime.GOOS]
	if with == "" {
		with = "xdg-open"
	}
	args := append(strings.Fields(with), url)
	_ = exec.CommandContext(ctx, args[0], args[1:]...).Start()
}
