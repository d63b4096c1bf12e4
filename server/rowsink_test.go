package server

import (
	"testing"

	"fieldsync/server/importer"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// An id that follows from a file's content can be worked out by anybody who has the file.
func TestWhatAPhoneMadeIsNotTakenForImported(t *testing.T) {
	t.Parallel()
	for side, want := range map[clock.Side]fault.Code{clock.SideDevice: importer.Clash, clock.SideOffice: "", clock.SideHub: ""} {
		by, err := clock.NewActor(0, 7, side)
		if err != nil {
			t.Fatal(err)
		}
		row := &record.Row{Table: aftersales.Schema.Table("job"), Meta: &record.Meta{Created: clock.Dot{Actor: by, Counter: 1}}}
		if err := ofTheHouse(row); fault.CodeOf(err) != want {
			t.Errorf("made by side %d: %v", side, err)
		}
	}
}
