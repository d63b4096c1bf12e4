package replica

import (
	"context"
	"errors"
	"os"
	"slices"

	"fieldsync/sync/device"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// checkedWhole is the size up to which every Open looks at the whole structure of the file: a tenth of a second on a
// computer. Of a larger file it looks at what exists nowhere else, and at the rest where there is a reason: a program
// that died with the file open, or a fault that was met while it was in use.
const checkedWhole = 64 << 20

// ownNames are the tables that hold it.
var ownNames = []string{"_identity", "_instance", "_outbox", "_pending_on", "_base"}

// suspectPath is where a fault that was met in use is noted for the next Open.
func (r *Replica) suspectPath() string { return r.options.Path + ".suspect" }

// told turns the error of a transaction into what its caller is told, and notes damage.
func (r *Replica) told(err error) error {
	if errors.Is(err, sqlrow.ErrUnreadable) && fault.CodeOf(err) == "" {
		err = corrupt("a row", err)
	}
	if fault.CodeOf(err) == Corrupt && !r.options.ReadOnly {
		_ = os.WriteFile(r.suspectPath(), []byte(err.Error()+"\n"), 0o600)
	}
	return err
}

// examine returns an error with the code Corrupt if the file is damaged, and nil if there is none. It looks through a
// connection that only reads, so that a damaged file stays as it is.
func (r *Replica) examine(ctx context.Context) error {
	info, err := os.Stat(r.options.Path)
	if err != nil {
		return r.examineGone()
	}
	if info.Size() == 0 {
		return r.examineEmpty()
	}
	if err := checkHeader(r.options.Path); err != nil {
		return err
	}
	if err := r.checkLog(); err != nil {
		return err
	}
	pool, err := open(r.options.Path, "ro", reading...)
	if err != nil {
		return err
	}
	defer pool.Close()
	h, err := hold(ctx, pool)
	if err != nil {
		return err
	}
	defer h.close()
	suspect := exists(r.suspectPath())
	whole := suspect || info.Size() <= checkedWhole || exists(r.options.Path+"-wal")
	tx := &Tx{conn: h.Conn, layout: r.layout}
	if err = checkShape(h.Conn); err == nil {
		err = checkFormat(h.Conn)
	}
	if err == nil {
		err = checkStructure(h.Conn, whole)
	}
	if err == nil {
		err = checkOutbox(h.Conn)
	}
	if err == nil {
		err = asDamage("the proof of a key", r.layout.CheckKeys(h.Conn))
	}
	if err == nil {
		err = tx.checkOwn()
	}
	if err == nil {
		err = r.checkTally(tx)
	}
	if err == nil && suspect {
		err = tx.checkRows()
	}
	return err
}

// examineEmpty tells a file that was emptied, by a fault of the disk or of a program, from one that was only just made:
// that one has no token yet. What its journal still holds would be lost once SQLite opened it.
func (r *Replica) examineEmpty() error {
	if exists(r.options.Instance) {
		return corrupt("the data on this device", errors.New("the file is empty"))
	}
	return nil
}

// examineGone tells a file that is gone, and whose journal was left, from one that was never made.
func (r *Replica) examineGone() error {
	left, err := sqlrow.ReadFrames(r.options.Path)
	if err == nil && len(left.List) > 0 && exists(r.options.Instance) {
		return corrupt("the data on this device", errors.New("the file is gone"))
	}
	return nil
}

// checkLog looks through what the file's journal has to add to it. SQLite passes over all that lies behind a byte that went
// bad there, and writes over it. What was written in bulk and torn by a power cut may look alike: then, too, everything is
// there that anybody was told is safe.
func (r *Replica) checkLog() error {
	broken, err := sqlrow.LogBroken(r.options.Path)
	if err == nil && broken {
		err = corrupt("the data on this device", errors.New("commits lie in the journal behind damage"))
	}
	return err
}

// checkStructure lets SQLite look at the whole file, or at the tables that exist nowhere else.
func checkStructure(c *sqlrow.Conn, whole bool) error {
	pragmas := []string{"PRAGMA quick_check(1)"}
	if !whole {
		pragmas = nil
		for _, name := range ownNames {
			pragmas = append(pragmas, "PRAGMA quick_check("+name+")")
		}
	}
	for _, pragma := range pragmas {
		if err := checkBy(c, pragma); err != nil {
			return err
		}
	}
	return nil
}

// checkBy asks SQLite to look at something, and tells the first fault that it finds.
func checkBy(c *sqlrow.Conn, pragma string) error {
	verdict := ""
	_, err := c.One(func(rows *sqlrow.Rows) error {
		verdict = rows.Text(0)
		return nil
	}, pragma)
	if err == nil && verdict != "ok" {
		err = corrupt("the data on this device", errors.New(verdict))
	}
	return err
}

// checkOutbox compares the outbox with its indexes: a state or a dot in which a bit has flipped is not the one that stands
// there.
func checkOutbox(c *sqlrow.Conn) error {
	if have, err := c.HasTable("_outbox"); err != nil || !have {
		return err
	}
	return checkBy(c, "PRAGMA integrity_check(_outbox)")
}

// checkOwn reads what exists nowhere else, and checks the hash of every item. Its chain needs no check: it
// follows from the hashes, and nothing is decided by it here.
func (tx *Tx) checkOwn() error {
	if have, err := tx.conn.Int("SELECT count(*) FROM sqlite_schema WHERE name = '_outbox'"); err != nil || have == 0 {
		return err // a file that was never finished: there is nothing in it
	}
	if _, err := tx.Identity(); err != nil {
		return asDamage("the identity", err)
	}
	err := tx.eachItem("", func(i *device.Item) error {
		if !tx.genuine(i) {
			return corrupt("an item of the outbox", nil)
		}
		return nil
	})
	if err != nil {
		return asDamage("an item of the outbox", err)
	}
	keys, err := tx.Bases()
	for _, key := range keys {
		if err == nil && tx.layout.Schema().TableByID(key.Table) != nil {
			_, err = tx.Base(key)
		}
	}
	return asDamage("the base of a row", err)
}

// genuine reports whether an item is what its user wrote, or what an erasure has left of it.
func (tx *Tx) genuine(i *device.Item) bool {
	if sound(i) {
		return true
	}
	erased := slices.ContainsFunc(i.Change.Rows, func(c record.RowChange) bool {
		yes, err := tx.Erased(c.Key())
		return yes && err == nil
	})
	return erased && i.Change.Salt == record.Salt{} && wellKept(i)
}

// checkRows reads every row.
func (tx *Tx) checkRows() error {
	for _, t := range tx.layout.Schema().Tables {
		have, err := tx.layout.Columns(tx.conn, t)
		if err != nil || len(have) == 0 {
			return err
		}
		err = tx.layout.Scan(tx.conn, t, "", nil, func(*record.Row) bool { return true })
		if errors.Is(err, sqlrow.ErrUnreadable) {
			return corrupt("a row", err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// asDamage says that a value could not be read because the file is damaged, unless the error says otherwise already.
func asDamage(what string, err error) error {
	if err == nil || fault.CodeOf(err) != "" {
		return err
	}
	return corrupt(what, err)
}
