package wire

import (
	"testing"

	"fieldsync/sync/clock"
	"fieldsync/sync/record"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestQuickRoundTrip(t *testing.T) {
	codec, err := NewCodec(jobSchema)
	if err != nil {
		t.Fatal(err)
	}
	rows := jobRows(300, 1)
	rows.Rows[3].Deleted = true
	rows.Rows[4].Values[2] = record.Null
	rows.Rows[5].Vector = clock.VectorOf(clock.Dot{Actor: 5, Counter: 3}, clock.Dot{Actor: 9, Counter: 1})
	rows.Rows[6].Vector = clock.Vector{}
	for _, m := range []Message{Hello{App: "x", Written: 5}, Page{From: 1, To: 2, Rows: []Rows{rows}}, Bye{},
		Verdicts{Verdicts: []Verdict{{Counter: 5, Count: 3, Outcome: Applied, Seq: 9}, {Counter: 8, Count: 1, Outcome: Quarantined, Seq: 3, Code: "x"}}}} {
		b, err := codec.Encode(nil, m)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%T %d", m, len(b)); got, err := codec.Decode(b, MaxMessage)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(m, got, cmp.AllowUnexported(record.Value{}), cmpopts.EquateEmpty()); d != "" {
			t.Error(d)
		}
	}
}
