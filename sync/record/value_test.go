package record_test

import (
	"bytes"
	"errors"
	"maps"
	"math"
	"strings"
	"testing"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"

	"pgregory.net/rapid"
)

func TestValuesComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		v, rest := anyValue.Draw(t, "value"), []byte("rest")
		b := append(v.AppendBinary(nil), rest...)
		got, left, err := record.CutValue(b)
		if err != nil || got != v || !bytes.Equal(left, rest) {
			t.Fatalf("%#v, %q, %v", got, left, err)
		}
		composed, ok := record.Compose(v.Shape(), v.Number(), v.Text())
		if !ok || composed != v {
			t.Fatalf("composed of its parts: %#v, %t", composed, ok)
		}
	})
}

func TestValuesOfWrongPartsAreNotComposed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		shape  record.Shape
		number int64
		text   string
	}{
		"a null with a number":   {record.ShapeNull, 1, ""},
		"a null with a text":     {record.ShapeNull, 0, "x"},
		"a number with a text":   {record.ShapeNumber, 1, "x"},
		"a text with a number":   {record.ShapeText, 1, "x"},
		"a map that is not":      {record.ShapeMap, 0, "x"},
		"a map without cells":    {record.ShapeMap, 0, ""},
		"a shape that is not":    {5, 0, ""},
		"a map and a number too": {record.ShapeMap, 1, record.Null.WithCell("k", record.Number(1)).Text()},
	} {
		if v, ok := record.Compose(c.shape, c.number, c.text); ok {
			t.Errorf("%s: %#v", name, v)
		}
	}
}

// A keyed column's value behaves as a map without nulls, and equal maps are equal values.
func TestMapsBehaveAsMaps(t *testing.T) {
	t.Parallel()
	keys := rapid.SampledFrom([]string{"", "a", "b", "ab", "é", "\xff"})
	rapid.Check(t, func(t *rapid.T) {
		v, model := record.Null, map[string]record.Value{}
		for range rapid.IntRange(0, 12).Draw(t, "writes") {
			k, c := keys.Draw(t, "key"), anyPlain.Draw(t, "cell")
			v = v.WithCell(k, c)
			if model[k] = c; c.IsNull() {
				delete(model, k)
			}
			if v.Cell(k) != c {
				t.Fatalf("cell %q is %#v, want %#v", k, v.Cell(k), c)
			}
		}
		if got := maps.Collect(v.Cells()); !maps.Equal(got, model) {
			t.Fatalf("%v, want %v", got, model)
		}
		if record.Map(maps.All(model)) != v || v.IsNull() != (len(model) == 0) {
			t.Fatal("the order of writes shows in the value")
		}
	})
}

func TestMalformedValuesAreRefused(t *testing.T) {
	t.Parallel()
	cell := func(key, value string) string { return string([]byte{byte(len(key))}) + key + value }
	packed := func(cells ...string) []byte {
		all := strings.Join(cells, "")
		return append([]byte{byte(record.ShapeMap), byte(len(all))}, all...)
	}
	one := "\x01\x02" // the number 1
	for name, b := range map[string][]byte{
		"nothing":               {},
		"an unknown shape":      {5},
		"no number":             {1},
		"a longer form":         {1, 0x80, 0},
		"a text cut off":        {2, 3, 'a', 'b'},
		"a text of 16 GB":       {2, 0xff, 0xff, 0xff, 0xff, 0x3f},
		"a map without cells":   packed(),
		"a cell without value":  packed(cell("a", "")),
		"a cell that is null":   packed(cell("a", "\x00")),
		"a cell that is a map":  packed(cell("a", string(packed(cell("b", one))))),
		"keys out of order":     packed(cell("b", one), cell("a", one)),
		"a key twice":           packed(cell("a", one), cell("a", one)),
		"something after cells": packed(cell("a", one), "\x05"),
	} {
		if v, _, err := record.CutValue(b); !errors.Is(err, record.ErrEncoding) {
			t.Errorf("%s: %#v, %v", name, v, err)
		}
	}
}

