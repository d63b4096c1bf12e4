package aftersales

import (
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/worktime"
)

// CalendarPolicy says when a branch works, holidays and all. Where it names no zone, a service promise goes by the
// clocks of the site, and everything else by those of the branch.
type CalendarPolicy struct{ worktime.Written }

// Validate refuses what is no calendar, and one on which nobody ever works. Codes: BadPolicy.
func (p CalendarPolicy) Validate() error {
	c, err := p.Calendar("")
	if err != nil {
		return fault.New(BadPolicy, err.Error())
	}
	for _, shifts := range c.Week {
		if len(shifts) > 0 {
			return nil
		}
	}
	return fault.New(BadPolicy, "the calendar has no hour of work")
}

// calendarPolicies have no holidays: those of a country are for its companies to enter, each year as it is proclaimed.
func calendarPolicies() []PolicyTemplate {
	every := func(shifts ...string) map[string][]string {
		week := map[string][]string{}
		for _, day := range []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"} {
			week[day] = shifts
		}
		return week
	}
	office := every("08:00-12:00", "13:00-17:00")
	delete(office, "sat")
	delete(office, "sun")
	return []PolicyTemplate{
		{PolicyCalendar, "office", texts("Monday to Friday, 8-12 and 13-17", "周一至周五 8-12、13-17", "週一至週五 8-12、13-17"),
			CalendarPolicy{worktime.Written{Week: office}}},
		{PolicyCalendar, "daily", texts("Every day, 8-18", "每天 8-18", "每天 8-18"),
			CalendarPolicy{worktime.Written{Week: every("08:00-18:00")}}},
		{PolicyCalendar, "always", texts("Day and night", "7×24 小时", "7×24 小時"),
			CalendarPolicy{worktime.Written{Week: every("00:00-24:00")}}},
	}
}

// zoneOf returns the first zone that the rows name and that there is, "" (UTC) for none.
func zoneOf(rows ...*record.Row) string {
	var names []string
	for _, row := range rows {
		if row != nil {
			names = append(names, row.Get("zone").Text())
		}
	}
	return firstZone(names...)
}

// firstZone returns the first of the zones that there is, "" (UTC) for none.
func firstZone(names ...string) string {
	for _, name := range names {
		if name != "" && zoneKnown(name) {
			return name
		}
	}
	return ""
}

func zoneKnown(name string) bool {
	_, err := worktime.Zone(name)
	return err == nil
}
