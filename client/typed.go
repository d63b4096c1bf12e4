package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"fieldsync/client/replica"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/device"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// What Jobs, Parts, Assets, Comments and Times have in common: each method is one command in a transaction of its own,
// or one reading of a stable snapshot. Several commands that belong together go into one Update instead.

// do runs a command.
func do[In any](ctx context.Context, c *Client, cause string, command func(Tx, In) error, in In) error {
	return c.Update(ctx, cause, func(tx Tx) error { return command(tx, in) })
}

// add runs a command that makes a row, and returns the row's id.
func add[In any](
	ctx context.Context, c *Client, cause string, command func(Tx, In) (record.ID, error), in In,
) (id record.ID, err error) {
	err = c.Update(ctx, cause, func(tx Tx) (err error) {
		id, err = command(tx, in)
		return err
	})
	return id, err
}

// see returns what read makes of a stable snapshot.
func see[T any](ctx context.Context, c *Client, read func(Tx) (T, error)) (v T, err error) {
	err = c.View(ctx, func(tx Tx) (err error) {
		v, err = read(tx)
		return err
	})
	return v, err
}

// find returns the ids that an SQL query has in its only column, in the query's order.
func (c *Client) find(ctx context.Context, query string, args ...any) ([]record.ID, error) {
	ids, err := sqlrow.IDs(c.Query(ctx, query, args...))
	if errors.Is(err, sqlrow.ErrNoID) || slices.Contains(ids, record.ID{}) {
		return nil, fault.New(replica.Corrupt, "a row of the replica has no id: close the program and open it again")
	}
	return ids, err
}

// pageRows is how many rows are read at once: nobody who walks through thousands holds a snapshot meanwhile.
const pageRows = 256

// each yields what read makes of the rows that find names, page by page. Rows that left meanwhile, for which read
// returns nil, are passed over.
func each[T any](
	ctx context.Context, c *Client, find func(me record.ID) ([]record.ID, error), read func(Tx, record.ID) (*T, error),
) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		fail := func(err error) { yield(*new(T), err) }
		me, err := c.me(ctx)
		if err != nil {
			fail(err)
			return
		}
		ids, err := find(me)
		for len(ids) > 0 && err == nil {
			n := min(pageRows, len(ids))
			var page []T
			if page, err = readPage(ctx, c, ids[:n], read); err != nil {
				break
			}
			ids = ids[n:]
			for _, v := range page {
				if !yield(v, nil) {
					return
				}
			}
		}
		if err != nil {
			fail(err)
		}
	}
}

func readPage[T any](ctx context.Context, c *Client, ids []record.ID, read func(Tx, record.ID) (*T, error)) ([]T, error) {
	return see(ctx, c, func(tx Tx) (page []T, err error) {
		for _, id := range ids {
			v, err := read(tx, id)
			if err != nil {
				return nil, err
			}
			if v != nil {
				page = append(page, *v)
			}
		}
		return page, nil
	})
}

// me returns whose replica this is, or refuses with device.ErrNotEnrolled.
func (c *Client) me(ctx context.Context) (record.ID, error) {
	person, err := c.Person(ctx)
	if err == nil && person.IsZero() {
		err = device.ErrNotEnrolled
	}
	return person, err
}

