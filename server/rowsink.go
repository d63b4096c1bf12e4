package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"fieldsync/server/auth"
	"fieldsync/server/hub"
	"fieldsync/server/importer"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// Taking says how the rows of a file are taken in.
type Taking struct {
	Sheet  *importer.Sheet
	Branch record.ID                  // that what is made belongs to
	System string                     // where the rows come from: it keeps what two systems number alike apart
	Author record.ID                  // zero: the hub itself
	Import record.ID                  // whose lines note what was done; zero: nothing is noted
	May    func(auth.Permission) bool // what else may be made on the way: a machine for a job; nil: anything
	Dry    bool                       // nothing is kept: what would become of the rows
}

// RowSink makes, on the hub, what the rows of an imported file say, and whatever they need: the machine of a job, the
// customer of a machine. Each row is one change set. What a row is about is found by its number, serial or code, else by an id
// that follows from the row's identity, so that no row is ever taken twice.
type RowSink struct {
	ctx    context.Context
	core   *Core
	in     Taking
	known  known
	office *hub.Office // of the row that is being taken, as the next
	look   []importer.Remark
}

// NewRowSink returns a sink for one file. The branches of the context are those that it may write in.
func NewRowSink(ctx context.Context, c *Core, in Taking) *RowSink {
	if in.May == nil {
		in.May = func(auth.Permission) bool { return true }
	}
	return &RowSink{ctx: ctx, core: c, in: in}
}

// badRow is the code of a row that a command has refused.
const badRow fault.Code = "import_row"

// Put makes what the rows say, each by a change set of its own, in one durable write.
func (s *RowSink) Put(rows []importer.Row) ([]importer.Fate, error) {
	if err := s.learn(rows); err != nil {
		return nil, err
	}
	fates := make([]importer.Fate, len(rows))
	commands := make([]func(*hub.Office) error, len(rows))
	for i := range rows {
		commands[i] = func(o *hub.Office) (err error) {
			fates[i], err = s.take(o, &rows[i])
			return err
		}
	}
	do := s.core.Hub.DoAll
	if s.in.Dry {
		do = s.core.Hub.Rehearse
	}
	refused, err := do(s.ctx, s.in.Author, aftersales.SourceID(s.in.System), aftersales.CauseImport, commands)
	for i, reason := range refused {
		if reason != nil {
			fates[i] = importer.Fate{Did: importer.Refused, Why: importer.RemarkOf(reason)}
		}
	}
	return fates, err
}

// take runs the command of one row, and notes what it did.
func (s *RowSink) take(o *hub.Office, row *importer.Row) (importer.Fate, error) {
	s.office, s.look = o, nil
	bound := Bind(o, s.in.Author)
	if err := s.put(bind(s.ctx, o, s.in.Author), row); err != nil {
		return importer.Fate{}, refusedRow(err)
	}
	fate := importer.Fate{Did: importer.Same, Look: s.look}
	for _, staged := range o.Staged() {
		about := aftersales.Row{Table: staged.Row.Table.Name, ID: staged.Row.ID}
		did, noted := aftersales.ImportChanged, !aside[about.Table]
		if staged.Change.Op == record.Insert {
			did = aftersales.ImportMade
		}
		if fate.Did == importer.Same && noted {
			fate.Did = importer.Changed
		}
		if did == aftersales.ImportMade && about.Table == sheetTables[s.in.Sheet] {
			fate.Did = importer.Made
		}
		if noted && !s.in.Import.IsZero() {
			if err := aftersales.NoteImported(bound, s.in.Import, row.Line, about, did); err != nil {
				return fate, err
			}
		}
	}
	return fate, nil
}

// aside are the tables whose rows an import makes on the way, and which are not what it is about.
var aside = map[string]bool{"code": true, "code_list": true, "external_key": true, "external_base": true}

