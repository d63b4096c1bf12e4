package simtest

import (
	"fmt"

	"fieldsync/sync/clock"
	"fieldsync/sync/device"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// oldSchema is what an app of the version before the latest knows: no comments, no decisions, no fields.
var oldSchema = schema.Must(Schema.At(latest - 1))

// open makes the world that a scenario begins with.
func (f *Fleet) open() {
	f.office = newOffice(f)
	for i := range f.Phones {
		s := Schema
		if f.OldApp && f.IntN(2) == 0 {
			s = oldSchema
		}
		newPhone(f, string(rune('A'+i)), f.people[i], s)
	}
	if f.Segments {
		f.newcomers()
	}
	f.run(500)
}

// step lets one person do one thing, or one thing befall one machine.
func (f *Fleet) step() {
	p, _ := pick(f, f.phones)
	switch x := f.IntN(100); {
	case x < 40:
		f.onPhone(p)
	case x < 59:
		f.office.work()
	case x < 62 && f.Erase && !f.hub.down:
		f.erase()
	case x < 62:
		f.office.work()
	case x < 68 && f.Reassign:
		f.office.reassign()
	case x < 74 && f.Refuse:
		f.office.decide()
	case x < 78 && f.Refuse:
		p.decide()
	case x < 86:
		p.away = !p.away
		f.tracef("%s is away: %v", p.name, p.away)
		if p.away && p.conn != nil {
			p.conn.cut()
		} else {
			p.dial()
		}
	case x < 90 && f.Crash > 0:
		p.die()
	case x < 93 && f.Restore:
		f.hub.backUp()
	case x < 95 && f.Restore:
		f.hub.restore()
	case x < 97 && (f.Fork || f.Copy):
		f.copy(p)
	case x < 98 && f.OldApp:
		p.upgrade()
	case x < 99 && f.Reenrol:
		p.reenrol()
	case f.Absence && f.IntN(8) == 0:
		f.monthsPass()
	case f.Collect:
		f.hub.collect()
	}
}

// onPhone lets the owner of a phone write something.
func (f *Fleet) onPhone(p *phone) {
	shown := p.shown()
	cause := "good"
	if f.Refuse && f.IntN(7) == 0 {
		cause = "bad"
	}
	item := p.update(cause, clock.Dot{}, func(tx *device.Tx) error {
		for range 1 + f.IntN(2) {
			if err := f.writeSomething(p, tx, shown); err != nil {
				return err
			}
		}
		return nil
	})
	if item != nil {
		f.truth.noteItem(p, item, viewOf(shown))
	}
}

// shown returns the rows that the phone shows.
func (p *phone) shown() map[record.Key]*record.Row {
	rows := map[record.Key]*record.Row{}
	for _, r := range p.store.Rows() {
		if !r.Deleted {
			rows[r.Key()] = r
		}
	}
	return rows
}

// living returns the rows of the table that the phone shows, in order.
func (p *phone) living(name string) (rows []*record.Row) {
	for _, r := range p.store.Rows() {
		if !r.Deleted && r.Table.Name == name {
			rows = append(rows, r)
		}
	}
	return rows
}

func (f *Fleet) writeSomething(p *phone, tx *device.Tx, shown map[record.Key]*record.Row) error {
	switch x := f.IntN(20); {
	case x == 0:
		return f.found(p, tx)
	case x < 6:
		return f.add(p, tx)
	case x == 6 && f.Delete:
		if row, ok := pick(f, p.living("task")); ok {
			return tx.Delete(row.Table, row.ID)
		}
		return nil
	}
	name := []string{"job", "job", "job", "job", "task", "asset", "customer", "assignment", "setting"}[f.IntN(9)]
	row, ok := pick(f, p.living(name))
	if !ok {
		return nil
	}
	if now, err := tx.Row(row.Key()); now == nil {
		return err
	}
	return tx.Update(row.Table, row.ID, f.values(row.Table, 1+f.IntN(3), p.schema == Schema))
}

// found records a job that was found on site, with a task.
func (f *Fleet) found(p *phone, tx *device.Tx) error {
	jobs, tasks := p.schema.Table("job"), p.schema.Table("task")
	id := f.id()
	if err := tx.Insert(jobs, id, f.values(jobs, 2, true)); err != nil {
		return err
	}
	values := f.values(tasks, 2, true)
	values["job"] = record.Ref(id)
	return tx.Insert(tasks, f.id(), values)
}

// add adds a row to a job.
func (f *Fleet) add(p *phone, tx *device.Tx) error {
	job, ok := pick(f, p.living("job"))
	t := p.schema.Table([]string{"task", "task", "comment", "movement"}[f.IntN(4)])
	if !ok || t == nil {
		return nil
	}
	values := f.values(t, 2, true)
	values["job"] = record.Ref(job.ID)
	switch t.Name {
	case "comment":
		values["text"] = f.value(t, t.Column("text"))
	case "movement":
		part, _ := pick(f, p.living("part"))
		van, ok := pick(f, p.living("location"))
		if !ok || part == nil {
			return nil
		}
		values["part"], values["from"], values["amount"] = record.Ref(part.ID), record.Ref(van.ID), f.value(t, t.Column("amount"))
	}
	return tx.Insert(t, f.id(), values)
}

// values returns new values for n columns of the table, those of a group together.
func (f *Fleet) values(t *schema.Table, n int, _ bool) record.Values {
	values := record.Values{}
	for range n {
		i := f.IntN(len(t.Columns))
		c := &t.Columns[i]
		switch {
		case c.Has(schema.Immutable), c.Kind == schema.Ref, c.Kind == schema.AnyRef:
			continue
		case c.Group != "":
			for k := range t.Columns {
				if t.Columns[k].Group == c.Group {
					values[t.Columns[k].Name] = f.value(t, k)
				}
			}
		case c.Kind.Keyed():
			values[c.Name+"."+[]string{"en", "zh", "de"}[f.IntN(3)]] = f.value(t, i)
		default:
			values[c.Name] = f.value(t, i)
		}
	}
	if len(values) == 0 {
		return f.values(t, n, true)
	}
	return values
}

// value returns a value for the column: a new one, where the truth follows the column.
func (f *Fleet) value(t *schema.Table, i int) record.Value {
	c := &t.Columns[i]
	switch c.Kind {
	case schema.Enum:
		return record.Text(c.Codes[f.IntN(len(c.Codes))])
	case schema.Set:
		if f.IntN(3) == 0 {
			return record.Null
		}
		return record.Number(1)
	case schema.Money:
		return record.Money(f.token(), "EUR")
	case schema.Quantity:
		return record.Quantity(f.token(), "l")
	case schema.Integer, schema.Decimal, schema.Instant, schema.Date:
		n := f.token()
		if f.IntN(2) == 0 {
			n = -n // so that the later write is not always the greater
		}
		return record.Number(n)
	}
	return record.Text(fmt.Sprintf("%s#%d", c.Name, f.token()))
}

// decide lets the owner of a phone decide about something that was refused: do it again, or give it up.
func (p *phone) decide() {
	var refused []*device.Item
	for _, item := range p.store.Items() {
		if item.State == device.Refused {
			refused = append(refused, item)
		}
	}
	old, ok := pick(p.f, refused)
	if !ok || p.dead {
		return
	}
	if p.f.IntN(3) == 0 {
		p.f.tracef("%s gives %v up", p.name, old.Change.Dot)
		_ = p.take(func(r *device.Replica) error { return r.Dismiss(old.Change.Dot) })
		return
	}
	shown := p.shown()
	item := p.update("again", old.Change.Dot, func(tx *device.Tx) error { return p.f.again(p, tx, old.Change) })
	if item != nil {
		p.f.truth.noteItem(p, item, viewOf(shown))
	}
}

// again does what a change set did, with other values.
func (f *Fleet) again(p *phone, tx *device.Tx, cs *record.ChangeSet) error {
	for i := range cs.Rows {
		c := &cs.Rows[i]
		t := p.schema.TableByID(c.Table)
		values := record.Values{}
		for _, w := range c.Cells {
			column := &t.Columns[t.ColumnByID(w.Column)]
			name, _ := record.CellName(t, w.CellID)
			values[name] = w.Value
			if follows(column) && !w.Value.IsNull() {
				values[name] = f.value(t, t.ColumnByID(w.Column))
			}
		}
		var err error
		switch c.Op {
		case record.Insert:
			err = tx.Insert(t, c.ID, values)
		case record.Update:
			err = tx.Update(t, c.ID, values)
		case record.Delete:
			err = tx.Delete(t, c.ID)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// copy copies the phone's file: to a second phone, or back to where it was when it was copied before.
func (f *Fleet) copy(p *phone) {
	noticed := !f.Fork || f.Copy && f.IntN(2) == 0
	switch {
	case p.copied == nil && f.IntN(2) == 0:
		f.tracef("the file of %s is kept", p.name)
		p.copied = p.store.Clone()
	case p.copied != nil:
		f.tracef("the file of %s is put back (noticed: %v)", p.name, noticed)
		p.putBack(noticed)
	case len(f.phones) < f.Phones+2:
		f.tracef("the file of %s is copied to a second phone (noticed: %v)", p.name, noticed)
		q := &phone{f: f, name: p.name + "'", person: p.person, schema: p.schema, skew: p.skew, store: p.store.Clone()}
		q.watch()
		f.phones = append(f.phones, q)
		q.started(noticed)
	}
}

// putBack loses what the phone wrote since its file was kept, unless the hub has it.
func (p *phone) putBack(noticed bool) {
	p.die()
	kept := map[record.ID]bool{}
	for _, item := range p.copied.Items() {
		kept[item.Change.RID(item.Hash)] = true
	}
	for _, d := range p.f.truth.sets {
		if d.phone == p && !kept[d.rid] {
			d.lost = true
		}
	}
	p.store.Restore(p.copied)
	p.putBackSince = true
	p.copied = nil
	p.started(noticed)
}

// started begins the life of a copied file.
func (p *phone) started(noticed bool) {
	p.dead = false
	do(p.store.Reopen())
	if noticed {
		crash := p.store.OnCommit
		p.store.OnCommit = nil
		do(p.take((*device.Replica).Renounce))
		p.store.OnCommit = crash
	}
	p.redial(0)
}

// upgrade gives the phone today's app.
func (p *phone) upgrade() {
	if p.schema == Schema || p.dead {
		return
	}
	p.f.tracef("%s gets today's app", p.name)
	if p.conn != nil {
		p.conn.cut()
	}
	p.schema, p.copied = Schema, nil
	p.store.learn(Schema)
	p.redial(0)
}
