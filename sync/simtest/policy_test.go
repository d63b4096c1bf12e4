package simtest

import (
	"testing"

	"fieldsync/sync/clock"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// Each line has two writes that did not know each other: the first is shown, whichever came first, and the second is
// kept beside it until somebody who has seen both writes.
func TestPolicyShowsTheSameWhicheverCameFirst(t *testing.T) {
	t.Parallel()
	type write struct {
		side  clock.Side
		eff   clock.Stamp
		value record.Value
	}
	const device, office, hub = clock.SideDevice, clock.SideOffice, clock.SideHub
	a, b, n, one, two := record.Text("a"), record.Text("b"), record.Null, record.Number(1), record.Number(2)
	last, ask := schema.Column{Kind: schema.Text}, schema.Column{Kind: schema.Text, Policy: schema.Ask}
	group := schema.Column{Kind: schema.Instant, Policy: schema.Group, Group: "plan"}
	first := schema.Column{Kind: schema.Instant, Policy: schema.First}
	price := schema.Column{Kind: schema.Text, Policy: schema.Owner, Owner: schema.Office}
	finding := schema.Column{Kind: schema.Text, Policy: schema.Owner, Owner: schema.Device}
	state := asking[1].column
	highest := schema.Column{Kind: schema.Integer, Policy: schema.Max}
	lowest := schema.Column{Kind: schema.Integer, Policy: schema.Min}
	tag, fields := schema.Column{Kind: schema.Set}, schema.Column{Kind: schema.Fields}
	for name, c := range map[string]struct {
		column        schema.Column
		shown, beside write
	}{
		"the later":                               {last, write{device, 2, a}, write{office, 1, b}},
		"the later, of nothing and something":     {last, write{device, 2, n}, write{office, 1, b}},
		"the greater actor, if none is later":     {last, write{office, 1, a}, write{device, 1, b}},
		"the later of a field":                    {fields, write{device, 2, one}, write{office, 1, a}},
		"the later of a question":                 {ask, write{device, 2, a}, write{device, 1, b}},
		"the later of a group":                    {group, write{device, 2, one}, write{office, 1, two}},
		"the earlier":                             {first, write{device, 1, two}, write{office, 2, one}},
		"the office's price":                      {price, write{office, 1, a}, write{device, 2, b}},
		"the hub's price, for the office":         {price, write{hub, 1, a}, write{device, 2, b}},
		"the later of two prices of the office":   {price, write{office, 2, a}, write{hub, 1, b}},
		"the later of two prices of devices":      {price, write{device, 2, a}, write{device, 1, b}},
		"the device's finding":                    {finding, write{device, 1, a}, write{office, 2, b}},
		"the device's finding and not the hub's":  {finding, write{device, 1, a}, write{hub, 2, b}},
		"the further state":                       {state, write{device, 1, codes[2]}, write{office, 2, codes[0]}},
		"the further state, though a person asks": {state, write{device, 1, codes[2]}, write{office, 2, codes[1]}},
		"any state rather than none":              {state, write{device, 1, codes[0]}, write{office, 2, n}},
		"the greatest":                            {highest, write{device, 1, two}, write{office, 2, one}},
		"the greatest rather than none":           {highest, write{device, 1, one}, write{office, 2, n}},
		"the least":                               {lowest, write{device, 1, one}, write{office, 2, two}},
		"the least rather than none":              {lowest, write{device, 1, two}, write{office, 2, n}},
		"the tag added rather than removed":       {tag, write{device, 1, one}, write{office, 2, n}},
	} {
		h := &History{Table: NewTable(c.column)}
		for i, w := range []write{c.shown, c.beside} {
			d := clock.Dot{Actor: actorOf(1-i, w.side), Counter: 1}
			h.Writes = append(h.Writes, Written{Dot: d, Eff: w.eff, Value: w.value})
		}
		for _, order := range [][]int{{0, 1}, {1, 0}} {
			d := h.Deliver()
			for _, i := range order {
				d.Come(i)
			}
			if standing, shown := d.Standing(0); standing != h.All() || shown != 0 {
				t.Errorf("%s: in the order %v %b stand and %d is shown", name, order, standing, shown)
			}
			if cell := shownCell(d); cell != c.shown.value {
				t.Errorf("%s: in the order %v the row has %v, want %v", name, order, cell, c.shown.value)
			}
		}
	}
}

func shownCell(d *Delivery) record.Value {
	if key := cellOf(&d.History.Table.Columns[0]).Key; key != "" {
		return d.Row.Cols[0].Cell(key)
	}
	return d.Row.Cols[0]
}

// A value happened no earlier than what it replaced, whatever its author's clock said: or what it replaced would have
// to be shown before it.
func TestReplacingHappensNoEarlierThanWhatItReplaces(t *testing.T) {
	t.Parallel()
	by := func(i int) clock.Dot { return clock.Dot{Actor: actorOf(i, clock.SideDevice), Counter: 1} }
	h := &History{Table: NewTable(schema.Column{Kind: schema.Text}), Writes: []Written{
		{Dot: by(0), Eff: 9, Value: record.Text("by a fast clock")},
		{Dot: by(1), Eff: 2, Value: record.Text("its correction"), Saw: 1},
		{Dot: by(2), Eff: 5, Value: record.Text("in between")},
	}}
	d := h.Deliver()
	for i := range h.Writes {
		d.Come(i)
	}
	if standing, shown := d.Standing(0); standing != 0b110 || shown != 1 {
		t.Errorf("%b stand and %d is shown, want the correction beside what came in between\n%s", standing, shown, tale(d))
	}
}

// In an ask column a write settles exactly what it names; one that names nothing replaces what was shown to its author.
func TestOnlyNamingSettlesAQuestion(t *testing.T) {
	t.Parallel()
	h := &History{Table: NewTable(schema.Column{Kind: schema.Text, Policy: schema.Ask})}
	add := func(actor int, value string, saw Writes, settles ...clock.Dot) clock.Dot {
		n := uint64(len(h.Writes) + 1)
		d := clock.Dot{Actor: actorOf(actor, clock.SideOffice), Counter: n}
		w := Written{Dot: d, Eff: clock.Stamp(n), Value: record.Text(value), Saw: saw, Settles: settles}
		h.Writes = append(h.Writes, w)
		return d
	}
	one := add(0, "left", 0)
	add(1, "right", 0)
	three := add(2, "ahead", 0b11)
	h.Writes[2].Shown = record.Text("right") // names nothing: takes the place of what it was shown
	d := h.Deliver()
	for i := range 3 {
		step(t, d, i)
	}
	if standing, _ := d.Standing(0); standing != 0b101 {
		t.Fatalf("%b stand after a write that names nothing, want 101", standing)
	}
	add(0, "left it is", 0b111, one, three)
	step(t, d, 3)
	if standing, _ := d.Standing(0); standing != 0b1000 {
		t.Fatalf("%b stand after a write that names both, want 1000", standing)
	}
}
