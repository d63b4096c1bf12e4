package admin

import (
	"maps"
	"net/http"
	"net/url"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/words"
)

// Noun is a kind of row with the usual pages: its list, the page of one, the forms that make and change one, and what
// can be done to it. Package server gives each page its URL and permission.
type Noun struct {
	URL   string
	Lists *Listing
	One   *Detail
	Deeds []*Deed // in the order in which the page of a row offers them
	More  func(b *builder, row *record.Row) ([]block, error)
	Above func(v *Visit, r Reader) ([]block, error) // what stands above the list
}

// Deed is something that is done to a row, with a form of its own: what it asks, and the command that it asks it for.
type Deed struct {
	Name   string // in the URL: /parts/{id}/price
	Title  string // what the button says, and the page
	Hint   string // what follows from it; "" where that is plain
	Done   string // what is said afterwards
	Cause  string // for the audit
	Need   auth.Permission
	File   string // the kind of file that it takes besides, "" for none
	Asks   []schema.Column
	Needed []string
	Check  func(values record.Values) error                                               // what must be so of all that it asks for, of several rows at once; nil: nothing
	Many   bool                                                                           // it can be done to several rows at once
	Lists  map[string]string                                                              // code lists of what it asks
	Fits   func(row *record.Row) bool                                                     // whether a row is in a state for it; nil: always
	Begin  func(b *builder, row *record.Row) (map[string]record.Value, error)             // what its fields begin with; nil: empty
	Writes func(row *record.Row) aftersales.Row                                           // a row beside it that its form shows and writes; nil: none
	Do     func(tx aftersales.Tx, row *record.Row, values record.Values) error            // row is as the transaction finds it
	Offers func(b *builder, row *record.Row, fields []field) (changed []field, err error) // answers that depend on the row; nil: none do
}

// each is what can be done to several rows at once; nil for nothing.
func (n *Noun) each() *Each {
	e := &Each{URL: n.URL, Table: n.One.Table, State: n.One.State}
	for _, d := range n.Deeds {
		if d.Many {
			e.Deeds = append(e.Deeds, d)
		}
	}
	if len(e.Deeds) == 0 {
		return nil
	}
	return e
}

// deedView is a deed as a page offers it.
type deedView struct{ URL, Title string }

// ShowAll shows the list.
func (n *Noun) ShowAll(o *Office, v *Visit) error {
	if n.Above == nil {
		return o.ShowList(v, n.Lists, nil)
	}
	var above []block
	err := o.Engine.View(v.r.Context(), func(r Reader) (err error) {
		above, err = n.Above(v, r)
		return err
	})
	if err != nil {
		return err
	}
	return o.ShowList(v, n.Lists, above)
}

// ShowOne shows the page of the row in the URL.
func (n *Noun) ShowOne(o *Office, v *Visit) error {
	return o.ShowDetail(v, n.One, func(b *builder, row *record.Row) (any, error) {
		b.page.Deeds = n.offered(v, row)
		var blocks []block
		if n.More != nil {
			var err error
			if blocks, err = n.More(b, row); err != nil {
				return nil, err
			}
		}
		aliases, err := n.aliases(b, row)
		return append(blocks, aliases...), err
	})
}

// aliases are the rows for which the row stands since they were joined: from the page of each they can be parted again.
func (n *Noun) aliases(b *builder, row *record.Row) ([]block, error) {
	if row.Table.Column("merged_into") < 0 {
		return nil, nil
	}
	ids, err := b.r.Refs(row.Table, "merged_into", row.ID)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	joined := block{ID: "joined", Title: b.v.t("Joined with this one")}
	for _, id := range ids {
		name, err := b.n.row(b.key(row.Table.Name, id))
		if err != nil {
			return nil, err
		}
		joined.Lines = append(joined.Lines, saying{Text: name, URL: n.URL + "/" + id.String()})
	}
	return []block{joined}, nil
}

