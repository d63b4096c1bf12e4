package replica

import (
	"database/sql/driver"
	"errors"
	"fmt"

	"fieldsync/sync/clock"
	"fieldsync/sync/device"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/sqlrow"
	"fieldsync/sync/wire"
)

const (
	readColumns = "state, encoded, hash, chain, seq, code, message, prior_outcome, prior_code, prior_eff"
	itemColumns = "n, actor, counter, " + readColumns // the dot is in the change set, and stands apart for the index alone
	selectItem  = "SELECT n, " + readColumns + " FROM _outbox "
	insertItem  = "INSERT INTO _outbox(" + itemColumns + ") VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(n) DO "
	appendItem  = insertItem + "NOTHING"
	replaceItem = insertItem + "UPDATE SET actor = excluded.actor, counter = excluded.counter, state = excluded.state," +
		" encoded = excluded.encoded, hash = excluded.hash, chain = excluded.chain, seq = excluded.seq," +
		" code = excluded.code, message = excluded.message, prior_outcome = excluded.prior_outcome," +
		" prior_code = excluded.prior_code, prior_eff = excluded.prior_eff"
	// judgeItem is what a verdict changes: the change set itself stays untouched where it lies.
	judgeItem = "UPDATE _outbox SET state = ?, seq = ?, code = ?, message = ?, prior_outcome = ?, prior_code = ?," +
		" prior_eff = ? WHERE n = ? AND hash = ? AND chain = ?"
	// judgeRun is the same for items that follow each other in the queue as they do in the commits that judged them.
	judgeRun = "UPDATE _outbox SET state = ?, seq = n + ?, code = ?, message = ?, prior_outcome = ?, prior_code = ?," +
		" prior_eff = NULL WHERE n BETWEEN ? AND ?"
	addPending  = "INSERT INTO _pending_on(tbl, row, n) VALUES(?, ?, ?) ON CONFLICT DO NOTHING"
	dropPending = "DELETE FROM _pending_on WHERE tbl = ? AND row = ? AND n = ?"
)

// Item implements device.Store.
func (tx *Tx) Item(d clock.Dot) (*device.Item, error) {
	return first(tx.items("WHERE actor = ? AND counter = ?", int64(d.Actor), int64(d.Counter)))
}

// ItemsFrom implements device.Store.
func (tx *Tx) ItemsFrom(first clock.Dot, n uint64) ([]*device.Item, error) {
	if items := tx.sent.take(first, n); items != nil {
		return items, nil
	}
	return tx.itemsWhile(func(i *device.Item, have int) bool {
		return uint64(have) < n && i.Change.Dot.Counter == first.Counter+uint64(have)
	}, "WHERE actor = ? AND counter >= ? ORDER BY counter", int64(first.Actor), int64(first.Counter))
}

// Items implements device.Store.
func (tx *Tx) Items(s device.State, after uint64, limit int) ([]*device.Item, error) {
	return tx.itemsWhile(func(_ *device.Item, have int) bool { return have < limit },
		"WHERE state = ? AND n > ? ORDER BY n", int64(s), int64(after))
}

// LastItems returns up to limit items in the state, the latest first.
func (tx *Tx) LastItems(s device.State, limit int) ([]*device.Item, error) {
	return tx.itemsWhile(func(_ *device.Item, have int) bool { return have < limit }, "WHERE state = ? ORDER BY n DESC", int64(s))
}

// itemsWhile returns the items of a query up to the first that is not wanted, where it stops reading: SQLite plans a
// query anew for each value that a LIMIT is bound to, which takes ten times as long as to run it.
func (tx *Tx) itemsWhile(
	wanted func(i *device.Item, have int) bool, where string, args ...driver.Value,
) (items []*device.Item, err error) {
	err = tx.eachItem(where, func(i *device.Item) error {
		if !wanted(i, len(items)) {
			return errEnough
		}
		items = append(items, i)
		return nil
	}, args...)
	if err != nil && err != errEnough {
		return nil, err
	}
	return items, nil
}

// errEnough ends the reading of items early.
var errEnough = errors.New("replica: enough")

// PendingOn implements device.Store. Most rows that are asked for have no pending items (any more), which takes one
// look at _pending_on.
func (tx *Tx) PendingOn(k record.Key) (items []*device.Item, err error) {
	var numbers []int64
	err = tx.conn.Each(func(r *sqlrow.Rows) error {
		numbers = append(numbers, r.Int(0))
		return nil
	}, "SELECT n FROM _pending_on WHERE tbl = ? AND row = ? ORDER BY n", int64(k.Table), k.ID[:])
	for i := 0; i < len(numbers) && err == nil; i++ {
		err = tx.eachItem("WHERE n = ?", func(item *device.Item) error {
			items = append(items, item)
			return nil
		}, numbers[i])
	}
	return items, err
}

