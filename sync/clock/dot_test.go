package clock_test

import (
	"testing"

	"fieldsync/sync/clock"

	"pgregory.net/rapid"
)

func TestActorCarriesEpochSerialAndSide(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		epoch := rapid.Uint32Range(0, 1<<24-1).Draw(t, "epoch")
		serial := rapid.Uint64Range(1, 1<<38-1).Draw(t, "serial")
		side := clock.Side(rapid.Uint8Range(0, 2).Draw(t, "side"))
		a, err := clock.NewActor(epoch, serial, side)
		if err != nil {
			t.Fatal(err)
		}
		if a.Epoch() != epoch || a.Serial() != serial || a.Side() != side {
			t.Fatalf("%d: epoch %d, serial %d, side %d", a, a.Epoch(), a.Serial(), a.Side())
		}
	})
}

func TestNoLaterEpochIssuesAnActorAgain(t *testing.T) {
	t.Parallel()
	last, _ := clock.NewActor(4, 1<<38-1, clock.SideHub)
	first, _ := clock.NewActor(5, 1, clock.SideDevice)
	if last >= first {
		t.Errorf("%s of epoch 4 is not below %s of epoch 5", last, first)
	}
}

func TestActorOutOfRangeIsRefused(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func() (clock.Actor, error){
		"epoch":     func() (clock.Actor, error) { return clock.NewActor(1<<24, 1, clock.SideDevice) },
		"serial 0":  func() (clock.Actor, error) { return clock.NewActor(1, 0, clock.SideDevice) },
		"serial":    func() (clock.Actor, error) { return clock.NewActor(1, 1<<38, clock.SideDevice) },
		"a 4. side": func() (clock.Actor, error) { return clock.NewActor(1, 1, 3) },
	} {
		if a, err := make(); err == nil || a != 0 {
			t.Errorf("%s: %s, %v", name, a, err)
		}
	}
}

func TestNamesOfActorsAndDots(t *testing.T) {
	t.Parallel()
	device, _ := clock.NewActor(0, 7, clock.SideDevice)
	office, _ := clock.NewActor(2, 1, clock.SideOffice)
	for want, got := range map[string]string{
		"d7":     device.String(),
		"o1e2":   office.String(),
		"d7:12":  clock.Dot{Actor: device, Counter: 12}.String(),
		"{}":     clock.Vector{}.String(),
		"{d7:3}": clock.VectorOf(clock.Dot{Actor: device, Counter: 3}).String(),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestDotsAreOrderedByActorThenCounter(t *testing.T) {
	t.Parallel()
	ordered := []clock.Dot{{}, {Actor: 1, Counter: 9}, {Actor: 2, Counter: 1}, {Actor: 2, Counter: 2}}
	for i, a := range ordered {
		for k, b := range ordered {
			want := 0
			if i < k {
				want = -1
			} else if i > k {
				want = 1
			}
			if got := a.Compare(b); got != want {
				t.Errorf("%v to %v: %d, want %d", a, b, got, want)
			}
		}
	}
	if !(clock.Dot{}).IsZero() || ordered[1].IsZero() {
		t.Error("only the zero dot names nothing")
	}
}

func TestDotsAreReadInTheOneFormThatTheyAreWritten(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]clock.Dot{
		"28-12": {Actor: 28, Counter: 12},
		"1-1":   {Actor: 1, Counter: 1},
		"18446744073709551615-18446744073709551615": {Actor: 1<<64 - 1, Counter: 1<<64 - 1},
	} {
		if got, err := clock.ParseDot(text); err != nil || got != want || want.Text() != text {
			t.Errorf("%q is read as %v (%v), and %v is written %q", text, got, err, want, want.Text())
		}
	}
	for _, text := range []string{
		"", "-", "28", "28-", "-12", "0-0", "0-12", "28-0", "28-12-1", "28--12", "+28-12", "028-12", "28-012", "28:12", "d7:12", " 28-12", "28-12 ",
		"28-0x0c", "18446744073709551616-1", "1-18446744073709551616",
	} {
		if got, err := clock.ParseDot(text); err == nil || !got.IsZero() {
			t.Errorf("%q names no change set: %v, %v", text, got, err)
		}
	}
}
