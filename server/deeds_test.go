package server

import (
	"encoding/json"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"fieldsync/server/auth"
	"fieldsync/server/store"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// What is done to people, roles and devices is in the audit: in whose name, about whom, and what it is now.
func TestDeedsAreEnteredInTheNameOfWhoeverAsked(t *testing.T) {
	t.Parallel()
	core, err := OpenCore(t.Context(), CoreOptions{
		Path: filepath.Join(t.TempDir(), "hub.db"), Schema: aftersales.Schema, Rules: Rules(), Log: slog.New(slog.DiscardHandler),
	})
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(err)
	defer func() { must(core.Close(0)) }()
	boss, ctx := NewID(), t.Context()
	asked := auth.By(ctx, boss)
	people := peopleStore{core.Store, core.now}
	anna := auth.Person{ID: NewID(), Login: "anna", Name: "Anna", Roles: []auth.Role{auth.Technician}, Active: true}
	must(people.PutPerson(asked, anna))
	anna.Active = false
	must(people.PutPerson(asked, anna))
	must(people.PutPerson(asked, anna)) // which changes nothing
	must(people.ChangeRoles(asked, func(roles map[auth.Role][]string) error { roles["porter"] = nil; return nil }))
	till := []auth.Program{{Name: "till", Person: anna.ID}}
	must(programStore{core.Store, core.now}.ChangePrograms(asked, func([]auth.Program) ([]auth.Program, error) { return till, nil }))
	anna.Active = true
	must(people.PutPerson(ctx, anna))
	code, device := auth.Code{Hash: auth.Hash{1}, Person: anna.ID, Expires: core.now().Add(time.Hour)}, auth.Device{ID: NewID(), Name: "phone", Key: make([]byte, 32)}
	must(core.devices.PutCode(asked, code))
	_, err = core.devices.Enrol(ctx, code.Hash, device, core.now())
	must(err)
	must(core.Devices.SetStanding(asked, device.ID, auth.HardRevoked))
	must(core.Devices.SetStanding(asked, device.ID, auth.HardRevoked))
	must(core.Devices.SetStanding(asked, device.ID, auth.Admitted))

	var deeds []store.AuditEntry
	must(core.Store.Read(ctx, func(v *store.View) (err error) { deeds, err = v.AuditPage(0, 99); return err }))
	slices.Reverse(deeds)
	type said struct {
		action string
		by, of record.ID
		value  string
	}
	programs, err := json.Marshal(till)
	must(err)
	want := []said{
		{"person_add", boss, anna.ID, "Anna"}, {"person_change", boss, anna.ID, "false"}, {"roles_change", boss, record.ID{}, `{"porter":null}`},
		{"programs_change", boss, record.ID{}, string(programs)},
		{"person_change", record.ID{}, anna.ID, "true"}, {"device_invite", boss, anna.ID, ""}, {"device_enrol", anna.ID, anna.ID, device.ID.String()},
		{"device_shut_out", boss, anna.ID, device.ID.String()}, {"device_readmit", boss, anna.ID, device.ID.String()},
	}
	for i, d := range deeds {
		got := said{action: d.Action, by: d.Person, of: d.Row.ID}
		if len(d.Values) > 0 {
			got.value = d.Values[0].Text
		}
		if i >= len(want) || got != want[i] {
			t.Errorf("deed %d is %+v", d.N, got)
		}
	}
	if len(deeds) != len(want) {
		t.Errorf("%d deeds, want %d", len(deeds), len(want))
	}
}
