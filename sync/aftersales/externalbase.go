package aftersales

import (
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"slices"
	"strings"

	"fieldsync/sync/clock"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// An external base is what another system said last of a row, and what it knew of it: the base of what it says next. A
// system that only ever tells has seen nothing of what people write here. What it merely repeats is therefore no news,
// and what it says anew stands beside what others wrote since, which it never replaces unseen.
var externalBaseTable = &schema.Table{
	ID: 234, Name: "external_base",
	Columns: slices.Concat(branch(), []schema.Column{
		text(1, "system", fixed),
		anyRef(2, "about", required),
		text(3, "said", personal), // a line for each cell that it ever gave: its name, and a digest of the last value
		text(4, "seen", required), // of the row: a version vector, in base64
	}),
	Buckets: []schema.Bucket{in(OfficeBucket, "id")},
}

// SourceID names another system as a writer: what it says here carries a name of its own, apart from what the person who
// brings it writes with his own hands, and has seen.
func SourceID(system string) record.ID { return NamedID("source", SystemName(system)) }

// Word is what another system says of a row now.
type Word struct {
	System string
	Key    string        // what it calls the row; "" where it does not
	Values record.Values // by cell, as it gives them; null clears
	Seen   clock.Vector  // what it was shown of the row, where it says so
}

// Heard is what is to be written of a Word.
type Heard struct {
	Values record.Values // what the system has not said before, and does not stand
	Seen   clock.Vector  // what it knows of the row: the context of writing them
	Beside []string      // cells, sorted, that hold what it has not seen: both values stand
}

// Hear compares what another system says of a row with what it said last, and notes it. What the caller then writes in
// this transaction must carry Heard.Seen as its context.
func Hear(tx Tx, row *record.Row, w Word) (Heard, error) {
	id, base, err := baseOf(tx, row, w)
	if err != nil {
		return Heard{}, err
	}
	own := clock.VectorOf(clock.Dot{Actor: tx.Dot().Actor, Counter: tx.Dot().Counter - 1})
	h := Heard{Values: record.Values{}, Seen: base.seen.Join(own).Join(w.Seen).Meet(row.Vector)}
	said := maps.Clone(base.said)
	for name, v := range w.Values {
		digest := digestOf(SystemName(w.System), name, v)
		repeated := base.said[name] == digest && !saw(w.Seen, row, name)
		said[name] = digest
		if repeated || v == shownIn(row, name) {
			continue
		}
		h.Values[name] = v
		if !saw(h.Seen, row, name) {
			h.Beside = append(h.Beside, name)
		}
	}
	slices.Sort(h.Beside)
	now := externalBase{said, h.Seen}
	if len(h.Values) > 0 || row.Vector.IsZero() { // of a row that this transaction makes the system knows everything
		now.seen = now.seen.With(tx.Dot())
	}
	return h, now.keep(tx, id, row, w.System)
}

// NoteMade notes what another system said of a row that the transaction has made; of one that it made on the way to
// another, and said no more of than that, nothing.
func NoteMade(tx Tx, about Row, w Word) error {
	row, err := need(tx, about.Table, about.ID)
	if err != nil {
		return err
	}
	_, err = Hear(tx, row, w)
	return err
}

// externalBase is what a row of the table says.
type externalBase struct {
	said map[string]string // digest by cell
	seen clock.Vector
}

// baseOf finds what the system said last of the row: under what it calls it, else of the row itself, and the id to keep
// it under from now on.
func baseOf(tx Tx, row *record.Row, w Word) (id record.ID, base externalBase, err error) {
	base.said = map[string]string{}
	for _, key := range []string{w.Key, row.ID.String()} {
		if key == "" {
			continue
		}
		at, kept, err := baseRow(tx, w.System, row.Table.Name, key)
		if err != nil {
			return id, base, err
		}
		if id.IsZero() {
			id = at
		}
		ours, err := isAbout(tx, kept, row)
		if err != nil {
			return id, base, err
		}
		if ours {
			base, err = parseBase(kept)
			return id, base, err
		}
	}
	return id, base, nil
}

// baseRow returns the row that keeps what the system said under the key, and its id; nil for none. One whose content was
// erased with a person stays behind, and the next takes another place.
func baseRow(tx Reader, system, table, key string) (record.ID, *record.Row, error) {
	return unerased(tx, "external_base", "said", "external base", SystemName(system), table, strings.TrimSpace(key))
}

// isAbout reports whether what is kept is about the row, or about one that it was joined from.
func isAbout(tx Reader, kept, row *record.Row) (bool, error) {
	if kept == nil {
		return false, nil
	}
	stands, err := standsFor(tx, Row{row.Table.Name, kept.Get("about").Ref()})
	return stands == row.ID, err
}

func parseBase(kept *record.Row) (externalBase, error) {
	base := externalBase{said: map[string]string{}}
	for line := range strings.Lines(kept.Get("said").Text()) {
		if name, digest, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " "); ok {
			base.said[name] = digest
		}
	}
	b, err := base64.RawStdEncoding.DecodeString(kept.Get("seen").Text())
	if err == nil {
		base.seen, _, err = clock.CutVector(b)
	}
	return base, err
}

// keep writes the base, if it is not what stands.
func (b externalBase) keep(tx Tx, id record.ID, row *record.Row, system string) error {
	said := "cells\n" // never empty, so that one that was erased is told from one that says nothing
	for _, name := range slices.Sorted(maps.Keys(b.said)) {
		said += name + " " + b.said[name] + "\n"
	}
	values := record.Values{
		"about": Row{row.Table.Name, row.ID}.Value(), "branch": row.Get("branch"), "said": record.Text(said),
		"seen": record.Text(base64.RawStdEncoding.EncodeToString(b.seen.AppendBinary(nil))),
	}
	kept, err := tx.Row("external_base", id)
	if err != nil {
		return err
	}
	if kept == nil {
		values["system"] = optional(SystemName(system))
		return insert(tx, "external_base", id, values)
	}
	maps.DeleteFunc(values, func(name string, v record.Value) bool { return v == kept.Get(name) })
	if len(values) == 0 {
		return nil
	}
	return tx.Update("external_base", id, values)
}

// digestOf tells two values of a cell apart without saying what they are.
func digestOf(system, name string, v record.Value) string {
	sum := sha256.Sum256(v.AppendBinary([]byte(system + "\x00" + name + "\x00")))
	return base64.RawStdEncoding.EncodeToString(sum[:9])
}

// shownIn returns the value that is shown in the cell.
func shownIn(row *record.Row, name string) record.Value {
	column, key, _ := strings.Cut(name, ".")
	v := row.Get(column)
	if key != "" {
		return v.Cell(key)
	}
	return v
}

// saw reports whether a vector covers every value that stands in the cell; one that was never written nobody needs to
// have seen.
func saw(seen clock.Vector, row *record.Row, name string) bool {
	column, key, _ := strings.Cut(name, ".")
	i := row.Table.Column(column)
	if i < 0 || row.Meta == nil {
		return true
	}
	at, ok := row.Meta.Find(record.CellID{Column: row.Table.Columns[i].ID, Key: key})
	if !ok {
		return true
	}
	cell := row.Meta.Cells[at]
	return seen.Covers(cell.Shown.Dot) && !slices.ContainsFunc(cell.Others, func(s record.Standing) bool { return !seen.Covers(s.Dot) })
}
