package server

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"sync/atomic"

	"fieldsync/server/admin"
	"fieldsync/server/auth"
	"fieldsync/server/hub"
	"fieldsync/server/importer"
	"fieldsync/server/store"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/sqlrow"
)

// takenBack are the tables whose rows undoing an import takes away, in the order in which it does: what names others goes
// before them.
var takenBack = []string{"movement", "stock_level", "job", "unit", "contact", "site", "party", "product", "part"}

// imported is a row that an import wrote: the first line that did, and the last commit of it that touched the row.
type imported struct {
	about aftersales.Row
	line  int
	made  bool
	seq   uint64
}

// TakeBack removes the rows that the import made and nobody has touched or named since. What it changed, and what
// somebody touched, stays and is listed.
func (m *imports) TakeBack(ctx context.Context, who *auth.Person, id record.ID) error {
	from := []string{admin.ImportTaken, admin.ImportStopped}
	return m.begin(ctx, id, admin.ImportUndoing, from, func(ctx context.Context, note *admin.ImportFile, done *atomic.Int64) error {
		u := &undo{m: m, ctx: ctx, who: who, note: note, done: done}
		if err := u.learn(); err != nil {
			return err
		}
		if err := u.takeBack(); err != nil {
			return err
		}
		if err := u.list(); err != nil {
			return err
		}
		note.Phase, note.Removed, note.Stays, note.Stayed = admin.ImportUndone, u.removed, len(u.stayed), u.stayed[:min(mostStayed, len(u.stayed))]
		return m.do(ctx, who, func(tx aftersales.Tx) error { return aftersales.EndUndo(tx, note.ID, u.removed, len(u.stayed)) })
	})
}

// undo is one undoing under way.
type undo struct {
	m       *imports
	ctx     context.Context
	who     *auth.Person
	note    *admin.ImportFile
	done    *atomic.Int64
	rows    []*imported
	own     map[record.ID]bool // rows that the import made
	removed int
	stayed  []admin.StayedRow
}

// learn reads what the import did.
func (u *undo) learn() error {
	byRow := map[aftersales.Row]*imported{}
	u.own = map[record.ID]bool{}
	err := u.m.core.Store.Read(u.ctx, func(v *store.View) error {
		return v.Select(func(q *sqlrow.Rows) error {
			t := aftersales.Schema.TableByID(schema.TableID(q.Int(0)))
			if t == nil {
				return q.Err()
			}
			about := aftersales.Row{Table: t.Name, ID: q.ID(1)}
			row := byRow[about]
			if row == nil {
				row = &imported{about: about, line: int(q.Int(2))}
				byRow[about] = row
				u.rows = append(u.rows, row)
			}
			row.made = row.made || q.Text(3) == aftersales.ImportMade
			row.seq = max(row.seq, uint64(q.Int(4)))
			u.own[about.ID] = u.own[about.ID] || row.made
			return q.Err()
		}, "SELECT about_table, about, line, did, _seq FROM import_line WHERE import = ? AND _del = 0 ORDER BY _seq", u.note.ID[:])
	})
	u.rows = slices.DeleteFunc(u.rows, func(r *imported) bool { return r.made && !slices.Contains(takenBack, r.about.Table) })
	slices.SortStableFunc(u.rows, func(a, b *imported) int {
		return cmp.Or(cmp.Compare(slices.Index(takenBack, a.about.Table), slices.Index(takenBack, b.about.Table)), cmp.Compare(b.seq, a.seq))
	})
	return err
}

// undoStep is how many rows go in one durable write.
const undoStep = 256

// stays is the code of a row that is not taken back; its message says why.
const stays fault.Code = "import_stays"

func (u *undo) takeBack() error {
	for step := range slices.Chunk(u.rows, undoStep) {
		if err := u.ctx.Err(); err != nil {
			return err
		}
		gone := make([]bool, len(step))
		commands := make([]func(*hub.Office) error, len(step))
		for i, row := range step {
			commands[i] = func(o *hub.Office) (err error) {
				gone[i], err = u.one(o, row)
				return err
			}
		}
		refused, err := u.m.core.Hub.DoAll(u.ctx, u.who.ID, record.ID{}, aftersales.CauseImportUndo, commands, stays, fault.Invalid, fault.NotAllowed)
		if err != nil {
			return err
		}
		for i, why := range refused {
			u.done.Add(1)
			switch {
			case why != nil:
				u.stayed = append(u.stayed, admin.StayedRow{Line: step[i].line, Table: step[i].about.Table, ID: step[i].about.ID, Why: importer.RemarkOf(why)})
			case gone[i]:
				u.removed++
			}
		}
	}
	return nil
}

