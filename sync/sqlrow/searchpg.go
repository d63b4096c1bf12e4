package sqlrow

import (
	"strings"

	"fieldsync/sync/record"
)

// The index in PostgreSQL is one table: beside a row's number stand its pieces, and the terms of them as a tsvector, which
// knows nothing of where they stood. So a query finds the rows that have all terms of all its pieces, and whether the
// terms of a piece follow one another is then seen in the pieces. What FTS5 finds is found here too.
//
// Each term begins with a mark of its table. So of a text that all of one table hold another table's search looks at none,
// and the server knows how many rows of which table hold it: whether to read those, or the latest rows until enough do.
// What is new goes into the index at once: of a list of what does not stand in it yet each search would read everything.

const searchTablesInPostgres = `CREATE TABLE _search_row (
	n      BIGINT   PRIMARY KEY,
	tbl    BIGINT   NOT NULL,
	row    BYTEA    NOT NULL,
	source TEXT     NOT NULL,
	terms  TSVECTOR NOT NULL,
	UNIQUE (tbl, row)
);
CREATE INDEX _search_terms ON _search_row USING gin(terms) WITH (fastupdate = off);
CREATE TABLE _search_due (
	tbl BIGINT NOT NULL,
	row BYTEA  NOT NULL,
	old BYTEA,
	PRIMARY KEY (tbl, row)
);
CREATE TABLE _search_state (
	one       BIGINT PRIMARY KEY CHECK (one = 1),
	signature TEXT   NOT NULL,
	place     BIGINT NOT NULL,
	row       BYTEA  NOT NULL
)`

// putInPostgres writes what the index holds of a row, under a new number where it has none.
func (u *Upkeep) putInPostgres(n int64, k record.Key, source string) (err error) {
	if n == 0 {
		n, err = u.next(k.Table)
	}
	if err == nil {
		_, err = u.conn.Exec("INSERT INTO _search_row(n, tbl, row, source, terms)"+
			" VALUES(?, ?, ?, ?, array_to_tsvector(string_to_array(?, ' '))) ON CONFLICT(tbl, row)"+
			" DO UPDATE SET source = excluded.source, terms = excluded.terms",
			n, int64(k.Table), k.ID[:], joinedPieces(source), u.byID[k.Table].lexemes(source))
	}
	return err
}

// joinedPieces returns the pieces of a source text with blanks between them.
func joinedPieces(source string) string {
	var b strings.Builder
	for _, p := range piecesOf(source) {
		b.WriteString(string(p.text) + " ")
	}
	return b.String()
}

// PostgreSQL takes 2,046 bytes for a term and 1 MiB for all of a row. A longer term is known by its beginning; of a row
// with more terms than that, which takes several hundred thousand different characters, the first ones are found.
const (
	longestLexeme = 255 // characters
	mostLexemes   = 900_000
)

// mark is what the table's terms begin with.
func (t *searched) mark() string { return string(rune('A' + t.place)) }

// lexemes returns the terms of a row, each once.
func (t *searched) lexemes(source string) string {
	var b strings.Builder
	known := map[string]bool{}
	for term := range strings.SplitSeq(terms(source), " ") {
		if term = lexeme(term); term == "" || known[term] {
			continue
		}
		if b.Len()+len(term) > mostLexemes {
			break
		}
		if known[term] = true; b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(t.mark() + term)
	}
	return b.String()
}

func lexeme(term string) string {
	if len(term) <= longestLexeme {
		return term
	}
	runes := []rune(term)
	return string(runes[:min(len(runes), longestLexeme)])
}

// tsquery returns what the index is asked for: rows of the table that may hold all the pieces.
func (t *searched) tsquery(cut []piece) string {
	var asked []string
	for _, p := range cut {
		switch p.kind {
		case dense:
			asked = append(asked, t.allGrams(p, "", 2))
		case serial:
			asked = append(asked, t.allGrams(p, "#", gram))
		default:
			asked = append(asked, "("+t.quotedLexeme(string(p.text))+":* | "+t.allGrams(p, "#", gram)+")")
		}
	}
	return strings.Join(asked, " & ")
}

// allGrams asks for every n neighbouring characters of the piece, wherever they stand.
func (t *searched) allGrams(p piece, mark string, n int) string {
	if len(p.text) < n {
		return t.quotedLexeme(mark+string(p.text)) + ":*"
	}
	var grams []string
	for i := 0; i+n <= len(p.text); i++ {
		grams = append(grams, t.quotedLexeme(mark+string(p.text[i:i+n])))
	}
	return "(" + strings.Join(grams, " & ") + ")"
}

func (t *searched) quotedLexeme(term string) string {
	return "'" + strings.NewReplacer("'", "''", `\`, `\\`).Replace(t.mark()+lexeme(term)) + "'"
}

// standing returns the condition that the piece stands in the pieces of a row, and its argument. A word of letters alone
// begins another one, or stands in one with a digit; what has a digit, or is of a script without blanks, stands anywhere in
// its like, and nowhere else.
func (p piece) standing() (condition, argument string) {
	asked := string(p.text)
	if p.kind != word {
		return "instr(source, ?) > 0", asked
	}
	return "source ~ ?", "(^| )" + asked + "|[[:digit:]][^ ]*" + asked + "|" + asked + "[^ ]*[[:digit:]]"
}
