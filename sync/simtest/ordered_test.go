package simtest

import (
	"cmp"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// An ordered map is a Go map whose keys are sorted, whose changes can be taken back, and whose copies stand still.
func TestOrderedIsAMapWithAPast(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var j journal
		o := ordered[int, int]{compare: cmp.Compare[int], journal: &j}
		model, committed := map[int]int{}, map[int]int{}
		var copied ordered[int, int]
		var copiedModel map[int]int
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				k, v := rapid.IntRange(0, 20).Draw(t, "key"), rapid.Int().Draw(t, "value")
				o.put(k, v)
				model[k] = v
			},
			"drop": func(t *rapid.T) {
				k := rapid.IntRange(0, 20).Draw(t, "key")
				o.drop(k)
				delete(model, k)
			},
			"commit":   func(*rapid.T) { j.commit(); committed = maps.Clone(model) },
			"rollback": func(*rapid.T) { j.rollback(); model = maps.Clone(committed) },
			"copy": func(*rapid.T) {
				o.share()
				copied, copiedModel = o, maps.Clone(model)
			},
			"": func(t *rapid.T) {
				sameMap(t, &o, model)
				sameMap(t, &copied, copiedModel)
			},
		})
	})
}

func sameMap(t *rapid.T, o *ordered[int, int], model map[int]int) {
	t.Helper()
	if o.compare == nil {
		return
	}
	for from := -1; from < 22; from += 7 {
		var keys []int
		for k, v := range o.from(from) {
			if model[k] != v {
				t.Fatalf("key %d: %d, want %d", k, v, model[k])
			}
			keys = append(keys, k)
		}
		want := slices.Sorted(maps.Keys(model))
		want = slices.DeleteFunc(want, func(k int) bool { return k < from })
		if !slices.Equal(keys, want) {
			t.Fatalf("keys from %d: %v, want %v", from, keys, want)
		}
	}
}
