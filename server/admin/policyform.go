package admin

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/worktime"
)

// policyInput is a part of a policy as the form shows it.
type policyInput struct {
	Name, Label string
	Kind        string // number, text, select, flag, boxes, rows
	Value       string
	Options     []option
	On          []string // of boxes
	Hint        string
	Problem     string
	Required    bool
	Heads       []string
	Lines       []policyLine // of rows
}

// policyLine is a row of a table of a policy.
type policyLine struct {
	N     int
	Cells []policyInput
}

// Has reports whether a box is ticked; templates ask it.
func (i policyInput) Has(code string) bool { return slices.Contains(i.On, code) }

// spareLines are empty rows at the end of a table, to be typed into.
const spareLines = 2

// mostLines bounds how many rows of a table a form is read for.
const mostLines = 500

var errUnread = fault.New(fault.Invalid, "This cannot be read. Type it like the example, or choose it.")

// partLabel returns what a part is called in the form.
func (v *Visit) partLabel(p part) string {
	if p.Called != "" {
		return v.lang.Name(p.Called)
	}
	name := p.Name
	name = strings.ReplaceAll(name, ".", "_")
	if key := "policy.part." + name; v.lang.Knows(key) {
		return v.lang.Name(key)
	}
	return v.lang.Name("policy." + name)
}

// policyInputs shows what a policy says, in the fields of its kind.
func (v *Visit) policyInputs(r Reader, kind string, said map[string]any) (inputs []policyInput, err error) {
	currency, _ := said["currency"].(string)
	for _, p := range policyShapes[kind] {
		in, err := v.policyInput(r, p, valueAt(said, p), currency, "")
		if err != nil {
			return nil, err
		}
		inputs = append(inputs, in)
	}
	return inputs, nil
}

// valueAt returns what a policy, or a row of it, says of a part; of an object that is asked for as rows a row for each key.
func valueAt(said map[string]any, p part) any {
	if p.Keyed {
		keyed, _ := said[p.Name].(map[string]any)
		rows := []any{}
		for _, key := range slices.Sorted(mapsKeys(keyed)) {
			rows = append(rows, map[string]any{p.Rows[0].Name: key, p.Rows[1].Name: keyed[key]})
		}
		return rows
	}
	outer, inner, nested := strings.Cut(p.Name, ".")
	if !nested {
		return said[p.Name]
	}
	within, _ := said[outer].(map[string]any)
	return within[inner]
}

// putAt writes what was typed of a part to where valueAt finds it; nil for nothing.
func putAt(said map[string]any, p part, value any) {
	outer, inner, nested := strings.Cut(p.Name, ".")
	switch {
	case value == nil:
	case !nested:
		said[p.Name] = value
	default:
		within, _ := said[outer].(map[string]any)
		if within == nil {
			within = map[string]any{}
			said[outer] = within
		}
		within[inner] = value
	}
}

func (v *Visit) policyInput(r Reader, p part, value any, currency, prefix string) (in policyInput, err error) {
	in = policyInput{Name: prefix + p.Name, Label: v.partLabel(p), Kind: "text", Required: p.Needs}
	texts := textsOf(value)
	switch p.Kind {
	case aNumber, aPrice:
		in.Kind, in.Value = "number", scaled(value, digitsOf(p, currency))
	case aText:
		in.Value, _ = value.(string)
	case shifts:
		in.Value, in.Hint = strings.Join(texts, ", "), "08:00-12:00, 13:00-17:00"
	case aFlag:
		in.Kind = "flag"
		if on, _ := value.(bool); on {
			in.Value = "1"
		}
	case aShift:
		in.Value, _ = value.(string)
		in.Hint = "22:00-07:00"
	case aChoice, anyRow:
		in.Kind = "select"
		in.Value, _ = value.(string)
		in.Options, err = v.codesOf(r, p, []string{in.Value})
	case someOf:
		in.Kind, in.On = "boxes", texts
		in.Options, err = v.codesOf(r, p, texts)
	case rowsOf:
		in.Kind = "rows"
		in.Heads = v.partHeads(p)
		in.Lines, err = v.policyLines(r, p, value, currency, in.Name)
	}
	return in, err
}

