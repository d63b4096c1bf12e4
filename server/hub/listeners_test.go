package hub

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestListenersAreASet(t *testing.T) {
	t.Parallel()
	conns := []*conn{{}, {}, {}}
	var l listeners
	want := map[*conn]bool{}
	random := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		c := conns[random.IntN(len(conns))]
		if random.IntN(2) == 0 {
			l, want[c] = l.with(c), true
		} else {
			l = l.without(c)
			delete(want, c)
		}
		all := slices.Collect(l.all())
		if len(all) != len(want) || l.none() != (len(want) == 0) || l.has(nil) {
			t.Fatalf("%d of %d listen; nobody: %v", len(all), len(want), l.none())
		}
		for _, c := range conns {
			if l.has(c) != want[c] || slices.Contains(all, c) != want[c] {
				t.Fatalf("one listens: %v, want %v", l.has(c), want[c])
			}
		}
	}
}
