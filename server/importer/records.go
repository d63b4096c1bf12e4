package importer

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"fieldsync/sync/fault"
)

// window is how much of a file is looked at to find out its form, in bytes.
const window = 64 << 10

// records reads the records of a delimited text file, RFC 4180 and what people make of it: a quote that nobody closed
// is one that somebody typed (5" HOSE), so it is kept, and swallows no line after its own.
type records struct {
	in     *bufio.Reader
	decode decoder
	comma  byte
	end    byte   // the last byte of a line
	line   int    // the number of the line last handed out
	queue  []line // lines read ahead in search of a closing quote
	single int    // so many of the queued lines are known to be records by themselves
}

// rawRecord is one record, or what is wrong with it.
type rawRecord struct {
	line     int // where it begins
	cells    []string
	problem  Remark
	warnings []Remark
}

// line is one line of the file, its end included.
type line struct {
	text    string
	problem Remark
	warning Remark
}

// newRecords finds out the file's form. The errors are *fault.Error with the code Unreadable, or the reader's own.
func newRecords(r io.Reader, encoding string) (*records, error) {
	in := bufio.NewReaderSize(r, window)
	head, err := in.Peek(window)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) {
		utf16 := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder()
		in = bufio.NewReaderSize(transform.NewReader(in, utf16), window)
		if head, err = in.Peek(window); err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
	}
	if bytes.HasPrefix(head, []byte("\xef\xbb\xbf")) {
		if _, err := in.Discard(3); err != nil {
			return nil, err
		}
		head = head[3:]
	}
	if bytes.IndexByte(head, 0) >= 0 {
		return nil, fault.New(Unreadable, "This is not a text file. Save the sheet as CSV (UTF-8) and import that.")
	}
	out := &records{in: in, decode: newDecoder(encoding, head), end: '\n'}
	if bytes.IndexByte(head, '\n') < 0 && bytes.IndexByte(head, '\r') >= 0 {
		out.end = '\r' // as old spreadsheets on a Mac write it
	}
	return out, out.sniff(head)
}

// sniff finds out the delimiter, from the line "sep=;" that some spreadsheets write, or from the column names.
func (r *records) sniff(head []byte) error {
	first, _, _ := bytes.Cut(head, []byte{r.end})
	first = bytes.TrimRight(first, "\r\n")
	if len(first) == 5 && bytes.HasPrefix(first, []byte("sep=")) && bytes.IndexByte([]byte(",;\t|"), first[4]) >= 0 {
		r.comma = first[4]
		_, err := r.readLine()
		return err
	}
	r.comma = ','
	count, quoted := map[byte]int{}, false
	for _, c := range first {
		quoted = quoted != (c == '"')
		if !quoted && (c == ',' || c == ';' || c == '\t') {
			count[c]++
		}
	}
	for _, c := range []byte{';', '\t'} {
		if count[c] > count[r.comma] {
			r.comma = c
		}
	}
	return nil
}

// next returns the next record that is not blank; io.EOF ends them.
func (r *records) next() (rawRecord, error) {
	for {
		rec, err := r.read()
		if err != nil || rec.problem.Says() || !blank(rec.cells) {
			return rec, err
		}
	}
}

func blank(cells []string) bool {
	for _, c := range cells {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return true
}

// read returns the next record.
func (r *records) read() (rawRecord, error) {
	single := r.single > 0
	first, err := r.readLine()
	if err != nil {
		return rawRecord{}, err
	}
	rec := rawRecord{line: r.line, problem: first.problem}
	rec.warn(first.warning)
	if first.problem.Says() {
		return rec, nil
	}
	s := splitter{comma: r.comma}
	state := s.feed(first.text)
	if state == open && !single {
		if state, err = r.readOn(&s, &rec, len(first.text)); err != nil {
			return rawRecord{}, err
		}
	}
	if state != complete {
		rec.warnings = rec.warnings[:0]
		rec.warn(first.warning)
		rec.warn(Say(OpenQuote))
		s = splitter{comma: r.comma, literal: true}
		s.feed(first.text)
	}
	rec.cells = s.cells
	return rec, nil
}

// readOn feeds further lines to a record with an open quote, until it is complete or cannot be; then the lines go
// back to be read by themselves. None of those before the one that showed it can open a cell that ends, and they are
// marked so, lest each begins the search anew.
func (r *records) readOn(s *splitter, rec *rawRecord, size int) (splitState, error) {
	var taken []line
	state := open
	for state == open && size <= MaxRecord {
		next, err := r.readLine()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return state, err
		}
		taken = append(taken, next)
		if next.problem.Says() {
			break
		}
		size += len(next.text)
		rec.warn(next.warning)
		state = s.feed(next.text)
	}
	if state != complete {
		r.line -= len(taken)
		r.queue = append(taken, r.queue...)
		r.single = len(taken)
	}
	if state == broken {
		r.single-- // the quote that showed it may open a cell of its own
	}
	return state, nil
}

