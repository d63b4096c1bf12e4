package sqlrow

import (
	"slices"
	"strings"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// Hit is a row that a search has found.
type Hit struct {
	Table string // by name
	ID    record.ID
	Exact bool    // a value of the row, a number or a serial, is what was searched for
	Score float64 // of the others: how well it fits, higher is better
}

// SearchOptions narrow a search.
type SearchOptions struct {
	Tables []string // where to look; none means everywhere
	Limit  int      // how many rows to return; 0 means DefaultHits
}

// DefaultHits is how many rows a search returns unless it is told otherwise.
const DefaultHits = 50

// Find returns the living rows that hold every piece of the query: first those of which a whole value is what was
// searched for, then those that fit best, then the latest. A row that the index does not yet hold as it stands is looked
// at itself, of the first dueMost of them: what was just written is found. Refused are queries longer than MaxSearch
// (fault.TooLarge) and unknown or unsearchable tables (fault.Invalid). A query without a letter or digit finds nothing.
func (l *Layout) Find(c *Conn, query string, o SearchOptions) ([]Hit, error) {
	f, err := l.finding(c, query)
	if err != nil {
		return nil, err
	}
	tables, err := f.within(o.Tables)
	if err != nil || len(f.ways) == 0 {
		return nil, err
	}
	limit := o.Limit
	if limit <= 0 {
		limit = DefaultHits
	}
	var exact, others []candidate
	for _, t := range tables {
		whole, some, err := f.in(t, limit)
		if err != nil {
			return nil, err
		}
		exact, others = append(exact, whole...), append(others, some...)
	}
	rank(others, slices.Concat(f.ways...))
	return f.hits(exact, others, limit), nil
}

// finding is one search: what is looked for, and which rows the index does not hold as they stand.
type finding struct {
	*Search
	conn *Conn
	ways [][]piece // a row holds all pieces of one of them

	due     map[record.Key]bool
	dueKeys []record.Key // the same, in their order; there may be more where they are dueMost
}

// dueMost is how many rows that the index does not yet hold as they stand are looked at themselves.
const dueMost = 500

func (l *Layout) finding(c *Conn, query string) (*finding, error) {
	if l.search == nil {
		return nil, fault.New(fault.Invalid, "nothing here can be searched")
	}
	if len(query) > MaxSearch {
		return nil, fault.New(fault.TooLarge, "this is too long to search for: a few words are enough")
	}
	f := &finding{Search: l.search, conn: c, ways: waysOf(query), due: map[record.Key]bool{}}
	err := c.Each(func(r *Rows) error {
		k := record.Key{Table: schema.TableID(r.Int(0)), ID: r.ID(1)}
		f.due[k], f.dueKeys = true, append(f.dueKeys, k)
		return nil
	}, "SELECT tbl, row FROM _search_due LIMIT ?", int64(dueMost))
	return f, err
}

// asks returns what the index is asked for of a table: all pieces, or the text as a whole value, "" where it can be none.
func (f *finding) asks(t *searched, whole bool) string {
	if f.layout.dialect == Postgres {
		return f.either(" | ", whole, t.tsquery, t.quotedLexeme)
	}
	return f.either(" OR ", whole, matching, quotedTerm)
}

// either composes what is asked for of the ways, or of the terms of their whole values.
func (f *finding) either(or string, whole bool, all func([]piece) string, one func(string) string) string {
	var asked []string
	for _, cut := range f.ways {
		if !whole {
			asked = append(asked, "("+all(cut)+")")
			continue
		}
		for _, term := range wholesOf(cut) {
			asked = append(asked, one(term))
		}
	}
	return strings.Join(asked, or)
}

// within returns the tables of those names, all for none.
func (s *Search) within(names []string) (tables []*searched, err error) {
	for _, name := range names {
		t, err := s.of(name)
		if err != nil {
			return nil, err
		}
		tables = append(tables, t)
	}
	if len(names) == 0 {
		return s.tables, nil
	}
	return tables, nil
}

func (s *Search) of(name string) (*searched, error) {
	t := s.layout.schema.Table(name)
	if t == nil || s.byID[t.ID] == nil {
		return nil, fault.New(fault.Invalid, "there is nothing to search in "+name)
	}
	return s.byID[t.ID], nil
}

// in searches one table: for rows with the whole value, and for those to be ranked.
func (f *finding) in(t *searched, limit int) (exact, others []candidate, err error) {
	if f.asks(t, true) != "" {
		if exact, err = f.candidates(t, true, limit); err != nil {
			return nil, nil, err
		}
	}
	if others, err = f.candidates(t, false, max(limit, ranked)); err != nil {
		return nil, nil, err
	}
	for i := range others {
		if c := &others[i]; c.text == nil {
			source, err := f.source(t, c.id)
			if err != nil {
				return nil, nil, err
			}
			c.text = piecesOf(beginning(source))
		}
	}
	return exact, others, nil
}

// source returns the text of a row as it stands.
func (f *finding) source(t *searched, id record.ID) (string, error) {
	upkeep := Upkeep{Search: f.Search, conn: f.conn}
	return upkeep.source(t, id)
}

// candidates returns rows that hold what is looked for, or have it as a whole value: at most so many, the latest first, and
// before them those that the index does not hold as they stand.
func (f *finding) candidates(t *searched, whole bool, most int) ([]candidate, error) {
	list, err := f.written(t, whole, most)
	_, before := t.numbers()
	for n := most; err == nil && n == most && len(list) < most; {
		var page []candidate
		if page, before, err = f.page(t, whole, before, most); err != nil {
			return nil, err
		}
		n = len(page)
		for _, c := range page {
			stale, err := f.stale(c)
			if err != nil {
				return nil, err
			}
			if !stale && len(list) < most && (c.text == nil || whole || f.holds(c.text)) {
				list = append(list, c)
			}
		}
	}
	return list, err
}

// written returns the rows with what is looked for among those that the index does not hold as they stand.
func (f *finding) written(t *searched, whole bool, most int) (list []candidate, err error) {
	for _, k := range f.dueKeys {
		if k.Table != t.ID || len(list) == most {
			continue
		}
		source, err := f.source(t, k.ID)
		if err != nil {
			return nil, err
		}
		c := candidate{t: t, id: k.ID, text: piecesOf(source)}
		if whole && f.isWhole(source) || !whole && f.holds(c.text) {
			list = append(list, c)
		}
	}
	return list, nil
}

// page asks the index for the rows before a number.
func (f *finding) page(t *searched, whole bool, before int64, most int) (page []candidate, last int64, err error) {
	above, _ := t.numbers()
	query := "SELECT s.n, s.row FROM _search JOIN _search_row s ON s.n = _search.rowid WHERE _search MATCH ?" +
		" AND _search.rowid > ? AND _search.rowid < ? ORDER BY _search.rowid DESC LIMIT ?"
	inPieces := f.layout.dialect == Postgres
	if inPieces {
		query = "SELECT n, row, source FROM _search_row WHERE terms @@ ?::tsquery AND n > ? AND n < ? ORDER BY n DESC LIMIT ?"
	}
	err = f.conn.Each(func(r *Rows) error {
		last = r.Int(0)
		c := candidate{t: t, id: r.ID(1)}
		if inPieces {
			c.text = pieces([]rune(r.Text(2)))
		}
		page = append(page, c)
		return nil
	}, query, f.asks(t, whole), above, before, int64(most))
	return page, last, err
}

// stale reports whether the index holds something else of the row than what it is now.
func (f *finding) stale(c candidate) (bool, error) {
	if known := f.due[record.Key{Table: c.t.ID, ID: c.id}]; known || len(f.dueKeys) < dueMost {
		return known, nil
	}
	n, err := f.conn.Int("SELECT count(*) FROM _search_due WHERE tbl = ? AND row = ?", int64(c.t.ID), c.id[:])
	return n > 0, err
}

// holds reports whether every piece that is looked for stands in the text.
func (f *finding) holds(text []piece) bool {
	return slices.ContainsFunc(f.ways, func(cut []piece) bool {
		return !slices.ContainsFunc(cut, func(p piece) bool { return p.within(text) == 0 })
	})
}

// isWhole reports whether what is looked for is a value of a source text.
func (f *finding) isWhole(source string) bool {
	return slices.ContainsFunc(f.ways, func(cut []piece) bool { return isWhole(source, wholesOf(cut)) })
}

// hits returns the first of what was found, each row once.
func (f *finding) hits(exact, others []candidate, limit int) (hits []Hit) {
	known := map[record.ID]bool{}
	for i, c := range append(exact, others...) {
		if known[c.id] || len(hits) == limit {
			continue
		}
		known[c.id] = true
		hits = append(hits, Hit{Table: c.t.Name, ID: c.id, Exact: i < len(exact), Score: c.score})
	}
	return hits
}
