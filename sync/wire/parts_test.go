package wire

import (
	"strings"
	"testing"

	"fieldsync/sync/record"
)

func pageOf(texts ...string) Page {
	p := Page{From: 3, To: 9, Last: true, Resume: []byte("here"), Enter: []record.Bucket{record.Shared}, Done: 5, Total: 7}
	rows := Rows{Table: 1, Whole: true}
	for i, s := range texts {
		rows.Rows = append(rows.Rows, Row{ID: record.ID{byte(i + 1)}, Values: []record.Value{record.Text(s)}})
	}
	p.Rows = []Rows{rows, {Table: 2, Rows: rows.Rows}}
	return p
}

func TestASmallPageIsItsOwnPart(t *testing.T) {
	t.Parallel()
	p := pageOf("a", "b")
	parts := p.Parts(MaxPart)
	if len(parts) != 1 || !parts[0].Last || len(parts[0].Rows) != 2 || len(parts[0].Enter) != 1 || string(parts[0].Resume) != "here" {
		t.Fatalf("%+v", parts)
	}
}

func TestALargePageComesInPartsThatLoseNothing(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("long ", 100)
	p := pageOf(long, long, "short", long)
	parts := p.Parts(600)
	rows := 0
	for i, part := range parts {
		last := i == len(parts)-1
		if part.Last != last || (part.Resume != nil) != last || (len(part.Enter) > 0) != (i == 0) || part.From != 3 || part.To != 9 {
			t.Errorf("part %d of %d: %+v", i, len(parts), part)
		}
		for _, batch := range part.Rows {
			rows += len(batch.Rows)
		}
	}
	if len(parts) < 6 || rows != 8 {
		t.Fatalf("%d parts with %d rows, want at least 6 with 8", len(parts), rows)
	}
}
