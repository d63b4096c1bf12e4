package admin

import (
	"strings"
	"time"

	"fieldsync/sync/aftersales"
)

// clockView is how a promise stands, in words.
type clockView struct {
	Target, State string
	Due, Met      int64
	Late          bool
	RestedFor     time.Duration
	Why           string
}

// clocks says how the promises to a request stand.
func (v *Visit) clocks(n *names, found []aftersales.Clock) (views []clockView, err error) {
	for _, c := range found {
		view := clockView{Target: c.Target, State: c.State, Due: c.Due, Met: c.Met, Late: c.Late()}
		for _, rest := range c.Rests {
			if rest.End != 0 {
				view.RestedFor += time.Duration(rest.End-rest.Start) * time.Millisecond
			}
		}
		if view.Why, err = v.promise(n, c.Promise); err != nil {
			return nil, err
		}
		views = append(views, view)
	}
	return views, nil
}

// promise says what is promised, and to whom: "arrival within 6 h of working time after: received (city)".
func (v *Visit) promise(n *names, p aftersales.Promise) (string, error) {
	said := "%s within %s after: %s"
	if p.Working {
		said = "%s within %s of working time after: %s"
	}
	from := p.From
	if from == "" {
		from = aftersales.EventReceived
	}
	text := v.t(said, capital(v.lang.Name("event."+p.Target)), v.lang.span(p.Minutes), v.lang.Name("event."+from))
	var about []string
	for _, c := range [][2]string{
		{aftersales.ListServiceLevel, p.Level}, {aftersales.ListSeverity, p.Severity}, {aftersales.ListRegion, p.Region},
		{"request.service_class", p.Class}, {"request.type", p.Type},
	} {
		for _, code := range strings.FieldsFunc(c[1], func(r rune) bool { return r == ',' }) {
			label, err := v.code(n, c[0], code)
			if err != nil {
				return "", err
			}
			about = append(about, label)
		}
	}
	if len(about) > 0 {
		text += v.t(" (%s)", strings.Join(about, ", "))
	}
	return text, nil
}

// span says how long a promise is, exactly.
func (l *language) span(minutes int64) string {
	switch {
	case minutes%60 == 0:
		return l.Say("%d h", minutes/60)
	case minutes < 60:
		return l.Say("%d min", minutes)
	}
	return l.Say("%d h %d min", minutes/60, minutes%60)
}
