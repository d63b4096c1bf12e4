package aftersales

import (
	"reflect"

	"fieldsync/sync/record"
)

// Money is an amount in minor units of an ISO 4217 currency.
type Money struct {
	Minor    int64  `json:"minor"`
	Currency string `json:"currency"`
}

// Value returns the amount as a cell; the zero Money is null.
func (m Money) Value() record.Value {
	if m.Currency == "" {
		return record.Null
	}
	return record.Money(m.Minor, m.Currency)
}

// Quantity is an amount in thousandths of its unit of measure.
type Quantity struct {
	Amount int64  `json:"amount"`
	Unit   string `json:"unit"`
}

// Value returns the quantity as a cell; the zero Quantity is null.
func (q Quantity) Value() record.Value {
	if q == (Quantity{}) {
		return record.Null
	}
	return record.Quantity(q.Amount, q.Unit)
}

// Views are structs whose json tags name columns, so that a struct is at once the shape of a row in Go and in JSON.
// view fills one; "id" is the row's id. Fields without a column stay as they are.
func view[T any](r *record.Row) T {
	var v T
	if r == nil {
		return v
	}
	into := reflect.ValueOf(&v).Elem()
	for f := range into.NumField() {
		switch name := into.Type().Field(f).Tag.Get("json"); {
		case name == "id":
			into.Field(f).Set(reflect.ValueOf(r.ID))
		case !r.Get(name).IsNull():
			setField(into.Field(f), r.Get(name))
		}
	}
	return v
}

// setField sets a field of one of the types that views have.
func setField(f reflect.Value, v record.Value) {
	switch p := f.Addr().Interface().(type) {
	case *string:
		*p = v.Text()
	case *int64:
		*p = v.Number()
	case **int64:
		n := v.Number()
		*p = &n
	case *bool:
		*p = v.Number() != 0
	case *record.ID:
		*p = v.Ref()
	case *Row:
		*p = rowOf(v.Key())
	case *Money:
		*p = Money{v.Number(), v.Text()}
	case *Quantity:
		*p = Quantity{v.Number(), v.Text()}
	case *[]string:
		for element := range v.Cells() {
			*p = append(*p, element)
		}
	case *map[string]string:
		*p = map[string]string{}
		for language, label := range v.Cells() {
			(*p)[language] = label.Text()
		}
	case *map[string]any:
		*p = map[string]any{}
		for key, cell := range v.Cells() {
			(*p)[key] = plain(cell)
		}
	}
}

// plain returns the value of a run-time field: an int64 or a string.
func plain(v record.Value) any {
	if v.Shape() == record.ShapeNumber {
		return v.Number()
	}
	return v.Text()
}

// Row names a row of any table, by the table's name.
type Row struct {
	Table string    `json:"table"`
	ID    record.ID `json:"id"`
}

func rowOf(k record.Key) Row {
	if t := Schema.TableByID(k.Table); t != nil {
		return Row{t.Name, k.ID}
	}
	return Row{}
}

// Value returns the name as a cell; null for a table that the schema does not have.
func (r Row) Value() record.Value {
	if t := Schema.Table(r.Table); t != nil {
		return record.AnyRef(record.Key{Table: t.ID, ID: r.ID})
	}
	return record.Null
}

// Languages are those in which people are told things that the hub words.
var Languages = []string{"en", "zh-Hans", "zh-Hant"}

// Label returns the label in the language asked for, else in one that is near to it, else in English, else any.
func Label(labels map[string]string, language string) string {
	near := map[string][]string{"zh-Hans": {"zh-Hant"}, "zh-Hant": {"zh-Hans"}}
	for _, l := range append(append([]string{language}, near[language]...), "en") {
		if s := labels[l]; s != "" {
			return s
		}
	}
	first, label := "", ""
	for l, s := range labels {
		if first == "" || l < first {
			first, label = l, s
		}
	}
	return label
}
