package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"io/fs"
	"os"
	"time"

	"fieldsync/server/store"
	"fieldsync/sync/cli"
	"fieldsync/sync/fault"
)

func moveCommand() *command {
	var back bool
	return &command{
		Name: "move", Brief: "bring the database from SQLite to PostgreSQL, or back",
		About: `
Copies the database in the folder into the one that -db names, which must be empty, and compares the two row by row.
Stop every hub before. Devices notice nothing: number, history and checkpoints stay. From then on the hub is served
with -db; the file is kept aside under another name. Photos, keys and the files beside the database stay in
the folder. -back brings the database from -db into the folder again.
With -json it prints {"tables":…,"rows":…,"epoch":…,"commit":…,"aside":…}.`,
		Example: "fieldsyncd move -db postgres://fieldsync:secret@db.local/fieldsync",
		Flags: func(f *flag.FlagSet) {
			f.BoolVar(&back, "back", false, "from PostgreSQL into the folder")
		},
		Do: func(ctx context.Context, a *app, _ []string) error { return a.move(ctx, back) },
	}
}

func (a *app) move(ctx context.Context, back bool) error {
	if a.db == "" {
		return cli.Usage("name with -db the database in PostgreSQL")
	}
	unlock, err := lockFolder(a.data, true)
	if err != nil {
		return err
	}
	defer unlock()
	do := a.moveOut
	if back {
		do = a.moveIn
	}
	var done store.Copied
	var aside string
	began := time.Now()
	err = a.progress("copying").during(func() (int64, int64, string) {
		return 0, 0, time.Since(began).Truncate(time.Second).String()
	}, func() (err error) {
		done, aside, err = do(ctx)
		return err
	})
	if err != nil {
		return err
	}
	return a.answer(struct {
		Tables int    `json:"tables"`
		Rows   uint64 `json:"rows"`
		Epoch  uint32 `json:"epoch"`
		Commit uint64 `json:"commit"`
		Aside  string `json:"aside,omitempty"`
	}{done.Tables, done.Rows, done.Epoch, done.Head, aside}, func() {
		a.say("%d rows of %s are moved and compared, with everything up to commit %d.\n", done.Rows, many(done.Tables, "table"), done.Head)
		if back {
			a.say("Serve the hub without -db now, and drop the database in PostgreSQL.\n")
		} else {
			a.say("Serve the hub with -db now. What was here is kept as %s: delete it once you are sure, for no erasure reaches it.\n", aside)
		}
	})
}

// moveOut copies the file to PostgreSQL, and keeps it aside.
func (a *app) moveOut(ctx context.Context) (done store.Copied, aside string, err error) {
	here := a.storeOptions()
	here.Database = ""
	if _, err := os.Stat(a.elsewhere()); err == nil {
		return done, "", cli.Usage("the hub of %s has its database elsewhere already: -back brings it here", a.data)
	}
	if sizeOf(a.path()) == 0 {
		return done, "", cli.Usage("there is no hub in %s: name its folder with -data", a.data)
	}
	if done, err = store.Copy(ctx, here, a.storeOptions(), store.SameHistory); err != nil {
		return done, "", err
	}
	if err = a.sayElsewhere(); err == nil { // before the file goes: whoever finds neither would found a hub
		aside, err = a.putAside("moved")
	}
	return done, aside, err
}

// moveIn copies from PostgreSQL into the folder.
func (a *app) moveIn(ctx context.Context) (done store.Copied, aside string, err error) {
	if _, err := os.Stat(a.path()); err == nil {
		return done, "", fault.New(store.Occupied, "There is a database in "+a.data+" already. Move it out of the way first.")
	}
	if there, err := store.Exists(ctx, a.storeOptions()); err != nil || !there {
		return done, "", cmp.Or(err, cli.Usage("there is no hub in %s: look at its name", a.place()))
	}
	incoming := a.storeOptions()
	incoming.Path, incoming.Database = a.path()+".incoming", ""
	a.dropFiles(incoming.Path)
	defer a.dropFiles(incoming.Path)
	if done, err = store.Copy(ctx, a.storeOptions(), incoming, store.SameHistory); err != nil {
		return done, "", err
	}
	if aside, err = a.exchange(incoming.Path, "moved"); err != nil {
		return done, "", err
	}
	if err = os.Remove(a.elsewhere()); errors.Is(err, fs.ErrNotExist) {
		err = nil // a folder that had none before
	}
	return done, aside, err
}