func first(items []*device.Item, err error) (*device.Item, error) {
	if len(items) == 0 {
		return nil, err
	}
	return items[0], err
}

func (tx *Tx) items(where string, args ...driver.Value) (items []*device.Item, err error) {
	err = tx.eachItem(where, func(i *device.Item) error {
		items = append(items, i)
		return nil
	}, args...)
	if err != nil {
		return nil, err
	}
	return items, nil
}

func (tx *Tx) eachItem(where string, do func(*device.Item) error, args ...driver.Value) error {
	return tx.conn.Each(func(r *sqlrow.Rows) error {
		i, err := readItem(r, tx.layout)
		if err != nil {
			return err
		}
		return do(i)
	}, selectItem+where, args...)
}

func readItem(r *sqlrow.Rows, layout *sqlrow.Layout) (*device.Item, error) {
	i := &device.Item{
		N: r.Uint(0), State: device.State(r.Uint(1)), Encoded: r.Bytes(2), Hash: hash(r, 3), Chain: hash(r, 4),
		Seq: r.Uint(5), Code: fault.Code(r.Text(6)), Message: r.Text(7),
	}
	var err error
	if i.Encoded, err = layout.OpenChange(i.Encoded, i.Hash); err != nil {
		return nil, unsealed(fmt.Sprintf("item %d of the outbox", i.N), err)
	}
	if i.Change, err = record.ParseChangeSet(i.Encoded); err != nil {
		return nil, corrupt(fmt.Sprintf("item %d of the outbox", i.N), err)
	}
	if !r.Null(8) {
		i.Prior = &wire.Prior{Outcome: wire.Outcome(r.Uint(8)), Code: fault.Code(r.Text(9)), Eff: meant(i)}
		if !r.Null(10) {
			i.Prior.Eff = clock.Stamp(r.Uint(10))
		}
	}
	return i, nil
}

// meant returns the effective time that the item's author meant; a verdict seldom gives another, and only then it is
// written down.
func meant(i *device.Item) clock.Stamp { return i.Change.Stamp.Add(i.Change.Offset) }

// PutItem implements device.Store. A new item is most likely a pending one without a past, and anything else most
// likely a verdict on a known one.
func (tx *Tx) PutItem(i *device.Item) error {
	done := int64(0)
	var err error
	if i.State == device.Pending && i.Prior == nil {
		done, err = tx.putItem(appendItem, i)
	} else {
		tx.sent.changing()
		done, err = tx.conn.Exec(judgeItem, judgeArgs(i)...)
	}
	if err == nil && done == 0 {
		err = tx.replace(i)
	}
	if err != nil {
		return err
	}
	return tx.indexPending(i, i.State == device.Pending)
}

// PutRedacted implements device.Store.
func (tx *Tx) PutRedacted(i *device.Item) error {
	tx.sent.changing()
	_, err := tx.putItem(replaceItem, i)
	return err
}

// PutErased implements device.Store.
func (tx *Tx) PutErased(rows []record.Key) error {
	for _, k := range rows {
		_, err := tx.conn.Exec("INSERT INTO _erased(tbl, row) VALUES(?, ?) ON CONFLICT DO NOTHING", int64(k.Table), k.ID[:])
		if err != nil {
			return err
		}
	}
	return nil
}

// Erased implements device.Store.
func (tx *Tx) Erased(k record.Key) (bool, error) {
	n, err := tx.conn.Int("SELECT EXISTS (SELECT 1 FROM _erased WHERE tbl = ? AND row = ?)", int64(k.Table), k.ID[:])
	return n != 0, err
}

// allErased returns every row that was erased, or as many as can be read.
func (tx *Tx) allErased() (rows []record.Key, err error) {
	err = tx.conn.Each(func(r *sqlrow.Rows) error {
		rows = append(rows, record.Key{Table: schema.TableID(r.Uint(0)), ID: r.ID(1)})
		return r.Err()
	}, "SELECT tbl, row FROM _erased")
	return rows, err
}

// Purge implements device.Store. The words of the rows leave the search index at once; the write-ahead log is emptied
// after the transaction, and secure_delete has overwritten what was in the file.
func (tx *Tx) Purge(rows []record.Key) error {
	tx.purges = true
	for _, k := range rows {
		if err := tx.search.Now(k); err != nil {
			return err
		}
	}
	return nil
}

