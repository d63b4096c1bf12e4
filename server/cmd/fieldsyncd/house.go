package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"fieldsync/server"
	"fieldsync/server/hub"
	"fieldsync/server/store"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/cli"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// defaultData is where the hub lives unless somebody says otherwise.
const defaultData = "fieldsync-data"

// database is the file of a hub's folder that holds everything.
const database = "hub.db"

// house is a hub's folder, opened by one command, perhaps beside a hub that serves it.
type house struct {
	hub    *server.Server
	core   *server.Core // the hub's
	unlock func()
}

func (a *app) path() string { return filepath.Join(a.data, database) }

// keys is the path of the key file.
func (a *app) keys() string { return cmp.Or(a.keyFile, a.path()+".keys") }

// elsewhere is the file that says of a folder that its database is not in it, so that nobody who forgets -db founds a
// second hub beside the first.
func (a *app) elsewhere() string { return a.path() + ".elsewhere" }

// storeOptions say where the hub's store is.
func (a *app) storeOptions() store.Options {
	return store.Options{Path: a.path(), Database: a.db, KeyFile: a.keys(), Schema: aftersales.Schema, Log: slog.New(slog.DiscardHandler)}
}

// besideOptions are storeOptions for who opens the store beside a hub that may serve it.
func (a *app) besideOptions() store.Options {
	o := a.storeOptions()
	o.MayReform = a.unserved
	return o
}

// exists reports whether there is a hub.
func (a *app) exists(ctx context.Context) (bool, error) {
	if a.db != "" {
		return store.Exists(ctx, a.storeOptions())
	}
	if _, err := os.Stat(a.elsewhere()); err == nil {
		return false, cli.Usage("the hub of %s has its database elsewhere: name it with -db", a.data)
	}
	_, err := os.Stat(a.path())
	return err == nil, nil
}

// find reports whether there is a hub. Where one worked before and its database is gone or empty, that is an error: a new one
// in its place would look as if all work were gone.
func (a *app) find(ctx context.Context) (bool, error) {
	there, err := a.exists(ctx)
	if err != nil || there && a.db != "" {
		return there, err
	}
	here := sizeOf(a.path()) > 0
	_, gone := os.Stat(a.path() + ".epoch")
	switch {
	case here && a.db != "":
		return false, cli.Usage("the database that -db names is empty, and there is a hub in %s: fieldsyncd move brings it there; else name "+
			"another folder with -data", a.data)
	case here:
		return true, nil
	case gone == nil && a.db != "":
		return false, cli.Usage("the database that -db names is empty, though the hub of %s worked on one: name that, put a backup in its place "+
			"with fieldsyncd restore, or name another folder with -data", a.data)
	case gone == nil:
		return false, cli.Usage("the database %s is gone or empty, though a hub worked here: put a backup in its place with "+
			"fieldsyncd restore, or name another folder with -data", a.path())
	}
	return there, nil
}

// place says where the hub is.
func (a *app) place() string {
	if a.db != "" {
		return "the database that -db names"
	}
	return a.data
}

// enter opens the hub. There must be one.
func (a *app) enter(ctx context.Context) (*house, error) {
	there, err := a.find(ctx)
	if err != nil {
		return nil, err
	}
	if !there {
		return nil, cli.Usage("there is no hub in %s: fieldsyncd serve makes one, or name another folder with -data", a.place())
	}
	return a.open(ctx, quietly())
}

// quietly is how commands open a hub that do not serve it: what goes wrong they say themselves.
func quietly() server.Options { return server.Options{Log: slog.New(slog.DiscardHandler)} }

// open opens the folder's hub, and founds one where there is none.
func (a *app) open(ctx context.Context, o server.Options) (*house, error) {
	o.MayReform = a.unserved
	return a.openAs(ctx, o, openHouse)
}

// unserved refuses while a hub serves the folder: one of an older program would go on with a database that is of another form by then.
func (a *app) unserved() error {
	unlock, err := lockServing(a.data)
	if err != nil {
		return fault.New(store.Older, "A hub of an older program serves this database. Start it again with this program: it brings the database "+
			"to its form. Then do this again.")
	}
	unlock()
	return nil
}

// openToServe is open for who serves the folder, as one at a time may.
func (a *app) openToServe(ctx context.Context, o server.Options) (*house, error) {
	return a.openAs(ctx, o, openServing)
}

// opener opens the hub in a folder.
type opener func(ctx context.Context, dir string, o server.Options) (*house, error)

