package admin

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// Form is a page that makes a row, or changes one: its fields come from the schema, and only what somebody changed in
// it is written.
type Form struct {
	Table    string
	Columns  []string                                          // those that people type, in their order; "fields" stands for all fields of the company's own
	Needed   []string                                          // those that a new row must have
	Defaults map[string]string                                 // what a new row's fields begin with
	Lists    map[string]string                                 // the code lists of columns whose codes are data
	Offers   map[string]func(*Visit, Reader) ([]option, error) // the answers to columns, where they are to be looked up
	Flags    []string                                          // the columns that are yes or no
	Asks     []schema.Column                                   // what is asked where no table has it: instead of Columns
	Hint     string                                            // what is said above the fields, "" for nothing
	Refills  string                                            // the field on which hangs what others begin with (Begin), "" for none
	File     string                                            // the kind of file that can be chosen beneath the fields, "" for none: blob.Document
	URL      string                                            // of the list; a row is at URL/id
	New      string                                            // what the page is called that makes one: "New job"
	Edit     string                                            // ... that changes one, with its name: "Edit job %s"
	Make     string                                            // what the button says: "Make the job"
	Made     string                                            // what is said afterwards
	Cause    string                                            // of making one, for the audit
	// Begin says what the fields of a new row begin with besides; nil: Defaults alone.
	Begin func(v *Visit, r Reader) (map[string]record.Value, error)
	// Create makes the row. Save writes what was changed; nil: aftersales.Edit.
	Create func(tx aftersales.Tx, values record.Values) (record.ID, error)
	Save   func(tx aftersales.Tx, id record.ID, values record.Values) error
}

type formPage struct {
	frame
	*Form
	Back    string // where leaving leads
	Action  string
	Name    string // what the row is called, "" for a new one
	Seen    string
	Fields  []field
	IsNew   bool     // the page makes a row
	Whole   bool     // what it does takes all of its fields, also those that were left as they were shown
	Left    []string // which those are
	Marked  bool     // some fields have a problem
	Problem string   // of the whole
}

var errNeeded = fault.New(fault.Invalid, "This is needed.")

// ShowNew shows the form that makes a row; what its URL's query names is filled in.
func (o *Office) ShowNew(v *Visit, f *Form) error {
	page := formPage{Form: f, Back: f.URL, Action: f.URL, IsNew: true}
	err := o.Engine.View(v.r.Context(), func(r Reader) (err error) {
		page.Fields, err = v.formFields(r, f, nil)
		if err == nil {
			err = v.begin(r, f, page.Fields)
		}
		if err != nil {
			return err
		}
		return v.fill(o.names(r), page.Fields)
	})
	if err != nil {
		return err
	}
	return v.showForm(http.StatusOK, page)
}

// begin fills in what the form says that a new row's references begin with.
func (v *Visit) begin(r Reader, form *Form, fields []field) error {
	if form.Begin == nil {
		return nil
	}
	values, err := form.Begin(v, r)
	if err != nil {
		return err
	}
	for i := range fields {
		f := &fields[i]
		value := values[f.Name]
		if value.IsNull() {
			continue
		}
		if f.Value, err = v.office.names(r).ref(f.column, value); err != nil {
			return err
		}
		f.Ref, f.Begun = value.Ref().String(), f.Value
	}
	return nil
}

// fill takes over what the URL says of a new row: /jobs/new?party=… comes from the customer's page.
func (v *Visit) fill(n *names, fields []field) (err error) {
	for i := range fields {
		f := &fields[i]
		given := v.query(f.Name)
		if given == "" {
			continue
		}
		f.Value = given
		if f.Kind != "row" {
			continue
		}
		id, e := record.ParseID(given)
		if e != nil {
			return errForm
		}
		f.Ref = given
		if f.Value, err = n.ref(f.column, record.Ref(id)); err != nil {
			return err
		}
	}
	return nil
}

