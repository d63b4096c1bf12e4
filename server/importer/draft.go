package importer

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// identify names a row by its content and by which of the identical rows it is, so that a second run knows every row
// again, and rows that look the same stay apart. How lines end and empty cells at a row's end are no content: they
// differ between two exports of the same sheet.
func (f *File) identify(cells []string) string {
	for len(cells) > 0 && cells[len(cells)-1] == "" {
		cells = cells[:len(cells)-1]
	}
	h := sha256.New()
	var size [8]byte
	for _, c := range cells {
		c = strings.ReplaceAll(c, "\r\n", "\n")
		binary.BigEndian.PutUint64(size[:], uint64(len(c)))
		h.Write(size[:])
		h.Write([]byte(c))
	}
	content := [16]byte(h.Sum(nil))
	f.copies[content]++
	which := sha256.Sum256(binary.BigEndian.AppendUint32(content[:], f.copies[content]))
	return hex.EncodeToString(which[:16])
}

// draft is a job in the making.
type draft struct {
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
		d.misfit(name, d.clean(name, extra), "the line has more cells than there are columns")
	}
}

// clean leaves out NUL, which nobody types and no text holds.
func (d *draft) clean(name, cell string) string {
	if strings.Contains(cell, "\x00") {
		d.warn(name, "the byte 0 was left out")
		return strings.ReplaceAll(cell, "\x00", "")
	}
	return cell
}

func (d *draft) enter(c column, cell string) {
	job := &d.item.Job
	switch c.field {
	case Date:
		d.date(c.name, cell)
	case Asset:
		job.Asset = strings.TrimSpace(cell)
	case Text:
		job.Text = cell
	case Cost:
		d.cost(c.name, cell)
	case Type:
		d.code(&job.Type, c, cell)
	case Status:
		d.code(&job.Status, c, cell)
	case Priority:
		d.code(&job.Priority, c, cell)
	case Customer:
		d.name(&job.Customer, c, cell)
	case Number:
		d.name(&job.Number, c, cell)
	case Note:
		d.notes = append(d.notes, cell)
	case Skip:
	default:
		d.keep(c.name, cell)
	}
}

// date enters the day; a time of day beside it has no place in a job's date.
func (d *draft) date(name, cell string) {
	date, rest, problem := parseDate(cell, d.opts.DateOrder)
	if problem != "" {
		d.item.Refused = "its date " + quote(cell) + " " + problem
		return
	}
	d.item.Job.Date = date
	if rest {
		d.misfit(name, cell, "only the day was taken")
	}
}

func (d *draft) cost(name, cell string) {
	money, ok := parseMoney(cell, d.opts.Currency, d.opts.DecimalComma)
	if !ok {
		d.misfit(name, cell, "no amount of money")
		return
	}
	d.item.Job.Cost = money
}

// code enters one of the codes that the field may have, or any short text where nothing limits it.
func (d *draft) code(to *string, c column, cell string) {
	codes := d.opts.Codes[c.field]
	if codes == nil {
		d.name(to, c, cell)
		return
	}
	i := slices.IndexFunc(codes, func(code string) bool { return fold(code) == fold(cell) })
	if i < 0 {
		d.misfit(c.name, cell, "no "+string(c.field)+" of a job")
		return
	}
	*to = codes[i]
}

func (d *draft) name(to *string, c column, cell string) {
	if cell = strings.TrimSpace(cell); len(cell) > MaxName {
		d.misfit(c.name, cell, fmt.Sprintf("longer than %d bytes", MaxName))
		return
	}
	*to = cell
}

// misfit keeps a value in the note, and says so.
func (d *draft) misfit(name, cell, why string) {
	d.warn(name, quote(cell)+": "+why+"; kept in the note")
	d.keep(name, cell)
}

func (d *draft) keep(name, cell string) { d.kept = append(d.kept, name+": "+cell) }

func (d *draft) warn(name, message string) {
	d.item.Warnings = append(d.item.Warnings, Warning{d.item.Job.Line, name, message})
}

// finish returns the job, or what it lacks.
func (d *draft) finish() Item {
	job := &d.item.Job
	job.Note = strings.Join(append(d.notes, d.kept...), "\n")
	refuse := func(lacks bool, why string) {
		if lacks && d.item.Refused == "" {
			d.item.Refused = why
		}
	}
	refuse(job.Date.IsNull(), "it has no date")
	refuse(job.Asset == "", "it names no asset")
	refuse(job.Text == "", "it has no text")
	refuse(len(job.Asset) > MaxName, fmt.Sprintf("its asset's name is longer than %d bytes", MaxName))
	refuse(len(job.Text) > MaxText, fmt.Sprintf("its text is longer than %d bytes", MaxText))
	refuse(len(job.Note) > MaxText, fmt.Sprintf("what goes to its note is longer than %d bytes", MaxText))
	return d.item
}
