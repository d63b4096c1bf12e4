package aftersales_test

import (
	"testing"
	"time"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

func TestOnlyTimesThatCanBeMeantAreTaken(t *testing.T) {
	t.Parallel()
	at, on := &schema.Column{Name: "at", Kind: schema.Instant}, &schema.Column{Name: "on", Kind: schema.Date}
	for text, want := range map[string]struct{ at, on bool }{
		"9999-01-01": {}, "2200-01-01": {}, "2199-12-31": {true, true}, "2026-02-03": {true, true}, "1970-01-01": {true, true},
		"1969-12-31": {false, true}, "1900-01-01": {false, true}, "1899-12-31": {}, "0001-01-01": {},
	} {
		day, err := time.Parse(time.DateOnly, text)
		if err != nil {
			t.Fatal(err)
		}
		for value, taken := range map[*schema.Column]bool{at: want.at, on: want.on} {
			v := record.Date(day.Unix() / 86400)
			if value == at {
				v = record.Instant(day.UnixMilli())
			}
			if err := aftersales.CheckImaginable(value, v); (err == nil) != taken || err != nil && fault.CodeOf(err) != fault.OutOfRange {
				t.Errorf("%s as %s: %v", text, value.Name, err)
			}
		}
	}
}