func (v *Visit) partHeads(p part) (heads []string) {
	for _, c := range p.Rows {
		heads = append(heads, v.partLabel(c))
	}
	return heads
}

func (v *Visit) policyLines(r Reader, p part, value any, currency, name string) (lines []policyLine, err error) {
	rows, _ := value.([]any)
	for n := range len(rows) + spareLines {
		said := map[string]any{}
		if n < len(rows) {
			said, _ = rows[n].(map[string]any)
		}
		line, of := policyLine{N: n}, currency
		if own, ok := said["currency"].(string); ok {
			of = own
		}
		for _, c := range p.Rows {
			in, err := v.policyInput(r, c, valueAt(said, c), of, fmt.Sprintf("%s.%d.", name, n))
			if err != nil {
				return nil, err
			}
			line.Cells = append(line.Cells, in)
		}
		lines = append(lines, line)
	}
	return lines, nil
}

func textsOf(value any) (texts []string) {
	list, _ := value.([]any)
	for _, one := range list {
		if s, ok := one.(string); ok {
			texts = append(texts, s)
		}
	}
	return texts
}

func digitsOf(p part, currency string) int {
	if p.Kind == aPrice {
		return minorDigits(currency)
	}
	return p.Scale
}

// scaled writes a number of a policy as people do; "" for none, and for a zero, which says the same.
func scaled(value any, scale int) string {
	number, ok := value.(json.Number)
	if !ok {
		return ""
	}
	n, err := number.Int64()
	if err != nil || n == 0 {
		return ""
	}
	return decimal(n, scale)
}

// readPolicy reads the form: what the policy would say, and what is wrong, by the names of the fields.
func (v *Visit) readPolicy(kind string) (said map[string]any, problems map[string]string) {
	f := policyReader{v, strings.TrimSpace(v.form("p.currency")), map[string]string{}}
	said = map[string]any{}
	for _, p := range policyShapes[kind] {
		value := f.part(p, "p."+p.Name)
		if p.Keyed {
			value = f.keyed(p, value)
		}
		putAt(said, p, value)
	}
	if zone := f.v.form("p.zone"); kind == aftersales.PolicyCalendar && zone != "" {
		if _, err := worktime.Zone(strings.TrimSpace(zone)); err != nil {
			f.problem("p.zone", fault.New(fault.Invalid, "There is no time zone of that name. It is like Asia/Shanghai; empty: the branch's, or the site's."))
		}
	}
	return said, f.problems
}

// policyReader reads what was typed into the form of a policy.
type policyReader struct {
	v        *Visit
	currency string
	problems map[string]string
}

func (f policyReader) problem(name string, err *fault.Error) {
	f.problems[name] = f.v.lang.refusal(err)
}

// part returns what was typed into a field; nil for nothing.
func (f policyReader) part(p part, name string) any {
	typed := strings.TrimSpace(f.v.form(name))
	switch p.Kind {
	case someOf:
		return f.some(p, name)
	case rowsOf:
		return f.rows(p, name)
	case aFlag:
		return typed == "1"
	case shifts:
		return f.shifts(typed, name)
	}
	if p.Letters > 0 {
		typed = strings.ToUpper(typed)
	}
	switch {
	case typed == "" && p.Needs && p.Least == 0 && (p.Kind == aNumber || p.Kind == aPrice):
		return json.Number("0")
	case typed == "" && p.Needs:
		f.problem(name, errNeeded)
		return nil
	case typed == "":
		return nil
	case p.Kind == aNumber || p.Kind == aPrice:
		return f.number(p, typed, name)
	}
	f.check(p, typed, name)
	return typed
}

