package web

import (
	"fmt"
	"html/template"
	"net/url"
	"slices"
	"strings"
	"time"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// stand is a job as every page about it needs it.
type stand struct {
	*aftersales.JobView
	Visit      aftersales.Visit      // the user's latest; zero before the first
	Assignment aftersales.Assignment // the user's, or his group's; zero where the job is another's
}

// Begun reports whether the user has come to the place, so that there is something to sign for.
func (s stand) Begun() bool {
	return s.Visit.ArrivedAt != 0 || s.Visit.State == aftersales.VisitCompleted
}

// standNow is stand where nothing else is read with it.
func (v *request) standNow() (s stand, err error) {
	err = v.view(func(tx client.Tx) (err error) {
		s, err = v.stand(tx)
		return err
	})
	return s, err
}

// stand reads the job that the URL names. Codes: fault.UnknownRow.
func (v *request) stand(tx client.Tx) (s stand, err error) {
	id, err := v.path()
	if err != nil {
		return s, err
	}
	if s.JobView, err = aftersales.ReadJob(tx, id); err != nil {
		return s, err
	}
	for _, visit := range s.Visits {
		if visit.Person == v.me {
			s.Visit = visit
		}
	}
	if s.Assignment, err = aftersales.AssignedTo(tx, id, v.me); fault.CodeOf(err) == aftersales.NotAssigned {
		err = nil
	}
	return s, err
}

func (s stand) URL() string { return jobURL(s.Job.ID) }

func jobURL(id record.ID) string { return "/jobs/" + id.String() }

// What returns what the job is called, in one line.
func (s stand) What() string { return firstText(s.Job.Title, s.Job.Description, s.Job.Number) }

func firstText(texts ...string) string {
	for _, s := range texts {
		if s = strings.TrimSpace(s); s != "" {
			first, _, _ := strings.Cut(s, "\n")
			return first
		}
	}
	return ""
}

// Start and Finish return the user's window, else the job's plan.
func (s stand) Start() int64  { return orPlan(s.Assignment.WindowStart, s.Job.PlanStart) }
func (s stand) Finish() int64 { return orPlan(s.Assignment.WindowEnd, s.Job.PlanEnd) }

func orPlan(own, plan int64) int64 {
	if own != 0 {
		return own
	}
	return plan
}

// Mine reports whether the user may work on the job.
func (s stand) Mine() bool { return !s.Assignment.ID.IsZero() && !s.Job.Over() }

// Helps reports whether somebody else leads the job: the customer signs with him.
func (s stand) Helps() bool { return s.Assignment.Role == aftersales.Helper }

// jobPage is the job's own page: what to do now, and where everything about it is.
type jobPage struct {
	frame
	stand
	jobLinks
	Steps   []step // the first is the one that comes next
	Running *aftersales.TimeMark
	Spent   map[string]int64         // ms
	Others  []aftersales.PersonHours // who else is on the job, with his hours
	Phones  []phone
	Address string
	Map     template.URL       // a geo: address
	Was     *client.PlanChange // what has become of the plan since the user saw it; nil for nothing
}

type phone struct{ Name, Number string }

func (v *request) job() error {
	p := jobPage{frame: v.frame("Job")}
	p.Back, p.Tab, p.Live = todayURL, "today", true
	err := v.view(func(tx client.Tx) (err error) {
		if p.stand, err = v.stand(tx); err != nil {
			return err
		}
		if err := p.clocks(tx, v.me); err != nil {
			return err
		}
		if err := p.people(tx, v.me); err != nil {
			return err
		}
		p.jobLinks, err = v.links(tx, p.stand, p.Bar)
		return err
	})
	if err != nil {
		return err
	}
	photos, err := v.photosReady(p.Job.ID)
	if err != nil {
		return err
	}
	if photos.Lacks {
		p.Lacks++
	}
	p.frame.Title = p.Job.Number
	p.Steps = stepsFrom(p.stand)
	p.place()
	if p.Was, err = v.planWas(p.Job.ID); err != nil {
		return err
	}
	v.noted(v.client.SawPlan(v.ctx(), p.Job.ID))
	return v.show("job", p)
}

// planWas returns what has become of the job's plan since the user saw it, nil for nothing.
func (v *request) planWas(job record.ID) (*client.PlanChange, error) {
	changes, err := v.client.PlanChanges(v.ctx())
	at := slices.IndexFunc(changes, func(c client.PlanChange) bool { return c.Job == job })
	if err != nil || at < 0 {
		return nil, err
	}
	return &changes[at], nil
}

func (p *jobPage) clocks(tx client.Tx, me record.ID) (err error) {
	if p.Running, err = aftersales.RunningClock(tx, p.Job.ID, me); err != nil {
		return err
	}
	p.Spent, err = aftersales.TimeSpent(tx, p.Job.ID, me, tx.Now())
	return err
}

// Since returns when the clock would have begun if all the time of its kind had been one stretch: the page counts on.
func (p jobPage) Since() int64 {
	if p.Running == nil {
		return 0
	}
	return p.v.client.Now().UnixMilli() - p.Spent[p.Running.Kind]
}

// Length returns how long something took.
func (jobPage) Length(ms int64) time.Duration { return time.Duration(ms) * time.Millisecond }

// people fills in who else is on the job, and whom to call.
func (p *jobPage) people(tx client.Tx, me record.ID) error {
	all, err := aftersales.JobHours(tx, p.Job.ID, tx.Now())
	if err != nil {
		return err
	}
	p.Others = slices.DeleteFunc(all, func(h aftersales.PersonHours) bool { return h.Person == me || h.Name == "" })
	for _, one := range []phone{
		{p.Contact.Name, p.Contact.Phone}, {p.Contact.Name, p.Contact.Phone2}, {p.Party.Name, p.Party.Phone},
	} {
		if one.Number != "" && !slices.ContainsFunc(p.Phones, func(other phone) bool { return other.Number == one.Number }) {
			p.Phones = append(p.Phones, one)
		}
	}
	return nil
}

// Call returns the address that the phone dials. It is made of digits, so that it needs no further care.
func (p phone) Call() template.URL {
	return template.URL("tel:" + strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r == '+' {
			return r
		}
		return -1
	}, p.Number))
}

// place fills in where the job is, for the eye and for the phone's own map.
func (p *jobPage) place() {
	s := p.Site
	p.Address = strings.Join(strings.Fields(strings.Join([]string{s.Province, s.City, s.District, s.Address}, " ")), " ")
	if p.Address == "" {
		p.Address = p.Party.Address
	}
	switch {
	case s.Latitude != 0 || s.Longitude != 0:
		at := fmt.Sprintf("%s,%s", degrees(s.Latitude), degrees(s.Longitude))
		p.Map = template.URL("geo:" + at + "?q=" + at + url.QueryEscape("("+firstText(s.Name, p.Party.Name)+")"))
	case p.Address != "":
		p.Map = template.URL("geo:0,0?q=" + url.QueryEscape(p.Address))
	}
}

// degrees writes 1e-7 degrees as decimal degrees.
func degrees(n int64) string {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	return fmt.Sprintf("%s%d.%07d", sign, n/1e7, n%1e7)
}
