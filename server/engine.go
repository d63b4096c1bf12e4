package server

import (
	"context"
	"database/sql/driver"

	"fieldsync/server/admin"
	"fieldsync/server/api"
	"fieldsync/server/auth"
	"fieldsync/server/hub"
	"fieldsync/server/store"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/blob"
	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/sqlrow"
)

// engine is the hub as the office's pages see it.
type engine struct{ *Core }

var _ admin.Engine = engine{}

func (e engine) View(ctx context.Context, read func(admin.Reader) error) error {
	return e.Store.Read(ctx, func(v *store.View) error { return read(reader{v, auth.BranchesOf(ctx)}) })
}

func (e engine) Do(ctx context.Context, author admin.Author, seen admin.Seen, cause string, command func(aftersales.Tx) error) error {
	_, err := e.Hub.Do(ctx, author.Person, seen, cause, func(o *hub.Office) error {
		return command(bind(ctx, o, author.Person))
	})
	return err
}

func (e engine) Settle(ctx context.Context, author admin.Author, c admin.Choice) error {
	err := e.settle(ctx, api.Author{Person: author.Person}, c)
	if fault.CodeOf(err) == fault.Closed {
		return fault.Wrap(admin.AlreadySettled, "Somebody settled this before you. What stands now is shown here.", err)
	}
	return err
}

// settle settles a conflict for a person, by a program of his or by none. The error has the code fault.Closed where none of what
// he was shown stands any more.
func (e engine) settle(ctx context.Context, by api.Author, c admin.Choice) error {
	if err := e.mayTouch(ctx, c.Row); err != nil {
		return err
	}
	_, err := e.Hub.Settle(ctx, by.Person, by.Program, c.Row, c.Cell, c.Chosen, c.Over)
	return err
}

func (e engine) Decide(ctx context.Context, author admin.Author, d admin.Decision) error {
	return e.decide(ctx, api.Author{Person: author.Person}, d)
}

func (e engine) decide(ctx context.Context, by api.Author, d admin.Decision) (err error) {
	if err := e.mayDecide(ctx, d.Dot); err != nil {
		return err
	}
	if err := e.explain(ctx, by, d); err != nil {
		return err
	}
	switch d.Verb {
	case admin.Release:
		_, err = e.Hub.Release(ctx, by.Person, by.Program, d.Dot, nil)
	case admin.Amend:
		_, err = e.Hub.Release(ctx, by.Person, by.Program, d.Dot, d.Rows)
	case admin.Dismiss:
		_, err = e.Hub.Dismiss(ctx, by.Person, by.Program, d.Dot)
	default:
		err = fault.New(fault.Invalid, "A refused change is released, amended or dismissed.")
	}
	if fault.CodeOf(err) == fault.Closed {
		return fault.Wrap(fault.Closed, "This was decided already, here or by the technician.", err)
	}
	return err
}

// explain writes the reason of a decision as a comment on the jobs that the change set is about: there its technician
// reads it. It goes first, since a dismissal that nobody explained would be worse than a comment too many.
func (e engine) explain(ctx context.Context, by api.Author, d admin.Decision) error {
	if d.Reason == "" {
		return nil
	}
	var jobs []record.ID
	err := e.Store.Read(ctx, func(v *store.View) (err error) {
		jobs, err = decidedJobs(v, d.Dot)
		return err
	})
	if err != nil || len(jobs) == 0 {
		return err
	}
	return apiEngine(e).Do(ctx, by, nil, aftersales.CauseComment, func(tx api.Tx) error {
		for _, id := range jobs {
			in := aftersales.CommentInput{About: aftersales.Row{Table: "job", ID: id}, Text: d.Reason}
			if _, err := aftersales.AddComment(tx, in); err != nil {
				return err
			}
		}
		return nil
	})
}

