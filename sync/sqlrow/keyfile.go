package sqlrow

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"fieldsync/sync/seal"
)

// A key file is a seal.Ring as text, readable by its owner only. It stands beside a database, and is no part of its
// backups: whoever has both can read what is sealed, and whoever lost it has lost what is sealed.

// ErrKeyFile is wrapped by the errors of the operating system about a key file.
var ErrKeyFile = errors.New("sqlrow: key file")

// ReadKeyFile returns the keys in the file, which is made with a fresh key if there is none.
func ReadKeyFile(path string, random io.Reader) (*seal.Ring, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = makeKeyFile(path, random); err == nil {
			text, err = os.ReadFile(path) // it may be another process's
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeyFile, err)
	}
	return seal.ParseRing(string(text))
}

// KeyFile is seal.Keys from a key file. A key that another process has added meanwhile is found, too.
type KeyFile struct {
	path   string
	random io.Reader
}

// Newest implements seal.Keys.
func (f KeyFile) Newest() (seal.KeyID, error) {
	ring, err := ReadKeyFile(f.path, f.random)
	if err != nil {
		return 0, err
	}
	return ring.Newest()
}

// Key implements seal.Keys.
func (f KeyFile) Key(id seal.KeyID) ([]byte, error) {
	ring, err := ReadKeyFile(f.path, f.random)
	if err != nil {
		return nil, err
	}
	return ring.Key(id)
}

// RotateKeyFile adds a key to the file, with which a store seals once it is opened again. What the older keys sealed
// stays readable by them: they stay in the file.
func RotateKeyFile(path string, random io.Reader) error {
	ring, err := ReadKeyFile(path, random)
	if err != nil {
		return err
	}
	if err = ring.Add(random); err == nil {
		err = putKeyFile(path, ring, os.Rename)
	}
	return err
}

func makeKeyFile(path string, random io.Reader) error {
	ring := &seal.Ring{}
	if err := ring.Add(random); err != nil {
		return err
	}
	err := putKeyFile(path, ring, linkOrRename)
	if errors.Is(err, fs.ErrExist) {
		return nil // another process was first
	}
	return err
}

// linkOrRename puts a file under a name that nothing has. Where there are no links, a phone has one process only.
func linkOrRename(from, to string) error {
	err := os.Link(from, to)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	return os.Rename(from, to)
}

// putKeyFile writes the file whole and durable: nothing may be sealed with a key that a power cut takes away.
func putKeyFile(path string, ring *seal.Ring, put func(from, to string) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".keys-*") // 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone when it was renamed
	_, err = f.WriteString(ring.String())
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = put(f.Name(), path)
	}
	if err != nil {
		return err
	}
	if d, err := os.Open(filepath.Dir(path)); err == nil { // not every system lets a folder be synced
		_ = d.Sync()
		_ = d.Close()
	}
	return nil
}
