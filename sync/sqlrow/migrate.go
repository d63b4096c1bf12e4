package sqlrow

import (
	"fmt"

	"fieldsync/sync/schema"
)

// Migrate creates the tables that are missing and adds the columns that a newer schema has, and reports the tables
// that got columns: a device must fetch their rows again. Nothing is ever dropped: columns of a schema newer still
// keep their values. On the hub a new column stands behind all that there were; else the error says so. Indexes are apart, see Indexes; that for searching is made, empty: see Search.
func (l *Layout) Migrate(c *Conn) (grown []*schema.Table, err error) {
	for i, create := range l.Tables() {
		t := l.tables[l.schema.Tables[i].ID]
		have, err := l.Columns(c, t.Table)
		if err != nil {
			return nil, err
		}
		if len(have) == 0 {
			_, err = c.Exec(create)
		} else if added, e := l.grow(c, t, have); e != nil || added {
			grown, err = append(grown, t.Table), e
		}
		if err != nil {
			return nil, err
		}
	}
	return grown, l.search.migrate(c)
}

// Columns returns the names of the table's columns in the database; none if there is no such table.
func (l *Layout) Columns(c *Conn, t *schema.Table) (map[string]bool, error) {
	query := "SELECT name FROM pragma_table_info(?)"
	if l.dialect == Postgres {
		query = "SELECT column_name::text FROM information_schema.columns" +
			" WHERE table_schema = current_schema() AND table_name = $1"
	}
	have := map[string]bool{}
	err := c.Each(func(r *Rows) error {
		have[r.Text(0)] = true
		return nil
	}, query, t.Name)
	return have, err
}

func (l *Layout) grow(c *Conn, t *table, have map[string]bool) (grown bool, err error) {
	for _, column := range t.columns {
		switch {
		case have[column.name] && grown && l.side == Hub && column.name[0] != '_':
			return grown, fmt.Errorf("sqlrow: %s: a column before %s is new: what rows say of their columns goes by where these stand, so new ones come last",
				t.Name, column.name)
		case have[column.name]:
			continue
		}
		if _, err = c.Exec("ALTER TABLE " + Quote(t.Name) + " ADD COLUMN " + l.define(column)); err != nil {
			return grown, err
		}
		grown = true
	}
	return grown, nil
}
