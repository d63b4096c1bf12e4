package wire

import "fieldsync/sync/record"

// The values of a column are written part by part: their shapes, then the numbers of those that have one, then the
// texts of those that have one.
//
//	column = shapes numbers texts
//
// The first byte of the shapes is that of every value (0 to 4); or, with optional added, that of every value which is
// not null, and a bit a row follows that is set for those; or it is mixed, and the shape of each value follows in a
// byte. In a mixed column, words of the texts is always 0.
const (
	optional = 8
	mixed    = 16
)

func writeColumn(f *form, rows []Row, column int) {
	numbers, texts := f.numbers[:0], f.texts[:0]
	seen := 0
	for i := range rows {
		v := &rows[i].Values[column]
		s := v.Shape()
		seen |= 1 << s
		if hasNumber(s) {
			numbers = append(numbers, v.Number())
		}
		if hasText(s) {
			texts = append(texts, v.Text())
		}
	}
	f.numbers, f.texts = numbers, texts
	head := shapesHead(seen)
	f.b = append(f.b, head)
	switch {
	case head == mixed:
		for i := range rows {
			f.b = append(f.b, byte(rows[i].Values[column].Shape()))
		}
	case head&optional != 0:
		f.writeBits(len(rows), func(i int) bool { return !rows[i].Values[column].IsNull() })
	}
	f.writeNumbers(numbers)
	f.writeTexts(texts, head != mixed)
}

// shapesHead returns the first byte of the shapes; bit s of seen is set where some value has shape s.
func shapesHead(seen int) byte {
	for s := record.ShapeNull; s <= record.ShapeMap; s++ {
		switch seen {
		case 1 << s:
			return byte(s)
		case 1<<s | 1:
			return optional | byte(s)
		}
	}
	return mixed
}

func hasNumber(s record.Shape) bool { return s == record.ShapeNumber || s == record.ShapeBoth }
func hasText(s record.Shape) bool   { return s >= record.ShapeText }

// readColumn reads the values of n rows into values[0], values[stride] and so on.
func readColumn(f *form, values []record.Value, stride, n int) {
	head := f.readByte()
	switch s := record.Shape(head &^ optional); {
	case head == mixed:
		readMixed(f, values, stride, n)
	case s > record.ShapeMap || head == optional:
		f.malformed()
	case head == 0:
	default:
		at := resize(&f.at, n)[:0]
		if head&optional == 0 {
			for i := range n {
				at = append(at, i*stride)
			}
		} else {
			f.readBits(n, func(i int) { at = append(at, i*stride) })
		}
		readUniform(f, values, at, s)
	}
}

// readUniform reads values of one shape to the places at.
func readUniform(f *form, values []record.Value, at []int, s record.Shape) {
	var numbers []int64
	if hasNumber(s) {
		numbers = resize(&f.numbers, len(at))
		f.readNumbers(numbers)
	}
	if s == record.ShapeNumber {
		for i, to := range at {
			values[to] = record.Number(numbers[i])
		}
		return
	}
	stored, places := f.readTexts(len(at), true)
	if stored == nil {
		return
	}
	if s == record.ShapeBoth {
		readPairs(f, values, at, numbers, stored, places)
		return
	}
	different := f.compose(s, stored)
	for i, to := range at {
		if places != nil {
			i = int(places[i])
		}
		values[to] = different[i]
	}
}

func readPairs(f *form, values []record.Value, at []int, numbers []int64, stored []string, places []int64) {
	for i, to := range at {
		word := i
		if places != nil {
			word = int(places[i])
		}
		values[to], _ = record.Compose(record.ShapeBoth, numbers[i], stored[word])
	}
}

// compose makes values of texts, once for all rows that share one.
func (f *form) compose(s record.Shape, texts []string) []record.Value {
	different := resize(&f.values, len(texts))
	for i, t := range texts {
		v, ok := record.Compose(s, 0, t)
		if different[i] = v; !ok {
			f.malformed()
		}
	}
	return different
}

// readMixed reads values of several shapes. They share no texts, so that none is checked more than once.
func readMixed(f *form, values []record.Value, stride, n int) {
	shapes := f.take(n)
	numbered, worded := 0, 0
	for _, s := range shapes {
		if hasNumber(record.Shape(s)) {
			numbered++
		}
		if hasText(record.Shape(s)) {
			worded++
		}
	}
	numbers := resize(&f.numbers, numbered)
	f.readNumbers(numbers)
	texts, _ := f.readTexts(worded, false)
	if f.err != nil {
		return
	}
	for i, s := range shapes {
		var number int64
		var text string
		if hasNumber(record.Shape(s)) {
			number, numbers = numbers[0], numbers[1:]
		}
		if hasText(record.Shape(s)) {
			text, texts = texts[0], texts[1:]
		}
		v, ok := record.Compose(record.Shape(s), number, text)
		if values[i*stride] = v; !ok {
			f.malformed()
		}
	}
}
