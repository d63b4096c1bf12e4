package wire

import (
	"bytes"
	"math/bits"
	"testing"

	"fieldsync/sync/record"
)

// A checksum that is a sum must not be blind to changes that cancel out: two rows that trade their commits, say.
func TestRowSumTellsRowsAndCommitsApart(t *testing.T) {
	t.Parallel()
	sums := map[uint64]bool{}
	for table := range 4 {
		for id := range 16 {
			for seq := range uint64(16) {
				key := record.Key{Table: 1 << table}
				key.ID[id] = 1
				sums[RowSum(key, seq)] = true
			}
		}
	}
	if len(sums) != 4*16*16 {
		t.Errorf("%d different sums of %d rows", len(sums), 4*16*16)
	}
	a, b := record.Key{Table: 1, ID: record.ID{1}}, record.Key{Table: 1, ID: record.ID{2}}
	if RowSum(a, 7)+RowSum(b, 8) == RowSum(a, 8)+RowSum(b, 7) {
		t.Error("two rows traded their commits, and the sum is the same")
	}
}

func TestRowSumIsWellMixed(t *testing.T) {
	t.Parallel()
	key := record.Key{Table: 3, ID: record.ID{9, 9}}
	flipped := 0
	for seq := range uint64(1000) {
		flipped += bits.OnesCount64(RowSum(key, seq) ^ RowSum(key, seq+1))
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
