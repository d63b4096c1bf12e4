package record_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"fieldsync/sync/record"

	"pgregory.net/rapid"
)

func TestIDsAreReadableAndSortByTime(t *testing.T) {
	t.Parallel()
	early := record.NewID(1_790_000_000_000, [10]byte{0xff, 0xff, 0xff})
	late := record.NewID(1_790_000_000_001, [10]byte{})
	if got := early.String(); got != "01a0c450-6c00-7fff-bf00-000000000000" {
		t.Error(got)
	}
	if slices.Compare(early[:], late[:]) >= 0 || early.String() >= late.String() {
		t.Error("ids do not sort by time")
	}
	if ms, ok := late.Made(); !ok || ms != 1_790_000_000_001 {
		t.Errorf("made at %d, %v", ms, ok)
	}
	name := late
	name[6] = 0x80 // version 8
	if _, ok := name.Made(); ok {
		t.Error("a name says when it was made")
	}
}

func TestIDsComeBackFromText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		id := anyID.Draw(t, "id")
		text, _ := id.MarshalText()
		var got record.ID
		if err := got.UnmarshalText(text); err != nil || got != id {
			t.Fatalf("%s, %v", got, err)
		}
	})
}

func TestMalformedIDsAreRefused(t *testing.T) {
	t.Parallel()
	good := record.ID{1}.String()
	for _, s := range []string{"", good[1:], good + "0", strings.Replace(good, "-", "0", 1), "g" + good[1:]} {
		if _, err := record.ParseID(s); !errors.Is(err, record.ErrID) {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestBucketsComeBackFromBytes(t *testing.T) {
	t.Parallel()
	for _, b := range []record.Bucket{record.Shared, record.PersonBucket(record.ID{7}), {Kind: 255, ID: record.ID{15: 1}}} {
		if got, ok := record.BucketFromBytes(b.Bytes()); !ok || got != b {
			t.Errorf("%v came back as %v, %t", b, got, ok)
		}
	}
	if _, ok := record.BucketFromBytes(make([]byte, 16)); ok {
		t.Error("16 bytes are no bucket")
	}
}