// ShowEdit shows the form that changes the row in the URL. It carries what it shows, so that saving it writes over
// nothing else.
func (o *Office) ShowEdit(v *Visit, f *Form) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	page := formPage{Form: f, Back: f.URL + "/" + id.String(), Action: f.URL + "/" + id.String() + "/edit"}
	err = o.Engine.View(v.r.Context(), func(r Reader) error {
		row, err := living(r, o.Schema.Table(f.Table), id)
		if err != nil {
			return err
		}
		page.Seen = Seen{row.Key(): row.Vector}.String()
		if page.Name, err = o.names(r).row(row.Key()); err != nil {
			return err
		}
		page.Fields, err = v.formFields(r, f, row)
		return err
	})
	if err != nil {
		return err
	}
	return v.showForm(http.StatusOK, page)
}

// living returns the row, if there is one to be shown.
func living(r Reader, t *schema.Table, id record.ID) (*record.Row, error) {
	row, err := r.Row(record.Key{Table: t.ID, ID: id})
	if err == nil && (row == nil || row.Deleted) {
		err = errNoPage
	}
	return row, err
}

// SendNew makes the row that the form describes.
func (o *Office) SendNew(v *Visit, f *Form) error {
	page := formPage{Form: f, Back: f.URL, Action: f.URL, IsNew: true}
	file, refused, err := v.formFile(f)
	if err != nil {
		return err
	}
	values, err := v.readForm(&page)
	if err != nil {
		return err
	}
	if refused != nil {
		return v.formRefused(page, refused)
	}
	if page.Marked {
		return v.showForm(http.StatusUnprocessableEntity, page)
	}
	maps.Copy(values, file)
	var id record.ID
	err = o.Engine.Do(v.r.Context(), v.author(), nil, f.Cause, func(tx aftersales.Tx) (err error) {
		id, err = f.Create(tx, values)
		return err
	})
	if err != nil {
		return v.formRefused(page, err)
	}
	return v.done(f.URL+"/"+id.String(), v.t(f.Made))
}

// SendEdit writes what the visitor changed in the form, and nothing that he left as it was. What others wrote
// meanwhile is merged, and shown to him.
func (o *Office) SendEdit(v *Visit, f *Form) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	seen, err := parseSeen(v.form("seen"))
	if err != nil {
		return err
	}
	page := formPage{Form: f, Back: f.URL + "/" + id.String(), Action: f.URL + "/" + id.String() + "/edit", Name: v.form("name.row"), Seen: v.form("seen")}
	values, err := v.readForm(&page)
	if err != nil {
		return err
	}
	if page.Marked {
		return v.showForm(http.StatusUnprocessableEntity, page)
	}
	if len(values) == 0 {
		return v.done(page.Back, v.t("Nothing was changed."))
	}
	err = o.Engine.Do(v.r.Context(), v.author(), seen, aftersales.CauseEdit, func(tx aftersales.Tx) error {
		if f.Save != nil {
			return f.Save(tx, id, values)
		}
		return aftersales.Edit(tx, aftersales.EditInput{Table: f.Table, ID: id, Values: values})
	})
	if err != nil {
		return v.formRefused(page, err)
	}
	return v.done(page.Back+"?since="+url.QueryEscape(page.Seen), v.t("Saved."))
}

func (v *Visit) showForm(status int, page formPage) error {
	title := v.t(page.New)
	if page.IsNew && page.Name != "" {
		title += " · " + page.Name
	}
	if !page.IsNew {
		title = v.t(page.Edit, page.Name)
	}
	page.frame = v.frame(title, page.URL)
	return v.show(status, "form", page)
}

// formRefused shows the form with what was typed and why it was refused.
func (v *Visit) formRefused(page formPage, err error) error {
	f, status := statusOf(err)
	if status >= 500 {
		return err
	}
	page.Problem = v.lang.refusal(f)
	return v.showForm(http.StatusUnprocessableEntity, page)
}

