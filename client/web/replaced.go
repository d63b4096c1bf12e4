package web

import (
	"strconv"
	"time"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// replacedLine is a value of the user's in whose place another stands now.
type replacedLine struct {
	About, URL   string
	Column       string // as names have it
	Mine, Theirs string
	When         int64
}

// written names a cell.
type written struct {
	row  record.Key
	cell record.CellID
}

// replaced returns what the user wrote and the hub accepted, where another value stands now: the office's, or a
// colleague's. What the user himself wrote later replaced nothing of anybody's.
func (v *request) replaced(tx client.Tx, accepted, later []client.Sent) (lines []replacedLine, err error) {
	seen := map[written]bool{}
	for _, s := range later {
		for i := range s.Rows {
			for _, w := range s.Rows[i].Cells {
				seen[written{s.Rows[i].Key(), w.CellID}] = true
			}
		}
	}
	for _, s := range accepted { // the latest first
		for i := range s.Rows {
			found, err := v.replacedIn(tx, &s.Rows[i], s.Written, seen)
			if err != nil {
				return nil, err
			}
			lines = append(lines, found...)
		}
	}
	return lines, nil
}

func (v *request) replacedIn(tx client.Tx, change *record.RowChange, when time.Time, seen map[written]bool) (lines []replacedLine, err error) {
	t := v.client.Schema.TableByID(change.Table)
	if t == nil || t.Mode == schema.Ledger {
		return nil, nil // what is in a ledger is not replaced
	}
	row, err := tx.Row(t.Name, change.ID)
	if err != nil || row == nil {
		return nil, err
	}
	for _, w := range change.Cells {
		at, cell := t.ColumnByID(w.Column), written{change.Key(), w.CellID}
		if at < 0 || seen[cell] {
			continue
		}
		seen[cell] = true
		now := row.Cols[at]
		if w.Key != "" {
			now = now.Cell(w.Key)
		}
		if now.Compare(w.Value) == 0 {
			continue
		}
		h, c := v.hit(row), &t.Columns[at]
		lines = append(lines, replacedLine{
			About: v.jobName(tx, row, h.Label), URL: h.URL, Column: c.Name, When: when.UnixMilli(),
			Mine: v.shown(tx, t, c, w.Value), Theirs: v.shown(tx, t, c, now),
		})
	}
	return lines, nil
}

// shown returns a value as people read it.
func (v *request) shown(tx client.Tx, t *schema.Table, c *schema.Column, value record.Value) string {
	if value.IsNull() {
		return v.say("(empty)")
	}
	switch c.Kind {
	case schema.Instant:
		return v.lang.when(v.at(value.Number()), v.App.today())
	case schema.Date:
		return v.lang.day(value.Number())
	case schema.Money:
		return money(aftersales.Money{Minor: value.Number(), Currency: value.Text()})
	case schema.Quantity:
		return aftersales.Quantity{Amount: value.Number(), Unit: value.Text()}.String()
	case schema.Enum:
		return v.lang.Name(t.Name + "." + c.Name + "." + value.Text())
	case schema.Ref:
		row, err := tx.Row(c.Ref, value.Ref())
		if err != nil || row == nil {
			return v.say("(not on this phone)")
		}
		return v.hit(row).Label
	}
	if value.Text() != "" {
		return value.Text()
	}
	return strconv.FormatInt(value.Number(), 10)
}
