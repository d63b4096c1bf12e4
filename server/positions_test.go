package server

import (
	"path/filepath"
	"testing"
	"time"

	"fieldsync/server/hub"
	"fieldsync/server/store"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// as does a command in Li's name.
func (k *kept) as(person record.ID, command func(aftersales.Tx) error) {
	k.t.Helper()
	_, err := k.Hub.Do(k.t.Context(), person, nil, aftersales.CauseEdit, func(o *hub.Office) error { return command(Bind(o, person)) })
	if err != nil {
		k.t.Fatal(err)
	}
}

// places are where Li was, as bytes that are nowhere else in the files.
var places = []aftersales.Position{{Latitude: 251234567, Longitude: 1217654321}, {Latitude: 252345678, Longitude: 1218765432}}

// atWork is a hub with Li on the way to a job since noon, who has turned his switch on.
func atWork(t *testing.T) *kept {
	k := newKept(t, filepath.Join(t.TempDir(), "hub.db")).founded()
	job := NewID()
	k.do(func(tx aftersales.Tx) error {
		if _, err := aftersales.CreateJob(tx, aftersales.JobInput{ID: job, Branch: k.branch, Title: "pump leaks"}); err != nil {
			return err
		}
		_, err := aftersales.AssignJob(tx, aftersales.AssignInput{Job: job, Person: k.li})
		return err
	})
	k.as(k.li, func(tx aftersales.Tx) error {
		if err := aftersales.SharePosition(tx, true); err != nil {
			return err
		}
		return aftersales.Travel(tx, aftersales.VisitInput{Job: job})
	})
	return k
}

func (k *kept) was(at aftersales.Position) {
	k.t.Helper()
	k.as(k.li, func(tx aftersales.Tx) error {
		return aftersales.RecordPosition(tx, aftersales.PositionInput{Position: at})
	})
	k.today.Add((10 * time.Minute).Milliseconds())
}

func (k *kept) positionOn(day int64) record.Key {
	return record.Key{Table: aftersales.Schema.Table("position").ID, ID: aftersales.PositionID(k.li, day)}
}

// degrees returns how often the history of a day's position says a place.
func (k *kept) degrees(day int64) (n int) {
	k.t.Helper()
	err := k.Store.Read(k.t.Context(), func(v *store.View) error {
		entries, err := v.History([]record.Key{k.positionOn(day)}, store.Position{}, 100)
		for _, e := range entries {
			cs, wrong := record.ParseChangeSet(e.Encoded)
			if wrong != nil {
				return wrong
			}
			for _, c := range cs.Rows {
				for _, cell := range c.Cells {
					if c.Table == k.positionOn(day).Table && (cell.Column == 20 || cell.Column == 21) && !cell.Value.IsNull() {
						n++
					}
				}
			}
		}
		return err
	})
	if err != nil {
		k.t.Fatal(err)
	}
	return n
}

// swept keeps house.
func (k *kept) swept() Tidied {
	k.t.Helper()
	done, err := k.Tidy(k.t.Context())
	if err != nil {
		k.t.Fatal(err)
	}
	return done
}

func (k *kept) standing(key record.Key) (row *record.Row) {
	k.t.Helper()
	err := k.Store.Read(k.t.Context(), func(v *store.View) (err error) {
		row, err = v.Row(key)
		return err
	})
	if err != nil {
		k.t.Fatal(err)
	}
	if row != nil && row.Deleted {
		return nil
	}
	return row
}

// A position is gone when its days are over: the row, what it said before, and whatever comes of that day afterwards.
func TestPositionsAreGoneWhenTheirDaysAreOver(t *testing.T) {
	t.Parallel()
	k := atWork(t)
	day := aftersales.PositionDay(k.today.Load())
	k.was(places[0])
	k.was(places[1])
	if k.degrees(day) != 4 {
		t.Fatalf("the history says %d degrees, want those of two positions", k.degrees(day))
	}
	k.today.Add(6 * 24 * time.Hour.Milliseconds())
	if done := k.swept(); done.Positions != 0 || k.standing(k.positionOn(day)) == nil || k.degrees(day) != 4 {
		t.Fatalf("%d positions went before their time", done.Positions)
	}
	k.today.Add(24 * time.Hour.Milliseconds())
	k.was(places[0])
	if done := k.swept(); done.Positions != 1 || k.standing(k.positionOn(day)) != nil || k.degrees(day) != 0 {
		t.Errorf("%d positions went, the history says %d degrees", done.Positions, k.degrees(day))
	}
	if k.standing(k.positionOn(day+7)) == nil || k.degrees(day+7) != 2 {
		t.Error("the position of today went with that of a week ago")
	}
	if done := k.swept(); done.Positions != 0 {
		t.Errorf("%d positions went twice", done.Positions)
	}
	// Of a day whose positions are gone nothing is taken in any more.
	err := k.Store.Write(t.Context(), func(tx *store.Tx) error {
		for _, d := range []int64{day, day + 1, day + 7} {
			if erased, err := tx.Erased(k.positionOn(d)); err != nil || erased != (d == day) {
				t.Errorf("day %d: erased %v, %v", d-day, erased, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestPositionsOfADayToComeAreNotKept(t *testing.T) {
	t.Parallel()
	k := atWork(t)
	today := k.today.Load()
	k.today.Add(365 * 24 * time.Hour.Milliseconds()) // by a clock that is wrong
	day := aftersales.PositionDay(k.today.Load())
	k.was(places[0])
	k.today.Store(today)
	if done := k.swept(); done.Positions != 1 || k.degrees(day) != 0 || k.standing(k.positionOn(day)) != nil {
		t.Errorf("%d positions went, the history says %d degrees", done.Positions, k.degrees(day))
	}
}

// Who erases a person erases where he was.
func TestErasingAPersonErasesWhereHeWas(t *testing.T) {
	t.Parallel()
	k := atWork(t)
	day := aftersales.PositionDay(k.today.Load())
	k.was(places[0])
	if err := k.Erase(t.Context(), record.ID{}, []record.Key{{Table: aftersales.Schema.Table("person").ID, ID: k.li}}); err != nil {
		t.Fatal(err)
	}
	if row := k.standing(k.positionOn(day)); k.degrees(day) != 0 || row == nil || !row.Get("latitude").IsNull() {
		t.Errorf("%d degrees are left", k.degrees(day))
	}
}
