package admin

import (
	"cmp"
	"slices"
	"strings"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// intakeCustomer is what is known of the customer who is calling.
type intakeCustomer struct {
	ID       record.ID
	Name     string
	URL      string
	Facts    []fact
	Warnings []string
	Contacts []option
	Sites    []option
	Machines []machineView
	More     int // machines beyond those shown
	History  []pastView
}

type machineView struct {
	ID, Name, Hint string
	Here           bool // chosen
}

// pastView is a request or job of before.
type pastView struct {
	URL, Number, Title, State, StateName, Machine string
	At                                            int64
}

// machinesMost is how many machines are shown to be chosen from: of a customer who has more, the serial finds one.
const machinesMost = 30

// customer gathers what is known of the customer who was chosen.
func (i *intaking) customer() error {
	id, err := record.ParseID(i.p.Party)
	if err != nil {
		return nil // nobody yet, or somebody new
	}
	if id, err = aftersales.Survivor(aftersales.Look(i.r), "party", id); err != nil {
		return err
	}
	row, err := living(i.r, i.o.Schema.Table("party"), id)
	if err != nil {
		return err
	}
	c := &intakeCustomer{ID: id, URL: customersURL + "/" + id.String(), Name: row.Get("name").Text()}
	i.p.Customer, i.p.Party = c, id.String()
	if c.Facts, err = i.facts(row, []string{"number", "phone", "phone2", "email", "city", "address", "customer_group", "salesman", "note"}); err != nil {
		return err
	}
	for _, step := range []func(*intakeCustomer) error{i.warnings, i.people, i.machines, i.past} {
		if err := step(c); err != nil {
			return err
		}
	}
	return nil
}

func (i *intaking) warnings(c *intakeCustomer) error {
	why, stop, err := aftersales.CustomerWarnings(aftersales.Look(i.r), c.ID, record.ID{}, i.o.Now().UnixMilli())
	if err != nil {
		return err
	}
	i.p.Stopped = stop
	c.Warnings, err = i.v.reasons(i.n, why)
	return err
}

// people lists whom one can talk to at the customer, and where his machines stand.
func (i *intaking) people(c *intakeCustomer) error {
	for _, of := range []struct {
		table string
		into  *[]option
	}{{"contact", &c.Contacts}, {"site", &c.Sites}} {
		rows, err := i.builder.about(of.table, "party", c.ID)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if !row.Get("merged_into").IsNull() || !row.Get("archived_at").IsNull() {
				continue
			}
			name, err := i.n.row(row.Key())
			if err != nil {
				return err
			}
			hint := row.Get("phone").Text()
			if of.table == "site" {
				hint = row.Get("address").Text()
			}
			*of.into = append(*of.into, option{row.ID.String(), strings.TrimSpace(name + " " + hint)})
		}
	}
	return nil
}

// machines lists the customer's. The one whose serial was sought is chosen.
func (i *intaking) machines(c *intakeCustomer) error {
	rows, err := i.builder.about("unit", "party", c.ID)
	if err != nil {
		return err
	}
	rows = slices.DeleteFunc(rows, func(u *record.Row) bool {
		return !u.Get("merged_into").IsNull() || !u.Get("archived_at").IsNull() || !u.Get("parent").IsNull()
	})
	if i.p.Unit == "" {
		for _, u := range rows {
			if s := u.Get("serial").Text(); s != "" && strings.EqualFold(s, i.p.Q) {
				i.p.Unit = u.ID.String()
			}
		}
	}
	slices.SortStableFunc(rows, func(a, b *record.Row) int { // the one that is meant first, whatever there are
		return rank(a.ID.String() == i.p.Unit) - rank(b.ID.String() == i.p.Unit)
	})
	c.More = max(0, len(rows)-machinesMost)
	for _, u := range rows[:len(rows)-c.More] {
		m, err := i.machine(u)
		if err != nil {
			return err
		}
		c.Machines = append(c.Machines, m)
	}
	return nil
}

// rank puts what is first before what is not.
func rank(first bool) int {
	if first {
		return 0
	}
	return 1
}

func (i *intaking) machine(u *record.Row) (m machineView, err error) {
	m = machineView{ID: u.ID.String(), Here: u.ID.String() == i.p.Unit}
	if m.Name, err = i.n.row(u.Key()); err != nil {
		return m, err
	}
	product, err := i.text(u, "product")
	if err != nil {
		return m, err
	}
	for _, hint := range []string{u.Get("serial").Text(), product} {
		if hint != "" && hint != m.Name {
			m.Hint = strings.TrimSpace(m.Hint + " " + hint)
		}
	}
	return m, nil
}

// pastMost is how much of the past is shown.
const pastMost = 8

// past lists the latest of what was asked and done: of the machine, where one is chosen.
func (i *intaking) past(c *intakeCustomer) error {
	column, id := "party", c.ID
	if unit, err := record.ParseID(i.p.Unit); err == nil {
		column, id = "unit", unit
	}
	for _, of := range []struct{ table, at, url string }{
		{"request", "r.received_at", requestsURL + "/"}, {"job", "r.reported_on * 86400000", jobsURL + "/"},
	} {
		query := "SELECT r.id, r.number, coalesce(r.title, r.description), r.state, " + calledUnit("u") + ", " + of.at +
			" FROM " + of.table + " r LEFT JOIN unit u ON u.id = r.unit WHERE r." + column + " = ? AND r._del = 0 ORDER BY r.id DESC LIMIT ?"
		err := i.r.Select(func(q *sqlrow.Rows) error {
			past := pastView{URL: of.url + q.ID(0).String(), Number: q.Text(1), Title: q.Text(2), State: q.Text(3), Machine: q.Text(4), At: q.Int(5)}
			past.StateName = i.v.lang.Name(of.table + ".state." + past.State)
			c.History = append(c.History, past)
			return q.Err()
		}, query, id[:], int64(pastMost))
		if err != nil {
			return err
		}
	}
	slices.SortStableFunc(c.History, func(a, b pastView) int { return cmp.Compare(b.At, a.At) })
	c.History = c.History[:min(len(c.History), pastMost)]
	return nil
}

// solutionView is a solution that may help.
type solutionView struct {
	ID, Title, Text string
	Uses            int64
	Why             []string
}

// solutionsMost is how many are offered, solutionsFound how many that only a word speaks for are weighed.
const (
	solutionsMost  = 5
	solutionsFound = 100
)

// solutions offers what cured such a fault before.
func (i *intaking) solutions() error {
	q := aftersales.SolutionQuery{FaultCode: i.p.Typed["fault_code"], Text: strings.TrimSpace(i.p.Typed["title"] + " " + i.p.Typed["description"])}
	q.Unit, _ = record.ParseID(i.p.Unit) // zero where none is chosen
	q.Product, _ = record.ParseID(i.p.Product.Ref)
	for _, piece := range pieces([]string{q.Text}) {
		hits, err := i.r.Search(piece, sqlrow.SearchOptions{Tables: []string{"solution"}, Limit: solutionsFound})
		if err != nil {
			return err
		}
		for _, hit := range hits {
			q.Found = append(q.Found, hit.ID)
		}
	}
	if q.FaultCode == "" && q.Text == "" {
		return nil
	}
	ranked, err := aftersales.Solutions(aftersales.Look(i.r), q)
	for _, s := range ranked[:min(len(ranked), solutionsMost)] {
		title := s.Title
		if title == "" {
			title = s.Symptom
		}
		i.p.Found = append(i.p.Found, solutionView{s.ID.String(), title, s.Solution.Solution, s.Uses, s.Reasons})
	}
	return err
}
