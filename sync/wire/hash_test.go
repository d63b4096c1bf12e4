package wire

import (
	"bytes"
	"math/bits"
	"testing"

	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// summed is a row of the table with values in its columns 1, 2 and so on.
func summed(table schema.TableID, id record.ID, seq uint64, values ...record.Value) *record.Row {
	t := &schema.Table{ID: table}
	for i := range values {
		t.Columns = append(t.Columns, schema.Column{ID: schema.ColumnID(i + 1)})
	}
	return &record.Row{Table: t, ID: id, Seq: seq, Cols: values}
}

// A checksum that is a sum must not be blind to changes that cancel out: two rows that trade their commits, say.
func TestRowSumTellsRowsAndCommitsApart(t *testing.T) {
	t.Parallel()
	sums := map[uint64]bool{}
	for table := range 4 {
		for at := range 16 {
			for seq := range uint64(16) {
				id := record.ID{}
				id[at] = 1
				sums[RowSum(summed(1<<table, id, seq), 1)] = true
			}
		}
	}
	if len(sums) != 4*16*16 {
		t.Errorf("%d different sums of %d rows", len(sums), 4*16*16)
	}
	a, b := record.ID{1}, record.ID{2}
	sum := func(id record.ID, seq uint64) uint64 { return RowSum(summed(1, id, seq), 1) }
	if sum(a, 7)+sum(b, 8) == sum(a, 8)+sum(b, 7) {
		t.Error("two rows traded their commits, and the sum is the same")
	}
}

// Every bit of what a row shows counts, where it stands too: a row whose text has rotted on a phone is found out.
func TestRowSumIsOfWhatTheRowShows(t *testing.T) {
	t.Parallel()
	of := func(id byte, values ...record.Value) uint64 { return RowSum(summed(1, record.ID{id}, 7, values...), 1) }
	x, y := record.Text("Temperature drifts"), record.Text("Tempexature drifts")
	if of(1, x) == of(1, y) || of(1, x, record.Number(1)) == of(1, x, record.Number(2)) {
		t.Error("another value has the same sum")
	}
	if of(1, x, y) == of(1, y, x) || of(1, x, record.Null) == of(1, record.Null, x) {
		t.Error("a value in another column has the same sum")
	}
	if of(1, x)+of(2, y) == of(1, y)+of(2, x) {
		t.Error("two rows traded their values, and the sum is the same")
	}
}

// A device of an earlier version has no values in the columns that came since: they are left out.
func TestRowSumIsOfTheColumnsThatTheDeviceKnows(t *testing.T) {
	t.Parallel()
	row := summed(1, record.ID{1}, 7, record.Text("pump"), record.Text("new"))
	row.Table.Columns[1].Since = 2
	if RowSum(row, 1) != RowSum(summed(1, record.ID{1}, 7, record.Text("pump")), 1) || RowSum(row, 1) == RowSum(row, 2) {
		t.Error("the sum does not follow the version")
	}
}

func TestRowSumIsWellMixed(t *testing.T) {
	t.Parallel()
	flipped := 0
	for seq := range uint64(1000) {
		sum := func(seq uint64) uint64 { return RowSum(summed(3, record.ID{9, 9}, seq, record.Text("pump")), 1) }
		flipped += bits.OnesCount64(sum(seq) ^ sum(seq+1))
	}
	if mean := flipped / 1000; mean < 28 || mean > 36 {
		t.Errorf("the next commit changes %d bits of 64", mean)
	}
}

func TestChallengeTextIsNothingElse(t *testing.T) {
	t.Parallel()
	if got := ChallengeText([]byte{1, 2}); !bytes.Equal(got, []byte("fieldsync device challenge 1\x00\x01\x02")) {
		t.Errorf("%q", got)
	}
	if got := WipedText(record.ID{1, 15: 2}); !bytes.Equal(got, []byte("fieldsync device wiped 1\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02")) {
		t.Errorf("%q", got)
	}
}