// check says what is wrong with a text.
func (f policyReader) check(p part, typed, name string) {
	if p.Letters > 0 && (len(typed) != p.Letters || strings.Trim(typed, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "") {
		f.problem(name, map[int]*fault.Error{
			2: fault.New(fault.Invalid, "the country is two letters: CN, TW, DE"),
			3: fault.New(fault.Invalid, "the currency is three capital letters: CNY, TWD, EUR"),
		}[p.Letters])
	}
	if _, err := worktime.ParseShift(typed); p.Kind == aShift && err != nil {
		f.problem(name, fault.New(fault.Invalid, "Hours are written like 22:00-07:00."))
	}
}

func (f policyReader) number(p part, typed, name string) any {
	n, err := parseDecimal(typed, digitsOf(p, f.currency))
	switch {
	case err != nil:
		f.problem(name, errUnread)
	case n < p.Least || p.Most != 0 && n > p.Most:
		f.problem(name, fault.New(fault.Invalid, "This is too much, or too little."))
	}
	return json.Number(strconv.FormatInt(n, 10))
}

func (f policyReader) some(p part, name string) any {
	chosen := []any{}
	for _, s := range f.v.r.PostForm[name] {
		chosen = append(chosen, s)
	}
	if len(chosen) == 0 && p.Needs {
		f.problem(name, errNeeded)
	}
	return chosen
}

func (f policyReader) shifts(typed, name string) any {
	list := []any{}
	for _, s := range elements(typed) {
		if _, err := worktime.ParseShift(s); err != nil {
			f.problem(name, fault.New(fault.Invalid, "Hours are written like 08:00-12:00, with commas between."))
		}
		list = append(list, s)
	}
	return list
}

// rows returns the rows in which something was typed. One that is not full is a problem of the field that lacks.
func (f policyReader) rows(p part, name string) any {
	rows := []any{}
	for n := range mostLines {
		prefix := fmt.Sprintf("%s.%d.", name, n)
		if !f.v.r.PostForm.Has(prefix + p.Rows[0].Name) {
			break
		}
		if f.v.form(prefix+"drop") != "" || !f.typed(p, prefix) {
			continue
		}
		rows = append(rows, f.row(p, prefix))
	}
	return rows
}

func (f policyReader) typed(p part, prefix string) bool {
	return slices.ContainsFunc(p.Rows, func(c part) bool { return c.Kind != aFlag && strings.TrimSpace(f.v.form(prefix+c.Name)) != "" })
}

// row reads a row, with the currency that it names itself.
func (f policyReader) row(p part, prefix string) map[string]any {
	if own := strings.ToUpper(strings.TrimSpace(f.v.form(prefix + "currency"))); own != "" {
		f.currency = own
	}
	row := map[string]any{}
	for _, c := range p.Rows {
		putAt(row, c, f.part(c, prefix+c.Name))
	}
	if p.Agree != nil {
		if cell, wrong := p.Agree(row); wrong != nil && f.problems[prefix+cell] == "" {
			f.problem(prefix+cell, wrong)
		}
	}
	return row
}

// keyed turns rows into an object: days with their hours, of which one without is a holiday; currencies with their limits.
func (f policyReader) keyed(p part, value any) any {
	rows, _ := value.([]any)
	object := map[string]any{}
	for _, one := range rows {
		row, _ := one.(map[string]any)
		key, _ := row[p.Rows[0].Name].(string)
		if _, err := time.Parse(time.DateOnly, key); p.Name == "days" && err != nil && key != "" {
			f.problem("p.days", fault.New(fault.Invalid, "A day is written like 2026-10-01."))
		}
		if _, twice := object[key]; twice {
			f.problem("p."+p.Name, fault.New(fault.Invalid, "The same stands in two lines. Take one out."))
		}
		object[key] = row[p.Rows[1].Name]
	}
	if len(object) == 0 {
		return nil
	}
	return object
}

// again shows the form with what was typed, and what is wrong beside it.
func (v *Visit) again(inputs []policyInput, problems map[string]string) {
	for i := range inputs {
		in := &inputs[i]
		in.Problem = problems["p."+in.Name]
		if in.Problem != "" && in.Kind != "rows" && in.Kind != "boxes" {
			in.Value = v.form("p." + in.Name)
		}
		for _, line := range in.Lines {
			v.again(line.Cells, problems)
		}
	}
}
