package admin

import (
	"slices"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

var requestDetail = &Detail{
	Table: "request", URL: requestsURL, State: "state", Page: "request", Form: requestForm, Edit: auth.EditRequests,
	Facts: []string{
		"party", "contact", "site", "unit", "type", "service_class", "severity", "priority", "channel", "service_level",
		"fault_code", "received_at", "taken_by", "first_response_at", "solved_at", "closed_at", "due_at", "intake", "reason",
		"branch", "tags", "archived_reason",
	},
	Texts: []string{"description", "solution", "note"},
	Sections: []sectionOf{
		{table: "job", via: "request", columns: []string{"number", "state", "title", "plan_start", "plan_end"}, url: jobsURL + "/"},
		{table: "call", via: "request", columns: []string{"direction", "caller", "phone", "channel", "corrected", "note"}, url: callsURL + "/", stand: aftersales.StandingCalls},
		{table: "wait_mark", via: "request", columns: []string{"edge", "reason", "corrected", "note"}},
	},
}

// requestExtra is what the page of a request has beyond other pages of rows.
type requestExtra struct {
	Number      string
	Title       string
	Over        bool
	Substates   substatesView
	Standing    aftersales.Standing
	StandingOf  string // the job's number, where its state is the job's
	JobURL      string
	Holders     []string
	Waits       string
	Level       int64
	Clocks      []clockView
	Entitlement *entitlementView
	Files       []fileView
	MayAttach   bool
	People      []option
	Teams       []option
	WaitCodes   []option
	FaultCodes  []option
	Answered    bool
	Owed        []string // what was promised to be given and was not yet: aftersales.EventPlan, EventReport
}

// ShowRequest shows what a customer asked for, where it stands, and what was promised to him.
func (o *Office) ShowRequest(v *Visit) error { return o.ShowDetail(v, requestDetail, requestMore) }

func requestMore(b *builder, row *record.Row) (any, error) {
	r := aftersales.RequestOf(row)
	x := &requestExtra{Number: r.Number, Title: r.Title, Over: r.Over(), Level: r.Level, Answered: r.FirstResponseAt != 0}
	b.page.Name = r.Title
	for _, step := range []func(aftersales.Request) error{b.standing(x), b.promises(x), b.rights(x), b.offers(x)} {
		if err := step(r); err != nil {
			return nil, err
		}
	}
	var err error
	if x.Substates, err = b.substates(row); err != nil {
		return nil, err
	}
	if err := b.comments(row, "about"); err != nil {
		return nil, err
	}
	x.MayAttach = b.o.Files != nil && b.v.Who.May(auth.Comment)
	x.Files, err = b.filesAbout(row)
	return x, err
}

// standing tells where the request stands, and who holds it.
func (b *builder) standing(x *requestExtra) func(aftersales.Request) error {
	return func(r aftersales.Request) (err error) {
		if x.Standing, err = aftersales.StandingOf(aftersales.Look(b.r), r.ID); err != nil {
			return err
		}
		if x.Waits, err = b.v.code(b.n, aftersales.ListWait, x.Standing.Waits); err != nil {
			return err
		}
		if !x.Standing.Job.IsZero() {
			x.JobURL = jobURL(x.Standing.Job)
			if x.StandingOf, err = b.n.row(b.key("job", x.Standing.Job)); err != nil {
				return err
			}
		}
		for table, ids := range map[string][]record.ID{"person": x.Standing.People, "team": x.Standing.Teams} {
			for _, id := range ids {
				name, err := b.n.row(b.key(table, id))
				if err != nil {
					return err
				}
				x.Holders = append(x.Holders, name)
			}
		}
		return nil
	}
}

// promises tells how the service promises stand, now.
func (b *builder) promises(x *requestExtra) func(aftersales.Request) error {
	return func(r aftersales.Request) error {
		clocks, err := aftersales.SLA(aftersales.Look(b.r), r.ID, b.o.Now().UnixMilli())
		if err != nil {
			return err
		}
		for _, c := range clocks {
			if slices.Contains(aftersales.Owed, c.Target) && c.Met == 0 && c.Over == 0 {
				x.Owed = append(x.Owed, c.Target)
			}
		}
		x.Clocks, err = b.v.clocks(b.n, clocks)
		return err
	}
}

// rights tells what the customer is entitled to: as it stood when he asked, by what is known now.
func (b *builder) rights(x *requestExtra) func(aftersales.Request) error {
	return func(r aftersales.Request) error {
		work := aftersales.Work{Branch: r.Branch, Party: r.Party, Site: r.Site}
		d, err := aftersales.Entitle(aftersales.Look(b.r), r.Unit, work, r.ReceivedAt)
		if err != nil {
			return err
		}
		x.Entitlement, err = b.v.entitlement(b.n, d)
		return err
	}
}

// offers lists what the forms of the page offer.
func (b *builder) offers(x *requestExtra) func(aftersales.Request) error {
	return func(r aftersales.Request) (err error) {
		if x.People, err = b.v.rowOptions(b.r, "SELECT id, name FROM person WHERE _del = 0 AND archived_at IS NULL ORDER BY name"); err != nil {
			return err
		}
		if x.Teams, err = b.v.rowOptions(b.r, "SELECT id, name FROM team WHERE _del = 0 AND archived_at IS NULL ORDER BY name"); err != nil {
			return err
		}
		if x.WaitCodes, err = b.v.codes(b.r, aftersales.ListWait, ""); err != nil {
			return err
		}
		x.FaultCodes, err = b.v.codes(b.r, aftersales.ListFault, "")
		return err
	}
}

// key names a row of the table.
func (b *builder) key(table string, id record.ID) record.Key {
	return record.Key{Table: b.o.Schema.Table(table).ID, ID: id}
}
