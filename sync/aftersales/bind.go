package aftersales

import (
	"cmp"
	"fmt"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// Rows are what the engine reads, on a device or on the hub.
type Rows interface {
	Row(record.Key) (*record.Row, error)
	Refs(t *schema.Table, column string, id record.ID) ([]record.ID, error)
}

// Draft is a transaction of the engine, on a device or on the hub.
type Draft interface {
	Rows
	Schema() *schema.Schema
	Insert(t *schema.Table, id record.ID, values record.Values) error
	Update(t *schema.Table, id record.ID, values record.Values) error
	Delete(t *schema.Table, id record.ID) error
}

// Circumstances are what a transaction cannot know by itself.
type Circumstances struct {
	Author record.ID    // in whose name it writes
	Now    int64        // when, in ms since 1970 UTC, by the hub's clock as well as it is known
	Clock  int64        // the same by the clock of the device that writes; 0 for the hub, whose clock is the clock
	Dot    clock.Dot    // the change set that it will be: what makes its numbers unique
	Random func([]byte) // fills the slice
}

// Look returns the rows as reading functions see them.
func Look(r Rows) View { return look{r, Schema} }

// LookAt is Look at an instant, ms UTC.
func LookAt(r Rows, now int64) Present { return lookAt{look{r, Schema}, now} }

type lookAt struct {
	look
	now int64
}

func (l lookAt) Now() int64 { return l.now }

type look struct {
	rows   Rows
	schema *schema.Schema
}

func (l look) table(name string) (*schema.Table, error) {
	if t := l.schema.Table(name); t != nil {
		return t, nil
	}
	return nil, fault.Newf(fault.Invalid, "there is no table %s", name)
}

func (l look) Row(table string, id record.ID) (*record.Row, error) {
	t, err := l.table(table)
	if err != nil {
		return nil, err
	}
	if id.IsZero() { // the id of nothing: what has no site, for one
		return nil, nil
	}
	row, err := l.rows.Row(record.Key{Table: t.ID, ID: id})
	if err != nil || row == nil || row.Deleted {
		return nil, err
	}
	return row, nil
}

// Dead reports whether the row was there once, and was deleted.
func (l look) Dead(table string, id record.ID) (bool, error) {
	t, err := l.table(table)
	if err != nil {
		return false, err
	}
	row, err := l.rows.Row(record.Key{Table: t.ID, ID: id})
	return row != nil && row.Deleted, err
}

func (l look) Refs(table, column string, id record.ID) ([]*record.Row, error) {
	t, err := l.table(table)
	if err != nil {
		return nil, err
	}
	ids, err := l.rows.Refs(t, column, id)
	if err != nil {
		return nil, err
	}
	rows := make([]*record.Row, 0, len(ids))
	for _, id := range ids {
		row, err := l.Row(table, id)
		if err != nil {
			return nil, err
		}
		if row != nil {
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// Bind returns the transaction as the commands see it.
func Bind(d Draft, c Circumstances) Tx {
	return &bound{look: look{d, d.Schema()}, Draft: d, Circumstances: c}
}

type bound struct {
	look
	Draft
	Circumstances
	numbered int // human numbers given so far
}

func (b *bound) Row(table string, id record.ID) (*record.Row, error) { return b.look.Row(table, id) }

func (b *bound) Refs(table, column string, id record.ID) ([]*record.Row, error) {
	return b.look.Refs(table, column, id)
}

func (b *bound) Insert(table string, id record.ID, values record.Values) error {
	t, err := b.table(table)
	if err != nil {
		return err
	}
	return b.Draft.Insert(t, id, values)
}

func (b *bound) Update(table string, id record.ID, values record.Values) error {
	t, err := b.table(table)
	if err != nil {
		return err
	}
	return b.Draft.Update(t, id, values)
}

func (b *bound) Delete(table string, id record.ID) error {
	t, err := b.table(table)
	if err != nil {
		return err
	}
	return b.Draft.Delete(t, id)
}

func (b *bound) NewID() record.ID {
	var random [10]byte
	b.Random(random[:])
	return record.NewID(b.Circumstances.Now, random)
}

// Number composes the series, the writing incarnation and the change set's counter: "J-d7-42", and "J-d7-42-2" for the
// second of a transaction. A copy of a replica writes under another incarnation, so it never gives a number again; while
// it waits for one, numbers are drawn at random.
func (b *bound) Number(series string) string {
	b.numbered++
	if b.Dot().Actor.Side() > clock.SideHub {
		id := b.NewID()
		return fmt.Sprintf("%s-x%x", series, id[10:])
	}
	n := fmt.Sprintf("%s-%s-%d", series, b.Dot().Actor, b.Dot().Counter)
	if b.numbered > 1 {
		n += fmt.Sprintf("-%d", b.numbered)
	}
	return n
}

// Hub goes by whose the incarnation is. A device that waits for one is none of the hub's.
func (b *bound) Hub() bool {
	side := b.Dot().Actor.Side()
	return side == clock.SideOffice || side == clock.SideHub
}

// Now and Clock are times that a row can hold, whatever a clock says, or a server about it: no work is refused for that.
func (b *bound) Now() int64 { return record.Within(b.Circumstances.Now) }

func (b *bound) Clock() int64 {
	return record.Within(cmp.Or(b.Circumstances.Clock, b.Circumstances.Now))
}

func (b *bound) Author() record.ID { return b.Circumstances.Author }

func (b *bound) Dot() clock.Dot { return b.Circumstances.Dot }
