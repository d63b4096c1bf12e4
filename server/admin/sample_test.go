package admin_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"fieldsync/server/admin"
	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/wire"
)

// sample is a world with a morning's work in it: an administrator, a dispatcher, two technicians, and a pump that
// lost its pressure, which the office cancelled while Wang repaired it.
type sample struct {
	*world
	web                  *httptest.Server
	boss, li, wang, chen record.ID
	job                  record.ID
	quarantined          clock.Dot
}

func newSample(t *testing.T) *sample {
	t.Helper()
	w := newWorld()
	s, web := office(t, w)
	x := &sample{world: w, web: web}
	x.boss = w.hire(t, s.People(), "boss", "Anna Berg", auth.Administrator)
	x.li = w.hire(t, s.People(), "li", "李敏", auth.Dispatcher)
	x.wang = w.hire(t, s.People(), "wang", "王强", auth.Technician)
	x.chen = w.hire(t, s.People(), "chen", "Chen Wei", auth.Technician)
	x.fill(t)
	return x
}

func (x *sample) does(t *testing.T, who record.ID, device string, seen admin.Seen, cause string, command func(aftersales.Tx) error) {
	t.Helper()
	if err := x.write(who, device, seen, cause, command); err != nil {
		t.Fatal(err)
	}
	x.now = x.now.Add(7 * time.Minute)
}

func (x *sample) fill(t *testing.T) {
	t.Helper()
	var party, unit record.ID
	x.does(t, x.li, "", nil, aftersales.CauseCreate, func(tx aftersales.Tx) (err error) {
		party, unit = tx.NewID(), tx.NewID()
		err = tx.Insert("party", party, record.Values{"name": record.Text("上海东方热力有限公司"), "kind": record.Text("organisation")})
		if err != nil {
			return err
		}
		return tx.Insert("unit", unit, record.Values{"name": record.Text("Pump P-7"), "serial": record.Text("SN-88120"), "party": record.Ref(party)})
	})
	for i, title := range []string{"Belt squeals when cold", "电机过热停机", "Annual inspection, boiler house", "Display stays dark"} {
		x.does(t, x.li, "", nil, aftersales.CauseJobCreate, func(tx aftersales.Tx) error {
			_, err := aftersales.CreateJob(tx, aftersales.JobInput{Title: title, Priority: int64(i + 1), Party: party})
			return err
		})
	}
	x.does(t, x.li, "", nil, aftersales.CauseJobCreate, func(tx aftersales.Tx) (err error) {
		x.job, err = aftersales.CreateJob(tx, aftersales.JobInput{
			Title: "循环泵压力不足 / circulation pump loses pressure", Priority: 1, Party: party, Unit: unit,
			Description: "客户说早上开机后压力一直上不去，噪音很大。\nPressure drops to 0.4 bar within a minute.",
		})
		return err
	})
	start := x.now.Add(2 * time.Hour).UnixMilli()
	x.does(t, x.li, "", nil, aftersales.CauseJobAssign, func(tx aftersales.Tx) error {
		_, err := aftersales.AssignJob(tx, aftersales.AssignInput{Job: x.job, Person: x.wang, WindowStart: start, WindowEnd: start + 7_200_000})
		return err
	})
	saw := admin.Seen{key("job", x.job): x.rows[key("job", x.job)].Vector}
	x.does(t, x.li, "", nil, aftersales.CauseJobCancel, func(tx aftersales.Tx) error {
		return tx.Update("job", x.job, record.Values{
			"state": record.Text(aftersales.JobCancelled), "state_reason": record.Text("Customer rang: it runs again"),
		})
	})
	x.does(t, x.wang, "Wang's phone", saw, aftersales.CauseJobComplete, func(tx aftersales.Tx) error {
		return tx.Update("job", x.job, record.Values{
			"state": record.Text(aftersales.JobDone), "solution": record.Text("更换机械密封，试压 2 bar 正常。"),
		})
	})
	x.does(t, x.wang, "Wang's phone", nil, aftersales.CauseComment, func(tx aftersales.Tx) error {
		return tx.Insert("comment", tx.NewID(), record.Values{
			"about": record.AnyRef(key("job", x.job)), "job": record.Ref(x.job), "kind": record.Text("note"),
			"text": record.Text("Cellar key is with the porter."), "author": record.Ref(x.wang),
			"occurred": record.Instant(tx.Now()), "corrected": record.Instant(tx.Now()),
		})
	})
	x.refuse(t)
	x.phones = []admin.Phone{
		{ID: x.id(), Person: x.wang, Owner: "王强", Name: "Wang's phone", Standing: auth.Admitted, App: "fieldtech 0.1", Schema: 1, Online: true, Contact: x.now},
		{ID: x.id(), Person: x.chen, Owner: "Chen Wei", Name: "Tablet 3", Standing: auth.Admitted, App: "fieldtech 0.1", Schema: 1, Contact: x.now.Add(-50 * time.Hour), Pending: 12, Oldest: x.now.Add(-53 * time.Hour), Offset: -3 * time.Hour, Refused: 1},
		{ID: x.id(), Person: x.chen, Owner: "Chen Wei", Name: "Old phone", Standing: auth.HardRevoked, App: "fieldtech 0.1", Schema: 1, Contact: x.now.Add(-900 * time.Hour)},
	}
}

// refuse leaves a change of Chen's in quarantine.
func (x *sample) refuse(t *testing.T) {
	t.Helper()
	change, err := record.NewChange(record.Update, aftersales.Schema.Table("job"), x.job, record.Values{
		"finding": record.Text("Bearing worn"), "meter": record.Number(4120),
	})
	if err != nil {
		t.Fatal(err)
	}
	a := x.actor(x.chen, "Tablet 3")
	x.counters[a]++
	e := admin.Event{Received: x.now.UnixMilli(), Change: &record.ChangeSet{Cause: aftersales.CauseJobFinding, Rows: []record.RowChange{change}}}
	e.Dot = clock.Dot{Actor: a, Counter: x.counters[a]}
	e.Outcome, e.Code, e.Eff = wire.Quarantined, fault.LateWrite, clock.StampAt(x.now.Add(-time.Hour).UnixMilli())
	e.Message = "You had heard that the job went to a colleague. The office decides what becomes of this."
	x.events = append(x.events, e)
	x.quarantined = e.Dot
}

func (x *sample) visit(t *testing.T, login string) *visitor {
	t.Helper()
	return visit(t, x.web).signIn(login)
}
