package simtest

import (
	"errors"
	"slices"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
)

// fleetOffice is the people at the hub: they plan, reassign, and decide about what was refused. They write from forms,
// which may have stood on their screens for a while.
type fleetOffice struct {
	f     *Fleet
	id    record.ID
	actor clock.Actor
	crew  record.ID
	forms []*record.Row // rows as they were shown
}

// draft is a change set that the office makes.
type draft struct {
	changes []record.RowChange
	shown   map[record.Key]*record.Row
	instead *deed // what it releases
}

func newOffice(f *Fleet) *fleetOffice {
	o := &fleetOffice{f: f, id: f.id()}
	o.enrol()
	crash := f.Crash
	f.Crash = 0
	o.found()
	f.Crash = crash
	return o
}

// enrol gives the office an incarnation.
func (o *fleetOffice) enrol() {
	crash := o.f.Crash
	o.f.Crash = 0
	o.actor = must(o.f.hub.store.Enrol(o.id, record.ID{}, clock.SideOffice))
	o.f.Crash = crash
}

// restored is what a restored hub means for those at it: forms are gone, and they write as somebody new.
func (o *fleetOffice) restored() {
	o.forms = nil
	o.enrol()
}

// found makes the first rows.
func (o *fleetOffice) found() {
	f := o.f
	for range f.Phones {
		f.people = append(f.people, o.insert("person", record.Values{"name": f.text()}))
	}
	o.crew = o.insert("crew", record.Values{"name": f.text()})
	o.insert("member", record.Values{"crew": record.Ref(o.crew), "person": record.Ref(f.people[0])})
	customer := o.insert("customer", record.Values{"name": f.text()})
	asset := o.insert("asset", record.Values{"serial": f.text(), "customer": record.Ref(customer)})
	o.insert("part", record.Values{"number": f.text()})
	for i := 0; f.Segments && i < 6; i++ {
		o.insert("part", record.Values{"number": f.text()})
	}
	for _, p := range f.people {
		o.insert("location", record.Values{"name": f.text(), "keeper": record.Ref(p)})
		o.insert("setting", record.Values{"person": record.Ref(p), "language": f.text()})
	}
	for range f.Jobs {
		job := o.insert("job", record.Values{"title": f.text(), "asset": record.Ref(asset), "customer": record.Ref(customer)})
		o.insert("task", record.Values{"job": record.Ref(job), "text": f.text()})
		for range 1 + f.IntN(2) {
			o.assign(job)
		}
	}
}

func (f *Fleet) text() record.Value { return f.value(tableOf("part"), 0) }

func (o *fleetOffice) assign(job record.ID) {
	values := record.Values{"job": record.Ref(job), "state": record.Text("offered")}
	if o.f.IntN(4) == 0 {
		values["crew"] = record.Ref(o.crew)
	} else {
		values["person"] = record.Ref(o.f.people[o.f.IntN(len(o.f.people))])
	}
	o.insert("assignment", values)
}

func (o *fleetOffice) insert(name string, values record.Values) record.ID {
	id := o.f.id()
	o.commit("office", &draft{changes: []record.RowChange{must(record.NewChange(record.Insert, tableOf(name), id, values))}})
	return id
}

// commit makes the office's change set and notes it, if it became durable.
func (o *fleetOffice) commit(cause string, d *draft) {
	o.write(d, func(b *judge.Batch) (judge.Ruling, error) {
		return b.Commit(judge.Author{Person: o.id}, o.actor, d.changes, cause)
	})
}

func (o *fleetOffice) write(d *draft, do func(*judge.Batch) (judge.Ruling, error)) {
	var ruling judge.Ruling
	durable, err := o.f.hub.write(func(b *judge.Batch) (err error) {
		ruling, err = do(b)
		return err
	}, nil)
	var refused *fault.Error
	if err != nil && !errors.Is(err, ErrCrashed) && !errors.As(err, &refused) {
		o.f.fail("office", "%v", err)
	}
	if err != nil && o.f.Trace != nil {
		o.f.tracef("the office could not: %v", err)
	}
	if !durable {
		return
	}
	e, _ := o.f.hub.store.state.entries.get(ruling.Dot)
	cs := must(record.ParseChangeSet(e.Encoded))
	o.f.tracef("the office writes %s: seq %d", describeChange(cs), e.Seq)
	o.f.truth.note(&deed{rid: e.Origin.RID, by: "office", instead: d.instead}, cs.Rows, viewOf(d.shown))
	o.f.checkCommit()
}

// rows returns the living rows of a table.
func (o *fleetOffice) rows(name string) (rows []*record.Row) {
	for _, it := range o.f.hub.store.state.rows.items {
		if it.key.Table == tableOf(name).ID && !it.value.Deleted {
			rows = append(rows, it.value)
		}
	}
	return rows
}

