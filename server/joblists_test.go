package server

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fieldsync/server/admin"
	"fieldsync/server/hub"
	"fieldsync/server/list"
	"fieldsync/server/store"
	"fieldsync/server/store/postgres/pgtest"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

func openHub(t testing.TB) *Server {
	t.Helper()
	return openHubOn(t, "")
}

// openHubOn opens a hub whose database is in PostgreSQL, unless it has no address.
func openHubOn(t testing.TB, database string) *Server {
	t.Helper()
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "hub.db"), Options{Database: database, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
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
	return newShopOn(t, "", n)
}

func newShopOn(t testing.TB, database string, n int) *shop {
	t.Helper()
	s := &shop{Server: openHubOn(t, database), t: t, who: map[record.ID][]record.ID{}}
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

// query asks the office for jobs: words and their answers, as the URL has them.
func (s *shop) query(words ...string) (q list.Query) {
	s.t.Helper()
	asked := url.Values{}
	for i := 0; i < len(words); i += 2 {
		asked.Add(words[i], words[i+1])
	}
	q, err := admin.Jobs.List.Parse(asked, time.UTC)
	if err != nil {
		s.t.Fatal(err)
	}
	return q
}

// pages reads a list to its end, and returns what it showed.
func (s *shop) pages(limit int, words ...string) (shown []list.Row, total int) {
	s.t.Helper()
	for next := ""; ; {
		q := s.query(append(slices.Clip(words), "after", next)...)
		err := engine{s.core}.View(s.t.Context(), func(r admin.Reader) error {
			page, err := admin.Jobs.List.Run(r, q, limit)
			shown, total, next = append(shown, page.Rows...), page.Total, page.Next
			return err
		})
		if err != nil {
			s.t.Fatal(err)
		}
		if next == "" {
			return shown, total
		}
	}
}

// jobList is a list that the office asks for, with what it should show.
type jobList struct {
	asked []string
	shows func(aftersales.Job) bool
}

func (s *shop) lists() map[string]jobList {
	state := func(states ...string) func(aftersales.Job) bool {
		return func(j aftersales.Job) bool { return slices.Contains(states, j.State) }
	}
	all := func(aftersales.Job) bool { return true }
	person := s.people[3]
	return map[string]jobList{
		"all":                   {nil, all},
		"by number":             {[]string{"sort", "number"}, all},
		"planned":               {[]string{"state", "planned"}, state("planned")},
		"done, none is":         {[]string{"state", "done"}, state("done")},
		"two states":            {[]string{"state", "new", "state", "closed"}, state("new", "closed")},
		"two states by window":  {[]string{"state", "new", "state", "closed", "sort", "-plan_start"}, state("new", "closed")},
		"a person's":            {[]string{"person", person.String()}, func(j aftersales.Job) bool { return slices.Contains(s.who[j.ID], person) }},
		"unassigned":            {[]string{"unassigned", "1"}, state("new")},
		"unassigned and closed": {[]string{"unassigned", "1", "state", "closed"}, state()},
		"given without a time":  {[]string{"untimed", "1"}, func(j aftersales.Job) bool { return len(s.who[j.ID]) > 0 }},
		"in conflict":           {[]string{"conflict", "1"}, state()},
		"by window":             {[]string{"sort", "plan_start"}, all},
		"new by window":         {[]string{"sort", "plan_start", "state", "new"}, state("new")},
		"new by customer":       {[]string{"sort", "party", "state", "new"}, state("new")},
		"new by who has it":     {[]string{"sort", "-person", "state", "planned"}, state("planned")},
		"some days": {[]string{"sort", "plan_start", "from", "2023-11-16", "to", "2023-11-20"}, func(j aftersales.Job) bool {
			return j.PlanStart >= 1_700_092_800_000 && j.PlanStart < 1_700_524_800_000
		}},
		"words in a title, the number at any place": {[]string{"q", "LEAK 17"}, func(j aftersales.Job) bool {
			return strings.Contains(strings.TrimPrefix(j.Title, "液压 leak "), "17")
		}},
		"two Chinese characters, in many": {[]string{"q", "液压"}, all},
		"in many, those in a state":       {[]string{"q", "液压", "state", "new"}, state("new")},
		"in many, none in the archive":    {[]string{"q", "液压", "archived", "1"}, state()},
		"by window, in many":              {[]string{"q", "液压", "sort", "plan_start"}, all},
		"a part of the job's number":      {[]string{"q", "j-00012"}, func(j aftersales.Job) bool { return strings.HasPrefix(j.Number, "J-00012") }},
		"nothing like it":                 {[]string{"q", "100x"}, state()},
	}
}

func TestJobListsShowWhatTheyShouldPageByPage(t *testing.T) {
	t.Parallel()
	for name, database := range map[string]func(testing.TB) string{"SQLite": func(testing.TB) string { return "" }, "PostgreSQL": pgtest.Database} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			newShopOn(t, database(t), sqlrow.MatchesMost+100).showWhatTheyShould(t)
		})
	}
}

