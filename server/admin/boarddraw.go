package admin

import (
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"fieldsync/sync/record"
)

// bar is a job in somebody's time.
type bar struct {
	Job, Assignment record.ID
	Person, Team    record.ID // who has it: one of the two
	Who             string
	Number, Title   string
	Customer, Place string
	State, Role     string
	Priority        int64
	Start, End      int64 // ms UTC
	Due             int64 // the promise; 0: none
	Late            bool  // it will not be kept
	Open            bool  // it can be moved
	Crew            int   // how many are on the job
	Needs           string
	Seen            string
	X, W            string // percent of the line
	Y               int    // px
	Mark            string // where the promise stands, "" if it is not in what is shown

	kind, fault, needs string
	branch             record.ID
}

// ElementID names the bar in the page: one job can have several.
func (b *bar) ElementID() string {
	if b.Assignment.IsZero() {
		return "w-" + b.Job.String()
	}
	return "a-" + b.Assignment.String()
}

// Data is what the script must know of the bar, as attributes: a board has hundreds of bars with nine each, which a
// template would escape one by one.
func (b *bar) Data() template.HTMLAttr {
	var w strings.Builder
	if b.Open {
		w.WriteString("data-open ")
	}
	if !b.Assignment.IsZero() {
		fmt.Fprintf(&w, `data-assignment="%s" `, b.Assignment)
	}
	fmt.Fprintf(&w, `data-job="%s" data-seen="%s" data-start="%d" data-end="%d" data-due="%d" data-needs="%s" data-number="%s"`,
		b.Job, b.Seen, b.Start, b.End, b.Due, template.HTMLEscapeString(b.Needs), template.HTMLEscapeString(b.Number))
	return template.HTMLAttr(w.String())
}

func (b *bar) owner() record.ID {
	if b.Person.IsZero() {
		return b.Team
	}
	return b.Person
}

// tick is an hour at the board's head.
type tick struct{ X, Label string }

// dayHead is a day at the head of a week.
type dayHead struct {
	Label  string
	Day    string // 03-09
	Start  int64
	Middle int64 // of its working time: where a job goes that had no time
	Today  bool
}

// cell is one day of a line in a week.
type cell struct {
	*dayHead
	Bars []*bar
	Off  bool
	Why  string
}

// The height of a bar, and what lies around it, in px.
const (
	barHeight = 38
	barGap    = 3
)

// draw lays out what was read.
func (b *board) draw(a boardAsked) {
	b.Ended = b.To <= b.now
	if a.Week {
		b.drawWeek(a)
		return
	}
	from, to := b.hoursShown(a.Day)
	b.From, b.To = from, to
	zone := b.o.Zone
	for at := time.UnixMilli(from).In(zone); at.UnixMilli() < to; at = at.Add(time.Hour) {
		b.Hours = append(b.Hours, tick{b.x(at.UnixMilli()), at.Format("15")})
	}
	for _, l := range b.Lines {
		b.drawLine(l)
	}
}

// The hours that a day shows at least, and those that it can.
const (
	firstHour = 7
	lastHour  = 19
)

// hoursShown is the part of the day in which something is: whole hours, the usual ones at least.
func (b *board) hoursShown(day time.Time) (from, to int64) {
	start, end := day.Add(firstHour*time.Hour).UnixMilli(), day.Add(lastHour*time.Hour).UnixMilli()
	for _, l := range b.Lines {
		for _, one := range l.Bars {
			start, end = min(start, one.Start), max(end, one.End)
		}
		at := b.From
		for _, off := range l.Off {
			if off.Why == "" && off.Start > at {
				start, end = min(start, at), max(end, off.Start)
			}
			if off.Why == "" {
				at = off.End
			}
		}
	}
	const hour = int64(time.Hour / time.Millisecond)
	start, end = max(start, b.From), min(end, b.To)
	return b.From + (start-b.From)/hour*hour, min(b.To, b.From+(end-b.From+hour-1)/hour*hour)
}

// x returns where an instant stands, in percent of the line.
func (b *board) x(at int64) string {
	at = min(max(at, b.From), b.To)
	return percent(float64(at-b.From) / float64(b.To-b.From))
}

func percent(share float64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.3f", share*100), "0"), ".") + "%"
}

func (b *board) width(from, to int64) string {
	from, to = min(max(from, b.From), b.To), min(max(to, b.From), b.To)
	return percent(float64(to-from) / float64(b.To-b.From))
}

