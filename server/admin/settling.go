package admin

import (
	"slices"
	"strings"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// settling is what the page of something that a person settles has beyond others.
type settling struct {
	Open bool
	May  bool
	As   []option // how it can be settled; nil where it is only said in words
	Why  []string
}

// subject adds to the facts of a finding or a discrepancy what it is about, where no other of them says so: the line of a bill, which
// stands on its job's page, what was moved or handed over, and the part of it. Each leads there.
func (b *builder) subject(row *record.Row) error {
	key := row.Get("about").Key()
	t := b.o.Schema.TableByID(key.Table)
	if t == nil {
		return nil
	}
	about, err := b.r.Row(key)
	if err != nil || about == nil {
		return err
	}
	var more []fact
	switch t.Name {
	case "charge":
		more, err = b.charged(about)
	case "movement":
		more, err = b.moved(about)
	default:
		more, err = b.refersTo(row, about)
	}
	if err != nil {
		return err
	}
	at := min(2, len(b.page.Facts)) // behind what it is, and whose job
	for _, f := range more {
		known := slices.ContainsFunc(b.page.Facts, func(k fact) bool { return k.URL == f.URL && f.URL != "" })
		if !known {
			b.page.Facts = slices.Insert(b.page.Facts, at, f)
			at++
		}
	}
	return nil
}

// charged says which line of a bill it is.
func (b *builder) charged(row *record.Row) ([]fact, error) {
	c := aftersales.ChargeOf(row)
	what, err := b.v.code(b.n, aftersales.ListService, c.Service)
	if err != nil {
		return nil, err
	}
	what = strings.Join(slices.DeleteFunc([]string{what, c.Text, amountOf(c.Quantity), money(c.UnitPrice)}, func(s string) bool { return s == "" }), " · ")
	part, err := b.partFact(row)
	return append([]fact{{b.v.lang.Name("charge"), what, jobURL(c.Job) + "#ch-" + row.ID.String()}}, part...), err
}

// moved says how much was moved, and of what.
func (b *builder) moved(row *record.Row) ([]fact, error) {
	m := aftersales.MovementOf(row)
	cause, err := b.text(row, "cause")
	if err != nil {
		return nil, err
	}
	part, err := b.partFact(row)
	return append([]fact{{b.v.lang.Name("movement"), cause + " · " + amountOf(m.Quantity), movementsURL + "/" + row.ID.String()}}, part...), err
}

// refersTo says which row it is about, unless it names that in a column of its own.
func (b *builder) refersTo(row, about *record.Row) ([]fact, error) {
	for i, c := range row.Table.Columns {
		if c.Kind == schema.Ref && row.Cols[i].Ref() == about.ID {
			return nil, nil
		}
	}
	name, err := b.n.row(about.Key())
	at := rowPages[about.Table.Name]
	if about.Table.Name == "hand_over" {
		at = handOversURL
	}
	if at != "" {
		at += "/" + about.ID.String()
	}
	return []fact{{b.v.lang.Name(about.Table.Name), name, at}}, err
}

// partFact names the part of a row, nothing where it has none.
func (b *builder) partFact(row *record.Row) ([]fact, error) {
	part := row.Get("part").Ref()
	if part.IsZero() {
		return nil, nil
	}
	found, err := b.r.Row(b.key("part", part))
	if err != nil || found == nil {
		return nil, err
	}
	name := strings.TrimSpace(found.Get("code").Text() + " " + b.v.translated(found.Get("name")))
	return []fact{{b.v.lang.Name("part"), name, partsURL + "/" + part.String()}}, nil
}

func amountOf(q aftersales.Quantity) string {
	return strings.TrimSpace(quantity(q.Amount, aftersales.QuantityScale) + " " + q.Unit)
}
