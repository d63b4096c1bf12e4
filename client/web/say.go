package web

import (
	"cmp"
	"errors"
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/currency"

	"fieldsync/sync/aftersales"
)

// functions are what templates may call.
func (a *App) functions(l *language) template.FuncMap {
	return template.FuncMap{
		"t": l.Say, "name": l.Name, "label": l.label, "asset": func(name string) string { return assets[name] },
		"when": func(ms int64) string { return l.when(a.at(ms), a.today()) }, "clock": a.clock,
		"window": func(start, end int64) string { return l.window(a.at(start), a.at(end), a.today()) },
		"day":    l.day, "span": l.span, "lasted": func(ms int64) string { return l.span(time.Duration(ms) * time.Millisecond) }, "money": money, "why": l.why, "lines": lines, "dict": dict,
		"machine": func(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05Z") },
		"qty":     l.quantity, "sentence": sentence,
		"bytes":  bytesOf,
		"ms":     func(ms int64) string { return l.span(time.Duration(ms) * time.Millisecond) },
		"number": func(n *int64) string { return limit(n) },
		"plain":  func(m aftersales.Money) string { s, _, _ := strings.Cut(money(m), " "); return s },
	}
}

// dict makes the argument of a template that takes several: names and values in turn.
func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("web: dict with %d arguments", len(pairs))
	}
	m := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		m[fmt.Sprint(pairs[i])] = pairs[i+1]
	}
	return m, nil
}

// bytesOf returns the size of a file as people say it: "0.3 MB", "12 MB".
func bytesOf(n int64) string {
	if n < 10<<20 {
		return fmt.Sprintf("%.1f MB", max(0.1, float64(n)/(1<<20)))
	}
	return fmt.Sprintf("%d MB", n>>20)
}

func lines(s string) []string { return strings.Split(s, "\n") }

// at returns a moment in the zone that the app shows; the zero time for 0.
func (a *App) at(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).In(a.Zone)
}

func (a *App) today() time.Time { return a.Client().Now().In(a.Zone) }

// morning returns when today began, in ms UTC.
func (a *App) morning() int64 {
	y, m, d := a.today().Date()
	return time.Date(y, m, d, 0, 0, 0, 0, a.Zone).UnixMilli()
}

func (a *App) clock(ms int64) string {
	if ms == 0 {
		return ""
	}
	return a.at(ms).Format("15:04")
}

// when returns a moment as people say it today: "14:05", "tomorrow 09:00", "03-12 09:00".
func (l *language) when(t, today time.Time) string {
	if t.IsZero() {
		return ""
	}
	return strings.TrimSpace(l.dayOf(t, today) + " " + t.Format("15:04"))
}

func (l *language) dayOf(t, today time.Time) string {
	y, m, d := today.Date()
	switch date := t.Format(time.DateOnly); {
	case date == today.Format(time.DateOnly):
		return ""
	case date == time.Date(y, m, d+1, 0, 0, 0, 0, time.UTC).Format(time.DateOnly):
		return l.Say("tomorrow")
	case date == time.Date(y, m, d-1, 0, 0, 0, 0, time.UTC).Format(time.DateOnly):
		return l.Say("yesterday")
	case t.Year() == y:
		return t.Format("01-02")
	}
	return t.Format(time.DateOnly)
}

// window returns two moments, the second without its day where that is the same.
func (l *language) window(start, end, today time.Time) string {
	switch {
	case start.IsZero() || end.IsZero():
		return l.when(start, today) + l.when(end, today)
	case start.Format(time.DateOnly) == end.Format(time.DateOnly):
		return l.when(start, today) + "–" + end.Format("15:04")
	}
	return l.when(start, today) + " – " + l.when(end, today)
}

// day returns a date that is counted in days since 1970-01-01.
func (l *language) day(n int64) string {
	if n == 0 {
		return ""
	}
	return time.Unix(n*24*60*60, 0).UTC().Format(time.DateOnly)
}

// span returns a length roughly: "1 h 20 min".
func (l *language) span(d time.Duration) string {
	if d = d.Abs(); d < time.Hour {
		return l.Say("%d min", int(d.Minutes()))
	}
	return l.Say("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
}

// quantity returns a quantity with its unit as people call it.
func (l *language) quantity(q aftersales.Quantity) string {
	if q.Unit != "" {
		q.Unit = l.Name("unit." + q.Unit)
	}
	return q.String()
}

// label returns what a thing with a name in several languages is called in this one.
func (l *language) label(labels map[string]string) string { return aftersales.Label(labels, l.Tag) }

// why returns a reason as a sentence. Days among the args come as dates, payers by their names.
func (l *language) why(r aftersales.Reason) string {
	args := make([]any, len(r.Args))
	for i, arg := range r.Args {
		args[i] = arg
		switch r.Code {
		case aftersales.WhyInWarranty, aftersales.WhyWarrantyOver, aftersales.WhyNotBegun:
			if n, err := strconv.ParseInt(arg, 10, 64); err == nil {
				args[i] = l.day(n)
			}
		case aftersales.WhyPolicyPays:
			args[i] = l.Name("payer." + arg)
		case aftersales.WhyDiscount:
			if hundredths, err := strconv.ParseInt(arg, 10, 64); err == nil {
				args[i] = decimal(hundredths, 2)
			}
		}
	}
	if key := "why." + r.Code; l.Knows(key) {
		return l.Say(key, args...)
	}
	return r.Code
}

// money returns an amount as people write it: "80.50 CNY".
func money(m aftersales.Money) string {
	if m.Currency == "" {
		return ""
	}
	return decimal(m.Minor, scaleOf(m.Currency)) + " " + m.Currency
}

// decimal writes a number that is kept as an integer with so many decimals.
func decimal(n int64, scale int) string {
	digits, sign := fmt.Sprintf("%0*d", scale+1, max(n, -n)), ""
	if n < 0 {
		sign = "−"
	}
	if scale > 0 {
		digits = digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
	}
	return sign + digits
}

// scaleOf returns how many decimals a currency has.
func scaleOf(code string) int {
	unit, err := currency.ParseISO(code)
	if err != nil {
		return 0
	}
	scale, _ := currency.Standard.Rounding(unit)
	return scale
}

// amount reads a number such as "1.5" as an integer with so many decimals, without rounding. A comma is a point.
func amount(s string, scale int) (int64, bool) {
	whole, fraction, _ := strings.Cut(strings.ReplaceAll(strings.TrimSpace(s), ",", "."), ".")
	if len(fraction) > scale || strings.ContainsAny(s, "+-") || whole+fraction == "" {
		return 0, false
	}
	n, err := strconv.ParseInt(cmp.Or(whole, "0")+fraction+strings.Repeat("0", scale-len(fraction)), 10, 64)
	return n, err == nil || errors.Is(err, strconv.ErrRange) // as large as can be, for the command to refuse
}
