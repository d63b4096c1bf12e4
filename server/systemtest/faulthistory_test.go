package systemtest

import (
	"fmt"
	"slices"
	"strings"
	gosync "sync"
	"testing"
	"time"

	"fieldsync/server"
	"fieldsync/server/hub"
	"fieldsync/server/scope"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// deed is a change as a device said it before its commit.
type deed struct {
	N      int
	Row    string // "table/id"
	Column string
	Value  string // which no other deed of anybody writes
	Over   string // the value that its author saw there

	kept bool   // it was durable, its author heard
	fail string // why nothing of it was to be kept
}

// history is what one device did, by its own word, in the order in which it did it.
type history struct {
	mu    gosync.Mutex
	deeds []*deed
}

// process returns what takes down the lines of one process. They count their deeds each for itself.
func (h *history) process() (heard func(handAnswer)) {
	mine := map[int]*deed{}
	return func(a handAnswer) {
		h.mu.Lock()
		defer h.mu.Unlock()
		switch {
		case a.Meant != nil:
			mine[a.Meant.N] = a.Meant
			h.deeds = append(h.deeds, a.Meant)
		case a.Kept > 0:
			mine[a.Kept].kept = true
		case a.Failed > 0 && mine[a.Failed] == nil: // before it had meant anything
			h.deeds = append(h.deeds, &deed{N: a.Failed, fail: a.Reason})
		case a.Failed > 0:
			mine[a.Failed].fail = a.Reason
		}
	}
}

// refused counts the deeds of which nothing was kept.
func (h *history) refused() (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, one := range h.deeds {
		if one.fail != "" {
			n++
		}
	}
	return n
}

func (h *history) all() []*deed {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.deeds)
}

