package device

import (
	"slices"

	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

// Witness is a copy of a row as the hub had it in an epoch that is gone. It is offered to the hub, which keeps it for the
// office where it lacks what the row holds, and stays here until backups of the hub include that.
type Witness struct {
	N   uint64 // its place, in the order of adding; 0 for one that is added
	Row *record.Row
	Seq uint64 // the hub's commit by which it was taken; 0 while it has not been
}

// bearWitness keeps a copy of every row that the hub may have lost: those touched after the commit up to which the two
// histories are the same. It comes before anything else of a new epoch, since pages will replace the rows, or take them
// away. What this device was told of before, by a hub that was restored again, is to be told anew.
func (r *Replica) bearWitness(common uint64) error {
	if err := r.recall(); err != nil {
		return err
	}
	copied := map[record.Key]bool{}
	copyOnce := func(key record.Key) error {
		if copied[key] {
			return nil
		}
		copied[key] = true
		return r.copyRow(key, common)
	}
	for class := range schema.Class(schema.Classes) {
		if err := r.eachHeld(class, copyOnce); err != nil {
			return err
		}
	}
	if err := r.eachWritten(copyOnce); err != nil { // a verdict, whatever it said, may have brought rows before their bucket came
		return err
	}
	return r.copyBases(common)
}

// copyRow looks at a row without pending changes.
func (r *Replica) copyRow(key record.Key, common uint64) error {
	if base, err := r.store.Base(key); err != nil || base != nil {
		return err
	}
	row, err := r.store.Row(key)
	if err != nil {
		return err
	}
	return r.attest(row, common)
}

// copyBases looks at the rows under pending changes, those among them whose bucket has left too.
func (r *Replica) copyBases(common uint64) error {
	pinned, err := r.store.Bases()
	if err != nil {
		return err
	}
	for _, key := range pinned {
		base, err := r.store.Base(key)
		if err != nil {
			return err
		}
		if err := r.attest(base.Row, common); err != nil {
			return err
		}
	}
	return nil
}

// attest adds a copy of the row, unless the hub has it as it is. Of one that was hidden the commit is not known any more.
func (r *Replica) attest(row *record.Row, common uint64) error {
	if row == nil || row.Seq != 0 && row.Seq <= common {
		return nil
	}
	return r.store.PutWitness(&Witness{Row: row})
}

// recall makes every copy that the hub took one that is to be offered again.
func (r *Replica) recall() error {
	return r.eachWitness(true, func(w *Witness) error {
		w.Seq = 0
		return r.store.PutWitness(w)
	})
}

// How many copies are looked at, and about how many bytes of them are sent, at a time.
const (
	witnessesAtOnce = 256
	witnessBytes    = wire.MaxPart
)

// Testify returns the next copies to be offered to the hub, nil where there are none. The device is level with the hub
// by then: a copy of which the hub's own row holds everything, and shows it, is dropped. None is offered twice in a session once Kept
// has heard of it.
func (r *Replica) Testify() (*wire.Witness, error) {
	for {
		waiting, err := r.store.Witnesses(false, 0, witnessesAtOnce)
		if err != nil || len(waiting) == 0 {
			return nil, err
		}
		m := &wire.Witness{}
		for size := 0; len(waiting) > 0 && size < witnessBytes; waiting = waiting[1:] {
			w := waiting[0]
			idle, err := r.isKnown(w.Row)
			if err != nil {
				return nil, err
			}
			if idle {
				if err := r.store.DropWitness(w.N); err != nil {
					return nil, err
				}
				continue
			}
			size += addWhole(m, w.Row)
		}
		if len(m.Rows) > 0 {
			return m, nil
		}
	}
}

// isKnown reports whether the hub's row, as it has come since, holds every change set that the copy holds, by their names, and
// shows what it shows. Where it shows something else the hub decides: a name may have been given twice.
func (r *Replica) isKnown(old *record.Row) (bool, error) {
	if old.Vector.IsZero() {
		return false, nil
	}
	row, err := r.store.Row(old.Key())
	if base, e := r.store.Base(old.Key()); e != nil || base != nil {
		if err = e; err == nil {
			row = base.Row
		}
	}
	return row != nil && row.Vector.CoversAll(old.Vector) && row.Deleted == old.Deleted && slices.Equal(row.Cols, old.Cols), err
}

// addWhole adds the row to the message, beside those of its table, and returns about how many bytes it takes.
func addWhole(m *wire.Witness, row *record.Row) int {
	t := row.Table
	if n := len(m.Rows); n == 0 || m.Rows[n-1].Table != t.ID {
		batch := wire.Rows{Table: t.ID, Whole: true}
		for i := range t.Columns {
			batch.Columns = append(batch.Columns, t.Columns[i].ID)
		}
		m.Rows = append(m.Rows, batch)
	}
	batch := &m.Rows[len(m.Rows)-1]
	batch.Rows = append(batch.Rows, wire.Row{
		ID: row.ID, Seq: row.Seq, Vector: row.Vector, Deleted: row.Deleted, Values: row.Cols,
	})
	return wire.SizeOf(row.Vector, row.Cols)
}

// Kept takes in the hub's answer to a Witness: so many of the copies offered, from the first on, need not be offered again
// in this epoch.
func (r *Replica) Kept(k *wire.Kept) error {
	taken, err := r.store.Witnesses(false, 0, int(min(k.Count, witnessesAtOnce)))
	if err != nil {
		return err
	}
	for _, w := range taken {
		w.Seq = max(k.At, 1)
		if err := r.store.PutWitness(w); err != nil {
			return err
		}
	}
	return nil
}