// decidedJobs returns the jobs that an open refused change set is about, those that there are.
func decidedJobs(v *store.View, dot clock.Dot) (jobs []record.ID, err error) {
	e, err := v.Entry(dot)
	switch {
	case err != nil:
		return nil, err
	case e == nil:
		return nil, fault.New(admin.NotFound, "There is no such refused change.")
	case !e.Closed.IsZero():
		return nil, fault.New(fault.Closed, "This was decided already, here or by the technician.")
	}
	known := map[record.ID]bool{}
	for _, c := range changeOf(e).Rows {
		id, err := jobOf(v, c)
		if err != nil {
			return nil, err
		}
		row, err := v.Row(record.Key{Table: jobTable.ID, ID: id})
		if err != nil {
			return nil, err
		}
		if row != nil && !row.Deleted && !known[id] {
			known[id] = true
			jobs = append(jobs, id)
		}
	}
	return jobs, nil
}

var jobTable = aftersales.Schema.Table("job")

// jobOf returns the job that a row change is about, by what it writes or by the row as it stands; zero for none.
func jobOf(v *store.View, c record.RowChange) (record.ID, error) {
	t := aftersales.Schema.TableByID(c.Table)
	switch {
	case t == jobTable:
		return c.ID, nil
	case t == nil || t.Column("job") < 0:
		return record.ID{}, nil
	}
	for _, w := range c.Cells {
		if w.Column == t.Columns[t.Column("job")].ID {
			return w.Value.Ref(), nil
		}
	}
	row, err := v.Row(c.Key())
	if err != nil || row == nil {
		return record.ID{}, err
	}
	return row.Get("job").Ref(), nil
}

func (e engine) Watch() (changed <-chan struct{}, stop func()) { return e.Hub.Watch() }

// reader is one snapshot of the hub as the office's pages see it, of the branches that the request is bound to;
// lists.go has its lists.
type reader struct {
	view *store.View
	in   auth.Branches
}

func (r reader) Row(k record.Key) (*record.Row, error) {
	row, err := r.view.Row(k)
	if err != nil || row == nil || !sees(r.in, row) {
		return nil, err
	}
	return row, nil
}

func (r reader) Opens(row *record.Row, h blob.Hash) (bool, error) {
	if r.in.All {
		return true, nil
	}
	return shown(r.view, row, h)
}

func (r reader) Select(read func(*sqlrow.Rows) error, query string, args ...driver.Value) error {
	return r.view.Select(read, within(query, r.in), args...)
}

func (r reader) Search(query string, o sqlrow.SearchOptions) ([]sqlrow.Hit, error) {
	return r.view.Search(query, o)
}

func (r reader) Matches(text, table string) (sqlrow.Matches, error) {
	return r.view.Matches(text, table)
}

func (r reader) Best(text, table string, most int) (sqlrow.Matches, error) {
	return r.view.Best(text, table, most)
}

func (r reader) Foresee(rows []record.Key) error { return r.view.Foresee(rows) }

func (r reader) Refs(t *schema.Table, column string, id record.ID) ([]record.ID, error) {
	return r.view.Refs(t, column, id)
}

func (r reader) ForeseeRefs(t *schema.Table, column string, ids []record.ID) error {
	return r.view.ForeseeRefs(t, column, ids)
}

func (r reader) PersonName(id record.ID) (string, error) {
	p, err := r.view.Person(id)
	if err != nil || p == nil {
		return "", err
	}
	return p.Name, nil
}

func (r reader) Writer(a clock.Actor) (w admin.Writer, err error) {
	actor, err := r.view.Actor(a)
	if err != nil || actor == nil {
		return admin.Writer{}, err
	}
	w = admin.Writer{Person: actor.Person, Side: a.Side()}
	if w.Name, err = r.PersonName(actor.Person); err != nil || actor.Device.IsZero() {
		return w, err
	}
	d, err := r.view.Device(actor.Device)
	if d != nil {
		w.Device = d.Name
	}
	return w, err
}
