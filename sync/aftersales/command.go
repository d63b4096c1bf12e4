package aftersales

import (
	"cmp"
	"crypto/sha256"
	"strings"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// The codes of refusals that several commands share.
const (
	MissingText   fault.Code = "missing_text"   // a text that cannot be empty is
	MissingReason fault.Code = "missing_reason" // what is being done needs a reason
	WrongState    fault.Code = "wrong_state"    // the row is in a state that does not permit it
	UnknownCode   fault.Code = "unknown_code"   // a code that its list does not have, or no longer
)

// need returns the living row, or refuses with fault.UnknownRow.
func need(tx View, table string, id record.ID) (*record.Row, error) {
	if id.IsZero() {
		return nil, fault.Newf(fault.UnknownRow, "which %v? None was given", readable(table))
	}
	row, err := tx.Row(table, id)
	if err == nil && row == nil {
		err = fault.Newf(fault.UnknownRow, "this %v is not here: sync, and try again", readable(table))
	}
	if err != nil {
		return nil, err
	}
	return row, nil
}

// needIf is need for a reference that may be empty: it returns nil for the zero id.
func needIf(tx View, table string, id record.ID) (*record.Row, error) {
	if id.IsZero() {
		return nil, nil
	}
	return need(tx, table, id)
}

// needAll refuses the first reference that names no living row; zero ids pass.
func needAll(tx View, rows ...Row) error {
	for _, r := range rows {
		if _, err := needIf(tx, r.Table, r.ID); err != nil {
			return err
		}
	}
	return nil
}

// needOf is need for a row that belongs to the job. Codes: fault.UnknownRow.
func needOf(tx View, job record.ID, table string, id record.ID) (*record.Row, error) {
	row, err := need(tx, table, id)
	if err == nil && row.Get("job").Ref() != job {
		return nil, fault.Newf(fault.UnknownRow, "this %v is another job's", readable(table))
	}
	return row, err
}

func readable(table string) string { return strings.ReplaceAll(table, "_", " ") }

// insert creates the row with the values that are not null.
func insert(tx Tx, table string, id record.ID, values record.Values) error {
	given := make(record.Values, len(values))
	for name, v := range values {
		if !v.IsNull() {
			given[name] = v
		}
	}
	return tx.Insert(table, id, given)
}

// optional returns a text cell, null for an empty text.
func optional(s string) record.Value {
	if s == "" {
		return record.Null
	}
	return record.Text(s)
}

// at returns an instant or a count, null for zero.
func at(n int64) record.Value {
	if n == 0 {
		return record.Null
	}
	return record.Number(n)
}

func flag(b bool) record.Value {
	if b {
		return record.Number(1)
	}
	return record.Number(0)
}

// addSet writes the elements of a set.
func addSet(values record.Values, column string, elements []string) {
	for _, e := range elements {
		values[column+"."+e] = record.Number(1)
	}
}

// addTexts writes the languages of a translated text.
func addTexts(values record.Values, column string, texts map[string]string) {
	for language, s := range texts {
		values[column+"."+language] = optional(s)
	}
}

// reasonFor returns the reason without the blanks around it, or refuses with MissingReason.
func reasonFor(what, reason string) (string, error) {
	if reason = strings.TrimSpace(reason); reason == "" {
		return "", fault.Newf(MissingReason, "say why you want to %v", what)
	}
	return reason, nil
}

// textFor returns the text without the blanks around it, or refuses with MissingText.
func textFor(what, s string) (string, error) {
	if s = strings.TrimSpace(s); s == "" {
		return "", fault.Newf(MissingText, "%v is empty", what)
	}
	return s, nil
}

// branchFor returns the first branch that is given, that one of the rows belongs to, or that the author works for;
// zero if there is none.
func branchFor(tx Tx, given record.ID, rows ...*record.Row) (record.ID, error) {
	for _, row := range rows {
		if given.IsZero() && row != nil {
			given = row.Get("branch").Ref()
		}
	}
	if !given.IsZero() || tx.Author().IsZero() {
		return given, nil
	}
	author, err := tx.Row("person", tx.Author())
	if err != nil || author == nil {
		return record.ID{}, err
	}
	return author.Get("branch").Ref(), nil
}

// A Moment is when something happened: by the device's own clock, and corrected for that clock's known offset. The
// zero Moment means now, by both.
type Moment struct{ Device, Corrected int64 }

// corrected returns the moment in ms UTC as corrected for the clock's offset.
func (m Moment) corrected(tx Tx) int64 { return cmp.Or(m.Corrected, tx.Now()) }

// put writes the moment into the columns of occurred.
func (m Moment) put(tx Tx, values record.Values) {
	values["occurred"] = record.Instant(cmp.Or(m.Device, m.Corrected, tx.Clock()))
	values["corrected"] = record.Instant(m.corrected(tx))
}

// NamedID returns the id of a row whose identity is its name: an entry of a code list, a setting, a number format. It
// is a UUIDv8 (RFC 9562, 5.8) of the SHA-256 of the names, so that every writer gives the row the same one.
func NamedID(names ...string) record.ID {
	sum := sha256.Sum256([]byte(strings.Join(names, "\x00")))
	id := record.ID(sum[:16])
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return id
}

// upsert writes the row, whether or not it is there yet. Columns that are set once are left as they are.
func upsert(tx Tx, table string, id record.ID, values record.Values) error {
	row, err := tx.Row(table, id)
	if err != nil {
		return err
	}
	if row == nil {
		return insert(tx, table, id, values)
	}
	changed := record.Values{}
	for name, v := range values {
		column, _, _ := strings.Cut(name, ".")
		if i := row.Table.Column(column); i < 0 || !row.Table.Columns[i].Has(fixed) {
			changed[name] = v
		}
	}
	if len(changed) == 0 {
		return nil
	}
	return tx.Update(table, id, changed)
}

// identity returns what a new row starts with: its id, the branch it belongs to and, where a series is named, its
// number in it. What is given stays.
func identity(tx Tx, id, branch record.ID, number, series string, rows ...*record.Row) (
	record.ID, record.ID, string, error,
) {
	branch, err := branchFor(tx, branch, rows...)
	if err != nil {
		return id, branch, number, err
	}
	id = fresh(tx, id)
	if number == "" && series != "" {
		number, err = FormatNumber(tx, series, branch)
	}
	return id, branch, number, err
}

// refTo returns a reference to the row, null for nil.
func refTo(row *record.Row) record.Value {
	if row == nil {
		return record.Null
	}
	return record.Ref(row.ID)
}
