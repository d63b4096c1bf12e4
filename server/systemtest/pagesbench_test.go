package systemtest

import (
	"flag"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"fieldsync/server/auth"
	"fieldsync/server/store"
	"fieldsync/server/store/postgres/pgtest"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// crowdIn names a folder in which the big company is kept: made once, it is there for every later run.
var crowdIn = flag.String("crowd", "", "a folder in which BenchmarkPages keeps its company between runs")

// crowdOnPostgres has the company made in PostgreSQL, in a cluster of the benchmark's own; crowdAt in a database that is kept.
var (
	crowdOnPostgres = flag.Bool("postgres", false, "BenchmarkPages asks a hub whose database is in PostgreSQL")
	crowdAt         = flag.String("database", "", "a database in PostgreSQL, postgres://…, in which BenchmarkPages keeps its company between runs; with -crowd")
)

// BenchmarkPages asks for the office's pages in a company of 100,000 jobs, 50,000 machines, 20,000 parts, 20,000
// customers and 30,000 requests, 50 times each when they are warm, and reports the 95th percentile of how long they took
// from the request to the last byte. Nothing fails for being slow.
//
//	go test ./server/systemtest -run '^$' -bench Pages -benchtime 1x -timeout 60m [-crowd FOLDER [-database postgres://…] | -postgres]
//
// "-bench 'Pages//jobs'" asks for the pages only whose path begins so.
func BenchmarkPages(b *testing.B) {
	c := newCrowd(b)
	v := c.browser("boss")
	for _, path := range []string{
		"/", "/jobs", "/jobs?state=planned&state=new", "/jobs?unassigned=1", "/jobs?sort=plan_start", "/jobs?sort=-plan_start", "/jobs?sort=number", "/jobs?sort=state", "/jobs?state=closed&sort=-number", "/jobs?state=new&sort=party", "/jobs?conflict=1", "/jobs?q=leak+17", "/jobs?q=%E5%99%AA%E9%9F%B3", "/jobs?q=SN-0123",
		"/jobs?person=" + c.people[3].String(), "/customers", "/customers?q=%E5%AE%A2%E6%88%B7+17", "/customers?sort=-city", "/assets", "/assets?q=SN-0123", "/assets?sort=serial",
		"/products", "/parts", "/parts?q=P-0017", "/parts?q=%E8%BD%B4%E6%89%BF", "/stock", "/locations", "/movements", "/part-requests", "/hand-overs",
		"/requests", "/requests?q=pump", "/requests?overdue=1", "/requests?unanswered=1", "/notices", "/notices?given_up=1", "/notices?waiting=1", "/notices?q=J-0001",
		"/discrepancies", "/billing-findings", "/conflicts", "/refused", "/knowledge", "/knowledge?q=%E5%99%AA%E9%9F%B3", "/documents", "/checklists", "/codes", "/audit",
		"/audit?person=" + c.boss.String(), "/audit?from=2001-01-01&to=2001-02-01", "/search?q=%E5%99%AA%E9%9F%B3", "/search?q=SN-012345", "/find?table=party&q=17", "/find?table=unit&q=SN-0123",
		"/intake?q=%E5%AE%A2%E6%88%B7+17", "/intake?q=SN-012345", "/board", "/board?view=week", "/map", "/devices", "/people", "/policies",
		"/jobs/" + c.jobs[len(c.jobs)/2].String(), "/customers/" + c.parties[7].String(), "/assets/" + c.units[7].String(), "/parts/" + c.parts[7].String(),
	} {
		b.Run(path, func(b *testing.B) {
			for range b.N {
				b.ReportMetric(c.p95(v, path), "p95-ms")
			}
		})
	}
}

// p95 returns how long the slowest but two of 50 requests took, in ms.
func (c *crowd) p95(v *browser, path string) float64 {
	took := make([]time.Duration, 50)
	for i := -3; i < len(took); i++ {
		begun := time.Now()
		v.get(path).sees(http.StatusOK)
		if i >= 0 {
			took[i] = time.Since(begun)
		}
	}
	slices.Sort(took)
	return float64(took[47].Microseconds()) / 1000
}

// crowd is a big company.
type crowd struct {
	*bureau
	boss                                record.ID
	people, parties, units, parts, jobs []record.ID
}

func newCrowd(t testing.TB) *crowd {
	t.Helper()
	folder := *crowdIn
	if folder == "" {
		folder = t.TempDir()
	}
	database := *crowdAt
	if *crowdOnPostgres {
		database = pgtest.Database(t)
	}
	c := &crowd{bureau: openBureau(t, filepath.Join(folder, "hub.db"), database)}
	if !c.recall() {
		c.setUp()
		c.make()
	}
	c.plan()
	for more := true; more; {
		var err error
		if more, err = c.core.Store.Index(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// plan gives everybody ten jobs today, of those that have no time.
func (c *crowd) plan() {
	day := time.Now().Truncate(24 * time.Hour).Add(time.Hour)
	c.office("plan", func(tx aftersales.Tx) error {
		for i := range 600 {
			rows, err := tx.Refs("assignment", "job", c.jobs[1000+i/3*100+i%3])
			if err != nil {
				return err
			}
			start := day.Add(time.Duration(i/60) * time.Hour).UnixMilli()
			for _, row := range rows {
				err := tx.Update("assignment", row.ID, record.Values{"window_start": record.Instant(start), "window_end": record.Instant(start + 3_000_000)})
				if err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// recall finds the rows of a company that was made in an earlier run, and reports whether one was; the jobs in the order of
// their numbers, in which they were made: ids of one millisecond are in none, and plan would choose others at each run.
func (c *crowd) recall() (made bool) {
	err := c.core.Store.Read(c.t.Context(), func(v *store.View) error {
		boss, err := v.PersonByLogin("boss")
		if err != nil || boss == nil {
			return err
		}
		made, c.boss = true, boss.ID
		for table, into := range map[string]*[]record.ID{"person": &c.people, "party": &c.parties, "unit": &c.units, "part": &c.parts} {
			if *into, err = v.Living(aftersales.Schema.Table(table), 1_000_000); err != nil {
				return err
			}
		}
		return v.Select(func(r *sqlrow.Rows) error { c.jobs = append(c.jobs, r.ID(0)); return r.Err() }, "SELECT id FROM job ORDER BY number")
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return made
}

// make hires, and fills the tables.
func (c *crowd) make() {
	c.boss = c.hire("boss", "Anna Berg", auth.Administrator)
	var branch record.ID
	var products, stores []record.ID
	c.office("fill", func(tx aftersales.Tx) (err error) {
		if branch, err = aftersales.CreateBranch(tx, aftersales.BranchInput{Code: "S", Name: "South", Zone: "Australia/Perth", Currency: "AUD"}); err != nil {
			return err
		}
		for i := range 60 {
			id, err := aftersales.CreatePerson(tx, aftersales.PersonInput{Branch: branch, Name: fmt.Sprintf("Technician %d", i), Technician: true})
			if err != nil {
				return err
			}
			van, err := aftersales.CreateLocation(tx, aftersales.LocationInput{Branch: branch, Code: fmt.Sprintf("VAN-%d", i), Name: fmt.Sprintf("Van %d", i), Holder: id})
			if err != nil {
				return err
			}
			c.people, stores = append(c.people, id), append(stores, van)
		}
		return nil
	})
	text, ref, at := record.Text, record.Ref, record.Instant
	begun := time.Now().AddDate(-1, 0, 0).UnixMilli()
	c.fill(&products, "product", 200, func(i int) record.Values {
		return record.Values{"code": text(fmt.Sprintf("M-%03d", i)), "name.en": text(fmt.Sprintf("Pump %d", i)), "name.zh-Hans": text(fmt.Sprintf("水泵 %d", i))}
	})
	c.fill(&c.parties, "party", 20_000, func(i int) record.Values {
		return record.Values{
			"branch": ref(branch), "name": text(fmt.Sprintf("客户 %d 有限公司", i)), "number": text(fmt.Sprintf("C-%05d", i)), "kind": text("organisation"),
			"phone": text(fmt.Sprintf("+86215555%04d", i%10_000)), "city": text([]string{"上海", "苏州", "Perth", "Taipei"}[i%4]),
		}
	})
	c.fill(&c.units, "unit", 50_000, func(i int) record.Values {
		return record.Values{
			"branch": ref(branch), "name": text("Pump " + fmt.Sprint(i)), "serial": text(fmt.Sprintf("SN-%06d", i)), "party": ref(c.parties[i%len(c.parties)]),
			"product": ref(products[i%len(products)]),
		}
	})
	c.fill(&c.parts, "part", 20_000, func(i int) record.Values {
		return record.Values{"code": text(fmt.Sprintf("P-%05d", i)), "name.en": text(fmt.Sprintf("Bearing %d", i)), "name.zh-Hans": text(fmt.Sprintf("轴承 %d", i)), "unit": text("pcs")}
	})
	var requests, rest []record.ID
	c.fill(&requests, "request", 30_000, func(i int) record.Values {
		state := "closed"
		if i%100 == 0 {
			state = "new"
		}
		return record.Values{
			"branch": ref(branch), "number": text(fmt.Sprintf("R-%05d", i)), "title": text(fmt.Sprintf("pump leaks %d", i)), "party": ref(c.parties[i%len(c.parties)]),
			"state": text(state), "received_at": at(begun + int64(i)*1_000_000), "due_at": at(begun + int64(i)*1_000_000 + 8*3_600_000),
		}
	})
	states := []string{"new", "planned", "in_work"}
	c.fill(&c.jobs, "job", 100_000, func(i int) record.Values {
		values := record.Values{
			"branch": ref(branch), "number": text(fmt.Sprintf("J-%06d", i)), "title": text([]string{"液压 leak ", "噪音很大 "}[i%2] + fmt.Sprint(i)), "state": text("closed"),
			"party": ref(c.parties[i%len(c.parties)]), "unit": ref(c.units[i%len(c.units)]), "description": text("It makes a loud noise, and the panel says E12 after a while."),
		}
		if i%100 < 3 {
			values["state"] = text(states[i%100])
		}
		if i%2 == 0 {
			start := begun + int64(i)*300_000
			values["plan_start"], values["plan_end"] = at(start), at(start+3_600_000)
		}
		return values
	})
	c.fill(&rest, "assignment", 99_000, func(i int) record.Values {
		state := "finished"
		if (i+1000)%100 < 3 {
			state = "open"
		}
		return record.Values{"job": ref(c.jobs[i+1000]), "person": ref(c.people[i%60]), "role": text("lead"), "state": text(state)}
	})
	c.fill(&rest, "notice", 50_000, func(i int) record.Values {
		values := record.Values{"event": text("job.assigned"), "about": record.AnyRef(record.Key{Table: aftersales.Schema.Table("job").ID, ID: c.jobs[i]}), "recipient": ref(c.people[i%60]), "text": text(fmt.Sprintf("Job J-%06d is yours", i)), "not_before": at(begun + int64(i)*600_000), "occurred": at(begun), "corrected": at(begun), "channel": text("app")}
		if i%10 == 0 {
			values["channel"], values["address"] = text("sms"), text("+862155550000")
		}
		return values
	})
	c.fill(&rest, "movement", 50_000, func(i int) record.Values {
		return record.Values{
			"part": ref(c.parts[i%5000]), "quantity": record.Quantity(1000, "pcs"), "from_location": ref(stores[(i+1)%60]), "to_location": ref(stores[i%60]),
			"condition": text(aftersales.Good), "owner": text(aftersales.OwnerUs), "cause": text(aftersales.MoveReceipt),
			"occurred": at(begun + int64(i)*600_000), "corrected": at(begun + int64(i)*600_000),
		}
	})
}

const atOnce = 1000

// fill inserts n rows of the table.
func (c *crowd) fill(ids *[]record.ID, table string, n int, row func(i int) record.Values) {
	c.t.Helper()
	for from := 0; from < n; from += atOnce {
		c.office("fill", func(tx aftersales.Tx) error {
			for i := from; i < min(n, from+atOnce); i++ {
				id := tx.NewID()
				if err := tx.Insert(table, id, row(i)); err != nil {
					return err
				}
				*ids = append(*ids, id)
			}
			return nil
		})
	}
}