// refusedRow makes of a command's refusal that of a row. Trouble of the hub itself ends the run.
func refusedRow(err error) error {
	var f *fault.Error
	if errors.As(err, &f) && f.Code != fault.Internal && f.Code != fault.Overloaded {
		return fault.Wrap(badRow, f.Message, err)
	}
	return err
}

// sheetTables are what the rows of each kind of file are, as tables of the schema; a count of stock is a movement only
// where it differs.
var sheetTables = map[*importer.Sheet]string{
	importer.Jobs: "job", importer.Customers: "party", importer.Machines: "unit", importer.Parts: "part",
}

func (s *RowSink) put(tx aftersales.Tx, row *importer.Row) error {
	switch s.in.Sheet {
	case importer.Jobs:
		return s.job(tx, row)
	case importer.Customers:
		return s.customer(tx, row)
	case importer.Machines:
		return s.machine(tx, row)
	case importer.Parts:
		return s.part(tx, row)
	}
	return s.count(tx, row)
}

// generations is how often a row that was imported, and taken back, can be imported again while what is left of it stands.
const generations = 8

// find returns the row that an import made under those names, nil for none, and the id under which one can be made: a row
// that was taken back leaves its id behind, until nothing is left of it.
func (s *RowSink) find(tx aftersales.Tx, table string, names ...string) (*record.Row, record.ID, error) {
	names = append([]string{"import", s.in.System}, names...)
	var free record.ID
	for generation := range generations {
		all := names
		if generation > 0 {
			all = append(slices.Clone(names), fmt.Sprint("again ", generation))
		}
		key := record.Key{Table: aftersales.Schema.Table(table).ID, ID: aftersales.NamedID(all...)}
		row, err := s.alive(tx, key)
		if err == nil && row != nil {
			err = ofTheHouse(row)
		}
		if err != nil || row != nil {
			return row, key.ID, err
		}
		if taken, err := s.taken(key); err != nil {
			return nil, key.ID, err
		} else if !taken && free.IsZero() {
			free = key.ID
		}
	}
	if free.IsZero() {
		return nil, free, importer.Say(importer.TooOften).Refuse(importer.Clash)
	}
	return nil, free, nil
}

// alive returns the living row, nil for none. One that was erased with a person is nobody's any more: what a file says of
// its number is about somebody else.
func (s *RowSink) alive(tx aftersales.Tx, key record.Key) (*record.Row, error) {
	row, err := tx.Row(aftersales.Schema.TableByID(key.Table).Name, key.ID)
	if err != nil || row == nil {
		return nil, err
	}
	if gone, err := s.office.Erased(key); err != nil || gone {
		return nil, err
	}
	return row, nil
}

// taken reports whether a row that is not alive has left its id behind.
func (s *RowSink) taken(key record.Key) (bool, error) {
	dead, err := s.office.Dead(key)
	if err != nil || dead {
		return dead, err
	}
	return s.office.Erased(key)
}

// keyed returns the row that the file's system calls by the key; nil for none, and for "".
func (s *RowSink) keyed(tx aftersales.Tx, table, key string) (*record.Row, error) {
	if key == "" {
		return nil, nil
	}
	return aftersales.ByKey(tx, s.in.System, table, key)
}

// name notes what the file's system calls the row; nothing for "".
func (s *RowSink) name(tx aftersales.Tx, table string, id record.ID, key string) error {
	if key == "" {
		return nil
	}
	return aftersales.PutKey(tx, s.in.System, key, aftersales.Row{Table: table, ID: id})
}

// ofTheHouse refuses a row that a device made. Ids follow from what a file says, so that anybody could have made a row
// under one of them: what it says must not be taken for what was imported.
func ofTheHouse(row *record.Row) error {
	if row.Meta != nil && row.Meta.Created.Actor.Side() == clock.SideDevice {
		return importer.Say(importer.PhoneMade, called(row.Table.Name), row.ID).Refuse(importer.Clash)
	}
	return nil
}

