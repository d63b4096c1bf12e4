package store

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"

	"fieldsync/sync/fault"
	"fieldsync/sync/schema"
	"fieldsync/sync/sqlrow"
)

// A database is copied table by table into another that holds nothing yet, from SQLite to PostgreSQL or back, and then
// read on both sides at once and compared, value by value. The copy has the same history: the same id, epoch and commit
// numbers, so that devices notice nothing. The index for searching is not copied: it builds itself.

// Copied is what a copy came to.
type Copied struct {
	Tables int
	Rows   uint64
	Epoch  uint32
	Head   uint64 // the last commit it includes
}

// History says whose history a copy goes on with.
type History int

// The histories.
const (
	SameHistory History = iota // it takes the original's place, which nobody writes any more
	OldHistory                 // it is of a state that may have gone on: who opens it begins a new epoch
)

// Exists reports whether there is a hub's database where the options say. The errors have the codes of Open.
func Exists(ctx context.Context, o Options) (bool, error) {
	e := engineOf(o)
	c, err := e.connect(toRead)
	if err != nil {
		return false, explainBy(e, err)
	}
	defer func() { _ = c.close() }() // it was only read
	version, err := e.version(c)
	return version > 0, explainBy(e, errors.Join(err, ctx.Err()))
}

// Copy copies the database of one place to another, which holds none, without opening it: no epoch begins, nothing is
// migrated. One of the two is SQLite. The codes are those of Open; Older where the database was written by an older
// version of the program, which has to open it once before a copy goes on in its place; Occupied where there is a database already; and CopyFailed where the
// copy differs, or somebody wrote the original meanwhile, although the copy is to go on in its place; Busy where a hub works on it then.
func Copy(ctx context.Context, from, to Options, as History) (Copied, error) {
	box, err := sqlrow.NewBox(from.Schema, from.Keys, cmp.Or(from.KeyFile, from.Path+".keys"), rand.Reader)
	if errors.Is(err, sqlrow.ErrKeyFile) {
		return Copied{}, unreadable(err)
	}
	if err != nil {
		return Copied{}, err
	}
	s := &Store{options: from, engine: engineOf(from)}
	s.layout = sqlrow.New(from.Schema, s.engine.dialect(), sqlrow.Hub).Sealing(box)
	c, err := s.engine.connect(toRead)
	if err != nil {
		return Copied{}, s.explain(err)
	}
	defer func() { _ = c.close() }() // it was only read
	if as == SameHistory {
		if err = s.engine.deserted(ctx, c); err != nil {
			return Copied{}, s.explain(err)
		}
	}
	var before, after int64
	var done Copied
	err = s.read(c, func(v *View) (err error) {
		if before, err = v.conn.Int("SELECT turn FROM _hub"); err == nil {
			done, err = s.copyFrom(ctx, v, to, as)
		}
		return err
	})
	if err == nil {
		after, err = c.Int("SELECT turn FROM _hub")
	}
	if err == nil && as == SameHistory && before != after {
		err = fault.New(CopyFailed, "A hub wrote the database meanwhile. Stop every hub, empty the copy, and try again.")
	}
	return done, s.explain(err)
}

// copied returns the form of what the view sees, and refuses one that a copy cannot have.
func (v *View) copied(as History) (have form, err error) {
	have, err = formOf(v.engine, v.conn)
	now := v.options.current()
	switch {
	case err != nil:
	case now.older(have):
		err = fault.New(Newer, "The database was written by a newer version of the hub. Install that version.")
	case as == SameHistory && have.older(now):
		err = fault.New(Older, "The database is not of this version of the hub. Start the hub on it once, and stop it again.")
	}
	return have, err
}

// copyFrom copies what the view sees.
func (s *Store) copyFrom(ctx context.Context, v *View, to Options, as History) (done Copied, err error) {
	have, err := v.copied(as)
	if err != nil {
		return done, err
	}
	e := engineOf(to)
	target, err := e.connect(toWrite)
	if err != nil {
		return done, explainBy(e, err)
	}
	defer func() { err = explainBy(e, errors.Join(err, target.close())) }()
	c := &copying{ctx: ctx, from: v.conn, to: target, engine: e, of: s.layout, layout: s.layout.In(e.dialect()), form: have}
	err = c.all(as)
	epoch, e2 := v.conn.Int("SELECT epoch FROM _hub")
	return Copied{len(c.tables), c.rows, uint32(epoch), v.head}, errors.Join(err, e2)
}

// copying is one copy on its way.
type copying struct {
	ctx      context.Context
	from, to *conn
	engine   engine         // of to
	of       *sqlrow.Layout // of from
	layout   *sqlrow.Layout // of to
	form     form           // of from
	tables   []tableCopied
	rows     uint64
}

// tableCopied is a table with its columns, and those of them by which its rows are told apart.
type tableCopied struct {
	name          string
	columns, keys []string
}

func (c *copying) all(as History) error {
	if err := c.engine.exclusive(c.to); err != nil {
		return err
	}
	err := c.within(as)
	if err != nil {
		_ = c.to.run("ROLLBACK")
		return err
	}
	return c.to.run("COMMIT")
}

