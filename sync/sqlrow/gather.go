package sqlrow

import (
	"cmp"
	"database/sql/driver"
	"strings"
)

// gatheredAtOnce is how many rows Gather writes by one statement: a third of what a row costs is the statement around it.
const gatheredAtOnce = 16

// Gathered is an INSERT of one row into a table that takes many of them, one after the other.
type Gathered struct{ one, many string }

// NewGathered returns the insert of so many values: into is "INSERT INTO table(column, ...)", and otherwise what follows the
// values, as " ON CONFLICT DO NOTHING", or "".
func NewGathered(into string, values int, otherwise string) *Gathered {
	row := "(?" + strings.Repeat(", ?", values-1) + ")"
	into += " VALUES" + row
	return &Gathered{into + otherwise, into + strings.Repeat(", "+row, gatheredAtOnce-1) + otherwise}
}

// gathered is rows on their way into the database.
type gathered struct {
	into   *Gathered
	rows   int
	args   []driver.Value // of all of them, one after another
	failed error          // some could not be inserted: nothing more is done until they are taken back
}

func (g *gathered) forget() {
	clear(g.args)
	g.rows, g.args, g.failed = 0, g.args[:0], nil
}

// Gather inserts a row, by one statement with those that are gathered before and after it. Whatever else is executed or
// queried afterwards finds it there. So an error of the insert may be that of a later call, and then it is that of every call,
// the COMMIT too, until a ROLLBACK, which takes back what was gathered. The arguments stay as they are meanwhile.
func (c *Conn) Gather(into *Gathered, args ...driver.Value) error {
	if c.gather.into != into || c.gather.failed != nil {
		if err := c.Settle(); err != nil {
			return err
		}
		c.gather.into = into
	}
	c.gather.args, c.gather.rows = append(c.gather.args, args...), c.gather.rows+1
	if c.gather.rows < gatheredAtOnce {
		return nil
	}
	return c.Settle()
}

// Settle brings what was gathered into the database, as everything does that is executed or queried.
func (c *Conn) Settle() error {
	g := &c.gather
	if g.rows > 0 && g.failed == nil && c.failed == nil {
		g.failed = c.insert(g)
		clear(g.args)
		g.rows, g.args = 0, g.args[:0]
	}
	return cmp.Or(c.failed, g.failed)
}

func (c *Conn) insert(g *gathered) (err error) {
	if g.rows == gatheredAtOnce {
		_, err = c.execute(g.into.many, g.args)
		return err
	}
	width := len(g.args) / g.rows
	for args := g.args; len(args) > 0 && err == nil; args = args[width:] {
		_, err = c.execute(g.into.one, args[:width])
	}
	return err
}
