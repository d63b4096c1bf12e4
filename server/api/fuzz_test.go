package api

import (
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

func wantBadRequest(t *testing.T, err error) {
	t.Helper()
	if fault.CodeOf(err) != BadRequest {
		t.Fatal(err)
	}
}
