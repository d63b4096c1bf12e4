package store

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fieldsync/sync/record"
	"fieldsync/sync/simtest"
)

// A full disk cuts a line off. What is written down afterwards counts all the same.
func TestALineThatWasCutOffSwallowsNoOther(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "hub.db")
	s := open(t, Options{Path: path, Schema: simtest.Schema, Log: quiet})
	for list, torn := range map[string]string{".erased": "3 01a2b", ".standings": "device 01a2b3"} {
		if err := os.WriteFile(path+list, []byte(torn), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	key := record.Key{Table: 3, ID: record.ID{7}}
	if _, err := s.NoteErasure([]record.Key{key}); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Erasures(); err != nil || !slices.Equal(got, []record.Key{key}) {
		t.Errorf("erasures: %v, %v", got, err)
	}
	if err := s.NoteStanding(Standing{Of: "device", ID: record.ID{8}, As: 3}); err != nil {
		t.Fatal(err)
	}
	want := []Standing{{Of: "device", ID: record.ID{8}, As: 3}}
	if got, err := s.Standings(); err != nil || !slices.Equal(got, want) {
		t.Errorf("standings: %v, %v", got, err)
	}
}

// On a machine that has nothing but the backup, what was erased and who was shut out is known still; what the folder knows
// itself is later, and decides.
func TestABackupTakesItsListsAlong(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	s := open(t, Options{Path: filepath.Join(folder, "hub.db"), Schema: simtest.Schema, Log: quiet})
	key, phone, person := record.Key{Table: 3, ID: record.ID{7}}, record.ID{8}, record.ID{9}
	if _, err := s.NoteErasure([]record.Key{key}); err != nil {
		t.Fatal(err)
	}
	for _, as := range []int{3, 1, 2} {
		if err := s.NoteStanding(Standing{Of: "device", ID: phone, As: as}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.NoteStanding(Standing{Of: "person", ID: person, As: 0}); err != nil {
		t.Fatal(err)
	}
	backup := filepath.Join(t.TempDir(), "backup.db")
	if _, err := s.Backup(t.Context(), backup); err != nil {
		t.Fatal(err)
	}
	elsewhere := filepath.Join(t.TempDir(), "hub.db")
	here := open(t, Options{Path: elsewhere, Schema: simtest.Schema, Log: quiet})
	if err := here.NoteStanding(Standing{Of: "person", ID: person, As: 1}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := BringLists(backup, elsewhere); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := here.Erasures(); err != nil || !slices.Contains(got, key) {
		t.Errorf("erasures: %v, %v", got, err)
	}
	want := []Standing{{Of: "device", ID: phone, As: 2}, {Of: "person", ID: person, As: 1}}
	if got, err := here.Standings(); err != nil || !slices.Equal(got, want) {
		t.Errorf("standings: %v, %v", got, err)
	}
}

// What one list lacks keeps no other from being brought: most hubs have erased nobody. Of a position that was noted twice,
// since its first commit failed, the last note holds; a line that was cut off is none.
func TestNumbersAreBroughtWhereNothingWasErased(t *testing.T) {
	t.Parallel()
	s := open(t, Options{Path: filepath.Join(t.TempDir(), "hub.db"), Schema: simtest.Schema, Log: quiet})
	first := Numbered{Series: "A", Branch: record.ID{1}, Position: 1, About: record.Key{Table: 44, ID: record.ID{2}}, Number: "A-N 1\n/1"}
	again, next := first, first
	again.About.ID, next.Position = record.ID{3}, 2
	for _, n := range []Numbered{first, next, again} {
		if err := s.NoteNumbers([]Numbered{n}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.addLines(numbers, []string{"A " + record.ID{1}.String() + " 3 44"}); err != nil {
		t.Fatal(err)
	}
	backup, elsewhere := filepath.Join(t.TempDir(), "backup.db"), filepath.Join(t.TempDir(), "hub.db")
	if _, err := s.Backup(t.Context(), backup); err != nil {
		t.Fatal(err)
	}
	if err := BringLists(backup, elsewhere); err != nil {
		t.Fatal(err)
	}
	here := open(t, Options{Path: elsewhere, Schema: simtest.Schema, Log: quiet})
	if got, err := here.NumbersGiven(); err != nil || !slices.Equal(got, []Numbered{again, next}) {
		t.Errorf("%+v, %v", got, err)
	}
}

// However long a line is, what stands behind it is read.
func TestALongLineEndsNoList(t *testing.T) {
	t.Parallel()
	s := open(t, Options{Path: filepath.Join(t.TempDir(), "hub.db"), Schema: simtest.Schema, Log: quiet})
	long := Numbered{Series: "A", Branch: record.ID{1}, Position: 1, About: record.Key{Table: 44, ID: record.ID{2}}, Number: strings.Repeat("N", 1<<17)}
	next := Numbered{Series: "A", Branch: record.ID{1}, Position: 2, About: long.About, Number: "A-2"}
	for _, n := range []Numbered{long, next} {
		if err := s.NoteNumbers([]Numbered{n}); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := s.NumbersGiven(); err != nil || !slices.Equal(got, []Numbered{long, next}) {
		t.Errorf("%d numbers, %v", len(got), err)
	}
}
