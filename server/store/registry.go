package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io/fs"
	"iter"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"fieldsync/sync/clock"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
)

// registry is the file <path>.actors: who has written how far, and how far the hub has committed, kept outside the
// database so that a database put back to an older state is noticed, and so that what it has forgotten is known: which
// actors were handed out, to whom, and how many change sets of each had been judged.
//
// The file is a sequence of frames of equal length, only ever appended to; a later frame of an actor replaces the
// earlier ones, a torn or damaged frame is passed over, and a file that is mostly history is written anew.
//
// What is on the disk when: an actor is on it before anybody hears of it, since a number that is given twice would
// make two writers one. A counter is handed to the system after each commit, so that it survives the death of the
// process, and forced to the disk once a second and at Close, since forcing it at every commit would double its price.
// A power cut alone loses nothing: the next Open reads the counters from the database, which is forced at every
// commit. A power cut followed at once by a restore loses the last second: change sets of that second that no device
// sends again would not be listed as missing, and a restore that lost nothing but that second is noticed only by the
// marker or a device. That is the trade.
type registry struct {
	path string
	log  *slog.Logger

	mu     sync.Mutex
	file   *os.File
	frames int // in the file
	synced time.Time
	dirty  bool
	actors map[clock.Actor]Registered
	epoch  uint32 // of head
	head   uint64
}

// Registered is what the registry knows of an actor.
type Registered struct {
	Actor   clock.Actor
	Person  record.ID
	Device  record.ID
	Counter uint64 // the highest counter that was ever judged, in a history that is gone too
	Chain   record.Hash
}

// The kinds of frames, and their length: kind, 64 bytes, checksum.
const (
	frameActor  = 1
	frameCommit = 2
	frameSize   = 72
)

const syncEvery = time.Second

func openRegistry(path string, log *slog.Logger) (*registry, error) {
	r := &registry{path: path, log: log, actors: map[clock.Actor]Registered{}}
	if err := r.load(); err != nil {
		return nil, err
	}
	return r, r.reopen()
}

