package web

import (
	"html"
	"slices"
	"strconv"

	"fieldsync/sync/fault"
)

// A page is small, so that a slow phone has it at once: of a long list it shows as much as it has room for, and leads on to the
// rest.
const (
	pageRoom = 36 << 10 // bytes of a page for the lines of its list
	lineRoom = 400      // of them for what stands around the text of a line
)

// rest is what a page does not show of its list.
type rest struct {
	URL  string // of the page that goes on; "" where the list ends
	More int    // lines that come on the pages after this one
	Past bool   // the list begins on a page before this one
}

// some returns the part of a list that the page shows: from where the page before it ended, at least one line, and as many as it has
// room for. said returns the text of a line. Codes: fault.UnknownRow.
func some[T any](v *request, list []T, said func(T) string) (part []T, r rest, err error) {
	before, err := v.passedOver()
	if err != nil {
		return nil, r, err
	}
	before = min(before, len(list))
	room, end := pageRoom, before
	for ; end < len(list); end++ {
		room -= lineRoom + len(html.EscapeString(said(list[end])))
		if room < 0 && end > before {
			break
		}
	}
	r = rest{More: len(list) - end, Past: before > 0}
	if r.More > 0 {
		r.URL = v.r.URL.Path + "?after=" + strconv.Itoa(end)
	}
	return list[before:end], r, nil
}

// latest is some of a list whose latest lines, the last ones, are shown first: a page goes on with what was before them.
func latest[T any](v *request, list []T, said func(T) string) (part []T, r rest, err error) {
	list = slices.Clone(list)
	slices.Reverse(list)
	part, r, err = some(v, list, said)
	slices.Reverse(part)
	return part, r, err
}

// passedOver returns how many lines the pages before this one have shown. Codes: fault.UnknownRow.
func (v *request) passedOver() (int, error) {
	after := v.r.URL.Query().Get("after")
	if after == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(after, 10, 31)
	if err != nil {
		return 0, fault.Wrap(fault.UnknownRow, "there is nothing at this address", err)
	}
	return int(n), nil
}