// form returns a row as it is shown, now or some time ago, or puts one on the screen for later.
func (o *fleetOffice) form() *record.Row {
	name := []string{"job", "job", "job", "task", "asset", "customer", "assignment", "location", "part"}[o.f.IntN(9)]
	row, ok := pick(o.f, o.rows(name))
	if !ok {
		return nil
	}
	if row = copyRow(row); o.f.IntN(3) == 0 {
		o.forms = append(o.forms, row)
		return nil
	}
	if n := len(o.forms); n > 0 && o.f.IntN(2) == 0 {
		i := o.f.IntN(n)
		row = o.forms[i]
		o.forms = slices.Delete(o.forms, i, i+1)
	}
	return row
}

// work lets the office write something.
func (o *fleetOffice) work() {
	f := o.f
	row := o.form()
	if row == nil || f.hub.down {
		return
	}
	d := &draft{shown: map[record.Key]*record.Row{row.Key(): row}}
	op, values := record.Update, f.values(row.Table, 1+f.IntN(3), true)
	switch {
	case f.Delete && f.IntN(6) == 0:
		op, values = record.Delete, nil
	case row.Table.Name == "job" && f.IntN(8) == 0:
		o.insert("task", record.Values{"job": record.Ref(row.ID), "text": f.text()})
		return
	}
	c, err := record.NewChange(op, row.Table, row.ID, values)
	if err != nil {
		return
	}
	c.Context = row.Vector
	o.settle(row, &c)
	d.changes = append(d.changes, c)
	o.commit("office", d)
}

// settle names what the office decides between, now and then.
func (o *fleetOffice) settle(row *record.Row, c *record.RowChange) {
	for i := range c.Cells {
		at, ok := row.Meta.Find(c.Cells[i].CellID)
		if !ok || len(row.Meta.Cells[at].Others) == 0 || o.f.IntN(2) == 0 {
			continue
		}
		o.f.meets("the office settles a conflict")
		c.Cells[i].Settles = []clock.Dot{row.Meta.Cells[at].Shown.Dot}
		for _, s := range row.Meta.Cells[at].Others {
			c.Cells[i].Settles = append(c.Cells[i].Settles, s.Dot)
		}
	}
}

// reassign changes who holds what.
func (o *fleetOffice) reassign() {
	f := o.f
	if f.hub.down {
		return
	}
	person := record.Ref(f.people[f.IntN(len(f.people))])
	switch f.IntN(6) {
	case 0:
		if job, ok := pick(f, o.rows("job")); ok {
			o.assign(job.ID)
		}
	case 1:
		o.insert("member", record.Values{"crew": record.Ref(o.crew), "person": person})
	case 2:
		o.change("member", record.Delete, nil)
	case 3:
		o.change("location", record.Update, record.Values{"keeper": person})
	case 4:
		o.change("assignment", record.Update, record.Values{"person": person})
	case 5:
		o.change("assignment", record.Update, record.Values{"state": record.Text([]string{"offered", "ended"}[f.IntN(2)])})
	}
}

func (o *fleetOffice) change(name string, op record.Op, values record.Values) {
	row, ok := pick(o.f, o.rows(name))
	if !ok {
		return
	}
	row = copyRow(row)
	c := must(record.NewChange(op, row.Table, row.ID, values))
	c.Context = row.Vector
	o.commit("reassign", &draft{changes: []record.RowChange{c}, shown: map[record.Key]*record.Row{row.Key(): row}})
}

// decide lets the office release, amend or dismiss something that was refused.
func (o *fleetOffice) decide() {
	f := o.f
	var open []clock.Dot
	for _, it := range f.hub.store.state.open.items {
		open = append(open, it.key)
	}
	dot, ok := pick(f, open)
	if !ok || f.hub.down {
		return
	}
	e, _ := f.hub.store.state.entries.get(dot)
	author, d := judge.Author{Person: o.id}, &draft{instead: f.truth.byRID[e.Origin.RID]}
	if d.instead == nil {
		d.instead = f.truth.testimony(e)
	}
	if f.IntN(4) == 0 {
		f.tracef("the office dismisses %v", dot)
		o.write(d, func(b *judge.Batch) (judge.Ruling, error) { return b.Dismiss(author, o.actor, dot) })
		return
	}
	f.tracef("the office releases %v", dot)
	var amended []record.RowChange
	if f.IntN(2) == 0 {
		amended = f.amend(e)
	}
	o.write(d, func(b *judge.Batch) (judge.Ruling, error) { return b.Release(author, o.actor, dot, amended) })
}

// amend returns the rows of a refused change set with other values.
func (f *Fleet) amend(e *judge.Entry) []record.RowChange {
	cs := must(record.ParseChangeSet(e.Encoded))
	for i := range cs.Rows {
		t := Schema.TableByID(cs.Rows[i].Table)
		for k := range cs.Rows[i].Cells {
			w := &cs.Rows[i].Cells[k]
			if at := t.ColumnByID(w.Column); follows(&t.Columns[at]) && !w.Value.IsNull() {
				w.Value = f.value(t, at)
			}
		}
	}
	return cs.Rows
}
