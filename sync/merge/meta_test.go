package merge_test

import (
	"fmt"
	"testing"

	"fieldsync/sync/clock"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// twentyColumns is a table as the design's budget has it.
func twentyColumns() *schema.Table {
	t := &schema.Table{ID: 1, Name: "order", Buckets: []schema.Bucket{{Kind: schema.SharedBucket}}}
	for i := range 20 {
		kind := []schema.Kind{schema.Text, schema.Text, schema.Instant, schema.Integer}[i%4]
		t.Columns = append(t.Columns, schema.Column{ID: schema.ColumnID(i + 1), Name: fmt.Sprintf("c%d", i), Kind: kind})
	}
	return schema.Must(schema.New("budget", 1, t)).Tables[0]
}

// What merging needs to know is at most a fifth of the row, also after some years of edits by different people.
func TestMetadataIsAFifthOfARowAtMost(t *testing.T) {
	t.Parallel()
	s := storyOf(t, twentyColumns())
	all := record.Values{}
	for _, c := range s.row.Table.Columns {
		all[c.Name] = record.Text("changed the filter and cleaned its housing")
		if c.Kind == schema.Instant || c.Kind == schema.Integer {
			all[c.Name] = record.Instant(1_750_000_000_000)
		}
	}
	now := clock.StampAt(1_750_000_000_000)
	s.row.Seq = 100_000
	s.write(hub, now, nothing, all)
	s.expectMeta("as inserted")
	for i, by := range []clock.Actor{phone, desk, tablet} {
		column := func(n int) string { return fmt.Sprintf("c%d", 4*i+n) }
		edit := record.Values{
			column(0): record.Text("tightened the hose, it had come loose"),
			column(1): record.Text("replaced the seal of the second pump"),
			column(2): record.Number(7),
		}
		s.write(by, now.Add(int64(i)*86_400_000), s.row.Vector, edit)
	}
	s.expectMeta("after three edits")
}

func (s *story) expectMeta(when string) {
	s.Helper()
	meta, row := len(record.AppendMeta(nil, s.row)), len(s.row.ID)
	for _, v := range s.row.Cols {
		row += len(v.AppendBinary(nil))
	}
	s.Logf("%s: %d bytes of metadata beside a row of %d", when, meta, row)
	if meta*5 > row {
		s.Errorf("%s: %d bytes of metadata beside a row of %d", when, meta, row)
	}
}
