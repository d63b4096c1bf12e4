package replica_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/simtest"
	"fieldsync/sync/sqlrow"
)

// Package sqlrow knows no driver; here is one to prove it with.

// anySchema draws a schema: any columns of any kinds, under names that SQL has its own ideas of.
func anySchema(t *rapid.T) *schema.Schema {
	names := []string{"order", "group", "job", "select", "rowid", "oid", "values", "a__b"}
	tables := make([]*schema.Table, rapid.IntRange(1, 3).Draw(t, "tables"))
	for i := range tables {
		tables[i] = &schema.Table{ID: schema.TableID(i + 1), Name: names[i], Buckets: []schema.Bucket{{}}}
		for c := range rapid.IntRange(1, 12).Draw(t, "columns") {
			column := schema.Column{ID: schema.ColumnID(c + 1), Name: names[(c+i)%len(names)] + fmt.Sprint(c/len(names)),
				Kind: schema.Kind(rapid.IntRange(int(schema.Text), int(schema.Set)).Draw(t, "kind"))}
			if c < len(names) {
				column.Name = names[(c+i)%len(names)]
			}
			if column.Kind == schema.Ref {
				column.Ref = names[0]
			}
			if rapid.Bool().Draw(t, "indexed") {
				column.Flags = schema.Indexed
			}
			tables[i].Columns = append(tables[i].Columns, column)
		}
	}
	return schema.Must(schema.New("any", 1, tables...))
}

func anyID(t *rapid.T) (id record.ID) {
	copy(id[:], rapid.SliceOfN(rapid.Byte(), 15, 15).Draw(t, "id"))
	id[15] = 1
	return id
}

var anyNumber = rapid.OneOf(rapid.Int64(), rapid.SampledFrom([]int64{0, 1, -1, math.MinInt64, math.MaxInt64}))

// anyValue draws a value of the column as a whole.
func anyValue(t *rapid.T, c *schema.Column) record.Value {
	if rapid.IntRange(0, 4).Draw(t, "null") == 0 {
		return record.Null
	}
	number, text := anyNumber.Draw(t, "number"), rapid.String().Draw(t, "text")
	switch c.Kind {
	case schema.Integer, schema.Decimal, schema.Instant, schema.Date:
		return record.Number(number)
	case schema.Text, schema.Enum:
		return record.Text(text)
	case schema.Money, schema.Quantity:
		return record.Money(number, text)
	case schema.Ref:
		return record.Ref(anyID(t))
	case schema.AnyRef:
		return record.AnyRef(record.Key{Table: schema.TableID(1 + rapid.Uint16Max(9).Draw(t, "table")), ID: anyID(t)})
	}
	v := record.Null
	for range rapid.IntRange(0, 4).Draw(t, "cells") {
		v = v.WithCell(rapid.StringN(1, 9, -1).Draw(t, "key"), anyCell(t, c.Kind))
	}
	return v
}

func anyCell(t *rapid.T, k schema.Kind) record.Value {
	text := record.Text(rapid.String().Draw(t, "cell"))
	switch k {
	case schema.Set:
		return record.Number(1)
	case schema.Translated:
		return text
	}
	number := anyNumber.Draw(t, "amount")
	return rapid.SampledFrom([]record.Value{text, record.Number(number), record.Quantity(number, text.Text())}).Draw(t, "field")
}

func anyRow(t *rapid.T, table *schema.Table, id record.ID) *record.Row {
	row := &record.Row{Table: table, ID: id, Seq: rapid.Uint64().Draw(t, "seq"), Deleted: rapid.Bool().Draw(t, "deleted")}
	for i := range table.Columns {
		row.Cols = append(row.Cols, anyValue(t, &table.Columns[i]))
	}
	for range rapid.IntRange(0, 3).Draw(t, "writers") {
		row.Vector = row.Vector.With(clock.Dot{Actor: clock.Actor(rapid.Uint64Min(1).Draw(t, "actor")),
			Counter: rapid.Uint64Min(1).Draw(t, "counter")})
	}
	return row
}

// memory returns a connection to an empty database.
func memory(t testing.TB) *sqlrow.Conn {
	t.Helper()
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	held, err := db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	var c *sqlrow.Conn
	err = held.Raw(func(raw any) error { c = sqlrow.Wrap(raw.(driver.Conn)); return nil })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _, _ = c.Close(), held.Close(), db.Close() })
	return c
}

func create(t testing.TB, c *sqlrow.Conn, l *sqlrow.Layout) {
	t.Helper()
	for _, statement := range l.DDL() {
		if _, err := c.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

var sameRow = cmp.Options{
	cmpopts.EquateEmpty(),
	cmp.Comparer(func(a, b record.Value) bool { return a == b }),
	cmp.Comparer(func(a, b *schema.Table) bool { return a == b }),
}

func TestAnyRowOfAnySchemaComesBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := anySchema(rt)
		l, c := sqlrow.New(s, sqlrow.SQLite, sqlrow.Device), memory(t)
		create(t, c, l)
		table := rapid.SampledFrom(s.Tables).Draw(rt, "table")
		id := anyID(rt)
		for _, write := range []func(*sqlrow.Conn, *record.Row) error{
			l.Put, l.Put, // an insert, an update
			func(c *sqlrow.Conn, row *record.Row) error { return update(c, l, row) },
		} {
			row := anyRow(rt, table, id)
			if err := write(c, row); err != nil {
				rt.Fatal(err)
			}
			got, err := l.Get(c, row.Key())
			if diff := cmp.Diff(row, got, sameRow); err != nil || diff != "" {
				rt.Fatalf("%v (-want +got):\n%s", err, diff)
			}
		}
	})
}

