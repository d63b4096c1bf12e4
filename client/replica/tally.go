package replica

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"os"

	"fieldsync/sync/sqlrow"
)

// tally is a note beside the file of how many items it has ever had. A journal that was cut off or removed, or whose last
// commit went bad, looks like one that a power cut has torn, and a file that was put back from a copy looks whole: only a
// note outside tells that work is missing. It is written after the commit, and not forced to the disk: it survives the death
// of the process, and a power cut leaves it behind the file, never ahead.
type tally struct {
	file  *os.File // nil until something is noted
	token []byte   // of the file that it counts: the hash of its instance token
	noted uint64
	fresh bool // nothing is noted for this token
}

// tallySize is the length of the note: the number of the latest item, and the beginning of a hash over it and the token.
const tallySize = 16

func (r *Replica) tallyPath() string { return r.options.Path + ".tally" }

func tallyOf(token []byte, queue uint64) []byte {
	b := binary.BigEndian.AppendUint64(nil, queue)
	sum := sha256.Sum256(append(bytes.Clone(token), b...))
	return append(b, sum[:8]...)
}

// of says which file is counted from now on.
func (t *tally) of(token []byte) { t.token, t.fresh = token, true }

// count notes the number of the latest item of what was committed, if it is another one. Where it cannot be written the note
// stays behind, which costs no more than what it is good for.
func (r *Replica) count() {
	t, who := &r.tally, r.known.identity
	if who == nil || who.Queue == t.noted && !t.fresh {
		return
	}
	if t.file == nil {
		f, err := os.OpenFile(r.tallyPath(), os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return
		}
		t.file = f
	}
	if _, err := t.file.WriteAt(tallyOf(t.token, who.Queue), 0); err == nil {
		t.noted, t.fresh = who.Queue, false
	}
}

func (t *tally) close() {
	if t.file != nil {
		_ = t.file.Close() // what it has was written
	}
}

// checkTally compares the file with what was noted of it. A note about another file, or none that can be read, says nothing.
func (r *Replica) checkTally(tx *Tx) error {
	note, err := os.ReadFile(r.tallyPath())
	if err != nil || len(note) != tallySize {
		return nil
	}
	if have, err := tx.conn.HasTable("_instance"); err != nil || !have {
		return err
	}
	var token []byte
	_, err = tx.conn.One(func(q *sqlrow.Rows) error { token = q.Bytes(0); return nil }, "SELECT token FROM _instance")
	noted := binary.BigEndian.Uint64(note)
	if err != nil || !bytes.Equal(note, tallyOf(token, noted)) {
		return err
	}
	queue := uint64(0)
	if who, err := tx.Identity(); err != nil {
		return err
	} else if who != nil {
		queue = who.Queue
	}
	if queue < noted {
		err = fmt.Errorf("%d changes were made, and the file knows of %d", noted, queue)
		return corrupt("the data on this device", err)
	}
	return nil
}
