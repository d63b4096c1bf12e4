package admin

import (
	"net/http"
	"slices"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// Each is what can be done to several rows of a list at once: the deeds of one row, one row after another, each in a
// transaction of its own, so that what is refused for one stops nothing of the others.
type Each struct {
	URL   string // of the list
	Table string
	State string // the column shown beside a row's name, "" for none
	Deeds []*Deed
	// Warn says what to think twice about before the deed is done to the rows, by row; nil: nothing ever is.
	Warn func(b *builder, d *Deed, rows []*record.Row, values record.Values) (map[record.ID][]string, error)
}

// eachMost is how many rows are done at once: what one page of a list can show, many times over.
const eachMost = 500

// errNone answers who chose no row.
var errNone = fault.New(fault.Invalid, "Nothing is chosen. Tick the rows first.")

// eachPage asks for what a deed needs, shows what it would do, and afterwards what became of each row.
type eachPage struct {
	frame
	*formPage
	Rows   []eachRow
	Sure   bool // there are warnings: once more, with open eyes
	Over   bool // it is done
	Done   int
	Failed int
	Query  string // of the list, to come back to it
}

// eachRow is one of the rows.
type eachRow struct {
	ID, Name, State, StateName, URL string
	Warnings                        []string
	Refused                         string // why nothing was done, or can be
	Done                            bool
}

// offered are the deeds that the visitor may do to several rows.
func (e *Each) offered(v *Visit) (list []deedView) {
	if e == nil {
		return nil
	}
	for _, d := range e.Deeds {
		if v.Who.May(d.Need) {
			list = append(list, deedView{e.url(d), v.t(d.Title)})
		}
	}
	return list
}

func (e *Each) url(d *Deed) string { return e.URL + "/each/" + d.Name }

// Send returns the action that asks for what a deed needs, warns, and does it to each of the rows chosen.
func (e *Each) Send(d *Deed) Action {
	return func(o *Office, v *Visit) error {
		page, rows, err := e.load(o, v, d)
		if err != nil {
			return err
		}
		if v.form("go") == "" {
			return v.showEach(http.StatusOK, page)
		}
		values, err := v.readForm(page.formPage)
		if err != nil {
			return err
		}
		if d.Check != nil && !page.Marked {
			if err := d.Check(values); err != nil {
				f, _ := statusOf(err)
				page.Problem = v.lang.refusal(f)
			}
		}
		if page.Marked || page.Problem != "" {
			return v.showEach(http.StatusUnprocessableEntity, page)
		}
		if v.form("sure") == "" {
			if err := e.warn(o, v, d, page, rows, values); err != nil {
				return err
			}
			if page.Sure {
				return v.showEach(http.StatusConflict, page)
			}
		}
		return e.do(o, v, d, page, rows, values)
	}
}

// load reads the rows chosen: those that the deed fits, and beside them those that it does not.
func (e *Each) load(o *Office, v *Visit, d *Deed) (page *eachPage, rows []*record.Row, err error) {
	chosen := v.r.PostForm["id"]
	if len(chosen) == 0 || len(chosen) > eachMost {
		return nil, nil, errNone
	}
	form := &Form{Table: e.Table, Asks: d.Asks, Needed: d.Needed, Lists: d.Lists, URL: e.URL, New: d.Title, Make: d.Title, Hint: d.Hint}
	page = &eachPage{formPage: &formPage{Form: form, Back: local(v.form("back"), e.URL), Action: e.url(d), IsNew: true, Seen: v.form("seen")}}
	seen := Seen{}
	err = o.Engine.View(v.r.Context(), func(r Reader) error {
		b := o.builder(v, r, &about{})
		for _, text := range slices.Compact(chosen) {
			id, err := record.ParseID(text)
			if err != nil {
				return errForm
			}
			row, err := living(r, o.Schema.Table(e.Table), id)
			if err != nil {
				return err
			}
			one, err := e.row(b, d, row)
			if err != nil {
				return err
			}
			if page.Rows = append(page.Rows, one); one.Refused == "" {
				rows = append(rows, row)
				seen.see(row)
			}
		}
		page.Fields, err = v.formFields(r, form, nil)
		return err
	})
	if page.Seen == "" {
		page.Seen = seen.String()
	}
	return page, rows, err
}

// row shows a row, and why the deed cannot be done to it where it does not fit.
func (e *Each) row(b *builder, d *Deed, row *record.Row) (one eachRow, err error) {
	one.ID, one.URL = row.ID.String(), e.URL+"/"+row.ID.String()
	if one.State = row.Get(e.State).Text(); one.State != "" {
		one.StateName = b.v.lang.Name(e.Table + "." + e.State + "." + one.State)
	}
	switch {
	case d.Fits != nil && !d.Fits(row):
		one.Refused = b.v.t("This cannot be done in its state.")
	case !b.v.Who.May(d.Need, row.Get("branch").Ref()):
		one.Refused = b.v.t("This belongs to another branch, where your roles do not include this. Ask a colleague there.")
	}
	one.Name, err = b.n.full(row.Key(), jobItself(row))
	return one, err
}

// jobItself returns the id of a row that is a job, which is called by its number and its title.
func jobItself(row *record.Row) (id record.ID) {
	if row.Table.Name == "job" {
		id = row.ID
	}
	return id
}

// warn asks what there is to think twice about.
func (e *Each) warn(o *Office, v *Visit, d *Deed, page *eachPage, rows []*record.Row, values record.Values) error {
	if e.Warn == nil {
		return nil
	}
	return o.Engine.View(v.r.Context(), func(r Reader) error {
		found, err := e.Warn(o.builder(v, r, &about{}), d, rows, values)
		for i := range page.Rows {
			id, _ := record.ParseID(page.Rows[i].ID)
			page.Rows[i].Warnings = found[id]
			page.Sure = page.Sure || len(found[id]) > 0
		}
		return err
	})
}

// do does it to each row, and shows what became of them. A fault of the hub's is a refusal of that row too: what was
// done before it is done.
func (e *Each) do(o *Office, v *Visit, d *Deed, page *eachPage, rows []*record.Row, values record.Values) error {
	seen, err := parseSeen(page.Seen)
	if err != nil {
		return err
	}
	for _, row := range rows {
		i := slices.IndexFunc(page.Rows, func(one eachRow) bool { return one.ID == row.ID.String() })
		err := o.Engine.Do(v.r.Context(), v.author(), Seen{row.Key(): seen[row.Key()]}, d.Cause, func(tx aftersales.Tx) error {
			now, err := tx.Row(e.Table, row.ID)
			if err == nil && (now == nil || d.Fits != nil && !d.Fits(now)) {
				err = errNotNow
			}
			if err != nil {
				return err
			}
			return d.Do(tx, now, values)
		})
		if err != nil {
			f, status := statusOf(err)
			if page.Rows[i].Refused = v.lang.refusal(f); status >= 500 {
				o.Log.Error("one of several was not done", "table", e.Table, "id", row.ID, "err", err)
			}
			continue
		}
		page.Rows[i].Done = true
		page.Done++
	}
	if page.Over, page.Failed = true, len(page.Rows)-page.Done; page.Failed == 0 {
		return v.done(page.Back, v.t("Done: %d.", page.Done))
	}
	return v.showEach(http.StatusOK, page)
}

func (v *Visit) showEach(status int, page *eachPage) error {
	page.frame = v.frame(v.t(page.New)+" · "+v.t("chosen: %d", len(page.Rows)), page.URL)
	return v.show(status, "each", page)
}

// deeds that customers, requests and jobs share with no other rows.

var customersEach = &Each{
	URL: customersURL, Table: "party",
	Deeds: []*Deed{
		{
			Name: "group", Title: "Put into a group", Cause: aftersales.CauseEdit, Need: auth.EditCustomers,
			Asks: columnsAsked(ask("customer_group", schema.Enum)), Lists: map[string]string{"customer_group": "customer_group"}, Needed: []string{"customer_group"},
			Do: func(tx aftersales.Tx, row *record.Row, v record.Values) error {
				return aftersales.Edit(tx, aftersales.EditInput{Table: "party", ID: row.ID, Values: record.Values{"customer_group": v["customer_group"]}})
			},
		},
		archiveDeed("party", auth.DeleteCustomers), unarchiveDeed("party", auth.DeleteCustomers),
	},
}

var requestsEach = &Each{
	URL: requestsURL, Table: "request", State: "state",
	Deeds: []*Deed{
		{
			Name: "hand", Title: "Hand on", Cause: aftersales.CauseRequestHand, Need: auth.EditRequests,
			Asks: columnsAsked(askRow("person", "person"), askRow("team", "team")), Fits: requestOpen,
			Hint: "To a person, or to a group.", Check: personOrTeam,
			Do: func(tx aftersales.Tx, row *record.Row, v record.Values) error {
				return aftersales.HandRequest(tx, aftersales.HandRequestInput{Request: row.ID, Person: v["person"].Ref(), Team: v["team"].Ref()})
			},
		},
		{
			Name: "cancel", Title: "Cancel", Cause: aftersales.CauseRequestMove, Need: auth.EditRequests,
			Asks: columnsAsked(ask("reason", textKind)), Needed: []string{"reason"}, Fits: requestOpen,
			Do: func(tx aftersales.Tx, row *record.Row, v record.Values) error {
				return aftersales.MoveRequest(tx, aftersales.MoveRequestInput{Request: row.ID, To: aftersales.RequestCancelled, Reason: v["reason"].Text()})
			},
		},
		archiveDeed("request", auth.DeleteRecords), unarchiveDeed("request", auth.DeleteRecords),
	},
}

// personOrTeam refuses what is for nobody, or for two.
func personOrTeam(values record.Values) error {
	if values["person"].Ref().IsZero() == values["team"].Ref().IsZero() {
		return fault.New(fault.Invalid, "Choose a person or a group.")
	}
	return nil
}

func requestOpen(row *record.Row) bool { return !aftersales.RequestOf(row).Over() }

var discrepanciesEach = &Each{
	URL: discrepanciesURL, Table: "discrepancy", State: "state",
	Deeds: []*Deed{{
		Name: "settle", Title: "Settle", Cause: aftersales.CauseDiscrepancy, Need: auth.SettleStock,
		Asks: columnsAsked(ask("reason", textKind)), Needed: []string{"reason"},
		Fits: func(row *record.Row) bool { return aftersales.DiscrepancyOf(row).Open() },
		Do: func(tx aftersales.Tx, row *record.Row, v record.Values) error {
			return aftersales.Settle(tx, aftersales.SettleInput{Discrepancy: row.ID, Resolution: v["reason"].Text()})
		},
	}},
}
