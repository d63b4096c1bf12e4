package store

import (
	"time"

	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// Where several nodes serve a database, each notes which devices opened their connection to it: so that the one before is
// told to go, wherever it is, and so that every node's office shows who is online.

// Socket says that a device opened its connection to a node.
type Socket struct {
	N      uint64 // counts all that were ever opened
	Device record.ID
	Node   record.ID
}

// OpenSocket notes that the device opened its connection to the node, in place of any before, and returns its number.
func (tx *Tx) OpenSocket(device, node record.ID) (n uint64, err error) {
	if n, err = tx.LastSocket(); err != nil {
		return 0, err
	}
	n++
	_, err = tx.conn.Exec("INSERT INTO _socket(device, node, n, open) VALUES(?, ?, ?, 1)"+
		" ON CONFLICT(device) DO UPDATE SET node = excluded.node, n = excluded.n, open = 1", device[:], node[:], int64(n))
	return n, err
}

// CloseSocket notes that the connection of that number has ended. A later one of the device stays.
func (tx *Tx) CloseSocket(n uint64) error {
	_, err := tx.conn.Exec("UPDATE _socket SET open = 0 WHERE n = ?", int64(n))
	return err
}

// LastSocket returns the highest number of a connection.
func (r reads) LastSocket() (uint64, error) {
	n, err := r.conn.Int("SELECT coalesce(max(n), 0) FROM _socket")
	return uint64(n), err
}

// SocketsSince returns what was opened after the number, in its order: of each device the last.
func (r reads) SocketsSince(n uint64) (opened []Socket, err error) {
	err = r.conn.Each(func(q *sqlrow.Rows) error {
		opened = append(opened, Socket{q.Uint(0), q.ID(1), q.ID(2)})
		return q.Err()
	}, "SELECT n, device, node FROM _socket WHERE n > ? ORDER BY n", int64(n))
	return opened, err
}

// nodeForgotten is after how long a node that was not heard of is taken for gone for good.
const nodeForgotten = 24 * time.Hour

// Alive notes that the node is at work.
func (tx *Tx) Alive(node record.ID, now time.Time) error {
	_, err := tx.conn.Exec("INSERT INTO _node(id, seen) VALUES(?, ?) ON CONFLICT(id) DO UPDATE SET seen = excluded.seen", node[:], millis(now))
	if err == nil {
		_, err = tx.conn.Exec("DELETE FROM _node WHERE seen < ?", millis(now.Add(-nodeForgotten)))
	}
	return err
}

// Gone notes that the node has stopped, and its connections with it.
func (tx *Tx) Gone(node record.ID) error {
	_, err := tx.conn.Exec("DELETE FROM _node WHERE id = ?", node[:])
	return err
}

// Connected returns the devices that have a connection to a node that was alive since.
func (r reads) Connected(since time.Time) (devices map[record.ID]bool, err error) {
	devices = map[record.ID]bool{}
	err = r.conn.Each(func(q *sqlrow.Rows) error { devices[q.ID(0)] = true; return q.Err() },
		"SELECT s.device FROM _socket s JOIN _node n ON n.id = s.node WHERE s.open = 1 AND n.seen >= ?", millis(since))
	return devices, err
}

// SeveralNodes reports whether the database is one that several nodes may serve.
func (s *Store) SeveralNodes() bool { return s.options.Database != "" }
