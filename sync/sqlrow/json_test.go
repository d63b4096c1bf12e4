package sqlrow

import (
	"encoding/json"
	"math"
	"testing"

	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

func TestJSONForms(t *testing.T) {
	t.Parallel()
	set := record.Null.WithCell("night", record.Number(1)).WithCell("crane", record.Number(1))
	for _, c := range []struct {
		kind schema.Kind
		v    record.Value
		want string
	}{
		{schema.Set, set, `["crane","night"]`},
		{schema.Translated, record.Null.WithCell("zh", record.Text("泵")).WithCell("en", record.Text("pump")),
			`{"en":"pump","zh":"泵"}`},
		{schema.Fields, record.Null.WithCell("a", record.Number(math.MinInt64)).WithCell("b", record.Text("\"\\\n\x00")).
			WithCell("c", record.Quantity(-5, "l")),
			`{"a":-9223372036854775808,"b":"\"\\\u000a\u0000","c":{"number":-5,"text":"l"}}`},
	} {
		column := &schema.Column{Name: "c", Kind: c.kind}
		got, err := toJSON(column, c.v)
		if err != nil || got != c.want {
			t.Errorf("%s: %s, %v, want %s", c.kind, got, err, c.want)
		}
		if !json.Valid([]byte(got)) {
			t.Errorf("%s: %s is no JSON", c.kind, got)
		}
		if back, err := fromJSON(column, got); err != nil || back != c.v {
			t.Errorf("%s: %s came back as %v, %v", c.kind, got, back, err)
		}
	}
}

func FuzzFromJSON(f *testing.F) {
	for _, seed := range []string{`{}`, `["a"]`, `{"a":1}`, `{"a":{"number":1,"text":"l"}}`, `{"a":1.5}`, `{"a":null}`, `[1]`, `x`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, kind := range []schema.Kind{schema.Set, schema.Translated, schema.Fields} {
			column := &schema.Column{Name: "c", Kind: kind}
			v, err := fromJSON(column, text)
			if err != nil || v.IsNull() {
				continue
			}
			again, err := toJSON(column, v)
			if err != nil {
				t.Fatalf("%s: %s was read and cannot be written: %v", kind, text, err)
			}
			if back, err := fromJSON(column, again); err != nil || back != v {
				t.Fatalf("%s: %s became %s", kind, text, again)
			}
		}
	})
}