// one takes one row back, or refuses to. One that is gone already is no matter.
func (u *undo) one(o *hub.Office, r *imported) (gone bool, err error) {
	tx := guard(u.ctx, Bind(o, u.who.ID))
	row, err := tx.Row(r.about.Table, r.about.ID)
	if err != nil || row == nil {
		return false, err
	}
	if !r.made {
		return false, importer.Say(importer.WasThere).Refuse(stays)
	}
	if row.Seq > r.seq {
		return false, importer.Say(importer.SinceChange).Refuse(stays)
	}
	if err := u.unnamed(tx, r.about); err != nil {
		return false, err
	}
	err = aftersales.TakeBack(tx, r.about)
	if fault.CodeOf(err) == aftersales.WrongState { // corrected by somebody, or by an undoing that stopped half-way
		return false, importer.Say(importer.SinceMended).Refuse(stays)
	}
	return err == nil, err
}

// unnamed refuses a row that another living row names which the import did not make.
func (u *undo) unnamed(tx aftersales.Tx, about aftersales.Row) error {
	for _, name := range namers(about.Table) {
		rows, err := tx.Refs(name.Table, name.Column, about.ID)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if name.Table == "external_key" && row.Get("system").Text() == aftersales.SystemName(u.note.Settings.System) {
				continue // what the file itself calls it: free again once it is gone
			}
			if !u.own[row.ID] {
				return importer.Say(importer.NamedBy, called(name.Table)).Refuse(stays)
			}
			if slices.Contains(takenBack, name.Table) {
				return importer.Say(importer.NamedWithin, called(name.Table)).Refuse(stays)
			}
		}
	}
	return nil
}

// namer is a column that names rows of a table.
type namer struct{ Table, Column string }

// unspoken are tables of which the hub itself writes rows about others: they hold nothing anybody did.
var unspoken = []string{"import_line", "external_base", "notice"}

// namers returns the columns that can name a row of the table.
func namers(table string) (list []namer) {
	for _, t := range aftersales.Schema.Tables {
		for _, c := range t.Columns {
			if !slices.Contains(unspoken, t.Name) && (c.Kind == schema.Ref && c.Ref == table || c.Kind == schema.AnyRef) {
				list = append(list, namer{t.Name, c.Name})
			}
		}
	}
	return list
}

// list names the rows that stay, and writes them as a file.
func (u *undo) list() (err error) {
	file, err := os.OpenFile(u.m.path(u.note.ID, importStayed), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	slices.SortStableFunc(u.stayed, func(a, b admin.StayedRow) int { return cmp.Compare(a.Line, b.Line) })
	out := json.NewEncoder(file)
	return u.m.core.Store.Read(u.ctx, func(v *store.View) error {
		for i := range u.stayed {
			s := &u.stayed[i]
			row, err := v.Row(record.Key{Table: aftersales.Schema.Table(s.Table).ID, ID: s.ID})
			if err != nil {
				return err
			}
			s.Name = calledRow(row)
			if err := out.Encode(s); err != nil {
				return err
			}
		}
		return nil
	})
}

// calledRow returns what people call a row, its name or title, and the serial, number or code that tells it from others.
func calledRow(row *record.Row) string {
	if row == nil {
		return ""
	}
	name, mark := firstText(row, "name", "title"), firstText(row, "serial", "number", "code")
	if name == "" || mark == "" {
		return name + mark
	}
	return name + " · " + mark
}

// firstText returns the first of the text columns that the row has, and that holds something.
func firstText(row *record.Row, columns ...string) string {
	for _, column := range columns {
		if i := row.Table.Column(column); i >= 0 && row.Table.Columns[i].Kind == schema.Text && row.Get(column).Text() != "" {
			return row.Get(column).Text()
		}
	}
	return ""
}
