package store

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"strconv"
	"syscall"
	"time"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// A restored database has forgotten its latest commits, and would give their numbers again to others. So its history
// has an epoch, which stands in the database and in the file <path>.epoch beside it, and the registry knows the latest
// commit. If they do not agree, the database was put back, or moved without its companions: a new epoch begins at
// what the database holds, and devices compare everything. An epoch begun without need costs them that comparison; one
// not begun would cost them work. A server of PostgreSQL can tell by itself, by its lineage, which the database remembers
// too; so several hubs may share one, each with companions of its own, which know no more than it does. The marker is written before the database, so that no database ever has an epoch
// that the marker does not know, wherever the process dies.

// identity is which history the database belongs to.
type identity struct {
	id        record.ID
	epoch     uint32
	restoreAt uint64
	before    uint32 // the epoch whose history goes up to restoreAt
	head      uint64 // when the store was opened
	lineage   string // that the database remembers
}

// marker is the file <path>.epoch.
type marker struct {
	Database  string `json:"database"`
	Epoch     uint32 `json:"epoch"`
	RestoreAt uint64 `json:"restore_at"`
}

// Epoch returns the number of the current history; 0 is the first.
func (s *Store) Epoch() uint32 { return s.identity.epoch }

// RestoreAt returns the commit that the current epoch began from; 0 in the first.
func (s *Store) RestoreAt() uint64 { return s.identity.restoreAt }

// Before returns the epoch whose history goes up to RestoreAt: that in which the backup was made.
func (s *Store) Before() uint32 { return s.identity.before }

// recognise reads the companions, then the database, in this order: whatever another process writes meanwhile makes
// the database the later one, which is the harmless way round.
func (s *Store) recognise() (err error) {
	if s.registry, err = openRegistry(s.options.Path+".actors", s.options.Log); err != nil {
		return unreadable(err)
	}
	mark, err := readMarker(s.options.Path + ".epoch")
	if err != nil {
		return unreadable(err)
	}
	if s.identity, err = s.identify(); err != nil {
		return err
	}
	if reason := s.gone(mark); reason != "" {
		err = s.beginEpoch(mark, reason)
	}
	if err == nil {
		err = s.catchUp()
	}
	return err
}

func unreadable(err error) error {
	if errors.Is(err, syscall.ENOSPC) {
		return fault.Wrap(DiskFull, "The disk is full: a file beside the database cannot be written. Free some space and try again.", err)
	}
	return fault.Wrap(Unreadable, "A file beside the database cannot be read. Check its permissions.", err)
}

func (s *Store) identify() (i identity, err error) {
	c := s.writer.conn
	_, err = c.One(func(q *sqlrow.Rows) error {
		i = identity{id: q.ID(0), epoch: uint32(q.Int(1)), restoreAt: q.Uint(2), head: q.Uint(3), before: uint32(q.Int(4)),
			lineage: q.Text(5)}
		return q.Err()
	}, "SELECT id, epoch, restore_at, (SELECT coalesce(max(seq), 0) FROM _log), before, lineage FROM _hub")
	return i, err
}

// gone says why the database is not the one that its companions know, "" if it is.
func (s *Store) gone(mark *marker) string {
	i, r := s.identity, s.registry
	tells := i.lineage != "" // the database does, and says that it is the same
	switch {
	case s.options.Restored:
		return "a backup was put in its place"
	case i.lineage != s.engine.lineage():
		return "the database was restored, or another server took over"
	case mark == nil && i.head == 0 && i.epoch == 0 && len(r.actors) == 0:
		return "" // a new one
	case mark == nil && !tells:
		return "there is no epoch marker beside the database"
	case mark != nil && mark.Database != hex.EncodeToString(i.id[:]):
		return "the epoch marker is that of another database"
	case mark != nil && (mark.Epoch > i.epoch || mark.Epoch < i.epoch && !tells):
		return "the epoch marker and the database do not agree"
	case r.epoch == i.epoch && r.head > i.head:
		return "the database lacks commits that were made"
	}
	return ""
}

// beginEpoch begins a new history at what the database holds.
func (s *Store) beginEpoch(mark *marker, reason string) error {
	i := &s.identity
	i.before = i.epoch
	i.epoch = max(i.epoch, s.registry.epoch)
	if mark != nil {
		i.epoch = max(i.epoch, mark.Epoch)
	}
	i.epoch++
	i.restoreAt = i.head
	s.options.Log.Warn("a new epoch begins: every device will compare what it holds", "reason", reason,
		"epoch", i.epoch, "restored_at", i.restoreAt)
	if err := s.mark(); err != nil {
		return err
	}
	i.lineage = s.engine.lineage()
	if _, err := s.engine.begin(s.writer.conn); err != nil {
		_ = s.writer.conn.run("ROLLBACK")
		return err
	}
	if err := s.writer.tx.putEpoch(reason); err != nil {
		_ = s.writer.conn.run("ROLLBACK")
		return err
	}
	return s.writer.conn.run("COMMIT")
}

// putEpoch writes the epoch that begins down, and that it does.
func (tx *Tx) putEpoch(reason string) error {
	i := tx.identity
	_, err := tx.conn.Exec("UPDATE _hub SET epoch = ?, restore_at = ?, before = ?, lineage = ?",
		int64(i.epoch), int64(i.restoreAt), int64(i.before), i.lineage)
	if err == nil {
		err = tx.dropSecrets()
	}
	if err == nil {
		_, err = tx.Audit(AuditEntry{At: time.Now(), Action: "epoch", Values: []AuditValue{
			{Column: "epoch", Text: strconv.FormatUint(uint64(i.epoch), 10)}, {Column: "reason", Text: reason}}})
	}
	return err
}

// dropSecrets makes codes, tokens and sessions worthless that the backup remembers: they may have been used or ended since.
func (tx *Tx) dropSecrets() error {
	for _, table := range []string{"_code", "_token", "_session"} {
		if _, err := tx.conn.Exec("DELETE FROM " + table); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) mark() error {
	i := s.identity
	text, err := json.Marshal(marker{hex.EncodeToString(i.id[:]), i.epoch, i.restoreAt})
	if err == nil {
		err = replaceFile(s.options.Path+".epoch", append(text, '\n'))
	}
	return err
}

// catchUp brings to the database the actors that it has forgotten, and to the registry what it has missed.
func (s *Store) catchUp() error {
	known, err := s.writer.tx.allActors()
	if err != nil {
		return err
	}
	for _, a := range s.registry.all() {
		if _, ok := known[a.Actor]; !ok {
			if err = insertActor(s.writer.conn, a); err != nil {
				return err
			}
		}
	}
	s.registry.committed(s.identity.epoch, s.identity.head, maps.Values(known))
	mark, err := readMarker(s.options.Path + ".epoch")
	if err != nil || mark != nil && mark.Epoch == s.identity.epoch {
		return err
	}
	return s.mark()
}

// readMarker returns nil if there is none. A marker that cannot be understood is as good as another database's.
func readMarker(path string) (*marker, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	m := &marker{}
	if err == nil && json.Unmarshal(text, m) != nil {
		m = &marker{}
	}
	return m, err
}
