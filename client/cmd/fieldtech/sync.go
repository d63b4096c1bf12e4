package main

import (
	"context"
	"flag"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"fieldsync/client"
	"fieldsync/sync/cli"
)

// synced is what sync answers.
type synced struct {
	Level   bool  `json:"level"` // always: anything else is an error
	Sent    int   `json:"sent"`
	Pending int   `json:"pending"`
	Refused int   `json:"refused"`
	Millis  int64 `json:"ms"`
}

func syncCommand() *command {
	var server string
	var within time.Duration
	var metered bool
	return &command{
		Name: "sync", Args: "[-within DURATION] [-server URL] [-metered]", Needs: writing,
		Brief: "send what was recorded, fetch what is new",
		About: "It ends when both sides are level, and tries once. Whatever happens, nothing that was recorded is lost;\n" +
			"an interrupted download goes on where it stopped. Changes that the hub puts aside are shown by\n" +
			"fieldtech outbox; they do not make sync fail.",
		Example: "fieldtech sync -within 2m",
		Flags: func(f *flag.FlagSet) {
			f.DurationVar(&within, "within", 0, "DURATION after which to give up, as in 90s; 0 is never")
			f.StringVar(&server, "server", "", "URL to which the hub has moved")
			meteredFlag(f, &metered)
		},
		Do: func(ctx context.Context, a *app, _ []string) error {
			a.metered(metered)
			if server != "" {
				if err := a.client.Move(server); err != nil {
					return err
				}
			}
			if within < 0 {
				return cli.Usage("-within takes how long to try, as in 90s, or 0 for as long as it takes")
			}
			if within > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, within)
				defer cancel()
			}
			return a.sync(ctx)
		},
	}
}

func (a *app) sync(ctx context.Context) error {
	before, err := a.client.Status(ctx)
	if err != nil {
		return err
	}
	started := time.Now()
	if err := a.syncShown(ctx); err != nil {
		return err
	}
	s, err := a.client.Status(context.WithoutCancel(ctx))
	if err != nil {
		return err
	}
	answer := synced{true, before.Pending, s.Pending, s.Refused, time.Since(started).Milliseconds()}
	return a.answer(answer, func() {
		a.say("Level with the hub: %s sent, %d waiting.\n", count(answer.Sent, "change"), s.Pending)
		if s.Refused > 0 {
			a.say("The hub put %s aside: fieldtech outbox says why.\n", count(s.Refused, "change"))
		}
	})
}

// syncShown syncs, and shows how far a download has come where a person watches.
func (a *app) syncShown(ctx context.Context) error {
	if !terminal(a.err) || a.json {
		return a.client.SyncOnce(ctx)
	}
	done := make(chan error, 1)
	go func() { done <- a.client.SyncOnce(ctx) }()
	var p progress
	defer p.end()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-tick.C:
			if s, err := a.client.Status(ctx); err == nil {
				p.show(a.err, s)
			}
		}
	}
}

func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// progress is a bar that appears with the first download of which the size is known.
type progress struct{ bar *progressbar.ProgressBar }

func (p *progress) show(w io.Writer, s client.Status) {
	if s.Total == 0 {
		return
	}
	if p.bar == nil {
		p.bar = progressbar.NewOptions64(int64(s.Total), progressbar.OptionSetWriter(w),
			progressbar.OptionSetDescription("fetching"), progressbar.OptionShowCount(), progressbar.OptionClearOnFinish())
	}
	p.bar.ChangeMax64(int64(s.Total))
	_ = p.bar.Set64(int64(s.Done)) // a bar that cannot be drawn is no reason to stop
}

func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}
