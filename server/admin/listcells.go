package admin

import (
	"encoding/json"
	"strings"
	"time"

	"fieldsync/server/list"
	"fieldsync/sync/record"
	"fieldsync/sync/words"
)

// teller says the cells of a list in the visitor's language.
type teller struct {
	*Visit
	list *list.List
}

func (t teller) Head(c *list.Column) string { return t.head(t.list, c) }
func (t teller) Tell(c list.Cell) string    { return t.lang.cell(t.office.Zone, c) }

func (t teller) Value(c list.Cell) any {
	switch {
	case c.Null:
		return nil
	case c.Column.Kind == list.Number && c.Column.Scale == 0:
		return c.Number
	case c.Column.Kind == list.Instant, c.Column.Kind == list.Made:
		return wallClock(c.Number, t.office.Zone)
	case c.Column.Kind == list.Date:
		return time.Unix(c.Number*86400, 0).UTC()
	}
	return t.Tell(c)
}

// wallClock returns a moment as the company's clocks say it: a spreadsheet knows no zones.
func wallClock(ms int64, zone *time.Location) time.Time {
	at := time.UnixMilli(ms).In(zone)
	return time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), 0, time.UTC)
}

// cell says one value of a list.
func (l *language) cell(zone *time.Location, c list.Cell) string {
	if c.Null {
		return ""
	}
	switch c.Column.Kind {
	case list.Translated:
		return l.translation(c.Text)
	case list.Number:
		return decimal(c.Number, int(c.Column.Scale))
	case list.Instant, list.Made:
		return times{l, zone}.when(c.Number)
	case list.Date:
		return date(c.Number)
	case list.Money:
		return strings.TrimSpace(decimal(c.Number, minorDigits(c.Text)) + " " + c.Text)
	case list.Quantity:
		return strings.TrimSpace(quantity(c.Number, int(c.Column.Scale)) + " " + c.Text)
	case list.Code:
		return l.Name(c.Column.Codes + "." + c.Text)
	case list.Flag:
		if c.Number == 1 {
			return l.Say("yes")
		}
		return ""
	}
	return c.Text
}

// quantity writes a number without the zeros at its end: 2, 0.5.
func quantity(n int64, scale int) string {
	s := decimal(n, scale)
	if scale == 0 {
		return s
	}
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// translation returns the text of a translated column in this language, else in any.
func (l *language) translation(stored string) string {
	var texts map[string]string
	if json.Unmarshal([]byte(stored), &texts) != nil {
		return stored
	}
	if s := texts[l.Tag]; s != "" {
		return s
	}
	for _, tag := range words.Tags {
		if s := texts[tag]; s != "" {
			return s
		}
	}
	return ""
}

// to returns where a cell leads, "" if nowhere: the first of a row to the row itself.
func to(c list.Cell) string {
	if c.Column.URL == "" || c.Ref == (record.ID{}) {
		return ""
	}
	return c.Column.URL + c.Ref.String()
}
