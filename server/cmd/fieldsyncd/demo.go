package main

import (
	"context"
	"flag"
	"io"
	"os"

	"fieldsync/sync/cli"
)

// demo is the command "demo" with its flags.
type demo struct {
	story   bool
	file    string
	address string
	crew    int
	seed    uint64
	kept    bool // -data names the folder
}

// smallestCrew is how many technicians the story needs for all that befalls them.
const smallestCrew = 8

func demoCommand() *command {
	d := &demo{}
	return &command{
		Name:  "demo",
		Brief: "a hub with demo data and two technicians at work; or, with -story, a whole day by itself",
		About: `
Without -story: serves a made-up company until Ctrl-C, and prints where to look and what to type. Its data
lies in a folder of its own, which goes away at the end unless -data names one.

With -story: import, assignment, first sync; everybody works offline while the office edits, reassigns and
cancels; one phone is killed, one has a wrong clock, one is restored from a copy; all come back over a line
that is cut again and again; one technician writes to jobs that are not his any more; the office settles what
needs a person. Exits 0 only if every replica equals the hub, row by row, and every recorded change is there.
With -json it prints {"imported":…,"warnings":…,"devices":…,"offline_changes":…,"conflicts":…,
"quarantined":…,"lost":0,"converged":true,"seconds":…}.`,
		Example: "fieldsyncd demo -story -import orders.csv",
		Flags: func(f *flag.FlagSet) {
			f.BoolVar(&d.story, "story", false, "play the whole day by itself")
			f.StringVar(&d.file, "import", "", "FILE.csv to take the jobs from")
			f.StringVar(&d.address, "addr", defaultAddress, "HOST:PORT to listen on; without -story")
			f.IntVar(&d.crew, "technicians", smallestCrew, "N how many take part in the story, at least 8")
			f.Uint64Var(&d.seed, "seed", 1, "N what technicians do, and in the story what happens when")
		},
		Do: d.run,
	}
}

func (d *demo) run(ctx context.Context, a *app, _ []string) error {
	if d.crew < smallestCrew {
		return cli.Usage("the story needs at least %d technicians", smallestCrew)
	}
	if d.file != "" {
		file, _, err := a.source(d.file) // rather now than after everything was set up
		if err != nil {
			return err
		}
		_ = file.Close()
	}
	if a.db != "" || a.files != "" {
		return cli.Usage("the demo has a database and files of its own: leave out -db and -files")
	}
	d.kept = a.data != env("FIELDSYNC_DATA", defaultData)
	if !d.kept { // a demo never plays with real data
		temporary, err := os.MkdirTemp("", "fieldsync-demo-")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(temporary) }()
		a.data = temporary
	}
	if !d.story {
		return a.liveDemo(ctx, d)
	}
	log := a.out
	if a.json {
		log = io.Discard
	}
	told, err := a.tellStory(ctx, storyOptions{dir: a.data, file: d.file, crew: d.crew, seed: d.seed, log: log})
	if a.json {
		if err := a.answer(told, nil); err != nil {
			return err
		}
	}
	return err
}