// list returns all that the sequence yields; never nil unless it fails.
func list[T any](all iter.Seq2[T, error]) ([]T, error) {
	values := []T{}
	for v, err := range all {
		if err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	return values, nil
}

// rowAs returns a reader of rows for each.
func rowAs[T any](table string, of func(*record.Row) T) func(Tx, record.ID) (*T, error) {
	return func(tx Tx, id record.ID) (*T, error) {
		row, err := tx.Row(table, id)
		if row == nil {
			return nil, err
		}
		v := of(row)
		return &v, err
	}
}

// contains is the SQL condition that every word of a text stands somewhere in the columns, in any order. Letters of
// ASCII match in either case; everything else, Chinese among it, matches as it is written. Its argument is wordsOf the
// text.
func contains(columns string) string {
	return "NOT EXISTS (SELECT 1 FROM json_each(?) AS word" +
		" WHERE instr(lower(concat_ws(char(10), " + columns + ")), lower(word.value)) = 0)"
}

func wordsOf(text string) string {
	b, _ := json.Marshal(strings.Fields(text)) // strings always have a JSON form
	return string(b)
}

// Ambiguous says that a name stands for several rows; the message lists them.
const Ambiguous fault.Code = "ambiguous"

// naming says by which columns people name the rows of a table.
type naming struct {
	table   string
	columns string // joined by commas; the first is the one that lists show
	what    string // the table, for messages
}

type named struct {
	id    record.ID
	name  string
	exact bool
}

// resolve returns the row that a person means: by a whole name, else by how a name or the id begins. Of rows that were
// joined it returns the one that stands for them. Codes: fault.UnknownRow, Ambiguous.
func (c *Client) resolve(ctx context.Context, n naming, said string) (record.ID, error) {
	if _, err := c.me(ctx); err != nil {
		return record.ID{}, err
	}
	said = strings.TrimSpace(said)
	found, err := c.candidates(ctx, n, said)
	if err != nil {
		return record.ID{}, err
	}
	if found, err = c.distinct(ctx, n.table, found); err != nil {
		return record.ID{}, err
	}
	switch {
	case len(found) == 0:
		return record.ID{}, fault.Newf(fault.UnknownRow, "no %v is called \"%s\" here: check it, or sync first", n.what, said)
	case len(found) > 1:
		return record.ID{}, fault.Newf(Ambiguous, "\"%s\" may be %s: say more of it", said, names(found))
	}
	return found[0].id, nil
}

// candidates returns the rows with exactly that name if there are any, else those whose name or id begins like it.
func (c *Client) candidates(ctx context.Context, n naming, said string) (found []named, err error) {
	if said == "" {
		return nil, nil
	}
	column, _, _ := strings.Cut(n.columns, ",")
	rows, err := c.Query(ctx, `SELECT id, coalesce(`+column+`, ''),
			EXISTS (SELECT 1 FROM json_each(json_array(`+n.columns+`)) WHERE lower(value) = lower(?1)) AS exact
		FROM `+n.table+` WHERE _del = 0 AND (exact
			OR EXISTS (SELECT 1 FROM json_each(json_array(`+n.columns+`)) WHERE instr(lower(value), lower(?1)) = 1)
			OR instr(hex(id), ?2) = 1)
		ORDER BY exact DESC, 2, id`, said, strings.ToUpper(strings.ReplaceAll(said, "-", "")))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id []byte
		var one named
		if err := rows.Scan(&id, &one.name, &one.exact); err != nil {
			return nil, err
		}
		copy(one.id[:], id)
		if len(found) > 0 && found[0].exact && !one.exact {
			break
		}
		found = append(found, one)
	}
	return found, rows.Err()
}

// distinct replaces aliases by what stands for them, once each.
func (c *Client) distinct(ctx context.Context, table string, found []named) ([]named, error) {
	return see(ctx, c, func(tx Tx) (once []named, err error) {
		seen := map[record.ID]bool{}
		for _, one := range found {
			if one.id, err = aftersales.Survivor(tx, table, one.id); err != nil {
				return nil, err
			}
			if !seen[one.id] {
				once = append(once, one)
			}
			seen[one.id] = true
		}
		return once, nil
	})
}

// shownNames is how many names an ambiguity lists before it counts the rest.
const shownNames = 8

func names(found []named) string {
	var list []string
	for i, one := range found {
		if i == shownNames {
			list = append(list, fmt.Sprintf("%d more", len(found)-i))
			break
		}
		name := one.name
		if name == "" || i > 0 && name == found[i-1].name || i+1 < len(found) && name == found[i+1].name {
			name = strings.TrimSpace(name + " " + one.id.String())
		}
		list = append(list, name)
	}
	return strings.Join(list, ", ")
}
