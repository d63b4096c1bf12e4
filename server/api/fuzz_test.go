package api

import (
	"strings"
	"testing"

	"fieldsync/sync/fault"
)

// What a program sends back, as it was given it or as it likes: read as what it is, or refused.

func FuzzParseTag(f *testing.F) {
	f.Add(`"AA"`)
	f.Add(`W/"AQoD"`)
	f.Add("*")
	f.Fuzz(func(t *testing.T, tag string) {
		v, err := parseTag(tag)
		if err != nil {
			wantBadRequest(t, err)
			return
		}
		if v.AppendBinary(nil) == nil {
			t.Fatalf("%q is a vector without bytes", tag)
		}
	})
}

func FuzzParseCursor(f *testing.F) {
	f.Add("")
	f.Add("z.01a202bc-0955-7906-8529-1812b17304ed")
	f.Add("-1.x")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parseCursor(text)
		if err != nil {
			wantBadRequest(t, err)
			return
		}
		if again, err := parseCursor(c.String()); err != nil || again != c {
			t.Fatalf("%v came back as %v: %v", c, again, err)
		}
	})
}

// A body is read as values of its columns, or refused with a code: nothing of it makes the reader panic, and nothing that is
// no text of the store comes through.
func FuzzRead(f *testing.F) {
	for _, body := range []string{
		"{}", "null", "[]", "<html>", `{"name":"x"}`, `{"quantity":{"amount":"1.5","unit":"pcs"}}`, `{"unit_cost":{"minor":1,"currency":"EUR"}}`, `{"tags":["a"]}`,
		`{"tags":{"add":["a"],"remove":[""]}}`, `{"title":{"en":"x"}}`, `{"fields":{"a":1.5}}`, `{"occurred":"2026-01-05T08:00:00Z"}`, `{"needed_on":"2026-01-05"}`,
		`{"about":{"table":"job","id":"01a202bc-0955-7906-8529-1812b17304ed"}}`, `{"name":"\u0000"}`, `{"name":7,"note":null}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, r := range resources {
			values, err := read(body, (&call{of: r}).column(true))
			if err == nil {
				err = missing(values, r.Needs)
			}
			if err != nil && fault.CodeOf(err) == "" {
				t.Fatalf("%s: %v", r.Path, err)
			}
			for name, v := range values {
				if strings.ContainsRune(v.Text(), 0) {
					t.Fatalf("%s holds %q", name, v.Text())
				}
			}
		}
	})
}

func wantBadRequest(t *testing.T, err error) {
	t.Helper()
	if fault.CodeOf(err) != BadRequest {
		t.Fatal(err)
	}
}
