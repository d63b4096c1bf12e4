package aftersales

import (
	"cmp"
	"slices"

	"fieldsync/sync/clock"
	"fieldsync/sync/record"
)

// A serial-numbered thing that has a row goes where movements take it. The phone that moves it notes that at once, where it
// has the row; where it has none any more, as of a loaner that was left with a customer, or none yet, as of what a
// colleague hands over, the hub notes it with the movement.

// placeUnit notes where a unit lies after a movement: from then on who answers for the place holds it. A unit that this replica
// does not have is left to the hub: see Follow.
func placeUnit(tx Tx, id, location record.ID) error {
	unit, err := tx.Row("unit", id)
	if err != nil || unit == nil {
		return err
	}
	row, err := need(tx, "location", location)
	if err != nil {
		return err
	}
	return tx.Update("unit", id, lyingAt(row))
}

// lyingAt is what a unit says that lies there.
func lyingAt(place *record.Row) record.Values {
	status := map[string]string{
		LocationVan: UnitInVan, LocationCustomer: UnitInstalled, LocationScrap: UnitScrapped,
	}[place.Get("kind").Text()]
	return record.Values{"status": record.Text(cmp.Or(status, UnitInStock)), "location": record.Ref(place.ID)}
}

// lyingIn returns the unit that lies at the place under that serial number, as that part where both are known; the zero Unit
// if there is none.
func lyingIn(tx View, place record.ID, serial string, part record.ID) (Unit, error) {
	rows, err := tx.Refs("unit", "location", place)
	for _, row := range rows {
		if u := UnitOf(row); u.Serial == serial && (part.IsZero() || u.Part.IsZero() || u.Part == part) {
			return u, nil
		}
	}
	return Unit{}, err
}

// thing returns the unit that moves, zero where it has no row: the one that is named, else the one that lies in the van under
// that serial number, or that the job had brought to where it comes from now.
func (in MoveInput) thing(tx Tx, part record.ID) (record.ID, error) {
	if !in.Unit.IsZero() || in.Serial == "" {
		return in.Unit, nil
	}
	from, err := tx.Row("location", in.From)
	if err != nil {
		return record.ID{}, err
	}
	if LocationOf(from).Kind == LocationVan {
		u, err := lyingIn(tx, in.From, in.Serial, part)
		return u.ID, err
	}
	if in.Job.IsZero() {
		return record.ID{}, nil
	}
	rows, err := tx.Refs("movement", "job", in.Job)
	for _, row := range slices.Backward(rows) {
		if m := MovementOf(row); m.To == in.From && m.Serial == in.Serial && m.Part == part && !m.Unit.IsZero() {
			return m.Unit, nil
		}
	}
	return record.ID{}, err
}

// Follow returns what the hub writes besides a change set that it takes in: where units go that moved, and of which the
// phone that moved them had no row. Only what a movement or a hand-over brought to where it lies goes on by another of the
// same job or person, or by the other half: nobody comes by a stranger's machine by a movement that names it. View is the
// hub as it is before the change set.
func Follow(v View, cs *record.ChangeSet) ([]record.RowChange, error) {
	f := follower{View: v, cs: cs}
	for i := range cs.Rows {
		c := &cs.Rows[i]
		if c.Op != record.Insert {
			continue
		}
		var err error
		switch c.Table {
		case movementTable.ID:
			err = f.movement(MovementOf(record.NewRow(movementTable, c, cs.Dot)))
		case handOverTable.ID:
			err = f.half(HandOverOf(record.NewRow(handOverTable, c, cs.Dot)))
		}
		if err != nil {
			return nil, err
		}
	}
	return f.placed, nil
}

type follower struct {
	View
	cs     *record.ChangeSet
	placed []record.RowChange
}

// movement lets a unit follow that lies where one of the same job, or of the same person, had brought it.
func (f *follower) movement(m Movement) error {
	if m.Unit.IsZero() || !m.Replaces.IsZero() || f.writes(m.Unit) {
		return nil
	}
	unit, err := f.Row("unit", m.Unit)
	if err != nil || unit == nil || unit.Get("location").Ref() != m.From {
		return err
	}
	before, err := f.Refs("movement", "unit", m.Unit)
	for _, row := range before {
		b := MovementOf(row)
		his := b.Author == m.Author && !m.Author.IsZero() || b.Job == m.Job && !m.Job.IsZero()
		if his && b.To == m.From && inOneGo(unit, "location", row, "part") {
			return f.place(m.Unit, m.To)
		}
	}
	return err
}

// half lets a unit follow that was handed over: to the taker when the later of the two halves has come, or back to the giver.
// Where he took back what was taken, it lies where the first of the two brought it, and a discrepancy asks about it.
func (f *follower) half(h HandOver) error {
	if h.Half == HalfGive {
		take, err := f.Row("hand_over", halfID(HalfTake, h.Name, h.Giver))
		if err != nil || take == nil || h.Unit.IsZero() || !f.writes(h.Unit) {
			return err
		}
		return f.place(h.Unit, HandOverOf(take).Location)
	}
	give, err := f.Row("hand_over", halfID(HalfGive, h.Name, h.Giver))
	if err != nil || give == nil {
		return err
	}
	unit, err := f.Row("unit", HandOverOf(give).Unit)
	if err != nil || unit == nil || f.writes(unit.ID) || unit.Get("location").Ref() != VirtualLocation(LocationInTransit) ||
		!inOneGo(unit, "location", give, "half") {
		return err
	}
	return f.place(unit.ID, h.Location)
}

// writes reports whether the change set itself says something about the unit.
func (f *follower) writes(unit record.ID) bool {
	return slices.ContainsFunc(f.cs.Rows, func(c record.RowChange) bool { return c.Table == unitTable.ID && c.ID == unit })
}

// place adds that the unit lies there, once.
func (f *follower) place(unit, location record.ID) error {
	place, err := f.Row("location", location)
	if err != nil || place == nil || slices.ContainsFunc(f.placed, func(c record.RowChange) bool { return c.ID == unit }) {
		return err
	}
	c, err := record.NewChange(record.Update, unitTable, unit, lyingAt(place))
	if err == nil {
		f.placed = append(f.placed, c)
	}
	return err
}

// inOneGo reports whether one change set wrote what is shown in both columns.
func inOneGo(a *record.Row, column string, b *record.Row, other string) bool {
	one, ok := writtenBy(a, column)
	two, too := writtenBy(b, other)
	return ok && too && one == two
}

// writtenBy returns the change set that wrote what is shown in the column, as the hub knows.
func writtenBy(row *record.Row, column string) (clock.Dot, bool) {
	if row.Meta == nil {
		return clock.Dot{}, false
	}
	i, ok := row.Meta.Find(record.CellID{Column: row.Table.Columns[row.Table.Column(column)].ID})
	if !ok {
		return clock.Dot{}, false
	}
	return row.Meta.Cells[i].Shown.Dot, true
}