// drawLine places the bars of a line, those that overlap one below the other.
func (b *board) drawLine(l *line) {
	l.Off = slices.DeleteFunc(l.Off, func(s stretch) bool { return s.End <= b.From || s.Start >= b.To })
	for i := range l.Off {
		l.Off[i].X, l.Off[i].W = b.x(l.Off[i].Start), b.width(l.Off[i].Start, l.Off[i].End)
	}
	var free []int64 // of each track the end of its last bar
	for _, one := range l.Bars {
		track := slices.IndexFunc(free, func(end int64) bool { return end <= one.Start })
		if track < 0 {
			track, free = len(free), append(free, 0)
		}
		free[track] = one.End
		one.X, one.W, one.Y = b.x(one.Start), b.width(one.Start, one.End), barGap+track*(barHeight+barGap)
		if one.Due > b.From && one.Due < b.To {
			one.Mark = b.x(one.Due)
		}
	}
	l.Height = max(1, len(free))*(barHeight+barGap) + barGap
}

// Now returns where this moment stands, "" if it is not shown.
func (b *board) Now() string {
	if b.now <= b.From || b.now >= b.To {
		return ""
	}
	return b.x(b.now)
}

// drawWeek puts each bar into the day on which it begins, or goes on.
func (b *board) drawWeek(a boardAsked) {
	today := time.UnixMilli(b.now).In(b.o.Zone).Format(time.DateOnly)
	for n := range a.days() {
		day := a.Day.AddDate(0, 0, n)
		b.Days = append(b.Days, dayHead{
			Label: b.v.t(weekdays[day.Weekday()]), Day: day.Format("01-02"), Start: day.UnixMilli(),
			Middle: day.Add(9 * time.Hour).UnixMilli(), Today: day.Format(time.DateOnly) == today,
		})
	}
	for _, l := range b.Lines {
		l.Cells = make([]cell, len(b.Days))
		for i := range b.Days {
			l.Cells[i].dayHead = &b.Days[i]
			end := a.Day.AddDate(0, 0, i+1).UnixMilli()
			for _, off := range l.Off {
				if off.Start <= b.Days[i].Start && off.End >= end || off.Why != "" && off.Start < end && off.End > b.Days[i].Start {
					l.Cells[i].Off, l.Cells[i].Why = true, off.Why
				}
			}
		}
		for _, one := range l.Bars {
			i := 0
			for i+1 < len(b.Days) && b.Days[i+1].Start <= one.Start {
				i++
			}
			l.Cells[i].Bars = append(l.Cells[i].Bars, one)
		}
	}
}

// Load returns how much of his time is given away, in percent; 0 where he is not there.
func (l *line) Load() int64 {
	if l.Works == 0 {
		return 0
	}
	return l.Booked * 100 / l.Works
}

// At returns the time of day at which the bar begins.
func (b *board) At(one *bar) string { return time.UnixMilli(one.Start).In(b.o.Zone).Format("15:04") }

// Span says when the bar begins and ends.
func (b *board) Span(one *bar) string {
	return b.At(one) + "–" + time.UnixMilli(one.End).In(b.o.Zone).Format("15:04")
}

// Told says all there is about the bar: who cannot see it hears it.
func (b *board) Told(one *bar) string {
	parts := []string{b.v.lang.Name("job.state." + one.State)}
	if one.Start != 0 {
		parts = append(parts, b.Span(one))
	}
	parts = append(parts, one.Number, one.Title, one.Customer)
	if one.Place != one.Customer {
		parts = append(parts, one.Place)
	}
	if one.Due != 0 {
		parts = append(parts, b.v.t("promised by %s", times{b.v.lang, b.o.Zone}.when(one.Due)))
	}
	if one.Late {
		parts = append(parts, b.v.t("late"))
	}
	if one.Crew > 1 {
		parts = append(parts, b.v.t("crew of %d", one.Crew))
	}
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	return strings.Join(parts, " · ")
}

// Bar returns the bar of a job that waits; templates ask it.
func (w waiting) Bar() *bar { return w.bar }

// Below returns where a bar ends, in px from the top of its line.
func (b *board) Below(one *bar) int { return one.Y + barHeight }

// Hrs writes minutes as hours, for a column that has little room.
func (b *board) Hrs(minutes int64) string { return quantity(minutes*10/60, 1) + " h" }

// Since returns how long ago that was, roughly.
func (b *board) Since(at int64) string {
	return b.v.lang.length(time.Duration(b.now-at) * time.Millisecond)
}

// Age says since when a job has been left over.
func (b *board) Age(reported int64) string {
	switch days := b.today() - reported; {
	case days == 1:
		return b.v.t("since yesterday")
	default:
		return b.v.t("since %d days", days)
	}
}

// OffTimes are the times in which he is not there, for the hint while dragging: "start-end start-end".
func (l *line) OffTimes() string {
	parts := make([]string, len(l.Off))
	for i, s := range l.Off {
		parts[i] = fmt.Sprintf("%d-%d", s.Start, s.End)
	}
	return strings.Join(parts, " ")
}
