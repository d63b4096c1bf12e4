package sqlrow

import (
	"fmt"
	"slices"
	"strings"

	"fieldsync/sync/schema"
	"fieldsync/sync/seal"
)

// Side says whose tables they are: the hub's carry the merge state, a device's the version vector only.
type Side uint8

// The sides.
const (
	Hub Side = iota
	Device
)

// Quote returns a name as an SQL identifier, so that a table may be called "order".
func Quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// Layout is how the rows of a schema stand in a database. It is immutable.
type Layout struct {
	schema  *schema.Schema
	dialect Dialect
	side    Side
	tables  map[schema.TableID]*table
	search  *Search   // nil where nothing is searchable
	box     *seal.Box // nil where nothing is sealed
}

// New returns the layout of the schema's tables.
func New(s *schema.Schema, d Dialect, side Side) *Layout {
	l := &Layout{schema: s, dialect: d, side: side, tables: make(map[schema.TableID]*table, len(s.Tables))}
	for _, t := range s.Tables {
		l.tables[t.ID] = l.table(t)
	}
	l.search = newSearch(l)
	return l
}

// In returns the layout of the same rows in another dialect.
func (l *Layout) In(d Dialect) *Layout {
	other := New(l.schema, d, l.side)
	other.box = l.box
	return other
}

// Schema returns the schema that is laid out.
func (l *Layout) Schema() *schema.Schema { return l.schema }

// column is one column in SQL.
type column struct {
	name    string
	kind    sqlType
	options string
}

// table is a table of the schema in SQL, with the statements for its rows.
type table struct {
	*schema.Table
	columns []column // after id: the values', then the synchronising ones
	order   []int    // the arguments of insert, in the order in which update takes them
	sealed  bool     // it has a sealed column

	selects, get, getAll, insert, insertAll, upsert, update, advance, drop string
}

func (l *Layout) table(t *schema.Table) *table {
	s := &table{Table: t, sealed: hasSealed(t)}
	for i := range t.Columns {
		s.columns = append(s.columns, columnsOf(&t.Columns[i])...)
	}
	s.columns = append(s.columns, column{"_seq", integer, "NOT NULL DEFAULT 0"}, l.state(),
		column{"_del", integer, "NOT NULL DEFAULT 0"})
	l.compose(s)
	l.composeUpdate(s)
	return s
}

// state returns the column that holds what synchronising must know about the row.
func (l *Layout) state() column {
	if l.side == Hub {
		return column{"_meta", blob, ""}
	}
	return column{"_seen", blob, ""}
}

// columnsOf returns the SQL columns of one column of the schema.
func columnsOf(c *schema.Column) []column {
	names := c.Parts()
	if c.Has(schema.Sealed) {
		return []column{{name: names[0], kind: blob}}
	}
	switch c.Kind {
	case schema.Integer, schema.Decimal, schema.Instant, schema.Date:
		return []column{{name: names[0], kind: integer}}
	case schema.Money, schema.Quantity:
		return []column{{name: names[0], kind: integer}, {name: names[1], kind: text}}
	case schema.Ref:
		return []column{{name: names[0], kind: blob}}
	case schema.AnyRef:
		return []column{{name: names[0], kind: integer}, {name: names[1], kind: blob}}
	}
	return []column{{name: names[0], kind: text}}
}

// indexed returns the SQL column that an index on c holds, "" for none: every reference has one, since buckets,
// parents and whoever asks what refers to a row look it up, and so has what the schema marks. Ids are unique over all
// tables, so that a reference to any table needs no more than the id.
func indexed(c *schema.Column) string {
	switch {
	case c.Kind == schema.Ref || c.Kind == schema.AnyRef:
		return c.Name
	case c.Has(schema.Indexed):
		return columnsOf(c)[0].name
	}
	return ""
}

// compose writes the statements of the table that take all columns in their order.
func (l *Layout) compose(s *table) {
	names, marks, sets := []string{"id"}, "?", []string{}
	for _, c := range s.columns {
		name := Quote(c.name)
		names, marks = append(names, name), marks+", ?"
		sets = append(sets, name+" = excluded."+name)
	}
	of := Quote(s.Name)
	s.selects = "SELECT " + strings.Join(names, ", ") + " FROM " + of
	s.get = l.dialect.Bind(s.selects + " WHERE id = ?")
	s.getAll = l.dialect.Bind(s.selects + " WHERE id IN " + IDMarks)
	s.drop = l.dialect.Bind("DELETE FROM " + of + " WHERE id = ?")
	s.advance = l.dialect.Bind("UPDATE " + of + " SET _seq = ?, " + Quote(l.state().name) + " = ? WHERE id = ?")
	intoAll := "INSERT INTO " + of + "(" + strings.Join(names, ", ") + ") VALUES(" + marks + ")"
	into := intoAll + " ON CONFLICT(id) DO "
	s.insert = l.dialect.Bind(into + "NOTHING")
	s.insertAll = l.dialect.Bind(intoAll + strings.Repeat(", ("+marks+")", InsertedAtOnce-1) + " ON CONFLICT(id) DO NOTHING")
	s.upsert = l.dialect.Bind(into + "UPDATE SET " + strings.Join(sets, ", "))
}