func (a *app) openAs(ctx context.Context, o server.Options, as opener) (*house, error) {
	if _, err := a.find(ctx); err != nil {
		return nil, err
	}
	o.KeyFile, o.Database, o.Files = a.keys(), a.db, a.files
	h, err := as(ctx, a.data, o)
	if err != nil {
		return nil, err
	}
	if a.db != "" {
		err = a.sayElsewhere()
	}
	if err = cmp.Or(err, a.foundAlone(ctx, h)); err != nil {
		return nil, errors.Join(err, h.close())
	}
	return h, nil
}

// founding is under which name hubs that begin on one database wait for one another.
const founding = "founding"

// foundAlone founds while no other hub does.
func (a *app) foundAlone(ctx context.Context, h *house) (err error) {
	alone := h.core.Store.Alone(ctx, founding, func(ctx context.Context) { err = a.found(ctx, h) })
	return cmp.Or(err, alone)
}

// found sets a new company up where nothing was ever written: in a hub that was just made, or whose process died while it
// was.
func (a *app) found(ctx context.Context, h *house) error {
	head := uint64(0)
	err := h.core.Store.Read(ctx, func(v *store.View) (err error) {
		head, err = v.Head()
		return err
	})
	if err != nil || head > 0 {
		return err
	}
	if !a.json {
		a.tell("A new hub was made in %s.", a.place())
	}
	return h.found(ctx)
}

func (a *app) sayElsewhere() error {
	return os.WriteFile(a.elsewhere(), []byte("The database of this hub is in PostgreSQL: -db names it. fieldsyncd move -back brings it here.\n"), 0o600)
}

// openServing opens the hub in the folder, and keeps other hubs from serving it.
func openServing(ctx context.Context, dir string, o server.Options) (*house, error) {
	if err := makeFolder(dir); err != nil {
		return nil, err
	}
	unlock, err := lockServing(dir)
	if err != nil {
		return nil, err
	}
	h, err := openHouse(ctx, dir, o)
	if err != nil {
		unlock()
		return nil, err
	}
	shared := h.unlock
	h.unlock = func() { shared(); unlock() }
	return h, nil
}

func makeFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return cli.Usage("the folder %s cannot be made: name another with -data (%v)", dir, err)
	}
	return nil
}

func openHouse(ctx context.Context, dir string, o server.Options) (*house, error) {
	if err := makeFolder(dir); err != nil {
		return nil, err
	}
	unlock, err := lockFolder(dir, false)
	if err != nil {
		return nil, err
	}
	s, err := server.Open(ctx, filepath.Join(dir, database), o)
	if err != nil {
		unlock()
		return nil, err
	}
	return &house{s, s.Core(), unlock}, nil
}

func (h *house) close() error {
	defer h.unlock()
	return h.hub.Close()
}

// do runs a command of the office in the hub's name.
func (h *house) do(ctx context.Context, cause string, command func(aftersales.Tx) error) error {
	_, err := h.core.Hub.Do(ctx, record.ID{}, nil, cause, func(o *hub.Office) error {
		return command(server.Bind(o, record.ID{}))
	})
	return err
}

// found sets a new company up, with one branch.
func (h *house) found(ctx context.Context) error {
	return h.do(ctx, aftersales.CauseSetUp, func(tx aftersales.Tx) error {
		first := aftersales.NamedID("branch", "MAIN")
		if known, err := tx.Row("branch", first); known != nil || err != nil {
			return err
		}
		if err := aftersales.SetUp(tx); err != nil {
			return err
		}
		_, err := aftersales.CreateBranch(tx, aftersales.BranchInput{ID: first, Code: "MAIN", Name: "Main branch", Zone: "UTC"})
		return err
	})
}

// branch returns the branch with the code; for "" the only one there is.
func (h *house) branch(ctx context.Context, code string) (record.ID, error) {
	rows, err := h.core.Store.Query(ctx, "SELECT id, code FROM branch WHERE _del = 0 ORDER BY code")
	if err != nil {
		return record.ID{}, err
	}
	defer func() { _ = rows.Close() }()
	var codes []string
	var found []record.ID
	for rows.Next() {
		var id []byte
		var known string
		if err := rows.Scan(&id, &known); err != nil {
			return record.ID{}, err
		}
		codes = append(codes, known)
		if code == "" || strings.EqualFold(code, known) {
			found = append(found, record.ID(id))
		}
	}
	switch {
	case rows.Err() != nil:
		return record.ID{}, rows.Err()
	case len(found) == 1:
		return found[0], nil
	case code == "":
		return record.ID{}, cli.Usage("say with -branch which branch: %s", strings.Join(codes, ", "))
	}
	return record.ID{}, fault.New(fault.UnknownRow, "There is no branch "+code+". There are: "+strings.Join(codes, ", ")+".")
}

// ids returns what a query for one column of ids gives.
func (h *house) ids(ctx context.Context, query string, args ...any) ([]record.ID, error) {
	return sqlrow.IDs(h.core.Store.Query(ctx, query, args...))
}
