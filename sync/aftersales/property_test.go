package aftersales

import (
	"testing"

	"pgregory.net/rapid"

	"fieldsync/sync/record"
)

// Whatever moves, and whatever of it is corrected, a balance is what came in less what went out, and nothing is made
// or lost between the locations.
func TestABalanceIsTheSumOfItsMovements(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		w := newWorld(r)
		places := []record.ID{w.main, w.van, VirtualLocation(LocationScrap), VirtualLocation(LocationSupplier)}
		type moved struct {
			id       record.ID
			from, to int
			amount   int64
		}
		var moves []moved
		sums := make([]int64, len(places))
		for range rapid.IntRange(1, 30).Draw(r, "moves") {
			if i := rapid.IntRange(0, 2*len(moves)).Draw(r, "correct"); i < len(moves) && i%2 == 0 {
				amount := rapid.Int64Range(0, 9999).Draw(r, "corrected")
				m := &moves[i]
				m.id = w.id(CorrectMovement(w, CorrectInput{Movement: m.id, Amount: amount}))
				sums[m.from] += m.amount - amount
				sums[m.to] -= m.amount - amount
				m.amount = amount
				continue
			}
			from := rapid.IntRange(0, len(places)-1).Draw(r, "from")
			to := (from + rapid.IntRange(1, len(places)-1).Draw(r, "step")) % len(places)
			amount := rapid.Int64Range(1, 9999).Draw(r, "amount")
			id := w.id(TransferPart(w, MoveInput{
				Part: w.part, Quantity: Quantity{Amount: amount}, From: places[from], To: places[to],
			}))
			moves = append(moves, moved{id, from, to, amount})
			sums[from] -= amount
			sums[to] += amount
		}
		total := int64(0)
		for i, place := range places {
			if got := w.balance(place); got != sums[i] {
				r.Fatalf("location %d has %d, want %d", i, got, sums[i])
			}
			total += sums[i]
		}
		if total != 0 {
			r.Fatalf("%d came from nowhere", total)
		}
	})
}

// However rows are joined and parted, the ones said to be the same, step by step, have one survivor, which is no alias;
// and one step along merged_into reaches it. When all is parted, every row stands for itself.
func TestMergingAndPartingRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		w := newWorld(r)
		ids := make([]record.ID, 6)
		for i := range ids {
			ids[i] = w.id(CreateParty(w, PartyInput{Name: "P"}))
		}
		for range rapid.IntRange(1, 25).Draw(r, "steps") {
			a, b := rapid.SampledFrom(ids).Draw(r, "a"), rapid.SampledFrom(ids).Draw(r, "b")
			if rapid.Bool().Draw(r, "merge") {
				_ = Merge(w, MergeInput{"party", a, b}) // refused where it must be
			} else {
				_ = Unmerge(w, UnmergeInput{"party", a})
			}
			checkAliases(r, w, ids)
		}
		for _, id := range ids {
			_ = Unmerge(w, UnmergeInput{"party", id})
		}
		for _, id := range ids {
			if s, err := Survivor(w, "party", id); err != nil || s != id {
				r.Fatalf("parted, %v stands for %v", s, id)
			}
		}
	})
}

func checkAliases(r *rapid.T, w *world, ids []record.ID) {
	for _, id := range ids {
		row := w.get("party", id)
		root := row
		for !root.Get("same_as").IsNull() {
			root = w.get("party", root.Get("same_as").Ref())
		}
		s, err := Survivor(w, "party", id)
		if err != nil || s != root.ID {
			r.Fatalf("%v is said to be %v but stands for %v (%v)", id, root.ID, s, err)
		}
		if direct := row.Get("merged_into").Ref(); root.ID != id && direct != root.ID || root.ID == id && !direct.IsZero() {
			r.Fatalf("%v is more than a step from its survivor", id)
		}
	}
}

// Concurrent merges on two sides can close a circle: all of it has one survivor, whoever asks.
func TestACircleOfAliasesHasOneSurvivor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.id(CreateParty(w, PartyInput{Name: "A"}))
	b := w.id(CreateParty(w, PartyInput{Name: "B"}))
	c := w.id(CreateParty(w, PartyInput{Name: "C"}))
	for from, to := range map[record.ID]record.ID{a: b, b: a, c: b} {
		w.ok(w.Update("party", from, record.Values{"merged_into": record.Ref(to), "same_as": record.Ref(to)}))
	}
	for _, id := range []record.ID{a, b, c} {
		if s, err := Survivor(w, "party", id); err != nil || s != a {
			t.Errorf("%v stands for %v, want %v", s, id, a)
		}
	}
	w.ok(Unmerge(w, UnmergeInput{"party", a}))
	if s, _ := Survivor(w, "party", b); s != a {
		t.Error("parted from the circle, a stands for b")
	}
}
