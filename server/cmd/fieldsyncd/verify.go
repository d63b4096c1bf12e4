package main

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"time"

	"fieldsync/server"
	"fieldsync/server/files"
	"fieldsync/server/store"
	"fieldsync/sync/cli"
)

func verifyCommand() *command {
	var link string
	return &command{
		Name: "verify", Brief: "read everything, and say what is wrong",
		About: `
Reads the database at one moment, while the hub works: every page, every row against the feed and
the change sets that wrote it, who holds what, every writer's counters and chain, the audit,
and every file that rows name. Exits 1 when something is wrong.
The audit is a chain over all that was changed and done, in which nothing can be altered or taken out unnoticed. Its end
is printed: kept elsewhere, and given to a later verify as -link, it also shows that the whole was not written anew. With
-json it prints {"ok":…,"rows":…,"feed":…,"changes":…,"writers":…,"audit":…,"chain":…,"files":…,"found":…,"problems":[…]}.`,
		Example: "fieldsyncd verify -json",
		Flags: func(f *flag.FlagSet) {
			f.StringVar(&link, "link", "", "END of the chain, as an earlier verify printed it: it must still be part of it")
		},
		Do: func(ctx context.Context, a *app, _ []string) error {
			if there, err := a.find(ctx); err != nil || !there {
				return cmp.Or(err, cli.Usage("there is no hub in %s: name where it is with -data, or -db", a.place()))
			}
			unlock, err := lockFolder(a.data, false)
			if err != nil {
				return err
			}
			defer unlock()
			from, err := hex.DecodeString(link)
			if err != nil || len(from) != 0 && len(from) != len(store.Hash{}) {
				return cli.Usage("-link takes the %d hexadecimal digits that an earlier verify printed", 2*len(store.Hash{}))
			}
			report, took, err := a.verifyStore(ctx, a.besideOptions(), from)
			if err != nil {
				return err
			}
			return a.report(report, took)
		},
	}
}

func (a *app) verifyStore(ctx context.Context, o store.Options, link []byte) (report *store.VerifyReport, took time.Duration, err error) {
	s, err := store.Open(ctx, o)
	if err != nil {
		return nil, 0, err
	}
	began := time.Now()
	err = a.progress("verifying").during(func() (int64, int64, string) {
		return 0, 0, time.Since(began).Truncate(time.Second).String()
	}, func() (err error) {
		if report, err = s.Verify(ctx); err != nil {
			return err
		}
		if len(link) > 0 {
			if err = s.VerifyLeads(ctx, report, store.Hash(link)); err != nil {
				return err
			}
		}
		if o.Path != a.path() {
			return nil // a copy, to be looked at by itself
		}
		desk, err := server.OpenFiles(ctx, o.Path, a.files, files.Options{})
		if err == nil {
			report.Files, _, err = server.VerifyFiles(ctx, s, desk, report.Problem)
		}
		return err
	})
	return report, time.Since(began), errors.Join(err, s.Close())
}

func (a *app) report(r *store.VerifyReport, took time.Duration) error {
	err := a.answer(struct {
		OK       bool     `json:"ok"`
		Rows     uint64   `json:"rows"`
		Feed     uint64   `json:"feed"`
		Changes  uint64   `json:"changes"`
		Writers  uint64   `json:"writers"`
		Audit    uint64   `json:"audit"`
		Chain    string   `json:"chain"`
		Files    uint64   `json:"files"`
		Found    int      `json:"found"`
		Problems []string `json:"problems"`
	}{r.OK(), r.Rows, r.Feed, r.Entries, r.Actors, r.Audit, hex.EncodeToString(r.End[:]), r.Files, r.Found,
		append([]string{}, r.Problems...)}, func() {
		a.say("%d rows, %d feed entries, %d changes of %s, %s in the audit, %s, in %s\n",
			r.Rows, r.Feed, r.Entries, many(int(r.Actors), "writer"), many(int(r.Audit), "deed"), many(int(r.Files), "file"), took.Round(time.Millisecond))
		a.say("The chain of the audit ends with %x\n", r.End)
		for _, p := range r.Problems {
			a.say("  %s\n", p)
		}
		a.say("%s\n", verdictOf(r))
	})
	if err == nil && !r.OK() {
		err = errQuiet
	}
	return err
}

func verdictOf(r *store.VerifyReport) string {
	remedy := " Restore a backup."
	if r.Found == r.Beside { // which restores no file that is there, and begins an epoch
		remedy = ""
	}
	switch {
	case r.OK():
		return "Everything is as it should be."
	case r.Found > len(r.Problems):
		return fmt.Sprintf("%d problems found, the first %d of them above.%s", r.Found, len(r.Problems), remedy)
	}
	return fmt.Sprintf("%s found.%s", many(r.Found, "problem"), remedy)
}