// settle waits until no device has anything unsent.
func (d *day) settle() {
	d.t.Helper()
	end := time.Now().Add(*faultWithin)
	for _, h := range d.hands {
		for a := h.must(map[string]any{"Do": "status"}); a.Pending > 0 || a.Refused > 0; a = h.must(map[string]any{"Do": "status"}) {
			if time.Now().After(end) || a.Refused > 0 || d.t.Failed() {
				d.t.Fatalf("%s is stuck: %d changes wait, %d were refused, online %v, %s", h.name, a.Pending, a.Refused, a.Online, a.Trouble)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
}

// isLevel compares what everybody holds with what the hub has for him, until there is no difference.
func (d *day) isLevel() {
	d.t.Helper()
	for end := time.Now().Add(stuck); ; time.Sleep(200 * time.Millisecond) {
		differences := d.differences()
		if len(differences) == 0 {
			return
		}
		if time.Now().After(end) {
			for _, h := range d.hands {
				a := h.must(map[string]any{"Do": "status"})
				d.t.Logf("%s is online: %v, has all up to %v; %s", h.name, a.Online, a.Cursors, a.Trouble)
			}
			d.t.Fatalf("after %s these differ still: %v", stuck, differences[:min(5, len(differences))])
		}
	}
}

// differences returns in what the devices are not as the hub's rows and holds say.
func (d *day) differences() (found []string) {
	d.t.Helper()
	d.nodes[0].beside(func(core *server.Core) {
		for _, h := range d.hands {
			has := h.must(map[string]any{"Do": "rows"}).Rows
			err := core.Hub.View(d.t.Context(), func(v hub.View) error {
				want, err := scope.Of(v, aftersales.Schema, h.person)
				for _, difference := range scope.Differences(has, want) {
					found = append(found, h.name+": "+difference)
				}
				return err
			})
			if err != nil {
				d.t.Fatal(err)
			}
		}
	})
	return found
}

// lostNothing holds everybody's history against the hub's rows, and returns of how many changes.
func (d *day) lostNothing() (changes int) {
	d.t.Helper()
	var identities []string // of the change sets, as the devices name them
	did := map[string][]*deed{}
	for _, h := range d.hands {
		identities = append(identities, h.must(map[string]any{"Do": "state"}).Changes...)
		did[h.name] = h.history.all()
		for _, one := range did[h.name] {
			if one.kept {
				changes++
			}
			if one.fail != "" && (h.disk == nil || !strings.Contains(one.fail, "full")) {
				d.t.Errorf("%s could not write: %s", h.name, one.fail)
			}
		}
	}
	for _, wrong := range contradictions(did, d.read()) {
		d.t.Error(wrong)
	}
	d.nodes[0].beside(func(core *server.Core) { d.nodes[0].hasAll(core, identities) })
	if len(identities) < changes {
		d.t.Errorf("the devices know of %d changes, and kept %d", len(identities), changes)
	}
	return changes
}

// contradictions returns what cannot be there, by row, or cannot be missing, after what everybody did. It knows nothing of
// vectors, verdicts and merges: what was kept is there, it or what others wrote in its place; what failed, or nobody meant, is not; and of the values of one
// column that several wrote the one that stands was last written by somebody over whose word nobody wrote who had seen it.
func contradictions(did map[string][]*deed, there map[string]string) (wrong []string) {
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	meant := map[string]*deed{} // by value
	over := map[string]*deed{}  // what somebody wrote who had seen the value
	made := map[string]bool{}   // rows
	for name, deeds := range did {
		for _, one := range deeds {
			if one.fail != "" {
				// nothing was kept of what was to be kept all or not at all
				if one.Column == "text" && there[one.Row] != "" || one.Value != "" && there[one.Row] == one.Value {
					say("%s was told that nothing is kept of %s (%s), and it is there", name, one.Value, one.fail)
				}
				continue
			}
			meant[one.Value], made[one.Row] = one, true
			if !one.kept {
				continue
			}
			if one.Over != "" {
				over[one.Over] = one
			}
			if stands := there[one.Row]; stands == "" || one.Column == "text" && stands != one.Value {
				say("lost: %s wrote %s, and %s is %q", name, one.Value, one.Row, stands)
			}
		}
	}
	for row, value := range there {
		if !made[row] && value != "" {
			say("nobody wrote %s, which is %q", row, value)
		}
		if by := over[value]; by != nil {
			say("%s is %q, over which somebody wrote %q who had seen it", row, value, by.Value)
		}
		if value != "" && meant[value] == nil {
			say("%s is %q, which nobody wrote", row, value)
		}
	}
	return wrong
}

// Who checks a bad day finds what is lost, what came back from a failure, and what is of nobody.
func TestContradictionsAreFound(t *testing.T) {
	t.Parallel()
	const job, remark = "job/1", "comment/2"
	first, second := deed{Row: job, Column: "note", Value: "a", kept: true}, deed{Row: job, Column: "note", Value: "b", Over: "a", kept: true}
	text := deed{Row: remark, Column: "text", Value: "c", kept: true}
	unsaid, failed := text, text
	unsaid.kept = false
	failed.kept, failed.fail = false, "the disk is full"
	for name, c := range map[string]struct {
		did   []deed
		there map[string]string
		want  string
	}{
		"all is there":                       {[]deed{first, second, text}, map[string]string{job: "b", remark: "c"}, ""},
		"what nobody heard of may be there":  {[]deed{unsaid}, map[string]string{remark: "c"}, ""},
		"or not":                             {[]deed{unsaid}, map[string]string{}, ""},
		"a remark is gone":                   {[]deed{text}, map[string]string{}, "lost: Li wrote c"},
		"a remark is another":                {[]deed{text}, map[string]string{remark: "d"}, "lost: Li wrote c"},
		"an older word stands":               {[]deed{first, second}, map[string]string{job: "a"}, "over which somebody wrote \"b\""},
		"no word stands":                     {[]deed{first, second}, map[string]string{}, "lost: Li wrote a"},
		"a word of nobody":                   {[]deed{first}, map[string]string{job: "x"}, "which nobody wrote"},
		"a row of nobody":                    {nil, map[string]string{remark: "x"}, "nobody wrote comment/2"},
		"what failed is there all the same":  {[]deed{failed}, map[string]string{remark: "c"}, "was told that nothing is kept of c"},
		"what failed is not there, and good": {[]deed{failed}, map[string]string{}, ""},
	} {
		var deeds []*deed
		for i := range c.did {
			deeds = append(deeds, &c.did[i])
		}
		found := strings.Join(contradictions(map[string][]*deed{"Li": deeds}, c.there), "; ")
		if c.want == "" && found != "" || !strings.Contains(found, c.want) {
			t.Errorf("%s: found %q, want %q", name, found, c.want)
		}
	}
}

// read returns what stands in the columns that devices wrote, by row.
func (d *day) read() map[string]string {
	d.t.Helper()
	there := map[string]string{}
	d.nodes[0].beside(func(core *server.Core) {
		for table, column := range map[string]string{"comment": "text", "job": "note"} {
			rows, err := core.Store.Query(d.t.Context(), fmt.Sprintf("SELECT id, coalesce(%s, '') FROM %s WHERE _del = 0", column, table))
			if err != nil {
				d.t.Fatal(err)
			}
			for rows.Next() {
				var id []byte
				var value string
				if err := rows.Scan(&id, &value); err != nil {
					d.t.Fatal(err)
				}
				there[table+"/"+record.ID(id).String()] = value
			}
			if err := rows.Err(); err != nil {
				d.t.Fatal(err)
			}
			_ = rows.Close()
		}
	})
	return there
}