// update writes the row by the way that leaves indexes alone, or, where that may not be, by the other one.
func update(c *sqlrow.Conn, l *sqlrow.Layout, row *record.Row) error {
	done, err := l.Update(c, row)
	if err == nil && !done {
		err = l.Put(c, row)
	}
	return err
}

func TestHubsRowComesBackWithItsMergeState(t *testing.T) {
	t.Parallel()
	l, c, m := sqlrow.New(simtest.Schema, sqlrow.SQLite, sqlrow.Hub), memory(t), simtest.NewMaker(5)
	create(t, c, l)
	for n := range 300 {
		row := m.HubRow(simtest.Schema.Tables[n%len(simtest.Schema.Tables)], uint64(n+1), nil)
		if n%5 == 0 {
			m.Delete(row, uint64(n+1))
		}
		if err := l.Put(c, row); err != nil {
			t.Fatal(err)
		}
		got, err := l.Get(c, row.Key())
		if err != nil {
			t.Fatal(err)
		}
		for i := range row.Meta.Cells {
			row.Meta.Cells[i].Shown.Value = record.Null // it stands in its column only
		}
		if diff := cmp.Diff(row, got, sameRow); diff != "" {
			t.Fatalf("row %d (-want +got):\n%s", n, diff)
		}
	}
	bare := m.DeviceRow(simtest.Schema.Tables[0], 1, nil)
	if err := l.Put(c, bare); err == nil {
		t.Error("a row without merge state was taken on the hub")
	}
}

func TestValueThatWouldNotComeBackIsRefused(t *testing.T) {
	t.Parallel()
	l, c, m := sqlrow.New(simtest.Schema, sqlrow.SQLite, sqlrow.Device), memory(t), simtest.NewMaker(5)
	create(t, c, l)
	for column, v := range map[string]record.Value{
		"title": record.Number(1), "reading": record.Text("many"), "price": record.Number(5), "asset": record.Text("short"),
		"about": record.Money(1, "EUR"), "tags": record.Null.WithCell("a", record.Text("x")), "due": record.Money(1, "EUR"),
		"fields":  record.Null.WithCell("a", record.Text("\xff")),
		"remarks": record.Null.WithCell("\xff", record.Text("x")), "state": record.Null.WithCell("a", record.Number(1)),
	} {
		row := m.DeviceRow(simtest.Schema.Table("job"), 1, nil)
		row.Put(row.Table.Column(column), "", v)
		if err := l.Put(c, row); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%s = %v: %v", column, v, err)
		}
		if got, err := l.Get(c, row.Key()); got != nil || err != nil {
			t.Errorf("%s = %v was written all the same: %v, %v", column, v, got, err)
		}
	}
	short := m.DeviceRow(simtest.Schema.Table("job"), 1, nil)
	short.Cols = short.Cols[1:]
	if err := l.Put(c, short); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("a row with too few values: %v", err)
	}
	if _, err := l.Get(c, record.Key{Table: 999}); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("an unknown table: %v", err)
	}
	if _, err := l.Refs(c, simtest.Schema.Table("job"), "title", record.ID{}); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("a column that refers to nothing: %v", err)
	}
}

func TestScanAndCountGoByCondition(t *testing.T) {
	t.Parallel()
	l, c, m := sqlrow.New(simtest.Schema, sqlrow.SQLite, sqlrow.Device), memory(t), simtest.NewMaker(5)
	create(t, c, l)
	table := simtest.Schema.Table("customer")
	var want []record.ID
	for n := range 9 {
		row := m.DeviceRow(table, uint64(n), nil)
		if fresh, err := l.Insert(c, row); !fresh || err != nil {
			t.Fatal(fresh, err)
		}
		if fresh, err := l.Insert(c, row); fresh || err != nil {
			t.Fatal("a row was fresh twice", err)
		}
		if n >= 4 {
			want = append(want, row.ID)
		}
	}
	var got []record.ID
	err := l.Scan(c, table, "_seq >= ?", []driver.Value{int64(4)}, func(row *record.Row) bool {
		n, err := l.Count(c, table, "_seq < ?", int64(4)) // another query while this one is open
		if err != nil || n != 4 {
			t.Errorf("counted %d, %v", n, err)
		}
		if again, err := l.Get(c, row.Key()); err != nil || again.ID != row.ID {
			t.Errorf("a row within a scan: %v, %v", again, err)
		}
		got = append(got, row.ID)
		return len(got) < 3
	})
	if diff := cmp.Diff(want[:3], got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}
