package record_test

import (
	"math"
	"testing"
	"time"

	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// The quantities of ten million rows can be added up, and whatever may stand in a cell is kept by readers of JSON.
func TestBoundsLeaveRoomForSums(t *testing.T) {
	t.Parallel()
	if math.MaxInt64/record.MaxQuantity < 10_000_000 {
		t.Error("ten million quantities overflow")
	}
	for kind := schema.Kind(0); kind < 32; kind++ {
		if least, most, ok := record.Bounds(kind); ok && (most > 1<<53-1 || least < -(1<<53-1)) {
			t.Errorf("%v: %d to %d", kind, least, most)
		}
	}
}

func TestBoundsOfTimeAreWholeYears(t *testing.T) {
	t.Parallel()
	first := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	end := time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)
	for got, want := range map[int64]int64{
		record.MinInstant: first.UnixMilli(), record.MaxInstant: end.UnixMilli() - 1,
		record.MinDate: first.Unix() / 86400, record.MaxDate: end.Unix()/86400 - 1,
		record.Within(math.MinInt64): record.MinInstant, record.Within(math.MaxInt64): record.MaxInstant, record.Within(7): 7,
	} {
		if got != want {
			t.Errorf("%d, want %d", got, want)
		}
	}
}