func (s *shop) showWhatTheyShould(t *testing.T) {
	for name, asked := range s.lists() {
		want := 0
		for _, j := range s.jobs {
			if asked.shows(j) {
				want++
			}
		}
		for _, limit := range []int{1000, 50, 7} {
			shown, total := s.pages(limit, asked.asked...)
			seen := map[record.ID]bool{}
			for _, row := range shown {
				i := slices.IndexFunc(s.jobs, func(j aftersales.Job) bool { return j.ID == row.ID })
				if seen[row.ID] || i < 0 || !asked.shows(s.jobs[i]) || row.Cell("title").Text != s.jobs[i].Title || row.Cell("party").Text == "" || row.Cell("unit").Text == "" {
					t.Errorf("%s: %+v is shown twice, or wrongly", name, row)
				}
				if (row.Cell("person").Text == "") != (row.Cell("state").Text == aftersales.JobNew) { // who finished it stays named
					t.Errorf("%s: %s, which is %s, has %q", name, row.Cell("number").Text, row.Cell("state").Text, row.Cell("person").Text)
				}
				seen[row.ID] = true
			}
			if len(shown) != want || total != min(want, list.CountMost+1) {
				t.Errorf("%s, %d at a time: %d shown of %d, want %d", name, limit, len(shown), total, want)
			}
			if by := sortedBy(asked.asked); !slices.IsSortedFunc(shown, func(a, b list.Row) int { return compareRows(a, b, by) }) {
				t.Errorf("%s, %d at a time: not in order", name, limit)
			}
		}
	}
}

// Too many jobs to be sorted by what no index has: they come in the order of the list, and the page says so.
func TestManyJobsAreNotSortedByWhatNoIndexHas(t *testing.T) {
	t.Parallel()
	s := newShop(t, list.CountMost+jobsAtOnce)
	for _, c := range []struct {
		words []string
		by    string
	}{{[]string{"sort", "party"}, "made"}, {[]string{"sort", "-number"}, "number"}, {[]string{"sort", "party", "state", "new"}, "party"}} {
		q := s.query(c.words...)
		err := engine{s.core}.View(t.Context(), func(r admin.Reader) error {
			page, err := admin.Jobs.List.Run(r, q, 50)
			if err == nil && page.By.Name != c.by || page.Sorts(admin.Jobs.List.Column("party")) != (c.by == "party") {
				t.Errorf("%v: sorted by %s of %d", c.words, page.By.Name, page.Total)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func sortedBy(words []string) string {
	if i := slices.Index(words, "sort"); i >= 0 {
		return words[i+1]
	}
	return admin.Jobs.List.Order
}

// compareRows orders as lists do: by the column, what has none first; then by age.
func compareRows(a, b list.Row, by string) int {
	name, down := strings.CutPrefix(by, "-")
	x, y := a.Cell(name), b.Cell(name)
	order := cmp.Compare(x.Number, y.Number)
	if x.Column.Kind == list.Text {
		order = strings.Compare(x.Text, y.Text)
	}
	if x.Column.Kind == list.Made {
		order = 0
	}
	if order = cmp.Or(order, bytes.Compare(a.ID[:], b.ID[:])); down {
		return -order
	}
	return order
}

// BenchmarkJobs reads the first page of each list of a hundred thousand jobs, and the next.
func BenchmarkJobs(b *testing.B) {
	s := newShop(b, 100_000)
	for name, asked := range s.lists() {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				err := engine{s.core}.View(b.Context(), func(r admin.Reader) error {
					page, err := admin.Jobs.List.Run(r, s.query(asked.asked...), 50)
					if err == nil && page.Next != "" {
						_, err = admin.Jobs.List.Run(r, s.query(append(slices.Clip(asked.asked), "after", page.Next)...), 50)
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
