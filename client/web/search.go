package web

import (
	"fieldsync/client"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

const searchURL = "/search"

// searchPage finds anything that is on the phone.
type searchPage struct {
	frame
	Query string
	Hits  []hit
	Ready bool
}

// hit is a row that the search found: what it is called, and where it is shown; URL is "" for one without a page.
type hit struct {
	Table, Label, Sub, URL string
}

const maxHits = 40

// search shows what is found. The script asks again at every letter, and takes over the results.
func (v *request) search() error {
	p := searchPage{frame: v.frame("Search"), Query: v.form("q")}
	p.Tab = "search"
	status, err := v.client.Status(v.ctx())
	if err != nil {
		return err
	}
	if p.Ready = status.SearchReady; p.Query == "" {
		return v.show("search", p)
	}
	hits, err := v.client.Search(v.ctx(), p.Query, client.SearchOptions{Limit: maxHits})
	if err != nil {
		return err
	}
	err = v.view(func(tx client.Tx) error {
		for _, h := range hits {
			row, err := tx.Row(h.Table, h.ID)
			if err != nil {
				return err
			}
			if row != nil {
				found := v.hit(row)
				found.Label = v.jobName(tx, row, found.Label)
				p.Hits = append(p.Hits, found)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return v.show("search", p)
}

// hit says what a row is called, and where it is shown: on its own page, else on that of the job, machine or customer
// that it belongs to.
func (v *request) hit(row *record.Row) hit {
	h := hit{Table: row.Table.Name}
	for _, column := range []string{"title", "name", "text", "summary", "finding", "label", "items", "solution", "number", "code", "serial"} {
		if h.Label = v.text(row, column); h.Label != "" {
			break
		}
	}
	for _, column := range []string{"number", "code", "serial", "phone", "address", "job_number"} {
		if h.Sub = v.text(row, column); h.Sub != "" && h.Sub != h.Label {
			break
		}
	}
	h.Label = short(h.Label)
	h.URL = pageOf(row)
	return h
}

// text returns a column as text in the visitor's language; "" where the table has no such column.
func (v *request) text(row *record.Row, column string) string {
	at := row.Table.Column(column)
	if at < 0 {
		return ""
	}
	value := row.Get(column)
	if row.Table.Columns[at].Kind != schema.Translated {
		return value.Text()
	}
	labels := map[string]string{}
	for language, label := range value.Cells() {
		labels[language] = label.Text()
	}
	return aftersales.Label(labels, v.lang.Tag)
}

// maxLabel is how many letters of a long text a list shows.
const maxLabel = 120

func short(s string) string {
	if letters := []rune(firstText(s)); len(letters) > maxLabel {
		return string(letters[:maxLabel-1]) + "…"
	}
	return firstText(s)
}

// pageOf returns the page that shows a row.
func pageOf(row *record.Row) string {
	own := map[string]string{"job": "/jobs/", "unit": "/machines/", "part": "/parts/", "party": "/customers/"}
	if base := own[row.Table.Name]; base != "" {
		return base + row.ID.String()
	}
	for _, column := range []string{"job", "unit", "party", "part"} {
		i := row.Table.Column(column)
		if i >= 0 && row.Table.Columns[i].Ref == column && !row.Cols[i].IsNull() {
			return own[column] + row.Cols[i].Ref().String()
		}
	}
	return ""
}

// customerPage is a customer: how to reach him, and what the phone knows of him.
type customerPage struct {
	frame
	Party    aftersales.Party
	Phones   []phone
	Contacts []aftersales.Contact
	Units    []aftersales.Unit
	Jobs     []aftersales.Job
	More     bool // there are more of something than the page shows
}

func (v *request) customer() error {
	id, err := v.path()
	if err != nil {
		return err
	}
	p := customerPage{frame: v.frame("Customer")}
	p.Back = searchURL
	of := map[string][]record.ID{}
	for _, table := range []string{"contact", "unit", "job"} {
		if of[table], err = v.ids(`SELECT id FROM `+table+` WHERE _del = 0 AND party = ? ORDER BY id DESC LIMIT ?`, id[:], maxListed+1); err != nil {
			return err
		}
		if len(of[table]) > maxListed {
			of[table], p.More = of[table][:maxListed], true
		}
	}
	if err := v.view(func(tx client.Tx) error { return p.read(tx, id, of) }); err != nil {
		return err
	}
	return v.show("customer", p)
}

func (p *customerPage) read(tx client.Tx, id record.ID, of map[string][]record.ID) (err error) {
	if id, err = aftersales.Survivor(tx, "party", id); err != nil {
		return err
	}
	if p.Party, err = rowAs(tx, "party", id, aftersales.PartyOf); err != nil {
		return err
	}
	for _, number := range []string{p.Party.Phone, p.Party.Phone2} {
		if number != "" {
			p.Phones = append(p.Phones, phone{p.Party.Name, number})
		}
	}
	if p.Contacts, err = those(tx, "contact", of["contact"], aftersales.ContactOf); err != nil {
		return err
	}
	for _, c := range p.Contacts {
		if c.Phone != "" {
			p.Phones = append(p.Phones, phone{c.Name, c.Phone})
		}
	}
	if p.Units, err = those(tx, "unit", of["unit"], aftersales.UnitOf); err != nil {
		return err
	}
	p.Jobs, err = those(tx, "job", of["job"], aftersales.JobOf)
	return err
}

// those returns the rows with these ids that are here, in their order.
func those[T any](tx client.Tx, table string, ids []record.ID, of func(*record.Row) T) (list []T, err error) {
	for _, id := range ids {
		row, err := tx.Row(table, id)
		if err != nil {
			return nil, err
		}
		if row != nil {
			list = append(list, of(row))
		}
	}
	return list, nil
}
