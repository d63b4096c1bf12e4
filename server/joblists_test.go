package server

import (
	"cmp"
	"fmt"
	"io"
	"log/slog"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fieldsync/server/admin"
	"fieldsync/server/hub"
	"fieldsync/server/list"
	"fieldsync/server/store"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

func openHub(t testing.TB) *Server {
	t.Helper()
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "hub.db"), Options{Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// shop is a company with n jobs, made under a seed.
type shop struct {
	*Server
	t      testing.TB
	people []record.ID
	jobs   []aftersales.Job // as they were made, in order
	who    map[record.ID][]record.ID
}

const jobsAtOnce = 500

func newShop(t testing.TB, n int) *shop {
	t.Helper()
	s := &shop{Server: openHub(t), t: t, who: map[record.ID][]record.ID{}}
	var parties, units []record.ID
	s.do(func(tx aftersales.Tx) error {
		for i := range 20 {
			id, err := aftersales.CreatePerson(tx, aftersales.PersonInput{Name: fmt.Sprintf("Technician %d", i), Technician: true})
			if err != nil {
				return err
			}
			s.people = append(s.people, id)
		}
		return nil
	})
	for range max(1, n/5000) {
		s.do(func(tx aftersales.Tx) error {
			for range 250 {
				p, err := aftersales.CreateParty(tx, aftersales.PartyInput{Kind: aftersales.PartyOrganisation, Name: fmt.Sprintf("客户 %d", len(parties))})
				if err != nil {
					return err
				}
				u, err := aftersales.CreateUnit(tx, aftersales.UnitInput{Name: "Pump", Serial: fmt.Sprintf("SN-%06d", len(units)), Party: p})
				if err != nil {
					return err
				}
				parties, units = append(parties, p), append(units, u)
			}
			return nil
		})
	}
	chance := rand.New(rand.NewPCG(1, 2))
	for at := 0; at < n; at += jobsAtOnce {
		s.do(func(tx aftersales.Tx) error {
			for i := at; i < min(at+jobsAtOnce, n); i++ {
				if err := s.job(tx, i, chance, parties, units); err != nil {
					return err
				}
			}
			return nil
		})
	}
	s.indexed()
	return s
}

// job makes the i-th job. Nearly all are closed, as in a company that has worked for years.
func (s *shop) job(tx aftersales.Tx, i int, chance *rand.Rand, parties, units []record.ID) error {
	k := chance.IntN(len(units))
	job := aftersales.Job{ID: NewID(), Number: fmt.Sprintf("J-%06d", i), Title: fmt.Sprintf("液压 leak %d", i), State: "closed"}
	values := record.Values{"number": record.Text(job.Number), "title": record.Text(job.Title), "party": record.Ref(parties[k]),
		"unit": record.Ref(units[k]), "description": record.Text(strings.Repeat("It makes a loud noise. ", 8))}
	if i%20 < 3 {
		job.State = []string{"new", "planned", "in_work"}[i%20]
	}
	if i%3 == 0 {
		job.PlanStart = 1_700_000_000_000 + int64(chance.IntN(1000))*3_600_000
		values["plan_start"], values["plan_end"] = record.Instant(job.PlanStart), record.Instant(job.PlanStart+3_600_000)
	}
	values["state"] = record.Text(job.State)
	s.jobs = append(s.jobs, job)
	if err := tx.Insert("job", job.ID, values); err != nil || job.State == "new" {
		return err
	}
	who, state := s.people[chance.IntN(len(s.people))], "finished"
	if job.State != "closed" {
		s.who[job.ID], state = []record.ID{who}, "open"
	}
	return tx.Insert("assignment", tx.NewID(), record.Values{
		"job": record.Ref(job.ID), "person": record.Ref(who), "role": record.Text("lead"), "state": record.Text(state),
	})
}

// indexed waits until the search index has all of it: so many rows at once are found a moment later.
func (s *shop) indexed() {
	s.t.Helper()
	for lags := true; lags; time.Sleep(time.Millisecond) {
		err := s.core.Store.Read(s.t.Context(), func(v *store.View) (err error) {
			lags, err = v.SearchLags()
			return err
		})
		if err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *shop) do(command func(aftersales.Tx) error) {
	s.t.Helper()
	_, err := s.core.Hub.Do(s.t.Context(), record.ID{}, nil, aftersales.CauseSetUp, func(o *hub.Office) error { return command(Bind(o, record.ID{})) })
	if err != nil {
		s.t.Fatal(err)
	}
}

// pages reads a list to its end, and returns what it showed.
func (s *shop) pages(f admin.JobFilter, limit int) (shown []admin.JobRow, total int) {
	s.t.Helper()
	for cursor := ""; ; {
		err := engine{s.core}.View(s.t.Context(), func(r admin.Reader) (err error) {
			var rows []admin.JobRow
			rows, total, cursor, err = r.Jobs(f, cursor, limit)
			shown = append(shown, rows...)
			return err
		})
		if err != nil {
			s.t.Fatal(err)
		}
		if cursor == "" {
			return shown, total
		}
	}
}

// filters are lists that the office asks for, each with what it should show.
func (s *shop) filters() map[string]struct {
	filter admin.JobFilter
	shows  func(aftersales.Job) bool
} {
	state := func(states ...string) func(aftersales.Job) bool {
		return func(j aftersales.Job) bool { return slices.Contains(states, j.State) }
	}
	type one = struct {
		filter admin.JobFilter
		shows  func(aftersales.Job) bool
	}
	return map[string]one{
		"all":                   {admin.JobFilter{}, func(aftersales.Job) bool { return true }},
		"planned":               {admin.JobFilter{States: []string{"planned"}}, state("planned")},
		"done, none is":         {admin.JobFilter{States: []string{"done"}}, state("done")},
		"two states":            {admin.JobFilter{States: []string{"new", "closed"}}, state("new", "closed")},
		"a person's":            {admin.JobFilter{Person: s.people[3]}, func(j aftersales.Job) bool { return slices.Contains(s.who[j.ID], s.people[3]) }},
		"unassigned":            {admin.JobFilter{Unassigned: true}, state("new")},
		"unassigned and closed": {admin.JobFilter{Unassigned: true, States: []string{"closed"}}, state("closed")},
		"given without a time":  {admin.JobFilter{Untimed: true}, func(j aftersales.Job) bool { return len(s.who[j.ID]) > 0 }},
		"in conflict":           {admin.JobFilter{Conflict: true}, func(aftersales.Job) bool { return false }},
		"by window":             {admin.JobFilter{ByWindow: true}, func(aftersales.Job) bool { return true }},
		"new by window":         {admin.JobFilter{ByWindow: true, States: []string{"new"}}, state("new")},
		"a week": {admin.JobFilter{ByWindow: true, From: 1_700_100_000_000, To: 1_700_800_000_000}, func(j aftersales.Job) bool {
			return j.PlanStart >= 1_700_100_000_000 && j.PlanStart < 1_700_800_000_000
		}},
		"words in a title, the number at any place": {admin.JobFilter{Text: "LEAK 17"}, func(j aftersales.Job) bool {
			return strings.Contains(strings.TrimPrefix(j.Title, "液压 leak "), "17")
		}},
		"two Chinese characters, in many": {admin.JobFilter{Text: "液压"}, func(aftersales.Job) bool { return true }},
		"by window, in many":              {admin.JobFilter{Text: "液压", ByWindow: true}, func(aftersales.Job) bool { return true }},
		"a part of the job's number":      {admin.JobFilter{Text: "j-00012"}, func(j aftersales.Job) bool { return strings.HasPrefix(j.Number, "J-00012") }},
		"nothing like it":                 {admin.JobFilter{Text: "100x"}, func(aftersales.Job) bool { return false }},
	}
}

func TestJobListsShowWhatTheyShouldPageByPage(t *testing.T) {
	t.Parallel()
	s := newShop(t, sqlrow.MatchesMost+100)
	for name, asked := range s.filters() {
		want := 0
		for _, j := range s.jobs {
			if asked.shows(j) {
				want++
			}
		}
		for _, limit := range []int{1000, 50, 7} {
			shown, total := s.pages(asked.filter, limit)
			seen := map[record.ID]bool{}
			for _, row := range shown {
				i := slices.IndexFunc(s.jobs, func(j aftersales.Job) bool { return j.ID == row.ID })
				if seen[row.ID] || i < 0 || !asked.shows(s.jobs[i]) || row.Title != s.jobs[i].Title || row.Customer == "" || row.Unit == "" {
					t.Errorf("%s: %+v is shown twice, or wrongly", name, row)
				}
				if (len(row.People) == 0) != (row.State == aftersales.JobNew) { // who finished it stays named
					t.Errorf("%s: %s, which is %s, has %v", name, row.Number, row.State, row.People)
				}
				seen[row.ID] = true
			}
			counted := want
			if strings.HasSuffix(name, "in many") {
				counted = min(want, list.CountMost+1)
			}
			if len(shown) != want || total != counted {
				t.Errorf("%s, %d at a time: %d shown of %d, want %d", name, limit, len(shown), total, want)
			}
			if !inOrder(shown, asked.filter.ByWindow) {
				t.Errorf("%s, %d at a time: not in order", name, limit)
			}
		}
	}
}

func inOrder(rows []admin.JobRow, byWindow bool) bool {
	return slices.IsSortedFunc(rows, func(a, b admin.JobRow) int {
		if !byWindow {
			return slices.Compare(b.ID[:], a.ID[:])
		}
		return cmp.Or(cmp.Compare(window(a), window(b)), slices.Compare(a.ID[:], b.ID[:]))
	})
}

// window is where a row stands among windows: what is not planned comes last.
func window(r admin.JobRow) int64 {
	if r.Start == 0 {
		return math.MaxInt64
	}
	return r.Start
}

// BenchmarkJobs reads the first page of each list of a hundred thousand jobs, and one from the middle.
func BenchmarkJobs(b *testing.B) {
	s := newShop(b, 100_000)
	for name, asked := range s.filters() {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				err := engine{s.core}.View(b.Context(), func(r admin.Reader) error {
					_, _, next, err := r.Jobs(asked.filter, "", 50)
					if err == nil && next != "" {
						_, _, _, err = r.Jobs(asked.filter, next, 50)
					}
					return err
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