// PutJudged implements device.Store. A queue that was judged without a question is one statement.
func (tx *Tx) PutJudged(items []*device.Item) error {
	tx.sent.judging(items)
	for len(items) > 0 {
		run := items[:judgedAlike(items)]
		items = items[len(run):]
		if err := tx.putRun(run); err != nil {
			return err
		}
	}
	return nil
}

// judgedAlike returns how many of the items, from the first on, differ in their number and commit only, and follow each
// other in both.
func judgedAlike(items []*device.Item) int {
	n := 1
	for a := items[0]; n < len(items); n++ {
		b, past := items[n], uint64(n)
		alike := b.N == a.N+past && b.Seq == a.Seq+past && b.State == a.State && b.Code == a.Code && b.Message == a.Message
		if !alike || !asMeant(a) || !asMeant(b) || b.Prior.Outcome != a.Prior.Outcome || b.Prior.Code != a.Prior.Code {
			break
		}
	}
	return n
}

func asMeant(i *device.Item) bool { return i.Prior != nil && i.Prior.Eff == meant(i) }

func (tx *Tx) putRun(run []*device.Item) error {
	if len(run) == 1 || run[0].State == device.Pending {
		for _, i := range run {
			if err := tx.PutItem(i); err != nil {
				return err
			}
		}
		return nil
	}
	a, z := run[0], run[len(run)-1]
	_, err := tx.conn.Exec(judgeRun, int64(a.State), int64(a.Seq-a.N), string(a.Code), a.Message, int64(a.Prior.Outcome),
		string(a.Prior.Code), int64(a.N), int64(z.N))
	for k := 0; k < len(run) && err == nil; k++ {
		err = tx.indexPending(run[k], false)
	}
	return err
}

// replace writes an item over another one of its number, which may have changed other rows.
func (tx *Tx) replace(i *device.Item) error {
	tx.sent.changing()
	old, err := first(tx.items("WHERE n = ?", int64(i.N)))
	if err == nil && old != nil {
		err = tx.indexPending(old, false)
	}
	if err == nil {
		_, err = tx.putItem(replaceItem, i)
	}
	return err
}

func (tx *Tx) putItem(statement string, i *device.Item) (done int64, err error) {
	encoded, err := tx.layout.SealChange(i.Encoded, i.Hash)
	if err != nil {
		return 0, err
	}
	outcome, code, eff := priorArgs(i)
	return tx.conn.Exec(statement,
		int64(i.N), int64(i.Change.Dot.Actor), int64(i.Change.Dot.Counter), int64(i.State), encoded, i.Hash[:],
		i.Chain[:], int64(i.Seq), string(i.Code), i.Message, outcome, code, eff)
}

func judgeArgs(i *device.Item) []driver.Value {
	outcome, code, eff := priorArgs(i)
	return []driver.Value{
		int64(i.State), int64(i.Seq), string(i.Code), i.Message, outcome, code, eff, int64(i.N), i.Hash[:], i.Chain[:],
	}
}

func priorArgs(i *device.Item) (outcome, code, eff driver.Value) {
	if i.Prior == nil {
		return nil, nil, nil
	}
	if !asMeant(i) {
		eff = int64(i.Prior.Eff)
	}
	return int64(i.Prior.Outcome), string(i.Prior.Code), eff
}

// indexPending keeps _pending_on true to the item's state.
func (tx *Tx) indexPending(i *device.Item, pending bool) error {
	statement := dropPending
	if pending {
		statement = addPending
	}
	for k := range i.Change.Rows {
		row := &i.Change.Rows[k]
		if _, err := tx.conn.Exec(statement, int64(row.Table), row.ID[:], int64(i.N)); err != nil {
			return err
		}
	}
	return nil
}

// Forgettable reports whether Forget would drop anything.
func (tx *Tx) Forgettable(upTo uint64) (bool, error) {
	some, err := tx.conn.Int("SELECT EXISTS (SELECT 1 FROM _outbox WHERE state IN (?, ?) AND seq <= ?)",
		int64(device.Accepted), int64(device.Closed), int64(upTo))
	return some != 0, err
}

// Forget implements device.Store.
func (tx *Tx) Forget(upTo uint64) error {
	tx.sent.changing()
	_, err := tx.conn.Exec("DELETE FROM _outbox WHERE state IN (?, ?) AND seq <= ?",
		int64(device.Accepted), int64(device.Closed), int64(upTo))
	if err == nil {
		_, err = tx.conn.Exec("DELETE FROM _witness WHERE seq > 0 AND seq <= ?", int64(upTo))
	}
	return err
}
