package admin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"fieldsync/sync/aftersales"
)

// policySaid says a policy in its reader's words, the codes of it by what the company calls them.
type policySaid struct {
	*Visit
	n        *names
	currency string // of prices
}

// outline says what a policy of the kind says, a line a value, lists further in.
func (v policySaid) outline(kind, body string) []saying {
	var said any
	d := json.NewDecoder(bytes.NewReader([]byte(body)))
	d.UseNumber()
	if d.Decode(&said) != nil {
		return []saying{{Text: body}}
	}
	return v.in(said).outlined(said, part{Rows: policyShapes[kind]}, "", 0)
}

// in is what says the prices of a policy, or of a row of it, in the currency that it names.
func (v policySaid) in(said any) policySaid {
	if m, ok := said.(map[string]any); ok {
		if own, named := m["currency"].(string); named {
			v.currency = own
		}
	}
	return v
}

// within returns what the form asks for under a key of the part; one without a kind for what no form asks for.
func (p part) within(key string) part {
	if p.Keyed && len(p.Rows) == 2 {
		return p.Rows[1]
	}
	for _, inner := range p.Rows {
		if inner.Name == key {
			return inner
		}
	}
	return part{}
}

// keyLabel returns what a key is called: as in the form that asks for it.
func (v policySaid) keyLabel(p part, key string) string {
	if p.Name == key {
		return v.partLabel(p)
	}
	return v.lang.Name("policy." + key)
}

func (v policySaid) outlined(said any, p part, name string, level int) (lines []saying) {
	label := name
	if name != "" {
		label = capital(v.keyLabel(p, name))
	}
	switch x := said.(type) {
	case map[string]any:
		if name != "" {
			lines, level = append(lines, saying{Text: label, Level: level}), min(level+1, 3)
		}
		for _, key := range slices.Sorted(mapsKeys(x)) {
			inner := v
			if p.Keyed && p.Rows[0].Name == "currency" {
				inner.currency = key
			}
			lines = append(lines, inner.outlined(x[key], p.within(key), key, level)...)
		}
	case []any:
		if flat, ok := v.flatList(x); ok {
			return []saying{{Text: label + v.t(":") + " " + flat, Level: level}}
		}
		lines = append(lines, saying{Text: label, Level: level})
		for _, one := range x {
			lines = append(lines, saying{Text: v.in(one).inOneLine(one, p), Level: min(level+1, 3)})
		}
	default:
		lines = append(lines, saying{Text: label + v.t(":") + " " + v.value(said, p), Level: level})
	}
	return lines
}

func mapsKeys(m map[string]any) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func (v policySaid) flatList(list []any) (s string, ok bool) {
	for i, one := range list {
		text, isText := one.(string)
		if !isText {
			return "", false
		}
		if i > 0 {
			s += ", "
		}
		s += v.scalar(text)
	}
	return s, true
}

// inOneLine says an entry of a list.
func (v policySaid) inOneLine(said any, p part) string {
	m, ok := said.(map[string]any)
	if !ok {
		return v.value(said, p)
	}
	var parts []string
	for _, key := range slices.Sorted(mapsKeys(m)) {
		inner := p.within(key)
		text := v.value(m[key], inner)
		if list, isList := m[key].([]any); isList {
			text, _ = v.flatList(list)
		}
		if _, isMap := m[key].(map[string]any); isMap {
			text = v.inOneLine(m[key], inner)
		}
		parts = append(parts, v.keyLabel(inner, key)+" "+text)
	}
	return joinWords(parts)
}

// value says a value as the form has it typed: a number with its digits behind the point, a price with its currency.
func (v policySaid) value(said any, p part) string {
	number, isNumber := said.(json.Number)
	n, err := number.Int64()
	switch {
	case isNumber && err == nil && p.Kind == aPrice:
		return strings.TrimSpace(decimal(n, minorDigits(v.currency)) + " " + v.currency)
	case isNumber && err == nil && p.Scale > 0:
		return decimal(n, p.Scale)
	}
	return v.scalar(said)
}

func (v policySaid) scalar(said any) string {
	switch x := said.(type) {
	case bool:
		return v.t(map[bool]string{true: "yes", false: "no"}[x])
	case string:
		if strings.Trim(x, "abcdefghijklmnopqrstuvwxyz_.") != "" { // no code: times, zones and names have more in them
			return x
		}
		for _, of := range []string{"policy.is.", "notice.event.", "event."} {
			if v.lang.Knows(of + x) {
				return v.lang.Name(of + x)
			}
		}
		if called, err := v.code(v.n, aftersales.ListExclusion, x); err == nil && called != x {
			return called
		}
		return v.lang.Name("policy.is." + x)
	}
	return fmt.Sprint(said)
}
