package store

import (
	"slices"
	"testing"

	"fieldsync/sync/clock"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/sqlrow"
)

var searchSchema = schema.Must(schema.New("search", 1, &schema.Table{
	ID: 1, Name: "thing", Class: schema.ClassWork, Buckets: []schema.Bucket{{Kind: schema.SharedBucket}},
	Columns: []schema.Column{
		{ID: 1, Name: "title", Kind: schema.Text, Flags: schema.Searchable},
		{ID: 2, Name: "serial", Kind: schema.Text, Flags: schema.Searchable},
	}}))

// TestBothDatabasesFindTheSame: whole values first, parts of serials, beginnings of words, neighbours in Chinese; and what
// was changed, deleted or dropped is found as it stands.
func TestBothDatabasesFindTheSame(t *testing.T) {
	t.Parallel()
	things := [][2]string{
		{"循环泵噪音很大", "CB-88120"}, {"噪音", "CB-88121"}, {"Boiler 'cold' & <loud>", "AB-0123.C"}, {"boilers; read/write", "88120"},
		{"音噪 pump", "X1"}, {"Größe prüfen", "ab0123c"}, {`back\slash "quoted"`, "Z-9"}, {"", ""}, {"泵", "7"},
	}
	onEach(t, func(t *testing.T, where somewhere) {
		s := open(t, where(t, searchSchema))
		put := func(n int, values [2]string, dead bool) {
			write(t, s, func(tx *Tx) error {
				head, err := tx.Head()
				if err != nil {
					return err
				}
				row := &record.Row{Table: searchSchema.Table("thing"), ID: benchID(n), Seq: head + 1, Deleted: dead, Meta: &record.Meta{},
					Cols: []record.Value{record.Text(values[0]), record.Text(values[1])}}
				old, err := tx.Row(row.Key())
				if err != nil {
					return err
				}
				was := uint64(0)
				if old != nil {
					was = old.Seq
				}
				if err = tx.PutRow(row, was); err != nil {
					return err
				}
				return tx.PutCommit(head+1, clock.StampAt(int64(head)), row.Buckets())
			})
		}
		index := func() {
			for more := true; more; {
				more = must[bool](t)(s.Index(t.Context()))
			}
		}
		finds := func(query string, want ...int) {
			t.Helper()
			var got []int
			read(t, s, func(v *View) error {
				hits, err := v.Search(query, sqlrow.SearchOptions{})
				for _, h := range hits {
					got = append(got, numberOf(h.ID))
				}
				return err
			})
			exact := min(len(got), 1)
			slices.Sort(got[exact:])
			if len(want) > 0 {
				slices.Sort(want[1:])
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s finds %v, not %v", query, got, want)
			}
		}
		for n, thing := range things {
			put(n, thing, false)
		}
		index()
		finds("88120", 3, 0)
		finds("CB-88120", 0)
		finds("cb 8812", 1, 0)
		finds("噪音", 1, 0)
		finds("泵", 8, 0)
		finds("循环泵", 0)
		finds("ab0123c", 5, 2)
		finds("boil", 3, 2)
		finds("'cold'", 2)
		finds("grö", 5)
		finds("slash quoted", 6)
		finds("&|!:*")
		put(0, [2]string{"quiet", "CB-88120"}, false)
		put(1, things[1], true)
		index()
		finds("噪音")
		finds("quiet", 0)
		write(t, s, func(tx *Tx) error {
			row, err := tx.Row(record.Key{Table: 1, ID: benchID(0)})
			if err != nil {
				return err
			}
			return tx.DropRow(row)
		})
		finds("quiet")
	})
}

// numberOf is the n of which benchID made the id.
func numberOf(id record.ID) int {
	for n := range 20 {
		if benchID(n) == id {
			return n
		}
	}
	return -1
}
