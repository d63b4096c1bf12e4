package aftersales

import (
	"fmt"
	"slices"
	"strings"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// An external key is what a row is called in another system: by it programs and imports find the row again, whoever made
// it and whatever it was joined with since. A key names one row of its kind; a row may have several. One that was retired names
// nothing, until it is given again.
var externalKeyTable = &schema.Table{
	ID: 232, Name: "external_key",
	Columns: slices.Concat(branch(), []schema.Column{
		text(1, "system", required, fixed),
		text(2, "key", required, fixed, searchable, personal), // often a telephone number or an address
		anyRef(3, "about", required),
		instant(4, "retired_at"),
	}),
	Buckets: []schema.Bucket{in(OfficeBucket, "id")},
}

// keyRow returns the row that says what the key names, nil for none, and its id: that follows from what the key says, so
// that nothing has to be searched and two writers cannot make two of it. A key that was erased with a person is free.
func keyRow(tx Reader, system, table, key string) (record.ID, *record.Row, error) {
	return unerased(tx, "external_key", "key", "external", SystemName(system), table, strings.TrimSpace(key))
}

// SystemName returns the name of another system as keys hold it: without space around it, in lower case.
func SystemName(typed string) string { return strings.ToLower(strings.TrimSpace(typed)) }

// unerased returns the row at the id that follows from the names, and that id; nil for a free one. A row that was erased
// stays behind, which the column shows: the next in turn is taken.
func unerased(tx Reader, table, column string, names ...string) (record.ID, *record.Row, error) {
	for generation := 0; ; generation++ {
		all := names
		if generation > 0 {
			all = append(slices.Clone(names), fmt.Sprint("again ", generation))
		}
		id := NamedID(all...)
		row, err := tx.Row(table, id)
		if err != nil || row == nil || !row.Get(column).IsNull() {
			return id, row, err
		}
	}
}

// ByKey returns the living row of the table that the other system calls by the key, or the one that it was joined to; nil
// if there is none.
func ByKey(tx Reader, system, table, key string) (*record.Row, error) {
	_, named, err := keyRow(tx, system, table, key)
	if err != nil || named == nil || !named.Get("retired_at").IsNull() {
		return nil, err
	}
	id, err := standsFor(tx, Row{table, named.Get("about").Ref()})
	if err != nil {
		return nil, err
	}
	return tx.Row(table, id)
}

// PutKey notes that the other system calls the row by the key; once more is no matter. A key that was retired, or whose
// row was deleted, is free again. Codes: fault.Invalid, fault.UnknownRow, fault.Exists for a key that names another row.
func PutKey(tx Tx, system, key string, about Row) error {
	system, key = SystemName(system), strings.TrimSpace(key)
	if system == "" || key == "" {
		return fault.New(fault.Invalid, "a key needs the name of its system, and a text")
	}
	row, err := need(tx, about.Table, about.ID)
	if err != nil {
		return err
	}
	stands, err := standsFor(tx, about)
	if err != nil {
		return err
	}
	named, err := ByKey(tx, system, about.Table, key)
	switch {
	case err != nil || named != nil && named.ID == stands:
		return err
	case named != nil:
		return fault.Newf(fault.Exists, "in %s the key %s names another row: retire it there first, or look at %s", system, key, named.ID.String())
	}
	id, left, err := keyRow(tx, system, about.Table, key)
	if err != nil {
		return err
	}
	values := record.Values{"about": about.Value(), "branch": row.Get("branch")}
	if left != nil {
		values["retired_at"] = record.Null
		return tx.Update("external_key", id, values)
	}
	values["system"], values["key"] = record.Text(system), record.Text(key)
	return insert(tx, "external_key", id, values)
}

// standsFor returns the id of the row that stands for it today: itself, or the one that it was joined with.
func standsFor(tx Reader, about Row) (record.ID, error) {
	if Schema.Table(about.Table).Column("merged_into") < 0 {
		return about.ID, nil
	}
	return Survivor(tx, about.Table, about.ID)
}

// RetireKey ends that the other system calls the row by the key: a program or a file that brings it makes or finds
// another. Once more is no matter. Codes: fault.UnknownRow for a key that never named the row, or names another by now.
func RetireKey(tx Tx, system, key string, about Row) error {
	id, named, err := keyRow(tx, system, about.Table, key)
	if err != nil {
		return err
	}
	if named != nil && named.Get("about").Ref() != about.ID {
		of, err := ByKey(tx, system, about.Table, key) // it may name one that was joined with this
		if err != nil {
			return err
		}
		if of == nil || of.ID != about.ID {
			named = nil
		}
	}
	switch {
	case named == nil:
		return fault.Newf(fault.UnknownRow, "the key %s of %s does not name this row", key, system)
	case !named.Get("retired_at").IsNull():
		return nil
	}
	return tx.Update("external_key", id, record.Values{"retired_at": record.Instant(tx.Now())})
}
