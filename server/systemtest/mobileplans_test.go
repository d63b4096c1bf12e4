package systemtest

import (
	"strings"
	gosync "sync"
	"testing"
	"time"

	"fieldsync/mobile"
	"fieldsync/sync/aftersales"
)

// A program that draws its own screens asks what has become of the plans that the person saw, and says when he has seen that.
func TestAHostAppHearsOfChangedPlans(t *testing.T) {
	t.Parallel()
	s := newShop(t, "")
	phone, err := mobile.Open(mobile.NewConfig(t.TempDir()), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = phone.Close() })
	if err := phone.Enroll(s.url, s.code(s.li, "li"), "Li's phone"); err != nil {
		t.Fatal(err)
	}
	sync := func() {
		t.Helper()
		if err := phone.SyncOnce(patience.Milliseconds()); err != nil {
			t.Fatal(err)
		}
	}
	saw := func(in string) {
		t.Helper()
		if _, err := phone.Execute("plans.saw", in); err != nil {
			t.Fatal(err)
		}
	}
	plans := func(want ...string) {
		t.Helper()
		answer, err := phone.Query(`{"read":"plans"}`)
		if err != nil || len(want) == 0 && answer != "[]" {
			t.Fatalf("%s, %v", answer, err)
		}
		for _, text := range want {
			if !strings.Contains(answer, text) {
				t.Errorf("%s lacks %s", answer, text)
			}
		}
	}
	sync()
	plans()
	saw(`{"which":"all"}`)
	plans()
	told := &lastTold{}
	if _, err := phone.Observe(`{"read":"plans"}`, told); err != nil {
		t.Fatal(err)
	}
	soon(t, "nothing has changed yet", func() bool { return told.has(`[]`) })
	s.office("job.replan", func(tx aftersales.Tx) error {
		held, err := aftersales.Assignments(tx, s.lift)
		if err != nil {
			return err
		}
		start := tx.Now() + 5*time.Hour.Milliseconds()
		return aftersales.Replan(tx, aftersales.ReplanInput{Assignment: held[0].ID, Start: start, End: start + time.Hour.Milliseconds()})
	})
	sync()
	plans(`"what":"moved"`, `"number":"J-100"`, s.lift.String())
	soon(t, "whoever observes is told, and can show a notice", func() bool { return told.has(`"what":"moved"`) })
	saw(`{"which":"all"}`) // to see a list is not to have seen the change
	plans(`"what":"moved"`)
	saw(`{"id":"` + s.lift.String() + `"}`)
	plans()
	soon(t, "the notice may go", func() bool { return told.has(`[]`) })
}

// lastTold keeps what a listener was told last.
type lastTold struct {
	mu   gosync.Mutex
	text string
}

func (l *lastTold) OnResult(text string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = text
	return nil
}

func (l *lastTold) OnError(string) error { return nil }

func (l *lastTold) has(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.text, text)
}
