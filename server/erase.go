package server

import (
	"cmp"
	"context"
	"errors"

	"fieldsync/sync/record"
)

// Erase makes personal values vanish: from the rows, from the values that stand beside theirs, from the history of
// changes, from refused changes, conflict records and the audit, and at their next contact from devices. Rows names
// what is about the person: his own row and, of a customer, his contacts and sites. A backup that is restored later
// forgets again when it is opened. So do the files that hold them: see eraseFiles,
// emptyImports. It cannot be undone.
// What was not finished, for whatever reason, is at the next start.
func (c *Core) Erase(ctx context.Context, author record.ID, rows []record.Key) error {
	c.erasing.Lock() // the list has one after the other
	defer c.erasing.Unlock()
	rows, err := c.withAbout(ctx, rows)
	if err != nil {
		return err
	}
	noted, err := c.Store.NoteErasure(rows)
	if err != nil {
		return err
	}
	if err := errors.Join(c.eraseFiles(ctx, rows), emptyImports(c.imports)); err != nil {
		return err
	}
	if err := c.eraseRows(ctx, author, rows); err != nil {
		return err
	}
	return c.Store.NoteErased(noted)
}

// eraseRows clears the rows, and empties the write-ahead log, in which what they were still stands. While somebody reads
// the database that is refused with the code store.Busy, and the whole of it is to be tried again.
func (c *Core) eraseRows(ctx context.Context, author record.ID, rows []record.Key) error {
	if err := c.Hub.Erase(ctx, author, rows); err != nil {
		return err
	}
	c.segments.Tidy(ctx)
	if err := c.eraseAccounts(ctx, rows); err != nil {
		return err
	}
	return c.Store.Checkpoint(ctx)
}

// repeat does again what the lists beside the database say: all of it where a backup came back that does not know of it,
// else only erasures of which one was not finished. What this epoch's own database says of who is shut out, and of numbers,
// is the last word.
func (c *Core) repeat(ctx context.Context) error {
	epoch, erasures, err := c.Store.Repeated()
	if err != nil || erasures {
		return err
	}
	if err := c.eraseAgain(ctx); err != nil {
		return err
	}
	if !epoch {
		if err := cmp.Or(c.standAgain(ctx), c.numbersAgain(ctx)); err != nil {
			return err
		}
	}
	return c.Store.NoteRepeated()
}

// eraseAgain repeats every erasure.
func (c *Core) eraseAgain(ctx context.Context) error {
	rows, err := c.Store.Erasures()
	if err != nil || len(rows) == 0 {
		return err
	}
	if rows, err = c.withAbout(ctx, rows); err != nil {
		return err
	}
	if err := errors.Join(c.eraseFiles(ctx, rows), emptyImports(c.imports)); err != nil {
		return err
	}
	return c.eraseRows(ctx, record.ID{}, rows)
}
