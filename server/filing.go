package server

import (
	"cmp"
	"context"
	"database/sql/driver"
	"log/slog"
	"slices"
	"time"

	"fieldsync/server/disk"
	"fieldsync/server/files"
	"fieldsync/server/files/bucket"
	"fieldsync/server/hub"
	"fieldsync/server/store"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/blob"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// FilesPath returns where the files lie that belong to the database at path.
func FilesPath(path string) string { return path + ".files" }

// openFiles opens the store of the files that the rows name.
func (c *Core) openFiles(ctx context.Context, o CoreOptions) (err error) {
	c.Files, err = OpenFiles(ctx, o.Path, o.Files, files.Options{
		Ledger: filing{c}, Devices: c.Devices, Limits: c.fileLimits, Reserve: disk.Reserve, Log: o.Log, Now: o.Now,
	})
	return err
}

// OpenFiles opens the files that belong to the database at path: in the folder beside it, or at the address of a bucket,
// s3://…. A bucket that does not answer yet is no error: changes go on without it. The errors have the codes of
// bucket.Open and files.Open.
func OpenFiles(ctx context.Context, path, address string, o files.Options) (*files.Desk, error) {
	o.Dir = FilesPath(path)
	if address == "" {
		return files.Open(ctx, o)
	}
	b, err := bucket.Open(ctx, address)
	if err != nil && fault.CodeOf(err) != fault.Overloaded {
		return nil, err
	}
	if err != nil {
		cmp.Or(o.Log, slog.Default()).Error("the store for files does not answer; files wait until it does", "store", b, "error", err)
	}
	o.Store = b
	return files.Open(ctx, o)
}

// fileLimits are what the company's settings say.
func (c *Core) fileLimits(ctx context.Context) (l files.Limits, err error) {
	if c.Store.Schema().Table("setting") == nil {
		return l, nil
	}
	err = c.Hub.View(ctx, func(v hub.View) error {
		limits, err := aftersales.ReadFileLimits(reviewer{v, c.Store.Schema()})
		l = files.Limits{Size: limits.Size, Files: limits.Files, Bytes: limits.Bytes}
		return err
	})
	return l, err
}

// filing is what the desk for files asks of the rows.
type filing struct{ *Core }

// May reports whether the person holds a row that names the file, whose writer has shown to have it.
func (f filing) May(ctx context.Context, person record.ID, h blob.Hash) (may bool, err error) {
	err = f.Store.Read(ctx, func(v *store.View) error {
		rows, err := naming(v, "sha256 = ? AND _del = 0", h.String())
		if err != nil || len(rows) == 0 {
			return err
		}
		held, err := hub.HeldBy(hubView{v}, person)
		for _, row := range rows {
			if err != nil || may {
				return err
			}
			if overlap(row.Buckets(), held) {
				may, err = shown(v, row, h)
			}
		}
		return err
	})
	return may, err
}

func overlap(a, b []record.Bucket) bool {
	return slices.ContainsFunc(a, func(x record.Bucket) bool { return slices.Contains(b, x) })
}

// shown reports whether whoever wrote the row has shown to have the file. It goes by the incarnation that created the
// row, which the hub knows: the column author says what its writer likes.
func shown(v *store.View, row *record.Row, h blob.Hash) (bool, error) {
	writer, err := v.Actor(row.Meta.Created.Actor)
	if err != nil || writer == nil {
		return false, err
	}
	return v.HadFile(store.Hash(h), writer.Person)
}

// naming returns the rows for which the condition holds of all tables whose rows name files: what belongs to some row, and
// the documents of the library.
func naming(v *store.View, condition string, args ...driver.Value) ([]*record.Row, error) {
	rows, err := rowsWhere(v, "attachment", condition, args...)
	if err != nil {
		return nil, err
	}
	documents, err := rowsWhere(v, "document", condition, args...)
	return append(rows, documents...), err
}

// attachments returns the rows of the table attachment for which the condition holds.
func attachments(v *store.View, condition string, args ...driver.Value) ([]*record.Row, error) {
	return rowsWhere(v, "attachment", condition, args...)
}

// rowsWhere returns the rows of a table for which the condition holds; none in a schema without it.
func rowsWhere(v *store.View, table, condition string, args ...driver.Value) (rows []*record.Row, err error) {
	t := v.Schema().Table(table)
	if t == nil {
		return nil, nil
	}
	var ids []record.ID
	err = v.Select(func(q *sqlrow.Rows) error { ids = append(ids, q.ID(0)); return q.Err() },
		"SELECT id FROM "+table+" WHERE "+condition+" ORDER BY id", args...)
	for _, id := range ids {
		if err != nil {
			return nil, err
		}
		var row *record.Row
		if row, err = v.Row(record.Key{Table: t.ID, ID: id}); row != nil {
			rows = append(rows, row)
		}
	}
	return rows, err
}

func (f filing) Has(ctx context.Context, person record.ID, h blob.Hash) (had bool, err error) {
	err = f.Store.Read(ctx, func(v *store.View) error {
		had, err = v.HadFile(store.Hash(h), person)
		return err
	})
	return had, err
}

func (f filing) Note(ctx context.Context, a files.Arrival) error {
	return f.Store.Write(ctx, func(tx *store.Tx) error { return tx.NoteFile(store.Hash(a.Hash), a.Person, a.Bytes, a.At) })
}

func (f filing) Brought(ctx context.Context, person record.ID, since time.Time) (n int, bytes int64, err error) {
	err = f.Store.Read(ctx, func(v *store.View) error {
		n, bytes, err = v.Brought(person, since)
		return err
	})
	return n, bytes, err
}

// Needed counts rows that are dead, too: a change that was made without knowing may bring one back.
func (f filing) Needed(ctx context.Context, h blob.Hash) (needed bool, err error) {
	err = f.Store.Read(ctx, func(v *store.View) error {
		rows, err := naming(v, "sha256 = ?", h.String())
		if needed = len(rows) > 0; needed || err != nil {
			return err
		}
		needed, err = v.InDispute(store.Hash(h))
		return err
	})
	return needed, err
}

func (f filing) Forget(ctx context.Context, h blob.Hash) error {
	return f.Store.Write(ctx, func(tx *store.Tx) error { return tx.ForgetFile(store.Hash(h)) })
}

// personalFiles are attachments that hold what an erased row was about: its own; those about it, its requests or its jobs; of other
// kinds of row, themselves. What shows the machine alone, a photo or a document of a job, stays with the machine.
const personalFiles = filesAbout + ` OR party = ?1 OR request IN (` + hisRequests + `) OR kind IN ('signature', 'voice', 'video') AND
	job IN (SELECT id FROM job WHERE party = ?1 OR contact = ?1)`

// filesAbout are a row's own, if it is an attachment, and those about it.
const filesAbout = `id = ?1 OR about = ?1`

// eraseFiles removes the files that hold personal data of the rows. The rows that name them stay, and name nothing.
func (c *Core) eraseFiles(ctx context.Context, rows []record.Key) error {
	var hashes []blob.Hash
	err := c.Store.Read(ctx, func(v *store.View) error {
		for _, k := range rows {
			condition := filesAbout
			if c.isSomebody(k) {
				condition = personalFiles
			}
			found, err := attachments(v, condition, k.ID[:])
			if err != nil {
				return err
			}
			for _, row := range found {
				if h, ok := blob.ParseHash(row.Get("sha256").Text()); ok {
					hashes = append(hashes, h)
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.Files.Erase(ctx, hashes)
}

// VerifyFiles reads every file that the desk has, and tells which are damaged, and which somebody brought and are gone. It
// returns how many there are, and their bytes.
func VerifyFiles(ctx context.Context, s *store.Store, desk *files.Desk, problem func(string)) (n uint64, bytes int64, err error) {
	var brought []store.Hash
	err = s.Read(ctx, func(v *store.View) (err error) {
		brought, err = v.Files()
		return err
	})
	for _, h := range brought {
		if err != nil {
			return 0, 0, err
		}
		var here bool
		if here, err = desk.Has(ctx, blob.Hash(h)); err == nil && !here {
			problem("file " + blob.Hash(h).String() + " was brought, and is gone: a phone that has it sends it again, or put that of a backup's folder hub-files there")
		}
	}
	if err != nil {
		return 0, 0, err
	}
	return desk.Verify(ctx, problem)
}