// load reads what the file says, on top of what is known.
func (r *registry) load() error {
	b, err := os.ReadFile(r.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	r.frames = len(b) / frameSize
	damaged := 0
	for ; len(b) >= frameSize; b = b[frameSize:] {
		if !r.take(b[:frameSize]) {
			damaged++
		}
	}
	if damaged > 0 {
		r.log.Warn("the registry of actors has damaged entries; later ones were used", "file", r.path, "entries", damaged)
	}
	return nil
}

func (r *registry) take(frame []byte) bool {
	body := frame[:frameSize-4]
	if crc32.ChecksumIEEE(body) != binary.BigEndian.Uint32(frame[frameSize-4:]) {
		return false
	}
	switch n := binary.BigEndian.Uint64(body[4:]); body[0] {
	case frameActor:
		a := Registered{Actor: clock.Actor(n), Counter: binary.BigEndian.Uint64(body[12:])}
		copy(a.Person[:], body[20:])
		copy(a.Device[:], body[36:])
		copy(a.Chain[:], body[52:])
		if known, ok := r.actors[a.Actor]; !ok || known.Counter <= a.Counter {
			r.actors[a.Actor] = a
		}
	case frameCommit:
		if epoch := uint32(binary.BigEndian.Uint64(body[12:])); epoch >= r.epoch {
			r.epoch, r.head = epoch, n
		}
	}
	return true
}

func actorFrame(a Registered) []byte {
	b := make([]byte, 4, frameSize)
	b[0] = frameActor
	b = binary.BigEndian.AppendUint64(b, uint64(a.Actor))
	b = binary.BigEndian.AppendUint64(b, a.Counter)
	b = append(append(append(b, a.Person[:]...), a.Device[:]...), a.Chain[:]...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
}

func commitFrame(epoch uint32, head uint64) []byte {
	b := make([]byte, 4, frameSize)
	b[0] = frameCommit
	b = binary.BigEndian.AppendUint64(b, head)
	b = binary.BigEndian.AppendUint64(b, uint64(epoch))
	b = append(b, make([]byte, 48)...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
}

// reopen opens the file for appending, behind its last whole frame.
func (r *registry) reopen() error {
	if r.file != nil {
		_ = r.file.Close() // its frames were synced, or will be found missing
	}
	f, err := os.OpenFile(r.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	r.file = f
	at, err := f.Stat()
	if torn := int64(0); err == nil {
		if torn = at.Size() % frameSize; torn > 0 {
			err = f.Truncate(at.Size() - torn)
		}
	}
	return err
}

// handOut makes an actor known before anybody hears of it.
func (r *registry) handOut(a Registered) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.append(actorFrame(a)); err != nil {
		return err
	}
	r.actors[a.Actor] = a
	return r.sync()
}

// committed notes how far a commit has come. The work is durable in the database by then, so a registry that cannot be
// written does not undo it: what could not be written is written with a later commit, or read back by the next Open.
func (r *registry) committed(epoch uint32, head uint64, written iter.Seq[judge.Actor]) {
	r.mu.Lock()
	defer r.mu.Unlock()
	frames := r.advance(epoch, head, written)
	err := r.append(frames...)
	if err == nil && time.Since(r.synced) > syncEvery {
		err = r.sync()
	}
	if err == nil && r.frames > 64<<10+8*len(r.actors) {
		err = r.compact()
	}
	if err != nil {
		r.log.Error("the registry of actors cannot be written; a restore would not be noticed", "file", r.path, "error", err)
	}
}

// advance returns the frames that say what is new.
func (r *registry) advance(epoch uint32, head uint64, written iter.Seq[judge.Actor]) (frames [][]byte) {
	for a := range written {
		known, ok := r.actors[a.Actor]
		if ok && known.Counter >= a.Counter {
			continue // after a restore a writer first has to come back to where he was
		}
		r.actors[a.Actor] = Registered{a.Actor, a.Person, a.Device, a.Counter, a.Chain}
		frames = append(frames, actorFrame(r.actors[a.Actor]))
	}
	if epoch != r.epoch || head > r.head {
		r.epoch, r.head = epoch, head
		frames = append(frames, commitFrame(epoch, head))
	}
	return frames
}

func (r *registry) append(frames ...[]byte) error {
	if len(frames) == 0 {
		return nil
	}
	if err := r.follow(); err != nil {
		return err
	}
	_, err := r.file.Write(bytes.Join(frames, nil))
	r.frames += len(frames)
	r.dirty = true
	return err
}

// follow opens the file anew if another process has replaced it.
func (r *registry) follow() error {
	here, err := r.file.Stat()
	if err != nil {
		return err
	}
	there, err := os.Stat(r.path)
	if err == nil && os.SameFile(here, there) {
		return nil
	}
	return r.reopen()
}

func (r *registry) sync() error {
	if !r.dirty {
		return nil
	}
	r.dirty, r.synced = false, time.Now()
	return r.file.Sync()
}

// compact writes the file anew with one frame an actor.
func (r *registry) compact() error {
	if err := r.load(); err != nil { // what another process has added
		return err
	}
	frames := [][]byte{commitFrame(r.epoch, r.head)}
	for _, a := range slices.Sorted(maps.Keys(r.actors)) {
		frames = append(frames, actorFrame(r.actors[a]))
	}
	if err := replaceFile(r.path, bytes.Join(frames, nil)); err != nil {
		return err
	}
	r.frames = len(frames)
	return r.reopen()
}

func (r *registry) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return errors.Join(r.sync(), r.file.Close())
}

// latest returns the highest serial that was handed out in the epoch.
func (r *registry) latest(epoch uint32) (serial uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for a := range r.actors {
		if a.Epoch() == epoch {
			serial = max(serial, a.Serial())
		}
	}
	return serial
}

// all returns what is known of every actor, in order.
func (r *registry) all() []Registered {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]Registered, 0, len(r.actors))
	for _, a := range slices.Sorted(maps.Keys(r.actors)) {
		list = append(list, r.actors[a])
	}
	return list
}

// replaceFile puts a file in the place of another, so that after a crash there is either the old one or the new one.
func replaceFile(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncFolder(path)
}

// syncFolder makes the names in the file's folder durable.
func syncFolder(path string) error {
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }() // it was only read
	if err = d.Sync(); errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrPermission) {
		return nil // systems that do not sync folders keep names durable by themselves
	}
	return err
}
