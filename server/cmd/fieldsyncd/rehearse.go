package main

import (
	"cmp"
	"context"
	"flag"
	"os"
	"slices"
	"strings"
	"time"

	"fieldsync/sync/cli"
	"fieldsync/sync/schema"
)

// The troubles of a rehearsal.
const (
	troubleRadio      = "radio"      // phones are without network for about half of the time
	troubleDuplicates = "duplicates" // one of five messages is said twice, at once or later
	troubleClocks     = "clocks"     // every third phone's clock is up to three hours wrong
	troubleStorage    = "storage"    // every fourth phone has no space left, for a third of its work
	troubleApps       = "apps"       // every third phone runs an older app
)

var troubles = []string{troubleRadio, troubleDuplicates, troubleClocks, troubleStorage, troubleApps}

// rehearseOptions say what a rehearsal plays, and how.
type rehearseOptions struct {
	of      string // the backup
	seed    uint64
	trouble map[string]bool
	old     string         // the program that older phones run; "" is this one as it was a version ago
	schema  *schema.Schema // nil means aftersales.Schema
}

// Rehearsed is what came of a rehearsal.
type Rehearsed struct {
	From       time.Time  `json:"from,omitzero"` // when the first of the changes was made; none if there is none
	To         time.Time  `json:"to,omitzero"`
	Phones     int        `json:"phones"`
	Changes    int        `json:"changes"`       // that phones made
	Office     int        `json:"office"`        // that the office made
	Left       int        `json:"left_out"`      // of people who could not be given a phone
	Offline    float64    `json:"offline_hours"` // of all phones together
	Repeated   int64      `json:"messages_twice"`
	Applied    int        `json:"applied"`
	Merged     int        `json:"merged"`
	Refused    int        `json:"refused"`
	Asked      []Question `json:"asked"`
	Impossible []Question `json:"impossible"` // work that could not be recorded when it was done, and who was told so at once
	Lost       int        `json:"lost"`
	Converged  bool       `json:"converged"`
	Older      *OlderApp  `json:"older_app,omitempty"` // none where apps are left out
}

// Question is something that a person would have to decide, or was told.
type Question struct {
	Who   string `json:"who"`   // a technician by name, or "the office"
	About string `json:"about"` // the row, and the column
	Code  string `json:"code"`  // conflict, discrepancy, or the code of a refusal
	Says  string `json:"says"`
}

// office is who is asked what only the office decides.
const office = "the office"

func rehearseCommand() *command {
	o := rehearseOptions{trouble: map[string]bool{}}
	var without string
	return &command{
		Name: "rehearse", Args: "BACKUP", Least: 1, Most: 1,
		Brief: "play the changes since a backup again, under bad conditions, and see what would be asked of whom",
		About: `
Copies the backup aside and gives everybody who worked with a phone since then one, at the state of the backup.
Then all that phones and the office have written since is done again in its order, by the clock of those days: on
phones that are without network for hours, hear and say things twice, have wrong clocks, run out of space and run
older apps. It takes minutes, not the day. What is printed is what the office and technicians would be asked, which
work could not have been recorded, and whether anything was lost. Take a backup of the morning for a day. The hub is
only read, and may serve meanwhile; nobody is told anything. The same -seed makes the same trouble.
-without radio,duplicates,clocks,storage,apps leaves trouble out: what is asked without any was asked anyway. An older
app is this program's as it was before the latest version of what phones hold, or, as a process, the fieldsyncd of an
earlier release that -old names: some phones are not updated yet.`,
		Example: "fieldsyncd rehearse /var/backups/fieldsync/hub-2026-11-20.db -without clocks",
		Flags: func(f *flag.FlagSet) {
			f.Uint64Var(&o.seed, "seed", 1, "N who is struck by what, and when")
			f.StringVar(&o.old, "old", "", "PROGRAM that every third phone runs: the fieldsyncd of an earlier release")
			f.StringVar(&without, "without", "", "TROUBLE,… of "+strings.Join(troubles, ", "))
		},
		Do: func(ctx context.Context, a *app, args []string) error {
			o.of = args[0]
			for _, t := range troubles {
				o.trouble[t] = true
			}
			for t := range strings.SplitSeq(without, ",") {
				if t = strings.TrimSpace(t); t != "" && !slices.Contains(troubles, t) {
					return cli.Usage("-without takes %s", strings.Join(troubles, ", "))
				}
				delete(o.trouble, t)
			}
			if o.old != "" && !o.trouble[troubleApps] {
				return cli.Usage("-old is for the trouble %s, which -without leaves out", troubleApps)
			}
			return a.rehearse(ctx, o)
		},
	}
}

func (a *app) rehearse(ctx context.Context, o rehearseOptions) error {
	if info, err := os.Stat(o.of); err != nil || !info.Mode().IsRegular() {
		return cli.Usage("%s is no backup: there is no such file", o.of)
	}
	there, err := a.find(ctx)
	if err != nil {
		return err
	}
	if !there {
		return cli.Usage("there is no hub in %s: name where it is with -data, or -db", a.place())
	}
	r, err := a.playAgain(ctx, o)
	if err != nil {
		return err
	}
	if err := a.answer(r, func() { a.sayRehearsed(r) }); err != nil {
		return err
	}
	if r.Lost > 0 || !r.Converged {
		return errQuiet
	}
	return nil
}

func (a *app) sayRehearsed(r *Rehearsed) {
	if r.From.IsZero() {
		a.say("Nobody has written anything since that backup: there is nothing to play again.\n")
		return
	}
	const minute = "2006-01-02 15:04"
	a.say("Played again: %s by %s and %d by the office, of %s to %s UTC.\n", many(r.Changes, "change"), many(r.Phones, "phone"), r.Office,
		r.From.Format(minute), r.To.Format(minute))
	if r.Left > 0 {
		a.say("Left out: %s of people who cannot be given a phone.\n", many(r.Left, "change"))
	}
	a.say("Without network: %.1f hours, all phones together. Said twice: %s.\n", r.Offline, many(int(r.Repeated), "message"))
	a.sayOlder(r.Older)
	a.say("Of what phones wrote %d were taken as they were, %d merged with what others wrote, %d refused.\n", r.Applied, r.Merged, r.Refused)
	a.sayQuestions("Asked would be", r.Asked)
	a.sayQuestions("Could not be recorded when it was done", r.Impossible)
	switch {
	case r.Lost > 0:
		a.say("LOST: %s.\n", many(r.Lost, "change"))
	case !r.Converged:
		a.say("Nothing was lost, but NOT EVERY PHONE holds what it should.\n")
	default:
		a.say("Nothing was lost, and every phone holds what it should.\n")
	}
}

func (a *app) sayOlder(o *OlderApp) {
	switch {
	case o == nil:
	case o.Version == 0:
		a.say("Older apps: none. Version %d of what phones hold is the first: -old names a program of an earlier release.\n", o.Latest)
	case len(o.Phones) == 0:
		a.say("Older apps: none. Every third phone runs one, from the second on.\n")
	default:
		a.say("Older apps: %s, on the phones of %s. They know version %d of what phones hold, the others version %d.\n",
			cmp.Or(o.Program, "this program's as it was a version ago"), strings.Join(o.Phones, ", "), o.Version, o.Latest)
	}
}

func (a *app) sayQuestions(title string, all []Question) {
	if len(all) == 0 {
		a.say("%s: nothing.\n", title)
		return
	}
	a.say("%s:\n", title)
	for _, q := range all {
		a.say("  %s: %s: %s (%s)\n", q.Who, q.About, q.Says, q.Code)
	}
}
