package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"fieldsync/sync/blob"
)

// How long what nobody needs is kept: longer than a device may be absent with a row that names it.
const (
	KeepUnneeded = 120 * 24 * time.Hour // a whole file that no row names
	KeepPartial  = 14 * 24 * time.Hour  // the beginning of a file whose rest never came
)

// Sweep removes files that no row names, once they have lain long enough, and returns how many. One node does so for all.
func (d *Desk) Sweep(ctx context.Context) (files int, err error) {
	now := d.Now()
	var old []blob.Hash
	err = d.Blobs.Each(ctx, func(h blob.Hash, _ int64, came time.Time) error {
		if now.Sub(came) > KeepUnneeded {
			old = append(old, h)
		}
		return nil
	})
	for _, h := range old {
		if err != nil {
			return files, err
		}
		var needed bool
		needed, err = d.Ledger.Needed(ctx, h)
		if err == nil && !needed {
			files++
			err = d.drop(ctx, h)
		}
	}
	return files, err
}

// drop removes a file. That it was ever here is forgotten first: a row that comes after all has it sent again.
func (d *Desk) drop(ctx context.Context, h blob.Hash) error {
	if err := d.Ledger.Forget(ctx, h); err != nil {
		return err
	}
	return errors.Join(d.small.Delete(ctx, h), d.Blobs.Delete(ctx, h))
}

// SweepBeginnings removes beginnings whose rest never came, once they have lain long enough, and those of files that were
// erased, and returns how many. Each node does so for itself.
func (d *Desk) SweepBeginnings(ctx context.Context) (n int, err error) {
	now := d.Now()
	err = filepath.WalkDir(d.path(coming), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		gone, err := d.abandoned(ctx, e, now)
		if err != nil || !gone {
			return err
		}
		n++
		return remove(path)
	})
	return n, err
}

// abandoned reports whether nothing more comes of a beginning.
func (d *Desk) abandoned(ctx context.Context, e fs.DirEntry, now time.Time) (bool, error) {
	info, err := e.Info()
	if err != nil {
		return false, nil // it ended meanwhile
	}
	h, named := blob.ParseHash(e.Name())
	if now.Sub(info.ModTime()) > KeepPartial || !named {
		return now.Sub(info.ModTime()) > KeepPartial, nil
	}
	return d.erased.Has(ctx, h)
}

// Erase removes files that hold personal data, and what came of them so far, and takes none of them in again.
func (d *Desk) Erase(ctx context.Context, hashes []blob.Hash) error {
	for _, h := range hashes {
		if err := d.shelve(ctx, d.erased, h, []byte("erased\n")); err != nil {
			return err
		}
		if err := errors.Join(d.dropBeginnings(h), d.drop(ctx, h)); err != nil {
			return err
		}
	}
	return nil
}

// dropBeginnings removes what came of a file so far.
func (d *Desk) dropBeginnings(h blob.Hash) error {
	paths, err := filepath.Glob(d.path(coming, "*", h.String()))
	for _, path := range paths {
		err = errors.Join(err, remove(path))
	}
	return err
}

// Verify reads every file and tells what is not what its name says. It returns how many there are, and their bytes.
func (d *Desk) Verify(ctx context.Context, problem func(string)) (files uint64, bytes int64, err error) {
	err = d.Blobs.Each(ctx, func(h blob.Hash, size int64, _ time.Time) error {
		files, bytes = files+1, bytes+size
		c, err := d.Blobs.Open(ctx, h)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // swept meanwhile
		}
		if err != nil {
			problem(fmt.Sprintf("file %s cannot be read: %v", h, err))
			return nil
		}
		defer func() { _ = c.Close() }() // it was only read
		if got, err := hashFrom(c); err != nil || got != h {
			problem(fmt.Sprintf("file %s is damaged: put that of a backup's folder hub-files in its place, or delete it, and a phone that has it sends it again", h))
		}
		return nil
	})
	return files, bytes, err
}

// Copy brings the folder to, beside backups, up to date: what it lacks is linked, or copied where that cannot be; what
// was erased goes from it. It returns how many files, and bytes, were added.
func (d *Desk) Copy(ctx context.Context, to string) (files int, bytes int64, err error) {
	there := Directory{to}
	err = d.Blobs.Each(ctx, func(h blob.Hash, size int64, _ time.Time) error {
		if known, err := there.Has(ctx, h); known || err != nil {
			return err
		}
		files, bytes = files+1, bytes+size
		return d.copyOne(ctx, there, h)
	})
	if err != nil {
		return files, bytes, err
	}
	err = d.erased.Each(ctx, func(h blob.Hash, _ int64, _ time.Time) error { return there.Delete(ctx, h) })
	return files, bytes, err
}

func (d *Desk) copyOne(ctx context.Context, there Directory, h blob.Hash) error {
	if here, ok := d.Blobs.(Directory); ok {
		if err := os.MkdirAll(filepath.Dir(there.path(h)), 0o700); err != nil {
			return err
		}
		if err := os.Link(here.path(h), there.path(h)); err == nil {
			return nil
		}
	}
	c, err := d.Blobs.Open(ctx, h)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // swept meanwhile
	}
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }() // it was only read
	return there.adopt(ctx, h, c)
}

// adopt writes a file into the folder, whole or not at all.
func (d Directory) adopt(ctx context.Context, h blob.Hash, from io.Reader) error {
	if err := os.MkdirAll(d.Root, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(d.Root, ".new-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone when it was put
	_, err = io.Copy(f, from)
	if err = errors.Join(err, f.Close()); err != nil {
		return full(err)
	}
	return d.Put(ctx, h, f.Name())
}

// Restore takes in what the folder beside a backup has and the hub lacks; what is damaged or was erased it leaves. It
// returns how many files it took.
func (d *Desk) Restore(ctx context.Context, from string) (files int, err error) {
	there := Directory{from}
	err = there.Each(ctx, func(h blob.Hash, _ int64, _ time.Time) error {
		known, err := d.Blobs.Has(ctx, h)
		erased, e := d.erased.Has(ctx, h)
		if known || erased || err != nil || e != nil {
			return errors.Join(err, e)
		}
		if got, err := hashOf(there.path(h)); err != nil || got != h {
			d.Log.Warn("a file of the backup is damaged; it is left out", "file", h.String())
			return nil
		}
		files++
		return d.restoreOne(ctx, there, h)
	})
	return files, err
}

func (d *Desk) restoreOne(ctx context.Context, there Directory, h blob.Hash) error {
	c, err := there.Open(ctx, h)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }() // it was only read
	f, err := os.CreateTemp(d.path(coming), "restored-*")
	if err != nil {
		return full(err)
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone when it was put
	_, err = io.Copy(f, c)
	if err = errors.Join(err, f.Close()); err != nil {
		return full(err)
	}
	return d.Blobs.Put(ctx, h, f.Name())
}