func (rec *rawRecord) warn(why Remark) {
	if why.Says() {
		rec.warnings = append(rec.warnings, why)
	}
}

// readLine returns the next line, io.EOF after the last.
func (r *records) readLine() (line, error) {
	r.single = max(0, r.single-1)
	if len(r.queue) > 0 {
		next := r.queue[0]
		r.queue = r.queue[1:]
		r.line++
		return next, nil
	}
	raw, whole, err := r.readRaw()
	if err != nil {
		return line{}, err
	}
	r.line++
	if !whole {
		return line{problem: Say(LineLong, MaxRecord)}, nil
	}
	return r.decode.line(raw), nil
}

// readRaw reads one line; of one beyond MaxRecord it skips what is too much, and whole is false.
func (r *records) readRaw() (raw []byte, whole bool, err error) {
	for {
		part, err := r.in.ReadSlice(r.end)
		if whole = len(raw)+len(part) <= MaxRecord; whole {
			raw = append(raw, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			if !whole {
				return nil, false, r.skip()
			}
		case errors.Is(err, io.EOF) && len(raw) > 0, err == nil:
			return raw, whole, nil
		default:
			return nil, false, err
		}
	}
}

// skip reads to the end of the line.
func (r *records) skip() error {
	for {
		_, err := r.in.ReadSlice(r.end)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		return err
	}
}

// splitState says how far a splitter is.
type splitState uint8

const (
	more     splitState = iota // cells in this line
	complete                   // the record has ended with the line
	open                       // the line has ended within quotes
	broken                     // something follows a closing quote: it was none
)

// splitter takes one record apart, line by line. A literal one reads a quote that is not closed in its line as text.
type splitter struct {
	comma   byte
	literal bool
	cells   []string
	cell    strings.Builder // the quoted cell so far
	quoted  bool
}

// feed takes a line in, its end included.
func (s *splitter) feed(line string) splitState {
	state := more
	for state == more {
		line, state = s.cut(line)
	}
	return state
}

// cut takes one cell, or what the line holds of it, off the line.
func (s *splitter) cut(line string) (string, splitState) {
	if s.quoted {
		return s.cutQuoted(line)
	}
	if !strings.HasPrefix(line, `"`) {
		return s.cutPlain(line)
	}
	rest, state := s.cutQuoted(line[1:])
	if s.literal && (state == open || state == broken) {
		s.quoted = false
		s.cell.Reset()
		return s.cutPlain(line)
	}
	return rest, state
}

func (s *splitter) cutPlain(line string) (string, splitState) {
	i := strings.IndexByte(line, s.comma)
	if i < 0 {
		s.cells = append(s.cells, chomp(line))
		return "", complete
	}
	s.cells = append(s.cells, line[:i])
	return line[i+1:], more
}

// cutQuoted goes on behind the opening quote.
func (s *splitter) cutQuoted(line string) (string, splitState) {
	s.quoted = true
	for {
		i := strings.IndexByte(line, '"')
		if i < 0 {
			s.cell.WriteString(line)
			return "", open
		}
		s.cell.WriteString(line[:i])
		line = line[i+1:]
		if !strings.HasPrefix(line, `"`) {
			return s.close(line)
		}
		s.cell.WriteByte('"')
		line = line[1:]
	}
}

// close ends the quoted cell, unless something else than a delimiter follows.
func (s *splitter) close(line string) (string, splitState) {
	ends := chomp(line) == ""
	if !ends && line[0] != s.comma {
		return "", broken
	}
	s.cells = append(s.cells, s.cell.String())
	s.cell.Reset()
	s.quoted = false
	if ends {
		return "", complete
	}
	return line[1:], more
}

// chomp returns the text without the line's end.
func chomp(s string) string {
	s = strings.TrimSuffix(s, "\n")
	return strings.TrimSuffix(s, "\r")
}