func (c *copying) within(as History) error {
	for _, step := range []func() error{c.makeTables, c.findTables, c.copyAll, c.compareAll} {
		if err := step(); err != nil {
			return err
		}
	}
	lineage := c.engine.lineage()
	if as == OldHistory {
		lineage = "restored"
	}
	if err := c.engine.numberOn(c.to); err != nil {
		return err
	}
	_, err := c.to.Exec("UPDATE _hub SET lineage = ?, turn = 0", lineage)
	return err
}

// makeTables makes the tables, and of the copy's keys at once, for the proofs that the original has.
func (c *copying) makeTables() error {
	version, err := c.engine.version(c.to)
	if err != nil {
		return err
	}
	if version > 0 {
		return fault.New(Occupied, "There is a hub's database already. Name an empty one.")
	}
	if err = makeHub(c.engine, c.to, 0, c.form.hub); err != nil {
		return err
	}
	if err = c.layout.UseKeys(c.to.Conn); err != nil {
		return err
	}
	if _, err = c.layout.Migrate(c.to.Conn); err != nil {
		return err
	}
	return c.to.run(c.layout.Indexes()...)
}

// findTables asks the one of the two that is SQLite: both have the same tables, but for what an original of an older form lacks.
func (c *copying) findTables() error {
	lite := c.from
	if c.engine.dialect() == sqlrow.SQLite {
		lite = c.to
	}
	var names []string
	err := lite.Each(func(q *sqlrow.Rows) error { names = append(names, q.Text(0)); return q.Err() },
		"SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"+
			" AND name NOT LIKE '\\_search%' ESCAPE '\\' ORDER BY name")
	for _, name := range names {
		t := tableCopied{name: name}
		if err == nil {
			err = lite.Each(func(q *sqlrow.Rows) error {
				t.columns = append(t.columns, q.Text(0))
				if q.Int(1) > 0 {
					t.keys = append(t.keys, q.Text(0))
				}
				return q.Err()
			}, "SELECT name, pk FROM pragma_table_info(?) ORDER BY pk = 0, pk, cid", name)
		}
		if err == nil {
			err = c.leaveOut(&t)
		}
		if len(t.columns) > 0 {
			c.tables = append(c.tables, t)
		}
	}
	return err
}

// leaveOut takes away the columns that only one of the two has: an original of an older form lacks some, and one that a newer
// program copied, before it brought the original to its form, has some that this program does not know and nobody wrote.
func (c *copying) leaveOut(t *tableCopied) error {
	ours, err := c.of.Columns(c.from.Conn, &schema.Table{Name: t.name})
	if err != nil {
		return err
	}
	theirs, err := c.layout.Columns(c.to.Conn, &schema.Table{Name: t.name})
	t.columns = slices.DeleteFunc(t.columns, func(name string) bool { return !ours[name] || !theirs[name] })
	return err
}

func (c *copying) copyAll() error {
	for _, t := range c.tables {
		if err := c.to.run("DELETE FROM " + sqlrow.Quote(t.name)); err != nil {
			return err
		}
		insert := "INSERT INTO " + sqlrow.Quote(t.name) + "(" + quoted(t.columns) + ") VALUES(?" +
			strings.Repeat(", ?", len(t.columns)-1) + ")"
		err := c.from.Each(func(q *sqlrow.Rows) error {
			c.rows++
			_, err := c.to.Exec(insert, emptied(q.Values())...)
			return cmp.Or(err, c.ctx.Err())
		}, "SELECT "+quoted(t.columns)+" FROM "+sqlrow.Quote(t.name))
		if err != nil {
			return fmt.Errorf("store: copying %s: %w", t.name, err)
		}
	}
	return nil
}

// emptied returns the values with bytes of which there are none as such: SQLite gives them as nil, which as an argument
// means that there is no value.
func emptied(values []driver.Value) []driver.Value {
	for i, v := range values {
		if b, isBytes := v.([]byte); isBytes && b == nil {
			values[i] = []byte{}
		}
	}
	return values
}

func quoted(names []string) string {
	list := make([]string, len(names))
	for i, n := range names {
		list[i] = sqlrow.Quote(n)
	}
	return strings.Join(list, ", ")
}

func (c *copying) compareAll() error {
	for _, t := range c.tables {
		if err := c.compare(t); err != nil {
			return err
		}
	}
	return nil
}

// compare reads a table on both sides at once, in the order of its key.
func (c *copying) compare(t tableCopied) (err error) {
	query := "SELECT " + quoted(t.columns) + " FROM " + sqlrow.Quote(t.name) + " ORDER BY " + quoted(t.keys)
	ours, err := c.from.Query(query)
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, ours.Close()) }()
	theirs, err := c.to.Query(query)
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, theirs.Close()) }()
	for row := uint64(1); ; row++ {
		one, other := ours.Next(), theirs.Next()
		if err := cmp.Or(ours.Err(), theirs.Err(), c.ctx.Err()); err != nil {
			return err
		}
		if one != other || one && !slices.EqualFunc(ours.Values(), theirs.Values(), sameValue) {
			return fault.Newf(CopyFailed, "The copy differs from the original in row %d of %s. Nothing was kept of it.",
				row, t.name)
		}
		if !one {
			return nil
		}
	}
}

func sameValue(a, b driver.Value) bool {
	one, isBytes := a.([]byte)
	other, areBytes := b.([]byte)
	if isBytes || areBytes {
		return isBytes && areBytes && bytes.Equal(one, other)
	}
	return a == b
}
