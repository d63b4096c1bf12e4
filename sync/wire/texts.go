package wire

// A block of texts is a column of a batch, or a part of one: how many there are is known to the reader.
//
//	texts = words lengths:numbers bytes [places:numbers]
//
// Where words is 0, lengths and bytes are those of the texts, one after another. Else they are those of the different
// texts, words in number, and places has for each text which of them it is. A block without texts takes no byte.

// writeTexts writes a block; repeated says whether equal texts may be written once.
func (f *form) writeTexts(v []string, repeated bool) {
	if len(v) == 0 {
		return
	}
	stored, places := v, []int64(nil)
	if repeated {
		stored, places = f.differentTexts(v)
	}
	if places == nil {
		f.writeUvarint(0)
	} else {
		f.writeUvarint(uint64(len(stored)))
	}
	lengths := f.lengths[:0]
	for _, s := range stored {
		lengths = append(lengths, int64(len(s)))
	}
	f.lengths = lengths
	f.writeNumbers(lengths)
	f.cut()
	for _, s := range stored {
		f.b = append(f.b, s...)
	}
	f.cut()
	f.writeNumbers(places)
}

// cut ends a frame here, unless it would be a short one.
func (f *form) cut() {
	last := 0
	if n := len(f.cuts); n > 0 {
		last = f.cuts[n-1]
	}
	if len(f.b)-last >= minFrame {
		f.cuts = append(f.cuts, len(f.b))
	}
}

// differentTexts returns the different texts in the order they first come, and for each text its place among them;
// places is nil, and the texts are as they were, where most occur only once.
func (f *form) differentTexts(v []string) (different []string, places []int64) {
	if f.place == nil {
		f.place = map[string]int64{}
	}
	clear(f.place)
	different, places = f.words[:0], f.places[:0]
	for _, s := range v {
		at, known := f.place[s]
		if !known {
			if 2*len(different)+2 > len(v) {
				return v, nil
			}
			at = int64(len(different))
			f.place[s] = at
			different = append(different, s)
		}
		places = append(places, at)
	}
	f.words, f.places = different, places
	return different, places
}

// readTexts reads a block of n texts. Equal ones may share a place among those stored: text i is stored[places[i]], or
// stored[i] where places is nil. All of them lie in one piece of memory.
func (f *form) readTexts(n int, repeated bool) (stored []string, places []int64) {
	if n == 0 {
		return nil, nil
	}
	words := f.readUvarint()
	if words > uint64(n) || words > 0 && !repeated {
		f.malformed()
		return nil, nil
	}
	count := n
	if words > 0 {
		count = int(words)
	}
	stored = f.readStored(count)
	if words > 0 {
		places = f.readPlaces(n, count)
	}
	if f.err != nil {
		return nil, nil
	}
	return stored, places
}

func (f *form) readStored(n int) []string {
	lengths := resize(&f.lengths, n)
	f.readNumbers(lengths)
	total := int64(0)
	for _, l := range lengths {
		if l < 0 || l > int64(len(f.b)) || total > int64(len(f.b)) {
			f.malformed()
			return nil
		}
		total += l
	}
	bytes := f.take(int(total))
	if !f.reserve(len(bytes), 1) {
		return nil
	}
	arena := string(bytes)
	stored := resize(&f.words, n)
	for i, l := range lengths {
		stored[i], arena = arena[:l], arena[l:]
	}
	return stored
}

func (f *form) readPlaces(n, words int) []int64 {
	places := resize(&f.places, n)
	f.readNumbers(places)
	for _, at := range places {
		if at < 0 || at >= int64(words) {
			f.malformed()
			return nil
		}
	}
	return places
}

// resize makes *p n elements long, whatever they are, and returns it.
func resize[T any](p *[]T, n int) []T {
	if cap(*p) < n {
		*p = make([]T, n)
	}
	*p = (*p)[:n]
	return *p
}
