package files

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"fieldsync/sync/blob"
)

// Content is a file that is open for reading.
type Content interface {
	io.ReadSeekCloser
	Size() int64
}

// Store is where files lie for good, on shelves that have names. All nodes of a hub share one.
type Store interface {
	// Shelf returns the shelf of that name, which need not have been there before.
	Shelf(name string) Blobs
	// String says where the store is, without secrets.
	String() string
}

// The shelves of a Store.
const (
	wholeShelf  = "whole"  // the files, each under the hash of its content
	smallShelf  = "small"  // thumbnails, as JPEG, under the hash of what they show
	erasedShelf = "erased" // marks of what was erased and is not taken again
)

// Folders is a Store in a folder of this machine, or of one that all nodes have mounted.
type Folders string

// Shelf implements Store.
func (f Folders) Shelf(name string) Blobs { return Directory{filepath.Join(string(f), name)} }

// String implements Store.
func (f Folders) String() string { return string(f) }

// Blobs is a shelf of files, each under a hash; they never change. A Directory is one; a store in somebody's cloud can be
// another.
type Blobs interface {
	// Put moves the local file at path onto the shelf, durably; it was verified. One that is there already stays. After an
	// error the local file is where it was.
	Put(ctx context.Context, h blob.Hash, path string) error
	// Open opens a file. The error is fs.ErrNotExist where there is none.
	Open(ctx context.Context, h blob.Hash) (Content, error)
	// Has reports whether there is such a file.
	Has(ctx context.Context, h blob.Hash) (bool, error)
	// Delete removes a file; none is no error.
	Delete(ctx context.Context, h blob.Hash) error
	// Each calls do for every file, with its bytes and when it came.
	Each(ctx context.Context, do func(h blob.Hash, size int64, came time.Time) error) error
}

// Directory keeps files in a folder, in 256 folders by the first byte of their hashes.
type Directory struct{ Root string }

func (d Directory) path(h blob.Hash) string {
	name := h.String()
	return filepath.Join(d.Root, name[:2], name)
}

// Put implements Blobs: the file is made durable under its own name before it gets that of its hash.
func (d Directory) Put(_ context.Context, h blob.Hash, path string) error {
	to := d.path(h)
	if _, err := os.Stat(to); err == nil {
		return os.Remove(path)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	if err := force(path); err != nil {
		return err
	}
	if err := os.Rename(path, to); err != nil {
		return err
	}
	return errors.Join(force(filepath.Dir(to)), force(d.Root))
}

// force makes a file or a folder durable.
func force(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// file is an open file of a folder.
type file struct {
	*os.File
	size int64
}

func (f file) Size() int64 { return f.size }

// Open implements Blobs.
func (d Directory) Open(_ context.Context, h blob.Hash) (Content, error) {
	f, err := os.Open(d.path(h))
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return file{f, info.Size()}, nil
}

// Has implements Blobs.
func (d Directory) Has(_ context.Context, h blob.Hash) (bool, error) { return exists(d.path(h)) }

func exists(path string) (bool, error) {
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// Delete implements Blobs.
func (d Directory) Delete(_ context.Context, h blob.Hash) error { return remove(d.path(h)) }

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Each implements Blobs. What is not named by a hash is somebody else's, and left alone.
func (d Directory) Each(ctx context.Context, do func(blob.Hash, int64, time.Time) error) error {
	return eachFile(ctx, d.Root, func(name string, e fs.DirEntry) error {
		h, ok := blob.ParseHash(name)
		info, err := e.Info()
		if !ok || errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		return do(h, info.Size(), info.ModTime())
	})
}

// eachFile calls do for every file one folder deep; no folder is no file.
func eachFile(ctx context.Context, root string, do func(name string, e fs.DirEntry) error) error {
	folders, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, folder := range folders {
		if !folder.IsDir() {
			continue
		}
		entries, err := os.ReadDir(filepath.Join(root, folder.Name()))
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := do(e.Name(), e); err != nil {
				return err
			}
		}
	}
	return nil
}
