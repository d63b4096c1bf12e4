package replica

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"

	"fieldsync/sync/sqlrow"
)

// A database file can be copied, or come back from a backup, and then two devices, or a device and its past, would
// write under one name. So a random token lies beside the file, and the file holds the token's hash: a copy that
// comes without its token, or with another one, is found out when it is opened.

// checkInstance reports whether the file is a copy: it was given a token, and another one, or none, lies outside. A
// file that never had a token gets one.
func (r *Replica) checkInstance() (cloned bool, err error) {
	var want []byte
	found, err := r.writer.One(func(rows *sqlrow.Rows) error {
		want = rows.Bytes(0)
		return nil
	}, "SELECT token FROM _instance")
	if err != nil {
		return false, err
	}
	if !found {
		return false, r.renewInstance()
	}
	r.tally.of(want)
	token, err := os.ReadFile(r.options.Instance)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return false, failed("the instance token could not be read", err)
	}
	have := sha256.Sum256(token)
	return err != nil || subtle.ConstantTimeCompare(have[:], want) == 0, nil
}

// ConfirmInstance makes this file the original again, after a clone was reported and the device has taken a new
// incarnation. Until then every Open reports the clone.
func (r *Replica) ConfirmInstance(ctx context.Context) error {
	if err := r.acquire(ctx); err != nil {
		return err
	}
	defer r.release()
	if err := r.renewInstance(); err != nil {
		return err
	}
	r.Cloned = false
	return nil
}

// renewInstance writes a fresh token, then its hash. A crash between the two reports a clone that is none, which
// costs an incarnation and loses nothing.
func (r *Replica) renewInstance() error {
	var random [16]byte
	if _, err := io.ReadFull(r.options.Random, random[:]); err != nil {
		return failed("no randomness for the instance token", err)
	}
	token := []byte(hex.EncodeToString(random[:]) + "\n")
	if err := replaceFile(r.options.Instance, token); err != nil {
		return failed("the instance token could not be written", err)
	}
	hash := sha256.Sum256(token)
	_, err := r.writer.Exec("INSERT INTO _instance(id, token) VALUES(1, ?)"+
		" ON CONFLICT(id) DO UPDATE SET token = excluded.token", hash[:])
	r.tally.of(hash[:])
	return err
}

// replaceFile writes a file whole or not at all.
func replaceFile(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return err
	}
	syncDir(filepath.Dir(path))
	return nil
}

// syncDir makes renames in the folder durable, where the system can do that.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}
