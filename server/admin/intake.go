package admin

import (
	"crypto/rand"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// Intake is one screen on which a call is taken: who it is, which machine, what is wrong, and what becomes of it. The
// same form is sent to look again, with all that was typed, and to save; a script only sends it sooner.

// The answers to who is calling and which machine it is about, beside the ids of those known.
const (
	someoneNew = "new"
	noMachine  = "none"
)

type intakePage struct {
	frame
	Draft     string // the id that the request will have: sent twice, it is made once
	Q         string // telephone number, name or serial
	Party     string // id, someoneNew, or "" while nobody said
	Unit      string // id, someoneNew, noMachine, or "" while nobody said
	Typed     map[string]string
	Product   field
	Matches   []callerMatch
	Customer  *intakeCustomer
	Lists     map[string][]option // answers of the form's selects, by field
	People    []option
	Teams     []option
	Machine   *entitlementView
	Found     []solutionView
	Problem   string
	Problems  map[string]string // by field
	MayAttach bool
	Stopped   bool // the policy takes nothing on for this customer
}

// intakeFields are the texts of the form.
var intakeFields = []string{
	"name", "phone", "address", "city", "caller", "contact", "site", "serial", "title", "description", "fault_code", "severity",
	"service_class", "priority", "channel", "solution", "reason", "intake", "kind",
}

// intakeSelects are the code lists behind its selects.
var intakeSelects = map[string]string{
	"fault_code": aftersales.ListFault, "severity": aftersales.ListSeverity, "channel": aftersales.ListChannel, "kind": aftersales.ListJobKind,
}

// ShowIntake shows the screen, with the customer of a number that a telephone system names.
func (o *Office) ShowIntake(v *Visit) error {
	page := &intakePage{Q: v.query("number"), Typed: map[string]string{"channel": "phone"}, Party: v.query("party"), Unit: v.query("unit")}
	if page.Q == "" {
		page.Q = v.query("q")
	}
	return o.showIntake(v, http.StatusOK, page)
}

// SendIntake looks again with what was typed, or saves it.
func (o *Office) SendIntake(v *Visit) error {
	files, refused, err := o.intakeForm(v)
	if err != nil {
		return err
	}
	page := v.typedIntake()
	if refused != nil {
		page.problem("files", v.lang.refusal(refused))
		return o.showIntake(v, http.StatusUnprocessableEntity, page)
	}
	if v.form("do") == "" {
		if id, err := record.ParseID(v.form("use")); err == nil {
			if err := o.useSolution(v, page, id); err != nil {
				return err
			}
		}
		return o.showIntake(v, http.StatusOK, page)
	}
	return o.saveIntake(v, page, files)
}

// typedIntake takes over what the form says.
func (v *Visit) typedIntake() *intakePage {
	page := &intakePage{Draft: v.form("draft"), Q: strings.TrimSpace(v.form("q")), Party: v.form("party"), Unit: v.form("unit"), Typed: map[string]string{}}
	for _, name := range intakeFields {
		page.Typed[name] = strings.TrimSpace(v.form(name))
	}
	page.Product.Value, page.Product.Ref = v.form("product"), v.form("ref.product")
	return page
}

// useSolution takes a known solution over into the field where it can be worded for this case.
func (o *Office) useSolution(v *Visit, page *intakePage, id record.ID) error {
	return o.Engine.View(v.r.Context(), func(r Reader) error {
		row, err := aftersales.Look(r).Row("solution", id)
		if err != nil || row == nil {
			return err
		}
		s := aftersales.SolutionOf(row)
		page.Typed["solution"] = s.Solution
		if page.Typed["fault_code"] == "" && !s.Fault.IsZero() {
			code, err := aftersales.Look(r).Row("code", s.Fault)
			if err != nil {
				return err
			}
			page.Typed["fault_code"] = aftersales.CodeOf(code).Code
		}
		return nil
	})
}

func (o *Office) showIntake(v *Visit, status int, page *intakePage) error {
	if _, err := record.ParseID(page.Draft); err != nil {
		var random [10]byte
		_, _ = rand.Read(random[:]) // it never fails
		page.Draft = record.NewID(o.Now().UnixMilli(), random).String()
	}
	page.frame, page.MayAttach = v.frame(v.t("Intake"), intakeURL), o.Files != nil
	err := o.Engine.View(v.r.Context(), func(r Reader) error {
		i := &intaking{o.builder(v, r, &about{}), page}
		for _, step := range []func() error{i.form, i.matches, i.customer, i.entitlement, i.solutions} {
			if err := step(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return v.show(status, "intake", page)
}

// intaking fills the page in, step by step, within one snapshot.
type intaking struct {
	*builder
	p *intakePage
}

// form fills in what the form offers.
func (i *intaking) form() (err error) {
	i.p.Lists = map[string][]option{}
	for name, list := range intakeSelects {
		if i.p.Lists[name], err = i.v.codes(i.r, list, i.p.Typed[name]); err != nil {
			return err
		}
	}
	t := i.o.Schema.Table("request")
	for _, name := range []string{"service_class"} {
		c := &t.Columns[t.Column(name)]
		for _, code := range c.Codes {
			i.p.Lists[name] = append(i.p.Lists[name], option{code, i.v.lang.Name(columnKey(t, c, code))})
		}
	}
	product := i.v.input(t, &t.Columns[t.Column("product")], record.Null)
	product.Kind, product.Finds, product.Value, product.Ref = "row", "product", i.p.Product.Value, i.p.Product.Ref
	product.Problem = i.p.Problems["product"]
	i.p.Product = product
	if i.p.People, err = i.v.rowOptions(i.r, "SELECT id, name FROM person WHERE _del = 0 AND archived_at IS NULL ORDER BY name"); err != nil {
		return err
	}
	i.p.Teams, err = i.v.rowOptions(i.r, "SELECT id, name FROM team WHERE _del = 0 AND archived_at IS NULL ORDER BY name")
	return err
}

// entitlement says what the customer is entitled to for the machine chosen, now.
func (i *intaking) entitlement() error {
	unit, err := record.ParseID(i.p.Unit)
	if err != nil || i.p.Customer == nil {
		return nil
	}
	party := i.p.Customer.ID
	d, err := aftersales.Entitle(aftersales.Look(i.r), unit, aftersales.Work{Party: party}, i.o.Now().UnixMilli())
	if err != nil {
		return err
	}
	i.p.Machine, err = i.v.entitlement(i.n, d)
	return err
}

// Has reports whether a select's answer is the one given; templates ask it.
func (p *intakePage) Has(field, answer string) bool { return p.Typed[field] == answer }

// problem marks a field, or for "" the whole.
func (p *intakePage) problem(field, text string) {
	if field == "" {
		p.Problem = text
		return
	}
	if p.Problems == nil {
		p.Problems = map[string]string{}
	}
	p.Problems[field] = text
}

// numberLike reports whether what was typed is a telephone number.
func numberLike(s string) bool {
	digits := 0
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case !strings.ContainsRune(" +-()./", r):
			return false
		}
	}
	return digits >= 5
}

// newName and newPhone are those of a customer who is not known: what was sought stands in for what was not typed.
func (p *intakePage) newName() string {
	if p.Typed["name"] == "" && !numberLike(p.Q) {
		return p.Q
	}
	return p.Typed["name"]
}

func (p *intakePage) newPhone() string {
	if p.Typed["phone"] == "" && numberLike(p.Q) {
		return p.Q
	}
	return p.Typed["phone"]
}

// Listed reports whether the customer chosen is among the matches; templates ask it.
func (p *intakePage) Listed() bool {
	return slices.ContainsFunc(p.Matches, func(m callerMatch) bool { return m.ID == p.Party })
}

// Unknown reports whether what is sought fits nobody; templates ask it.
func (p *intakePage) Unknown() bool {
	return utf8.RuneCountInString(p.Q) > 1 && len(p.Matches) == 0 && p.Customer == nil
}

// NewMachine reports whether the machine is one that is not known; templates ask it.
func (p *intakePage) NewMachine() bool {
	return p.Unit == someoneNew || p.Unit == "" && (p.Customer == nil || len(p.Customer.Machines) == 0)
}

var errChooseCustomer = fault.New(fault.Invalid, "Choose who is calling, or say that it is somebody new.")

// outcomes are what can become of a call.
var outcomes = []string{"solved", "job", "depot", "escalate", "open"}

func knownOutcome(s string) bool { return slices.Contains(outcomes, s) }
