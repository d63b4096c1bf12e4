package web

import (
	"bytes"
	"time"

	"fieldsync/client"
	"fieldsync/sync/schema"
)

// frame is what stands around every page.
type frame struct {
	Lang, Looks string
	Title       string
	Tab         string // which of the places is marked
	Back        string // where the arrow leads; "" for none
	Bar         bar
	Problem     string
	Once        string // the token of the page's forms
	Path        string
	Live        bool // the page takes over what changes meanwhile
	Shares      bool // the switch for the position is on
	v           *request
}

// Old returns what was typed into a field before its form was refused, else the value it begins with.
func (f frame) Old(name, begin string) string {
	if !f.sent(name) {
		return begin
	}
	return f.v.form(name)
}

// Picks reports whether the nth choice of a field is the one that is picked: what was picked before the form was refused, else the
// first.
func (f frame) Picks(name, value string, nth int) bool {
	if !f.sent(name) {
		return nth == 0
	}
	return f.v.form(name) == value
}

// sent reports whether a form was refused that had the field in it: a page may have several.
func (f frame) sent(name string) bool {
	return f.Problem != "" && (f.v.form(name) != "" || f.v.r.Form.Has(name))
}

// Is reports whether a field was set to a value before the form was refused.
func (f frame) Is(name, value string) bool { return f.Problem != "" && f.v.form(name) == value }

// bar is the line that always says how the phone stands towards the hub.
type bar struct {
	Enrolled bool
	Online   bool
	Waiting  int
	Files    int // of files that the hub does not have yet
	Refused  int
	Contact  time.Time
	Done     uint64
	Total    uint64
	Low      bool  // space is running out
	Free     int64 // bytes
	Mended   bool  // the data was found damaged when the app was started
	Saved    int   // changes that were taken out of it
	// Cursors say of each class of rows whether it has come: 0 before the first download of it is complete.
	Cursors [schema.Classes]uint64
}

// FreeMB returns how much space is left.
func (b bar) FreeMB() int64 { return b.Free >> 20 }

// Percent returns how much of a download has come.
func (b bar) Percent() int {
	if b.Total == 0 {
		return 100
	}
	return int(100 * min(b.Done, b.Total) / b.Total)
}

func (v *request) frame(title string) frame {
	return frame{
		Lang: v.lang.Tag, Looks: v.looks, Title: v.say(title), Bar: v.bar(), Problem: v.problem, Once: v.token().String(),
		Path: v.r.URL.Path, Shares: v.shares(), v: v,
	}
}

// bar reads how things stand. A status that cannot be read is no reason not to show the page.
func (v *request) bar() bar {
	s, err := v.client.Status(v.ctx())
	if err != nil {
		v.client.Log.Error("the status cannot be read", "error", err)
	}
	b := barOf(s, len(v.client.Waiting()))
	if r := v.client.Recovered(); r != nil {
		b.Mended, b.Saved = true, len(r.Salvaged)
	}
	return b
}

func barOf(s client.Status, files int) bar {
	return bar{
		Enrolled: s.Enrolled, Online: s.Online, Waiting: s.Pending, Files: files, Refused: s.Refused, Contact: s.Contact,
		Done: s.Done, Total: s.Total, Low: s.Low, Free: s.Free, Cursors: s.Cursors,
	}
}

// show renders a page, whole or not at all.
func (v *request) show(name string, page any) error {
	var b bytes.Buffer
	if err := v.pages[v.lang.Tag].Show(&b, name, "layout", page); err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.WriteHeader(v.status)
	_, _ = b.WriteTo(v.w) // who has gone away needs no answer
	return nil
}