func TestValuesAreOrdered(t *testing.T) {
	t.Parallel()
	ordered := []record.Value{
		record.Null, record.Number(-5), record.Number(7), record.Text(""), record.Text("a"), record.Text("b"),
		record.Money(1, "CHF"), record.Money(1, "EUR"), record.Money(2, "CHF"),
	}
	for i, a := range ordered {
		for k, b := range ordered {
			if got := a.Compare(b); got < 0 != (i < k) || got > 0 != (i > k) {
				t.Errorf("%#v to %#v: %d", a, b, got)
			}
		}
	}
}

func TestReferencesComeBack(t *testing.T) {
	t.Parallel()
	id, key := record.ID{1, 2, 3}, record.Key{Table: 9, ID: record.ID{4}}
	if record.Ref(id).Ref() != id || record.AnyRef(key).Key() != key {
		t.Error("a reference names another row")
	}
	if !record.Ref(record.ID{}).IsNull() || !record.AnyRef(record.Key{Table: 9}).IsNull() {
		t.Error("a reference to nothing is not null")
	}
	if !record.Text("short").Ref().IsZero() {
		t.Error("a text is read as a reference")
	}
}

func TestCheckValues(t *testing.T) {
	t.Parallel()
	id := record.ID{1}
	long := strings.Repeat("x", 21)
	for name, c := range map[string]struct {
		column, key string
		value       record.Value
		refused     string // what the message says; "" where the value fits
	}{
		"null":                      {"notes", "", record.Null, ""},
		"text":                      {"notes", "", record.Text("ölwechsel 换油"), ""},
		"text with a key":           {"notes", "k", record.Text("a"), "malformed key"},
		"text too long":             {"notes", "", record.Text(long), "too long"},
		"text not UTF-8":            {"notes", "", record.Text("a\xff"), "not text"},
		"text with a zero byte":     {"notes", "", record.Text("a\x00"), "not text"},
		"text that is a number":     {"notes", "", record.Number(1), "another kind than text"},
		"code":                      {"state", "", record.Text("done"), ""},
		"code that is unknown":      {"state", "", record.Text("lost"), "unknown code lost"},
		"code of an open list":      {"cause", "", record.Text("anything"), ""},
		"code with a zero byte":     {"cause", "", record.Text("a\x00"), "malformed code"},
		"code too long":             {"cause", "", record.Text(strings.Repeat("x", 256)), "malformed code"},
		"integer":                   {"count", "", record.Number(-1), ""},
		"integer that is text":      {"count", "", record.Text("1"), "another kind than integer"},
		"decimal":                   {"hours", "", record.Number(1250), ""},
		"money":                     {"price", "", record.Money(-100, "EUR"), ""},
		"money without currency":    {"price", "", record.Number(100), "another kind than money"},
		"money in small letters":    {"price", "", record.Money(1, "eur"), "three capital letters"},
		"money in digits":           {"price", "", record.Money(1, "123"), "three capital letters"},
		"money in a sign":           {"price", "", record.Money(1, "€"), "three capital letters"},
		"quantity":                  {"oil", "", record.Quantity(15, "l"), ""},
		"quantity, unit too long":   {"oil", "", record.Quantity(15, "seventeen letters"), "malformed unit"},
		"quantity, unit no text":    {"oil", "", record.Quantity(15, "\xff"), "malformed unit"},
		"instant":                   {"start", "", record.Instant(1), ""},
		"date":                      {"due", "", record.Date(20_000), ""},
		"the largest integer":       {"count", "", record.Number(record.MaxNumber), ""},
		"an integer beyond":         {"count", "", record.Number(record.MaxNumber + 1), "at most 9007199254740991 either way"},
		"an integer below":          {"count", "", record.Number(-record.MaxNumber - 1), "at most 9007199254740991 either way"},
		"a decimal beyond":          {"hours", "", record.Number(math.MaxInt64), "too large a number"},
		"the largest amount":        {"price", "", record.Money(-record.MaxMoney, "EUR"), ""},
		"an amount beyond":          {"price", "", record.Money(record.MaxMoney+1, "EUR"), "at most 100000000000000 of the smallest unit"},
		"the largest quantity":      {"oil", "", record.Quantity(record.MaxQuantity, "l"), ""},
		"a quantity beyond":         {"oil", "", record.Quantity(math.MinInt64, "l"), "too large a number"},
		"the first and last moment": {"start", "", record.Instant(record.MaxInstant), ""},
		"a moment beyond":           {"start", "", record.Instant(record.MaxInstant + 1), "years 1 to 9999"},
		"the first date":            {"due", "", record.Date(record.MinDate), ""},
		"a date before":             {"due", "", record.Date(record.MinDate - 1), "years 1 to 9999"},
		"reference":                 {"customer", "", record.Ref(id), ""},
		"reference of 3 bytes":      {"customer", "", record.Text("abc"), "refers to nothing"},
		"reference to zero":         {"customer", "", record.Text(string(make([]byte, 16))), "refers to nothing"},
		"any reference":             {"about", "", record.AnyRef(record.Key{Table: 1, ID: id}), ""},
		"any reference, no table":   {"about", "", record.Quantity(0, string(id[:])), "refers to nothing"},
		"any reference, far table":  {"about", "", record.Quantity(1<<16+1, string(id[:])), "refers to nothing"},
		"translation":               {"title", "de", record.Text("Pumpe"), ""},
		"translation, no language":  {"title", "", record.Text("Pumpe"), "malformed key"},
		"translation, too long":     {"title", "de", record.Text(long), "too long"},
		"translation, a number":     {"title", "de", record.Number(1), "another kind than translated"},
		"element":                   {"tags", "urgent", record.Number(1), ""},
		"element taken out":         {"tags", "urgent", record.Null, ""},
		"element marked 2":          {"tags", "urgent", record.Number(2), "something else than 1"},
		"element, long name":        {"tags", strings.Repeat("x", 256), record.Number(1), "malformed key"},
		"element, name not UTF-8":   {"tags", "\xff", record.Number(1), "malformed key"},
		"element, name with a zero": {"tags", "a\x00", record.Number(1), "malformed key"},
		"field, a number":           {"fields", "engine", record.Number(1), ""},
		"field, a text":             {"fields", "engine", record.Text("V8"), ""},
		"field, an amount":          {"fields", "engine", record.Money(1, "EUR"), ""},
		"field, too long":           {"fields", "engine", record.Text(long), "field value"},
		"field, a map":              {"fields", "engine", record.Null.WithCell("k", record.Number(1)), "field value"},
	} {
		err := record.Check(column(c.column), c.key, c.value)
		switch {
		case c.refused == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.refused != "" && (fault.CodeOf(err) != fault.Invalid && fault.CodeOf(err) != fault.OutOfRange || !strings.Contains(err.Error(), c.refused)):
			t.Errorf("%s: %v, want %q", name, err, c.refused)
		}
	}
}

// FuzzValue reads any bytes as a value: what is read has these very bytes.
func FuzzValue(f *testing.F) {
	for seed := range 40 {
		f.Add(anyValue.Example(seed).AppendBinary(nil))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, rest, err := record.CutValue(b)
		if err != nil {
			return
		}
		if again := append(v.AppendBinary(nil), rest...); !bytes.Equal(again, b) {
			t.Fatalf("%x was read as %#v, which is %x", b, v, again)
		}
		if v.Shape() == record.ShapeMap && record.Map(v.Cells()) != v {
			t.Fatalf("%#v is not the map of its cells", v)
		}
	})
}
