package device

import (
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// forget takes the personal values of the rows out of everything that is kept here: change sets, judged or not, the hub's
// rows under pending ones, copies for a restored hub, and the rows themselves, which the device may be about to lose or
// does not have. Change sets stay known by the hash they had. From then on nothing personal is written on the rows here.
func (r *Replica) forget(rows []record.Key) error {
	if len(rows) == 0 {
		return nil
	}
	erased := make(map[record.Key]bool, len(rows))
	for _, key := range rows {
		erased[key] = true
	}
	for _, state := range []State{Pending, Accepted, Refused, Closed} {
		err := eachItem(r.store, state, func(item *Item) error { return r.forgetItem(item, erased) })
		if err != nil {
			return err
		}
	}
	for _, taken := range []bool{false, true} {
		err := r.eachWitness(taken, func(w *Witness) error { return r.forgetCopy(w, erased) })
		if err != nil {
			return err
		}
	}
	for _, key := range rows {
		if err := r.forgetRow(key); err != nil {
			return err
		}
	}
	if err := r.store.PutErased(rows); err != nil {
		return err
	}
	return r.store.Purge(rows)
}

func (r *Replica) forgetItem(item *Item, erased map[record.Key]bool) error {
	redacted, changed, err := record.Redact(r.schema, item.Encoded, erased)
	if err != nil || !changed {
		return err
	}
	item.Encoded = redacted
	if item.Change, err = record.ParseChangeSet(redacted); err != nil {
		return err
	}
	return r.store.PutRedacted(item)
}

func (r *Replica) forgetCopy(w *Witness, erased map[record.Key]bool) error {
	if !erased[w.Row.Key()] || !clearPersonal(w.Row) {
		return nil
	}
	return r.store.PutWitness(w)
}

// forgetRow clears the row that is shown, and the hub's under it.
func (r *Replica) forgetRow(key record.Key) error {
	base, err := r.store.Base(key)
	if err != nil {
		return err
	}
	if base != nil {
		if base.Row != nil && clearPersonal(base.Row) {
			err = r.store.PutBase(key, base)
		}
		if err == nil {
			err = r.show(key, base)
		}
		return err
	}
	row, err := r.store.Row(key)
	if err != nil || row == nil || !clearPersonal(row) {
		return err
	}
	r.changed = append(r.changed, key)
	return r.store.PutRow(row)
}

// clearPersonal clears the row's personal values and reports whether there were any.
func clearPersonal(row *record.Row) (any bool) {
	for i := range row.Cols {
		if row.Table.Columns[i].Has(schema.Personal) && !row.Cols[i].IsNull() {
			row.Cols[i], any = record.Null, true
		}
	}
	return any
}