// named returns the one row of that name among those found.
func (s *RowSink) named(tx aftersales.Tx, table string, ids []record.ID, name string) (*record.Row, error) {
	var found *record.Row
	for _, id := range ids {
		row, err := s.alive(tx, record.Key{Table: aftersales.Schema.Table(table).ID, ID: id})
		if err != nil {
			return nil, err
		}
		if row != nil && found != nil {
			return nil, importer.Say(importer.SeveralSo, name).Refuse(importer.Clash)
		}
		if row != nil {
			found = row
		}
	}
	return found, nil
}

// need refuses what the author may not make on the way.
func (s *RowSink) need(may auth.Permission, table, name string) error {
	if s.in.May(may) {
		return nil
	}
	return importer.Say(importer.MayNotMake, called(table), name).Refuse(fault.NotAllowed)
}

// called returns a table as a sentence names one of its rows.
func called(table string) importer.Arg {
	english := map[string]string{"party": "customer", "unit": "machine", "product": "model"}
	return importer.Called(table, cmp.Or(english[table], strings.ReplaceAll(table, "_", " ")))
}

// imaginable refuses a day that nobody means, as forms and programs do. Codes: fault.OutOfRange.
func imaginable(table string, given record.Values) error {
	columns := aftersales.Schema.Table(table).Columns
	for i := range columns {
		if err := aftersales.CheckImaginable(&columns[i], given[columns[i].Name]); err != nil {
			return err
		}
	}
	return nil
}

// edit writes what the file's system says anew; what the file leaves empty stays as it is, and so does what others wrote
// since the system said the same.
func (s *RowSink) edit(tx aftersales.Tx, row *record.Row, key string, given record.Values) error {
	heard, err := aftersales.Hear(tx, row, s.word(key, given))
	if err != nil || len(heard.Values) == 0 {
		return err
	}
	s.heard(row, heard)
	return aftersales.Edit(tx, aftersales.EditInput{Table: row.Table.Name, ID: row.ID, Values: heard.Values})
}

// heard gives what is written of the row the context of the file's system, and notes where others wrote meanwhile.
func (s *RowSink) heard(row *record.Row, h aftersales.Heard) {
	s.office.Saw(row.Key(), h.Seen)
	for _, cell := range h.Beside {
		column, _, _ := strings.Cut(cell, ".")
		s.look = append(s.look, importer.Say(importer.BesideOther, importer.Called(row.Table.Name+"."+column, strings.ReplaceAll(column, "_", " "))))
	}
}

// made notes what the file's system said of a row that was made of it.
func (s *RowSink) made(tx aftersales.Tx, table string, id record.ID, key string, given record.Values) error {
	return aftersales.NoteMade(tx, aftersales.Row{Table: table, ID: id}, s.word(key, given))
}

func (s *RowSink) word(key string, given record.Values) aftersales.Word {
	maps.DeleteFunc(given, func(_ string, v record.Value) bool { return v.IsNull() })
	return aftersales.Word{System: s.in.System, Key: key, Values: given}
}

// number returns what the file's system numbers a row of the table by, as long as nothing here is called so: else nothing, for the
// hub to number it, and what looks it up by the other system's number finds it all the same.
func (s *RowSink) number(table, typed string) (string, error) {
	taken, err := taken(s.office, table, record.ID{}, record.Values{"number": textCell(typed)}, record.ID{})
	if err != nil || !taken {
		return typed, err
	}
	s.look = append(s.look, importer.Say(importer.NumberTaken, typed))
	return "", nil
}

// text returns a text cell, null for an empty one.
func textCell(s string) record.Value {
	if s == "" {
		return record.Null
	}
	return record.Text(s)
}

// phone returns a telephone number as rows hold it.
func (s *RowSink) phone(tx aftersales.Tx, typed string) (record.Value, error) {
	number, err := aftersales.PhoneIn(tx, s.in.Branch, typed, tx.Now())
	if err == nil && number == "" && typed != "" { // nothing of it would be left
		err = importer.Say(importer.NoPhone, typed).Refuse(badRow)
	}
	return textCell(number), err
}