// offered are the deeds that the visitor may do to the row as it is.
func (n *Noun) offered(v *Visit, row *record.Row) (list []deedView) {
	for _, d := range n.Deeds {
		if v.Who.May(d.Need) && (d.Fits == nil || d.Fits(row)) {
			list = append(list, deedView{n.URL + "/" + row.ID.String() + "/" + d.Name, v.t(d.Title)})
		}
	}
	return list
}

// ShowNew shows the form that makes a row.
func (n *Noun) ShowNew(o *Office, v *Visit) error { return o.ShowNew(v, n.One.Form) }

// SendNew makes the row.
func (n *Noun) SendNew(o *Office, v *Visit) error { return o.SendNew(v, n.One.Form) }

// ShowEdit shows the form that changes a row.
func (n *Noun) ShowEdit(o *Office, v *Visit) error { return o.ShowEdit(v, n.One.Form) }

// SendEdit writes what was changed.
func (n *Noun) SendEdit(o *Office, v *Visit) error { return o.SendEdit(v, n.One.Form) }

// form returns the form of a deed.
func (n *Noun) form(d *Deed) *Form {
	return &Form{
		Table: n.One.Table, Asks: d.Asks, Needed: d.Needed, Lists: d.Lists, URL: n.URL, New: d.Title, Make: d.Title,
		Hint: d.Hint, File: d.File,
	}
}

// Show returns the action that shows the form of a deed.
func (n *Noun) Show(d *Deed) Action {
	return func(o *Office, v *Visit) error {
		page, err := o.deedPage(v, n, d, func(b *builder, row *record.Row, page *formPage) error {
			if d.Fits != nil && !d.Fits(row) {
				return errNotNow
			}
			seen := Seen{row.Key(): row.Vector}
			if d.Writes != nil {
				if err := b.see(seen, d.Writes(row)); err != nil {
					return err
				}
			}
			page.Seen = seen.String()
			return n.begin(d, b, row, page)
		})
		if err != nil {
			return err
		}
		return v.showForm(http.StatusOK, *page)
	}
}

// errNotNow answers who opens the form of a deed that the row's state does not permit.
var errNotNow = fault.New(NotFound, "This cannot be done now. Open the page again: something has changed.")

// deedPage loads the row in the URL and lets fill say what its form shows.
func (o *Office) deedPage(v *Visit, n *Noun, d *Deed, fill func(*builder, *record.Row, *formPage) error) (*formPage, error) {
	id, err := v.id()
	if err != nil {
		return nil, err
	}
	back := n.URL + "/" + id.String()
	page := &formPage{Form: n.form(d), Back: back, Action: back + "/" + d.Name, IsNew: true, Whole: true}
	return page, o.Engine.View(v.r.Context(), func(r Reader) error {
		row, err := living(r, o.Schema.Table(n.One.Table), id)
		if err != nil {
			return err
		}
		b := o.builder(v, r, &about{})
		if page.Name, err = b.n.row(row.Key()); err != nil {
			return err
		}
		return fill(b, row, page)
	})
}

// see notes that a page shows a row; of one that there is not yet it has seen nothing.
func (b *builder) see(seen Seen, shown aftersales.Row) error {
	key := b.key(shown.Table, shown.ID)
	row, err := b.r.Row(key)
	if err == nil && row != nil {
		seen.see(row)
	} else {
		seen[key] = clock.Vector{}
	}
	return err
}

// begin fills in what the fields of a deed begin with.
func (n *Noun) begin(d *Deed, b *builder, row *record.Row, page *formPage) (err error) {
	if page.Fields, err = b.v.formFields(b.r, page.Form, nil); err != nil {
		return err
	}
	if d.Begin != nil {
		values, err := d.Begin(b, row)
		if err != nil {
			return err
		}
		if err := b.prefill(page.Fields, values); err != nil {
			return err
		}
		for i := range page.Fields {
			page.Fields[i].Was = page.Fields[i].Value
		}
	}
	return n.offer(d, b, row, page)
}

func (n *Noun) offer(d *Deed, b *builder, row *record.Row, page *formPage) (err error) {
	if d.Offers != nil {
		page.Fields, err = d.Offers(b, row, page.Fields)
	}
	return err
}

