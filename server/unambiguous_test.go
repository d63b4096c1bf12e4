package server

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"fieldsync/server/hub"
	"fieldsync/server/importer"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// Of two that come in one group commit, or in one change set, only one is called so: the other was not there yet for whoever looked
// at what is committed.
func TestTwoInOneCommitAreNotCalledAlike(t *testing.T) {
	t.Parallel()
	k := newKept(t, filepath.Join(t.TempDir(), "hub.db")).founded()
	named := func(name, number string) func(*hub.Office) error {
		return func(o *hub.Office) error {
			_, err := aftersales.CreateParty(bind(t.Context(), o, record.ID{}), aftersales.PartyInput{Branch: k.branch, Name: name, Number: number})
			return err
		}
	}
	coded := func(branch record.ID) func(*hub.Office) error {
		return func(o *hub.Office) error {
			_, err := aftersales.CreateLocation(bind(t.Context(), o, record.ID{}), aftersales.LocationInput{Branch: branch, Name: "Store", Code: "S1"})
			return err
		}
	}
	twice := func(o *hub.Office) error {
		tx := bind(t.Context(), o, record.ID{})
		for _, name := range []string{"East", "West"} {
			if _, err := aftersales.CreateParty(tx, aftersales.PartyInput{Branch: k.branch, Name: name, Number: "C-9"}); err != nil {
				return err
			}
		}
		return nil
	}
	refused, err := k.Hub.DoAll(t.Context(), record.ID{}, record.ID{}, aftersales.CauseEdit, []func(*hub.Office) error{
		named("North", "C-7"), named("South", "C-7"), named("South", "C-8"), coded(k.branch), coded(k.branch), coded(record.ID{}), twice,
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []fault.Code{"", fault.Exists, "", "", fault.Exists, "", fault.Exists} {
		if got := fault.CodeOf(refused[i]); got != want {
			t.Errorf("the %d. was refused with %q, want %q: %v", i+1, got, want, refused[i])
		}
	}
}

// A number that the hub would give next is passed over where somebody typed it before: nobody is refused one that he did not choose.
func TestTheHubPassesOverATypedNumber(t *testing.T) {
	t.Parallel()
	k := newKept(t, filepath.Join(t.TempDir(), "hub.db")).founded()
	create := func(number string) (made string) {
		_, err := k.Hub.Do(t.Context(), record.ID{}, nil, aftersales.CauseEdit, func(o *hub.Office) error {
			tx := bind(t.Context(), o, record.ID{})
			id, err := aftersales.CreateParty(tx, aftersales.PartyInput{Branch: k.branch, Name: "North", Number: number})
			if err != nil {
				return err
			}
			row, err := tx.Row("party", id)
			made = row.Get("number").Text()
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	first := create("")
	at := strings.LastIndexByte(first, '-') + 1
	counter, err := strconv.Atoi(first[at:])
	if err != nil {
		t.Fatal(err)
	}
	typed := fmt.Sprint(first[:at], counter+2) // of the change set after the one that types it
	create(typed)
	if got := create(""); got != typed+"-2" {
		t.Errorf("%s was typed, and the next is called %s", typed, got)
	}
}

// Two systems number their customers and jobs alike: the second keeps its number as a key, and the row has one of its own.
func TestAnImportTakesNobodysNumber(t *testing.T) {
	t.Parallel()
	k := newKept(t, filepath.Join(t.TempDir(), "hub.db")).founded()
	take := func(system, csv string) (fates []importer.Fate) {
		t.Helper()
		file, err := importer.Open(importer.Jobs, strings.NewReader(csv), importer.Options{})
		if err != nil {
			t.Fatal(err)
		}
		sink := NewRowSink(t.Context(), k.Core, Taking{Sheet: importer.Jobs, Branch: k.branch, System: system})
		_, err = importer.Run(t.Context(), file, sink, importer.Reporter{
			Row: func(_ importer.Item, fate importer.Fate) error { fates = append(fates, fate); return nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		return fates
	}
	const first, second = "number,machine,title,date\n1001,M-1,Leaks,2026-02-01\n1002,M-1,Noise,2026-02-01\n", "number,machine,title,date\n1001,M-2,Another one,2026-02-02\n"
	take("erp", first)
	fates := take("crm", second)
	if len(fates) != 1 || fates[0].Did != importer.Made || len(fates[0].Look) != 1 || fates[0].Look[0].Code != importer.NumberTaken {
		t.Fatalf("it became %+v", fates)
	}
	k.do(func(tx aftersales.Tx) error {
		for system, number := range map[string]string{"erp": "1001", "crm": ""} {
			row, err := aftersales.ByKey(tx, system, "job", "1001")
			if err != nil {
				return err
			}
			if got := row.Get("number").Text(); got == "" || (got == "1001") != (number == "1001") {
				t.Errorf("the job of %s is called %q", system, got)
			}
		}
		return nil
	})
	if again := take("crm", second); again[0].Did != importer.Same || len(again[0].Look) != 0 {
		t.Errorf("taken again, it became %+v", again)
	}
}
