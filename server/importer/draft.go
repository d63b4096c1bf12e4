package importer

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"fieldsync/sync/record"
)

// identify names a row, so that a second run knows it again: by its key; where it has none by its content, and by which of
// the identical rows it is, so that rows that look the same stay apart.
func (f *File) identify(item *Item, cells []string) {
	content, keyed := f.key(&item.Row)
	if !keyed {
		content = f.content(cells)
	}
	which := content
	switch first := f.lines[content]; {
	case !keyed || f.sheet.Same == apart:
		f.copies[content]++
		sum := sha256.Sum256(binary.BigEndian.AppendUint32(content[:], f.copies[content]))
		which = [16]byte(sum[:16])
	case first == 0:
		f.lines[content] = item.Row.Line
	default:
		item.Row.Again = first
		if f.sheet.Same == once && !item.Refused.Says() {
			item.Refused = Say(SameThing, first, Called("import.thing."+f.sheet.Thing, f.sheet.Thing))
		}
	}
	item.Row.Identity = hex.EncodeToString(which[:])
}

// key returns the hash of what tells which thing the row is about, if it says that.
func (f *File) key(row *Row) (sum [16]byte, ok bool) {
	for _, fields := range [][]Field{f.sheet.Key, f.sheet.Else} {
		cells := []string{f.sheet.Name}
		for _, field := range fields {
			cells = append(cells, string(field), row.Text(field))
		}
		if len(fields) > 0 && row.Text(fields[0]) != "" {
			return hash(cells), true
		}
	}
	return sum, false
}

// content returns the hash of the row's cells. How lines end and empty cells at a row's end are no content: they differ
// between two exports of the same sheet. Nor is the column in which a sheet of refused rows says why.
func (f *File) content(cells []string) [16]byte {
	told := make([]string, 0, len(cells))
	for i, c := range cells {
		if i >= len(f.columns) || !isReason(f.columns[i].name) {
			told = append(told, strings.ReplaceAll(c, "\r\n", "\n"))
		}
	}
	for len(told) > 0 && told[len(told)-1] == "" {
		told = told[:len(told)-1]
	}
	return hash(told)
}

func hash(cells []string) [16]byte {
	h := sha256.New()
	var size [8]byte
	for _, c := range cells {
		binary.BigEndian.PutUint64(size[:], uint64(len(c)))
		h.Write(size[:])
		h.Write([]byte(c))
	}
	return [16]byte(h.Sum(nil))
}

// draft is a row in the making.
type draft struct {
	sheet *Sheet
	opts  *Options
	item  Item
	notes []string // what the file's note columns say
	kept  []string // "column: value" of what has no other place
}

// take enters the row's cells.
func (d *draft) take(cols []column, cells []string) {
	for i, cell := range cells[:min(len(cells), len(cols))] {
		if strings.TrimSpace(cell) != "" {
			d.enter(cols[i], d.clean(cols[i].name, cell))
		}
	}
	if len(cells) > len(cols) && !blank(cells[len(cols):]) {
		extra := strings.Join(cells[len(cols):], ", ")
		name := fmt.Sprintf("after %d cells", len(cols))
		d.misfit(name, d.clean(name, extra), Say(MoreCells))
	}
}

// clean leaves out NUL, which nobody types and no text holds.
func (d *draft) clean(name, cell string) string {
	if strings.Contains(cell, "\x00") {
		d.warn(name, Say(NoByte))
		return strings.ReplaceAll(cell, "\x00", "")
	}
	return cell
}

func (d *draft) enter(c column, cell string) {
	spec := d.sheet.Spec(c.field)
	switch {
	case c.field == Skip:
	case spec == nil && d.sheet.keeps():
		d.keep(c.name, cell)
	case spec == nil:
	case spec.Kind == Kept:
		d.notes = append(d.notes, cell)
	default:
		d.read(spec, c.name, cell)
	}
}

// largest is how large a number may be, by the kind of its field: what a row would not hold is not promised to be imported.
var largest = map[Kind]int64{Amount: record.MaxMoney, Count: record.MaxNumber, Thou: record.MaxQuantity}