// prefill writes values into the fields as a person would type them.
func (b *builder) prefill(fields []field, values map[string]record.Value) error {
	for i := range fields {
		f := &fields[i]
		value, given := values[f.Name]
		if !given || value.IsNull() {
			continue
		}
		if f.column.Kind == schema.Ref {
			label, err := b.n.ref(f.column, value)
			if err != nil {
				return err
			}
			f.Ref, f.Value = value.Ref().String(), label
			continue
		}
		typed := b.v.inputOf(f.column, f.Label, value)
		f.Value = typed.Value
	}
	return nil
}

// Send returns the action that does a deed.
func (n *Noun) Send(d *Deed) Action {
	return func(o *Office, v *Visit) error {
		file, refused, err := v.formFile(n.form(d))
		if err != nil {
			return err
		}
		seen, err := parseSeen(v.form("seen"))
		if err != nil {
			return err
		}
		page, err := o.deedPage(v, n, d, func(*builder, *record.Row, *formPage) error { return nil })
		if err != nil {
			return err
		}
		page.Seen = v.form("seen")
		values, err := v.readForm(page)
		if err != nil {
			return err
		}
		maps.Copy(values, file)
		if refused != nil {
			f, _ := statusOf(refused)
			page.Problem = v.lang.refusal(f)
		} else if !page.Marked {
			id, _ := v.id()
			err = o.Engine.Do(v.r.Context(), v.author(), seen, d.Cause, func(tx aftersales.Tx) error {
				row, err := tx.Row(n.One.Table, id)
				if err == nil && row == nil {
					err = errNotNow
				}
				if err != nil {
					return err
				}
				return d.Do(leaving{tx, o.Schema, seen, page.Left}, row, values)
			})
			if err == nil {
				return v.done(page.Back+"?since="+url.QueryEscape(page.Seen), v.t(d.Done))
			}
			f, status := statusOf(err)
			if status >= 500 {
				return err
			}
			page.Problem = v.lang.refusal(f)
		}
		again, err := o.deedPage(v, n, d, func(b *builder, row *record.Row, p *formPage) error {
			return n.offer(d, b, row, page)
		})
		if err != nil {
			return err
		}
		page.Name = again.Name
		return v.showForm(http.StatusUnprocessableEntity, *page)
	}
}

// ask returns a column that only a form has.
func ask(name string, kind schema.Kind, codes ...string) schema.Column {
	c := schema.Column{Name: name, Kind: kind, Codes: codes}
	switch kind {
	case schema.Quantity:
		c.Scale = aftersales.QuantityScale
	case schema.Decimal: // degrees are all that is asked so
		c.Scale = aftersales.PositionScale
	}
	if kind == schema.Enum && len(codes) == 0 {
		c.Kind = schema.Text
	}
	return c
}

const textKind = schema.Text

func columnsAsked(columns ...schema.Column) []schema.Column { return columns }

// askRow returns a column that names a row of the table.
func askRow(name, table string) schema.Column {
	return schema.Column{Name: name, Kind: schema.Ref, Ref: table}
}

// askLong returns a column for a long text, of at most so many bytes.
func askLong(name string, most int) schema.Column {
	return schema.Column{Name: name, Kind: schema.Text, Max: most}
}

// translations returns the languages of a translated text that a form gives.
func translations(values record.Values, column string) map[string]string {
	texts := map[string]string{}
	for _, tag := range words.Tags {
		if s := values[column+"."+tag].Text(); s != "" {
			texts[tag] = s
		}
	}
	return texts
}

// quantityOf returns what was typed into a field of that name.
func quantityOf(v record.Value) aftersales.Quantity {
	return aftersales.Quantity{Amount: v.Number(), Unit: v.Text()}
}

// moneyOf returns what was typed into a field of that name.
func moneyOf(v record.Value) aftersales.Money {
	return aftersales.Money{Minor: v.Number(), Currency: v.Text()}
}
