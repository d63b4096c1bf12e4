package record_test

import (
	"fieldsync/sync/clock"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fmt"

	"pgregory.net/rapid"
)

// jobs has a column of every kind; marks is a ledger under it.
var (
	jobs = &schema.Table{
		ID: 1, Name: "job",
		Columns: []schema.Column{
			{ID: 1, Name: "state", Kind: schema.Enum, Codes: []string{"new", "done"}, Flags: schema.Required},
			{ID: 2, Name: "notes", Kind: schema.Text, Max: 20},
			{ID: 3, Name: "title", Kind: schema.Translated, Max: 20},
			{ID: 4, Name: "count", Kind: schema.Integer},
			{ID: 5, Name: "hours", Kind: schema.Decimal, Scale: 2},
			{ID: 6, Name: "price", Kind: schema.Money},
			{ID: 7, Name: "oil", Kind: schema.Quantity, Scale: 1},
			{ID: 8, Name: "start", Kind: schema.Instant, Policy: schema.Group, Group: "window"},
			{ID: 9, Name: "until", Kind: schema.Instant, Policy: schema.Group, Group: "window"},
			{ID: 10, Name: "due", Kind: schema.Date},
			{ID: 11, Name: "customer", Kind: schema.Ref, Ref: "job", Flags: schema.Immutable},
			{ID: 12, Name: "about", Kind: schema.AnyRef},
			{ID: 13, Name: "fields", Kind: schema.Fields, Max: 20},
			{ID: 14, Name: "tags", Kind: schema.Set},
			{ID: 15, Name: "cause", Kind: schema.Enum},
		},
		Buckets: []schema.Bucket{{Kind: 2, From: "id"}, {Kind: 3, From: "customer"}},
	}
	marks = &schema.Table{
		ID: 2, Name: "mark", Mode: schema.Ledger,
		Columns: []schema.Column{{ID: 1, Name: "at", Kind: schema.Instant, Flags: schema.Required}},
		Buckets: []schema.Bucket{{Kind: schema.SharedBucket}},
	}
	world = schema.Must(schema.New("test", 1, jobs, marks))
)

func column(name string) *schema.Column { return &jobs.Columns[jobs.Column(name)] }

// Generators of what the engine writes.
var (
	anyID = rapid.Custom(func(t *rapid.T) (id record.ID) {
		copy(id[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
		return id
	})
	anyDot = rapid.Custom(func(t *rapid.T) clock.Dot {
		return clock.Dot{Actor: clock.Actor(rapid.Uint64Range(1, 5).Draw(t, "actor")), Counter: rapid.Uint64Range(1, 1<<40).Draw(t, "counter")}
	})
	anyVector = rapid.Custom(func(t *rapid.T) clock.Vector {
		return clock.VectorOf(rapid.SliceOfN(anyDot, 0, 4).Draw(t, "dots")...)
	})
	anyStamp = rapid.Map(rapid.Uint64(), func(x uint64) clock.Stamp { return clock.Stamp(x) })
	anyText  = rapid.StringN(0, 12, 40)
	anyPlain = rapid.Custom(func(t *rapid.T) record.Value {
		number, text := rapid.Int64().Draw(t, "number"), anyText.Draw(t, "text")
		return rapid.SampledFrom([]record.Value{
			record.Null, record.Number(number), record.Text(text), record.Quantity(number, text),
			record.Ref(record.ID{byte(number)}), record.AnyRef(record.Key{Table: 1, ID: record.ID{byte(number)}}),
		}).Draw(t, "value")
	})
	anyMap = rapid.Custom(func(t *rapid.T) record.Value {
		v := record.Null
		for range rapid.IntRange(0, 5).Draw(t, "cells") {
			v = v.WithCell(anyText.Draw(t, "key"), anyPlain.Draw(t, "cell"))
		}
		return v
	})
	anyValue     = rapid.OneOf(anyPlain, anyMap)
	anyChangeSet = rapid.Custom(func(t *rapid.T) *record.ChangeSet {
		c := &record.ChangeSet{
			Dot: anyDot.Draw(t, "dot"), Stamp: anyStamp.Draw(t, "stamp"), Offset: rapid.Int64().Draw(t, "offset"),
			Epoch: rapid.Uint32().Draw(t, "epoch"), K: rapid.Uint64().Draw(t, "K"), Cause: rapid.StringMatching(`[a-z_]{0,20}`).Draw(t, "cause"),
		}
		if rapid.Bool().Draw(t, "stamped again") {
			c.Origin = record.Origin{Dot: anyDot.Draw(t, "first dot"), RID: record.ID{1, rapid.Byte().Draw(t, "origin")}}
		}
		if rapid.Bool().Draw(t, "amends") {
			c.Amends = anyDot.Draw(t, "amended")
		}
		if rapid.Bool().Draw(t, "salted") {
			c.Salt = record.Salt{1, rapid.Byte().Draw(t, "salt")}
		}
		c.Rows = rapid.SliceOfN(rapid.Custom(anyRowChange), 0, 3).Draw(t, "rows")
		return c
	})
)

func anyRowChange(t *rapid.T) record.RowChange {
	c := record.RowChange{
		Op: record.Op(rapid.Uint8Range(1, 3).Draw(t, "op")), Table: schema.TableID(rapid.Uint16().Draw(t, "table")),
		ID: anyID.Draw(t, "row"), Context: anyVector.Draw(t, "context"),
	}
	if c.Op == record.Delete {
		return c
	}
	for i := range rapid.IntRange(0, 4).Draw(t, "cells") {
		c.Cells = append(c.Cells, record.CellWrite{
			CellID:  record.CellID{Column: schema.ColumnID(1000*i + rapid.IntRange(0, 999).Draw(t, "column")), Key: anyText.Draw(t, "key")},
			Value:   anyValue.Draw(t, "value"),
			Saw:     rapid.OneOf(rapid.Just(record.Null), anyPlain).Draw(t, "saw"),
			Settles: rapid.SliceOfN(anyDot, 0, 2).Draw(t, "settles"),
		})
	}
	return c
}

// Generators are shared by tests that run beside one another, and a rapid generator writes its name down when it is first
// asked for, beside draws that read it: so each is asked before any test runs.
func init() {
	for _, g := range []fmt.Stringer{anyID, anyDot, anyVector, anyStamp, anyText, anyPlain, anyMap, anyValue, anyChangeSet, anyHubRow} {
		_ = g.String()
	}
}
