package admin

import (
	"encoding/json"
	"slices"
	"strings"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/worktime"
)

// What dispatching goes by beside skills and absences: when somebody works, and where he sets out from.

// weekNames name the days of a week as calendars do, Monday first.
var weekNames = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

const mostDayLines = 32 << 10 // bytes of the days with other hours

func hoursAsked() (asks []schema.Column) {
	for _, day := range weekNames {
		asks = append(asks, ask(day, schema.Text))
	}
	return append(asks, askLong("days", mostDayLines))
}

var hoursDeed = &Deed{
	Name: "hours", Title: "Set the working hours", Done: "Set.", Cause: aftersales.CauseEdit, Need: auth.EditPeople, Asks: hoursAsked(), Writes: resourceOf,
	Hint: "Written like 08:00-12:00, 13:00-17:00; a day without hours is free. With no hours at all, those of the branch hold. The holidays of the branch are free here too, unless the day stands among those with other hours: one a line, like 2026-10-10 08:00-12:00, and a day alone is free.",
	Begin: func(b *builder, row *record.Row) (map[string]record.Value, error) {
		written, given, err := aftersales.OwnHours(aftersales.Look(b.r), row.ID)
		if err != nil || !given {
			return nil, err
		}
		begin := map[string]record.Value{"days": record.Text(strings.Join(dayLines(written), "\n"))}
		for _, day := range weekNames {
			begin[day] = record.Text(strings.Join(written.Week[day], ", "))
		}
		return begin, nil
	},
	Do: func(tx aftersales.Tx, row *record.Row, v record.Values) error {
		before, _, err := aftersales.OwnHours(tx, row.ID)
		if err != nil {
			return err
		}
		hours, err := calendarTyped(v, before.Zone)
		if err != nil {
			return err
		}
		return aftersales.SetHours(tx, row.ID, hours)
	},
}

var baseDeed = &Deed{
	Name: "base", Title: "Set where they set out from", Done: "Set.", Cause: aftersales.CauseEdit, Need: auth.EditPeople, Writes: resourceOf,
	Asks: []schema.Column{ask("latitude", schema.Decimal), ask("longitude", schema.Decimal)},
	Hint: "In degrees, as maps show them: 31.2304 and 121.4737. Suggestions of whom to send reckon the way from here, as long as no visit says where they were last. Empty both to take it away.",
	Begin: func(b *builder, row *record.Row) (map[string]record.Value, error) {
		known, err := aftersales.Look(b.r).Row("resource", aftersales.ResourceID(row.ID))
		if err != nil || known == nil {
			return nil, err
		}
		return map[string]record.Value{"latitude": known.Get("latitude"), "longitude": known.Get("longitude")}, nil
	},
	Do: func(tx aftersales.Tx, row *record.Row, v record.Values) error {
		lat, long := v["latitude"], v["longitude"]
		switch {
		case lat.IsNull() && long.IsNull():
			return aftersales.SetBase(tx, row.ID, nil)
		case lat.IsNull() || long.IsNull():
			return fault.New(aftersales.BadPosition, "A position has a latitude and a longitude, in degrees.")
		}
		return aftersales.SetBase(tx, row.ID, &aftersales.Position{Latitude: lat.Number(), Longitude: long.Number()})
	},
}

// resourceOf is the row that those forms write beside the person's own.
func resourceOf(person *record.Row) aftersales.Row {
	return aftersales.Row{Table: "resource", ID: aftersales.ResourceID(person.ID)}
}

// calendarTyped returns what was typed as a calendar in JSON, "" for nothing typed.
func calendarTyped(v record.Values, zone string) (string, error) {
	written := worktime.Written{Zone: zone, Week: map[string][]string{}, Days: map[string][]string{}}
	for _, day := range weekNames {
		if shifts := elements(v[day].Text()); len(shifts) > 0 {
			written.Week[day] = shifts
		}
	}
	for line := range strings.Lines(v["days"].Text()) {
		if day, hours, _ := strings.Cut(strings.TrimSpace(line), " "); day != "" {
			written.Days[day] = append(elements(hours), []string{}...)
		}
	}
	if len(written.Week) == 0 {
		if len(written.Days) > 0 {
			return "", fault.New(aftersales.BadHours, "Days with other hours follow a week: type its hours too.")
		}
		return "", nil
	}
	b, err := json.Marshal(written)
	return string(b), err
}

// dayLines are the days with other hours as they are typed, in order.
func dayLines(written worktime.Written) (lines []string) {
	for day, shifts := range written.Days {
		lines = append(lines, strings.TrimSpace(day+" "+strings.Join(shifts, ", ")))
	}
	slices.Sort(lines)
	return lines
}

// worksBlock shows when a person works and where he sets out from.
func (b *builder) worksBlock(person record.ID) (block, error) {
	works := block{ID: "works", Title: b.v.t("Working hours")}
	written, given, err := aftersales.OwnHours(aftersales.Look(b.r), person)
	if err != nil {
		return works, err
	}
	if !given {
		works.Lines = append(works.Lines, saying{Text: b.v.t("as the calendar of the branch says")})
	}
	for _, day := range weekNames {
		if shifts := written.Week[day]; len(shifts) > 0 {
			works.Lines = append(works.Lines, saying{Text: b.v.lang.Name("person."+day) + " " + strings.Join(shifts, ", ")})
		}
	}
	for _, line := range dayLines(written) {
		if _, hours, worked := strings.Cut(line, " "); !worked || hours == "" {
			line += " " + b.v.t("free")
		}
		works.Lines = append(works.Lines, saying{Text: line})
	}
	known, err := aftersales.Look(b.r).Row("resource", aftersales.ResourceID(person))
	if err == nil && known != nil && !known.Get("latitude").IsNull() {
		works.Lines = append(works.Lines, saying{Text: b.v.t("Sets out from %s", degree(known, "latitude")+", "+degree(known, "longitude"))})
	}
	return works, err
}

func degree(row *record.Row, column string) string {
	return strings.TrimSuffix(strings.TrimRight(decimal(row.Get(column).Number(), aftersales.PositionScale), "0"), ".")
}