// read enters a cell as its field is read.
func (d *draft) read(spec *Spec, name, cell string) {
	var value record.Value
	ok, why := true, Remark{}
	switch spec.Kind {
	case Long:
		value = record.Text(cell)
	case Day:
		d.day(spec, name, cell)
		return
	case Amount:
		value, ok = parseMoney(cell, d.opts.Currency, d.opts.DecimalComma)
		why = Say(NoAmount)
	case Count:
		value, ok = parseCount(cell)
		why = Say(NoWhole)
	case Thou:
		value, ok = parseThousandths(cell, d.opts.DecimalComma)
		why = Say(NoNumber)
	case YesNo:
		value, ok = parseYesNo(cell)
		why = Say(NoYesNo)
	case Coded:
		value, ok, why = d.code(spec.Field, cell)
	default:
		value, ok, why = short(spec, cell)
	}
	if most, bounded := largest[spec.Kind]; ok && bounded && max(value.Number(), -value.Number()) > most {
		ok, why = false, Say(NumberLarge)
	}
	if !ok {
		d.misfit(name, cell, why)
		return
	}
	d.item.Row.Values[spec.Field] = value
}

// day enters a date; a time of day beside it has no place in one. One that is needed and cannot be read refuses the row.
func (d *draft) day(spec *Spec, name, cell string) {
	date, rest, problem := parseDate(cell, d.opts.DateOrder)
	switch {
	case problem.Says() && spec.Needed:
		d.refuse(Say(Misfit, d.sheet.called(spec.Field), quote(cell), problem))
		return
	case problem.Says():
		d.misfit(name, cell, problem)
		return
	}
	d.item.Row.Values[spec.Field] = date
	if rest && d.sheet.keeps() {
		d.misfit(name, cell, Say(OnlyDay))
	}
}

// code returns one of the codes that the field may have, or any short text where nothing limits it.
func (d *draft) code(field Field, cell string) (value record.Value, ok bool, why Remark) {
	codes := d.opts.Codes[field]
	if codes == nil {
		return short(&Spec{}, cell)
	}
	i := slices.IndexFunc(codes, func(code string) bool { return fold(code) == fold(cell) })
	if i < 0 {
		return record.Null, false, Say(NoCode)
	}
	return record.Text(codes[i]), true, Remark{}
}

// short returns a text of one line. One that is needed may be too long here: that refuses its row later.
func short(spec *Spec, cell string) (record.Value, bool, Remark) {
	cell = strings.TrimSpace(cell)
	if len(cell) > MaxName && !spec.Needed {
		return record.Null, false, Say(ValueLong, MaxName)
	}
	return record.Text(cell), true, Remark{}
}

// misfit keeps a value in the note, and says so; in a sheet without notes it refuses the row.
func (d *draft) misfit(name, cell string, why Remark) {
	if !d.sheet.keeps() {
		d.refuse(Say(Misfit, name, quote(cell), why))
		return
	}
	d.warn(name, Say(MisfitKept, quote(cell), why))
	d.keep(name, cell)
}

func (d *draft) keep(name, cell string) { d.kept = append(d.kept, name+": "+cell) }

func (d *draft) warn(name string, why Remark) {
	d.item.Warnings = append(d.item.Warnings, Warning{d.item.Row.Line, name, why})
}

// refuse says why the row can be none; the first reason stands.
func (d *draft) refuse(why Remark) {
	if !d.item.Refused.Says() {
		d.item.Refused = why
	}
}

// finish returns the row, or what it lacks.
func (d *draft) finish() Item {
	if note := strings.Join(append(d.notes, d.kept...), "\n"); note != "" {
		d.item.Row.Values[Note] = record.Text(note)
	}
	for i := range d.sheet.Fields {
		spec := &d.sheet.Fields[i]
		value := d.item.Row.Values[spec.Field]
		switch most := spec.most(); {
		case spec.Needed && (value.IsNull() || value.Shape() == record.ShapeText && strings.TrimSpace(value.Text()) == ""):
			d.refuse(Say(Missing, d.sheet.called(spec.Field)))
		case value.Shape() == record.ShapeText && len(value.Text()) > most:
			d.refuse(Say(FieldLong, d.sheet.called(spec.Field), most))
		}
	}
	return d.item
}

// most returns the longest text that a field holds, in bytes.
func (s *Spec) most() int {
	if s.Kind == Long || s.Kind == Kept {
		return MaxText
	}
	return MaxName
}
