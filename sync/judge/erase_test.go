package judge_test

import (
	"bytes"
	"slices"
	"testing"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/simtest"
	"fieldsync/sync/wire"
)

// erases erases rows, as the office is asked to.
func (w *world) erases(rows ...record.Key) (r judge.Ruling) {
	w.Helper()
	w.must(w.batch(func(b *judge.Batch) (err error) { r, err = b.Erase(judge.Author{}, w.desk, rows); return err }))
	return r
}

// What a device sends of an erased row loses its personal values before anything of it is kept. It is judged all the same,
// and recognised when it comes again, whole or without them.
func TestWhatComesOfAnErasedRowIsKeptWithoutPersonalValues(t *testing.T) {
	t.Parallel()
	a, customer := atCustomer(t)
	cs := a.knows(a.head(), a.change(record.Update, customer, text("phone", "secret number")))
	a.erases(customer)
	encoded := cs.AppendBinary(nil)
	r := a.pushes(wire.Pushed{Encoded: encoded})
	a.expect(r, wire.Merged, "")
	if r.Hash != record.HashOf(encoded) || len(r.Return) != 1 {
		t.Errorf("the verdict names %v and brings %v", r.Hash, r.Return)
	}
	e := a.entry(cs.Dot)
	if bytes.Contains(e.Encoded, []byte("secret number")) || !a.row(customer).Get("phone").IsNull() {
		t.Error("it is on the hub")
	}
	a.expect(a.pushes(wire.Pushed{Encoded: encoded}), wire.Merged, "")
	a.expect(a.pushes(wire.Pushed{Encoded: e.Encoded, Hash: e.Hash}), wire.Merged, "")
	a.expect(a.pushes(wire.Pushed{Encoded: e.Encoded}), wire.Forked, "")
}

// A hub that has forgotten it takes it without what was erased, under the hash that others know it by.
func TestARestoredHubTakesWhatWasErasedOnTheDevice(t *testing.T) {
	t.Parallel()
	a, customer := atCustomer(t)
	cs := a.knows(a.head(), a.change(record.Update, customer, text("phone", "secret number")))
	a.cfg.Epoch++
	encoded := cs.AppendBinary(nil)
	redacted, changed, err := record.Redact(simtest.Schema, encoded, map[record.Key]bool{customer: true})
	if a.must(err); !changed {
		t.Fatal("there is nothing personal in it")
	}
	r := a.pushes(wire.Pushed{Encoded: redacted, Hash: record.HashOf(encoded)})
	a.expect(r, wire.Merged, "")
	if r.Hash != record.HashOf(encoded) || a.entry(cs.Dot).Hash != r.Hash {
		t.Errorf("it is known by %v", r.Hash)
	}
}

func TestTheOfficeIsToldThatARowWasErased(t *testing.T) {
	t.Parallel()
	a, customer := atCustomer(t)
	a.erases(customer)
	c := a.change(record.Update, customer, text("phone", "1"))
	err := a.batch(func(b *judge.Batch) error {
		_, err := b.Commit(judge.Author{}, a.desk, []record.RowChange{c}, "test")
		return err
	})
	a.expectCode(err, fault.Erased)
}

// Devices hear of it by name, whether they see the row or not, and whether the hub still has it or lost it.
func TestDevicesAreToldWhatWasErased(t *testing.T) {
	t.Parallel()
	a, customer := atCustomer(t)
	lost := a.fresh("customer")
	from := a.head()
	a.erases(customer, lost)
	if p := a.brings(0, from); len(p.Erased) != 2 {
		t.Errorf("the page names %v", p.Erased)
	}
	if p := a.brings(0, a.head()-1); len(p.Erased) != 2 {
		t.Errorf("the page names %v", p.Erased)
	}
	if p := a.brings(1, from); len(p.Erased) != 0 {
		t.Errorf("another class names %v", p.Erased)
	}
	head := a.head()
	a.erases(customer, lost) // again, as after a crash
	if p := a.brings(0, head); len(p.Erased) != 0 {
		t.Errorf("they are told twice: %v", p.Erased)
	}
}

// Who is connected is told too, where the erasure changed no row: what he writes offline in the next minute could say again
// what was to be forgotten.
func TestAnErasureConcernsEverybody(t *testing.T) {
	t.Parallel()
	a, customer := atCustomer(t)
	before := a.head()
	a.erases(customer)
	if touched := a.hub.Touched(before); !slices.Contains(touched, record.Shared) {
		t.Errorf("it touches %v, and not what everybody holds", touched)
	}
}

