package admin

import (
	"strings"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/clock"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// names finds what rows, people and writers are called, within one snapshot, each once.
type names struct {
	tag     string // of the language in which a name that is translated is said; "" for any
	read    Reader
	schema  *schema.Schema
	rows    map[record.Key]string
	writers map[clock.Actor]Writer
}

func (o *Office) names(r Reader) *names {
	return &names{"", r, o.Schema, map[record.Key]string{}, map[clock.Actor]Writer{}}
}

// calling are the columns by which people call a row, the best first: a customer by his name, a job by its number, a
// machine by the serial that stands on it, and which the caller reads out.
var calling = []string{"name", "serial", "number", "title", "summary", "code", "address"}

// calledUnit is what a machine is called, as an expression over that table or alias: what names.row says of it.
func calledUnit(as string) string {
	return "coalesce(" + as + ".name, " + as + ".serial, " + as + ".number)"
}

// callingOf are the references by whose rows a row without a name of its own is called: a visit by its job.
var callingOf = []string{"job", "about", "notice", "person", "part", "unit", "party"}

// row returns what the row is called: by its best column, else by the person of that id, else by the end of its id.
func (n *names) row(k record.Key) (string, error) {
	if name, ok := n.rows[k]; ok || k.ID.IsZero() {
		return name, nil
	}
	n.rows[k] = unnamed(k) // while it is looked for, in rows that name each other
	name, err := n.find(k)
	n.rows[k] = name
	return name, err
}

func (n *names) find(k record.Key) (string, error) {
	row, err := n.read.Row(k)
	if err != nil {
		return "", err
	}
	if row != nil {
		if s := n.translated(row); s != "" && row.Table.Name == "code" { // its code is for programs
			return s, nil
		}
		for _, column := range calling {
			if column == "summary" && row.Table.Name == "visit" {
				continue // what was done is no name: a visit is called by its job
			}
			if s := row.Get(column).Text(); s != "" && row.Table.Columns[row.Table.Column(column)].Kind == schema.Text {
				return s, nil
			}
		}
		if s := n.translated(row); s != "" {
			return s, nil
		}
		for _, column := range callingOf {
			if of := row.Get(column); !of.IsNull() && row.Table.Columns[row.Table.Column(column)].Kind != schema.Text {
				return n.ref(&row.Table.Columns[row.Table.Column(column)], of)
			}
		}
	}
	if name, err := n.read.PersonName(k.ID); err != nil || name != "" {
		return name, err
	}
	return unnamed(k), nil
}

// changed returns what the row of a change is called. One that the change makes, and that was refused, is no row here: it is
// called by what the change says that it belongs to, and so in what follows.
func (n *names) changed(t *schema.Table, c *record.RowChange) (string, error) {
	name, err := n.row(c.Key())
	if err != nil || name != unnamed(c.Key()) {
		return name, err
	}
	for _, column := range callingOf {
		for _, w := range c.Cells {
			at := t.ColumnByID(w.Column)
			if at < 0 || t.Columns[at].Name != column || w.Value.IsNull() || t.Columns[at].Kind == schema.Text {
				continue
			}
			name, err = n.ref(&t.Columns[at], w.Value)
			n.rows[c.Key()] = name
			return name, err
		}
	}
	return name, nil
}

func unnamed(k record.Key) string {
	id := k.ID.String()
	return "…" + id[len(id)-6:]
}

// translated returns what the row is called in a column that has it in several languages.
func (n *names) translated(row *record.Row) string {
	for _, column := range []string{"name", "title", "label"} {
		i := row.Table.Column(column)
		if i < 0 || row.Table.Columns[i].Kind != schema.Translated {
			continue
		}
		texts := map[string]string{}
		for tag, cell := range row.Cols[i].Cells() {
			texts[tag] = cell.Text()
		}
		if s := aftersales.Label(texts, n.tag); s != "" {
			return s
		}
	}
	return ""
}

// full returns what a job is called in full, number and title, where the row is one or belongs to one; else what the
// row is called.
func (n *names) full(k record.Key, job record.ID) (string, error) {
	if job.IsZero() {
		return n.row(k)
	}
	row, err := n.read.Row(record.Key{Table: n.schema.Table("job").ID, ID: job})
	if err != nil || row == nil {
		return "", err
	}
	return strings.TrimSpace(row.Get("number").Text() + " " + row.Get("title").Text()), nil
}

// unit returns what a machine is called, by that name, with the serial and the number that people tell it from others by:
// one is read out on the telephone, the other stands on our papers.
func (n *names) unit(id record.ID, name string) (string, error) {
	row, err := n.read.Row(record.Key{Table: n.schema.Table("unit").ID, ID: id})
	if err != nil || row == nil {
		return name, err
	}
	said := []string{name}
	for _, column := range []string{"serial", "number"} {
		if s := row.Get(column).Text(); s != "" && s != name {
			said = append(said, s)
		}
	}
	return strings.Join(said, " · "), nil
}

// ref returns what the row that a reference column points to is called.
func (n *names) ref(c *schema.Column, v record.Value) (string, error) {
	if c.Kind == schema.AnyRef {
		return n.row(v.Key())
	}
	t := n.schema.Table(c.Ref)
	if t == nil {
		return n.row(record.Key{ID: v.Ref()})
	}
	return n.row(record.Key{Table: t.ID, ID: v.Ref()})
}

// writer returns who writes as the actor.
func (n *names) writer(a clock.Actor) (Writer, error) {
	if w, ok := n.writers[a]; ok {
		return w, nil
	}
	w, err := n.read.Writer(a)
	n.writers[a] = w
	return w, err
}
