package simtest

import (
	"errors"

	"fieldsync/sync/device"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

func (d *deviceStory) readsItsWrites() {
	write, ask := d.life()
	var inside []any
	d.write(func(tx device.Store) {
		write(tx)
		inside = ask(tx)
	})
	for i, answer := range inside {
		if empty(answer) {
			d.Errorf("answer %d of the open transaction is empty", i)
		}
	}
	d.write(func(tx device.Store) { same(d.T, "answers after the commit", ask(tx), inside) })
}

// life makes something of everything: a way to write it, and a question that all of it answers.
func (d *deviceStory) life() (write func(device.Store), ask func(device.Store) []any) {
	job := d.ID()
	row := d.task(job)
	item, id := d.newItem(1, device.Pending, row), &device.Identity{Device: d.ID(), Queue: 1}
	write = func(tx device.Store) {
		do(tx.PutIdentity(id))
		do(tx.PutRow(row))
		do(tx.MarkStale(jobBucket(job), schema.ClassWork))
		do(tx.PutBase(record.Key{Table: row.Table.ID, ID: job}, &device.Base{}))
		do(tx.PutItem(item))
		do(tx.PutHeld(schema.ClassWork, jobBucket(job), true))
	}
	return write, func(tx device.Store) []any {
		return []any{
			must(tx.Identity()), must(tx.Row(row.Key())), must(tx.Refs(row.Table, "job", job)),
			must(tx.BucketRows(jobBucket(job), schema.ClassWork)), must(tx.Stale(schema.ClassWork)), must(tx.Bases()),
			must(tx.Item(item.Change.Dot)), must(tx.Items(device.Pending, 0, 9)), must(tx.PendingOn(row.Key())),
			must(tx.Held(schema.ClassWork)),
		}
	}
}

func (d *deviceStory) rollback() {
	d.leavesNothing(func(tx func(device.Store)) {
		err := d.Write(func(s device.Store) error {
			return errors.Join(attempt(func() { tx(s) }), errChanged)
		})
		if !errors.Is(err, errChanged) {
			d.Errorf("Write returned %v, want the error of the transaction", err)
		}
	})
}

func (d *deviceStory) panics() {
	d.leavesNothing(func(tx func(device.Store)) {
		defer func() {
			if recover() == nil {
				d.Error("the panic of a transaction was swallowed")
			}
		}()
		_ = d.Write(func(s device.Store) error {
			tx(s)
			panic("in the middle of a transaction")
		})
	})
}

// leavesNothing says that a transaction which wrote something of everything, and which fail makes fail, left nothing.
func (d *deviceStory) leavesNothing(fail func(tx func(device.Store))) {
	kept := d.task(d.ID())
	d.put(kept)
	write, ask := d.life()
	var before []any
	d.write(func(tx device.Store) { before = ask(tx) })
	fail(func(tx device.Store) {
		write(tx)
		do(tx.DropRow(kept.Key()))
	})
	d.write(func(tx device.Store) {
		same(d.T, "what is left", ask(tx), before)
		same(d.T, "what was dropped", must(tx.Row(kept.Key())), kept)
	})
}

func (d *deviceStory) restart() {
	write, ask := d.life()
	var before []any
	d.write(func(tx device.Store) {
		write(tx)
		before = ask(tx)
	})
	reopen(d.T, d.DeviceStore)
	d.write(func(tx device.Store) { same(d.T, "answers after the restart", ask(tx), before) })
}