// composeUpdate writes the statement that leaves indexed columns alone: to write one costs its index two entries, even
// where the value stays the same.
func (l *Layout) composeUpdate(s *table) {
	guarded := map[string]bool{"_del": l.side == Hub} // the hub's indexes of buckets depend on it
	for i := range s.Columns {
		guarded[indexed(&s.Columns[i])] = true
	}
	var sets []string
	same, guards := "id = ?", []int{0}
	for i, c := range s.columns {
		if guarded[c.name] {
			same += " AND " + Quote(c.name) + l.isSame()
			guards = append(guards, i+1)
		} else {
			sets = append(sets, Quote(c.name)+" = ?")
			s.order = append(s.order, i+1)
		}
	}
	s.order = append(s.order, guards...)
	s.update = l.dialect.Bind("UPDATE " + Quote(s.Name) + " SET " + strings.Join(sets, ", ") + " WHERE " + same)
}

// isSame compares a column with an argument, null being the same as null.
func (l *Layout) isSame() string {
	if l.dialect == Postgres {
		return " IS NOT DISTINCT FROM ?"
	}
	return " IS ?"
}

// DDL returns the statements that create tables and indexes, where they do not exist.
func (l *Layout) DDL() []string { return append(l.Tables(), l.Indexes()...) }

// Tables returns the statements that create the tables, where they do not exist.
func (l *Layout) Tables() []string {
	var statements []string
	for _, t := range l.schema.Tables {
		var b strings.Builder
		fmt.Fprintf(&b, "CREATE TABLE IF NOT EXISTS %s (\n\tid %s PRIMARY KEY NOT NULL",
			Quote(t.Name), l.dialect.typeName(blob))
		for _, c := range l.tables[t.ID].columns {
			b.WriteString(",\n\t" + l.define(c))
		}
		statements = append(statements, b.String()+"\n)")
	}
	return statements
}

// define returns the column as CREATE TABLE and ALTER TABLE take it.
func (l *Layout) define(c column) string {
	return strings.TrimSpace(Quote(c.name) + " " + l.dialect.typeName(c.kind) + " " + c.options)
}

// Indexes returns the statements that create the indexes, where they do not exist. A bulk load is faster before them.
func (l *Layout) Indexes() []string {
	var statements []string
	for _, t := range l.schema.Tables {
		for i := range t.Columns {
			c := &t.Columns[i]
			if column := indexed(c); column != "" {
				statements = append(statements, fmt.Sprintf("CREATE INDEX IF NOT EXISTS %s ON %s(%s%s",
					Quote(indexName(t, c)), Quote(t.Name), Quote(column), l.ofBucket(t, c)))
			}
		}
	}
	return statements
}

// DropIndexes returns the statements that drop what Indexes creates.
func (l *Layout) DropIndexes() []string {
	var statements []string
	for _, t := range l.schema.Tables {
		for i := range t.Columns {
			if c := &t.Columns[i]; indexed(c) != "" {
				statements = append(statements, "DROP INDEX IF EXISTS "+Quote(indexName(t, c)))
			}
		}
	}
	return statements
}

// ofBucket ends an index. The hub's indexes of buckets have the id, since it reads them in key order, a piece at a time,
// and only living rows, so that it counts them without a look at the rows.
func (l *Layout) ofBucket(t *schema.Table, c *schema.Column) string {
	if l.side == Hub && slices.ContainsFunc(t.Buckets, func(b schema.Bucket) bool { return b.From == c.Name }) {
		return ", id) WHERE _del = 0"
	}
	return ")"
}

// indexName returns a name that no table has, since it has a point in it, and that PostgreSQL does not cut, since it
// is at most 63 bytes long.
func indexName(t *schema.Table, c *schema.Column) string {
	if name := t.Name + "." + c.Name; len(name) <= 63 {
		return name
	}
	return fmt.Sprintf("%d.%d", t.ID, c.ID)
}