// readForm reads the fields that were changed; columns of one group come together. Fields that cannot be read are
// marked.
func (v *Visit) readForm(page *formPage) (values record.Values, err error) {
	err = v.office.Engine.View(v.r.Context(), func(r Reader) error {
		if page.Fields, err = v.formFields(r, page.Form, nil); err != nil {
			return err
		}
		groups := v.typed(page.Fields)
		values = record.Values{}
		for i := range page.Fields {
			f := &page.Fields[i]
			left := f.Value == f.Was && !groups[f.column.Group]
			whole := page.Whole && f.Was != ""
			if left && !whole && !(page.IsNew && f.Required) {
				continue
			}
			if left && whole {
				page.Left = append(page.Left, f.Name)
			}
			err := v.readField(r, f, values)
			if refusal, status := statusOf(err); err != nil && status < 500 {
				f.Problem, page.Marked = v.lang.refusal(refusal), true
			} else if err != nil {
				return err
			}
		}
		return nil
	})
	return values, err
}

// typed takes over what was typed, and returns the groups of columns of which one was changed.
func (v *Visit) typed(fields []field) (groups map[string]bool) {
	groups = map[string]bool{}
	for i := range fields {
		f := &fields[i]
		f.Value, f.Was, f.Ref = v.form(f.Name), v.form("was."+f.Name), v.form("ref."+f.Name)
		if f.Kind == "many" {
			f.Value = strings.Join(v.r.PostForm[f.Name], ", ")
		}
		if f.Value != f.Was && f.column.Group != "" {
			groups[f.column.Group] = true
		}
	}
	return groups
}

// readField adds what a field says to the values: the cells of a keyed column each by itself.
func (v *Visit) readField(r Reader, f *field, values record.Values) error {
	switch {
	case f.Required && strings.TrimSpace(f.Value) == "":
		return errNeeded
	case f.column.Kind == schema.Ref:
		return v.readRef(r, f, values)
	case f.column.Kind == schema.Set:
		readSet(f, values)
		return nil
	}
	value, err := v.parse(f.column, f.Value)
	values[f.Name] = value
	if err == nil && strings.TrimSpace(f.Value) != "" {
		err = reachable(f.Name, f.Value)
	}
	return err
}

// readSet writes the elements that came and those that went: others may have added theirs meanwhile.
func readSet(f *field, values record.Values) {
	now, was := elements(f.Value), elements(f.Was)
	for _, e := range now {
		if !slices.Contains(was, e) {
			values[f.Name+"."+e] = record.Number(1)
		}
	}
	for _, e := range was {
		if !slices.Contains(now, e) {
			values[f.Name+"."+e] = record.Null
		}
	}
}

// elements are what a text lists with commas between, Chinese ones too.
func elements(typed string) (list []string) {
	for _, e := range strings.FieldsFunc(typed, func(r rune) bool { return strings.ContainsRune(",，、;；\n", r) }) {
		if e = strings.TrimSpace(e); e != "" && !slices.Contains(list, e) {
			list = append(list, e)
		}
	}
	return list
}

// readRef reads which row a field means: the one chosen from the list under it, or the only one that what was typed
// fits.
func (v *Visit) readRef(r Reader, f *field, values record.Values) error {
	if strings.TrimSpace(f.Value) == "" {
		values[f.Name] = record.Null
		return nil
	}
	if id, err := record.ParseID(f.Ref); err == nil {
		label, err := v.office.names(r).ref(f.column, record.Ref(id))
		if err != nil {
			return err
		}
		if label == f.Value {
			values[f.Name] = record.Ref(id)
			return nil
		}
	}
	found, err := find(r, f.column.Ref, strings.TrimSpace(f.Value), 2)
	switch {
	case err != nil:
		return err
	case len(found) == 0:
		return fault.New(fault.Invalid, "Nothing of that name is known. Choose one from the list, or make it first.")
	case len(found) > 1:
		return fault.New(fault.Invalid, "Several fit. Type more of the name, or choose one from the list.")
	}
	values[f.Name] = record.Ref(found[0].ID)
	return nil
}

// reachable refuses what is typed as a telephone number or a mail address and is none: somebody would find out when it
// matters.
func reachable(column, typed string) error {
	switch column {
	case "phone", "phone2":
		if aftersales.Phone(typed) == "" {
			return fault.New(aftersales.BadPhone, "This is no telephone number: type its digits, and write anything else into the note.")
		}
	case "email":
		if !aftersales.IsMail(strings.TrimSpace(typed)) {
			return fault.New(aftersales.BadMail, "This is no mail address. Type it like name@example.com.")
		}
	}
	return nil
}