func TestACopyBringsBackNothingThatWasErased(t *testing.T) {
	t.Parallel()
	w := newRestored(t)
	var customer record.Key
	w.lose(func() {
		customer = w.insert("customer", record.Values{"name": record.Text("somebody"), "phone": record.Text("secret number")})
		w.job = customer
	})
	w.erases(customer)
	w.testifies(w.Author, copyOf(w.row))
	for _, e := range w.kept() {
		if bytes.Contains(e.Encoded, []byte("secret number")) {
			t.Error("what was erased waits for the office")
		}
	}
}

// atCustomer is a technician on a job of a customer.
func atCustomer(t *testing.T) (*tech, record.Key) {
	a := newWorld(t).tech()
	customer := a.insert("customer", record.Values{"name": record.Text("somebody")})
	job := a.insert("job", ref("customer", customer))
	a.assign(job, a.Person)
	return a, customer
}

// A row that was asked to be erased twice before it was done, as when the first try failed, is erased once.
func TestARowThatIsNamedTwiceIsErasedOnce(t *testing.T) {
	t.Parallel()
	a, customer := atCustomer(t)
	a.knows(a.head(), a.change(record.Update, customer, text("phone", "secret number")))
	a.erases(customer, customer)
	a.erases(customer, customer)
	if !a.row(customer).Get("phone").IsNull() {
		t.Error("it is on the hub")
	}
}

// What is said of somebody in years, or of all whom a restored backup is to forget, is more than one change set holds. What
// is taken in can be read again.
func TestMoreThanOneChangeSetHoldsIsErasedAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var customers []record.Key
	var inserts []record.RowChange
	for range record.MaxRows + 1 {
		key := w.fresh("customer")
		c, err := record.NewChange(record.Insert, table("customer"), key.ID, text("phone", "secret number"))
		w.must(err)
		customers, inserts = append(customers, key), append(inserts, c)
	}
	err := w.batch(func(b *judge.Batch) error {
		_, err := b.Commit(judge.Author{}, w.desk, inserts, "test")
		return err
	})
	w.expectCode(err, fault.TooLarge)
	w.office(inserts[1:]...)
	w.office(inserts[0])

	last := w.erases(customers...)
	for _, key := range customers {
		if !w.row(key).Get("phone").IsNull() {
			t.Fatalf("%v has its number still", key)
		}
	}
	for n := range last.Dot.Counter {
		e := w.entry(clock.Dot{Actor: w.desk, Counter: n + 1})
		if _, err := record.ParseChangeSet(e.Encoded); err != nil {
			t.Errorf("the change set %v of %d bytes cannot be read: %v", e.Dot, len(e.Encoded), err)
		}
	}
}

// A change set is known by the hash of what it says, unless it lost personal values of an erased row: no device chooses what
// stands for it in the ledger.
func TestNoDeviceChoosesTheHashOfItsWork(t *testing.T) {
	t.Parallel()
	a, customer := atCustomer(t)
	other := a.row(customer)
	a.erases(customer)
	fresh := a.fresh("customer")
	number := record.Values{"phone": record.Text("1")}
	for name, c := range map[string]struct {
		change record.RowChange
		salt   record.Salt
		own    bool // it says the hash that it has
		ok     bool
	}{
		"its own":                       {a.change(record.Insert, a.fresh("job"), nil), record.Salt{}, true, true},
		"nothing personal":              {a.change(record.Insert, a.fresh("job"), nil), record.Salt{}, false, false},
		"a row that was not erased":     {a.change(record.Insert, fresh, record.Values{"phone": record.Null}), record.Salt{}, false, false},
		"with its values":               {a.change(record.Insert, fresh, number), record.Salt{1}, false, false},
		"what was erased is in it":      {a.change(record.Update, customer, number), record.Salt{1}, false, false},
		"nothing personal was in it":    {a.change(record.Update, customer, text("name", other.Get("name").Text())), record.Salt{}, false, false},
		"what was erased was taken out": {a.change(record.Update, customer, record.Values{"phone": record.Null}), record.Salt{}, false, true},
	} {
		cs := a.knows(a.head(), c.change)
		cs.Salt = c.salt
		encoded := cs.AppendBinary(nil)
		hash := record.Hash{1, 2, 3}
		if c.own {
			hash = record.HashOf(encoded)
		}
		err := a.batch(func(b *judge.Batch) error {
			_, err := b.Judge(a.Author, wire.Pushed{Encoded: encoded, Hash: hash})
			return err
		})
		if c.ok {
			if a.must(err); a.entry(cs.Dot).Hash != hash {
				t.Errorf("%s: it is known by %x", name, a.entry(cs.Dot).Hash)
			}
			continue
		}
		a.must(err)
		if e := a.entry(cs.Dot); e == nil || e.Outcome != wire.Quarantined || e.Code != fault.Malformed {
			t.Errorf("%s: %+v", name, e)
		}
	}
}
