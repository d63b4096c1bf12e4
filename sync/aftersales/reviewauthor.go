package aftersales

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// ForeignNumber says that a device gave a number which is not of its own: two things could be called the same.
const ForeignNumber fault.Code = "foreign_number"

// signed returns the new row with its author in it, where its device left him out: who did something can always be asked.
func (v *review) signed(t *schema.Table, c *record.RowChange) *record.RowChange {
	i := t.Column("author")
	if i < 0 || !cell(t, c, "author").IsNull() || v.author.IsZero() {
		return c
	}
	signature := record.CellWrite{CellID: record.CellID{Column: t.Columns[i].ID}, Value: record.Ref(v.author)}
	whole := *c
	whole.Cells = slices.DeleteFunc(slices.Clone(c.Cells), func(w record.CellWrite) bool { return w.CellID == signature.CellID })
	at, _ := slices.BinarySearchFunc(whole.Cells, signature.CellID, func(w record.CellWrite, id record.CellID) int { return w.Compare(id) })
	whole.Cells = slices.Insert(whole.Cells, at, signature)
	v.diverted = true
	return &whole
}

// checkTimeMark lets a technician book the time of those who were given the job with him, as a lead does for his crew.
func (v *review) checkTimeMark(t *schema.Table, c *record.RowChange) error {
	person := cell(t, c, "person").Ref()
	if person == v.author {
		return nil
	}
	given, err := v.Refs("assignment", "job", cell(t, c, "job").Ref())
	for _, a := range given {
		if err != nil {
			break
		}
		var has bool
		if has, err = v.given(a, person); has {
			return err
		}
	}
	if err != nil {
		return err
	}
	return fault.New(NotAssigned, "time is booked for those who were given the job: ask the office to give it to him")
}

// given reports whether the assignment is the person's, by himself or as one of the team.
func (v *review) given(assignment *record.Row, person record.ID) (bool, error) {
	if assignment.Get("person").Ref() == person {
		return true, nil
	}
	team := assignment.Get("team").Ref()
	if team.IsZero() {
		return false, nil
	}
	members, err := v.Refs("membership", "team", team)
	return slices.ContainsFunc(members, func(m *record.Row) bool { return m.Get("person").Ref() == person }), err
}

// checkReplaced refuses an entry in the place of a stranger's: it is to be one's own, or one that hangs on the same thing
// as the new one does. Else the parts in another's van could be written off by a correction.
func (v *review) checkReplaced(t *schema.Table, c *record.RowChange) error {
	if c.Op != record.Insert || t.Column("replaces") < 0 {
		return nil
	}
	before, err := v.Row(t.Name, cell(t, c, "replaces").Ref())
	if err != nil || before == nil || before.Get("author").Ref() == v.author {
		return err
	}
	if t == commentTable { // what a colleague said, the office corrects: a phone shows it with whoever corrected it
		return errNotYours(t)
	}
	lies, row := before.Buckets(), record.NewRow(t, c, v.cs.Dot)
	for _, rule := range t.Buckets {
		if b := row.Bucket(rule); !rule.Far && !b.ID.IsZero() && slices.Contains(lies, b) {
			return nil
		}
	}
	return errNotYours(t)
}

func errNotYours(t *schema.Table) error {
	return fault.Newf(fault.NotAllowed, "this %v replaces one that is not yours: the office decides", readable(t.Name))
}

// numbered are the tables whose rows devices make and number; see Tx.Number.
var numbered = []string{"job", "slip", "request", "goods_receipt", "part_request", "party", "unit", "contract"}

// checkNumber refuses a number that does not say which change set of the author's gave it, or that another row of this one
// has: so no two things are called the same, however many devices make them while nobody hears of the others.
func (v *review) checkNumber(t *schema.Table, c *record.RowChange) error {
	number := cell(t, c, "number").Text()
	if c.Op != record.Insert || number == "" || !slices.Contains(numbered, t.Name) {
		return nil
	}
	twice := slices.ContainsFunc(v.cs.Rows, func(other record.RowChange) bool {
		return other.Table == c.Table && other.ID != c.ID && cell(t, &other, "number").Text() == number
	})
	if twice || !v.gave(number) {
		return fault.Newf(ForeignNumber, "the number %s is not one that this device gives: leave it to the app", number)
	}
	return nil
}

// drawnNumber is one by chance, which a device gives that has no name yet; givenNumber any by a device that has one.
var (
	drawnNumber = regexp.MustCompile(`-x[0-9a-f]{12}($|[^0-9a-f])`)
	givenNumber = regexp.MustCompile(`-d[0-9]+(e[0-9]+)?-[0-9]+`)
)

// gave reports whether the change set can have given the number: by the name that it has, or that it was first written
// under. One that was sent again after it had been refused has its numbers from then.
func (v *review) gave(number string) bool {
	first := v.cs.Origin.Dot
	if !v.cs.Amends.IsZero() {
		return givenNumber.MatchString(number) || drawnNumber.MatchString(number)
	}
	return carries(number, v.cs.Dot) || !v.cs.Origin.IsZero() && carries(number, first) ||
		first.Actor.Side() > clock.SideHub && drawnNumber.MatchString(number)
}

// carries reports whether the number is of the change set of that name: "J-d7-42", or the second of it, "J-d7-42-2", in
// whatever the format puts around it.
func carries(number string, d clock.Dot) bool {
	_, rest, found := strings.Cut(number, fmt.Sprintf("-%s-%d", d.Actor, d.Counter))
	return found && (rest == "" || rest[0] < '0' || rest[0] > '9')
}
