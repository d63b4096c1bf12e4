package client

import (
	"context"

	"fieldsync/client/files"
	"fieldsync/sync/blob"
	"fieldsync/sync/fault"
)

// checkFiles asks the hub, every day and when it has begun a new epoch, having gone back, whether it still has the
// files that are here. What it lacks is sent again, whoever took it.
func (c *Client) checkFiles(ctx context.Context, remote *files.Remote) error {
	id, err := c.identity(ctx)
	if err != nil || id == nil {
		return err
	}
	if epoch, at := c.files.Checked(); epoch == id.Epoch && c.Now().Sub(at).Abs() < checkEvery {
		return nil
	}
	here, err := c.files.Fetched()
	if err != nil || len(here) == 0 { // then there is nothing to ask for, nor to write down
		return err
	}
	kinds, err := c.namedFiles(ctx)
	for h, row := range kinds {
		if _, fetched := here[h]; err != nil || !fetched {
			continue
		}
		var has bool
		if has, err = remote.Has(ctx, h); err == nil && !has {
			err = c.files.Doubt(h, row.Kind, c.Now())
		}
	}
	if err != nil {
		return err
	}
	return c.files.NoteChecked(id.Epoch, c.Now())
}

// namedFile is what the rows say of a file: the most urgent kind of any that names it.
type namedFile struct {
	Kind  string
	Size  int64
	Asked bool // it is fetched only when somebody asks: a document about none of the machines that are here
}

// namedFiles returns the files that rows on the device name.
func (c *Client) namedFiles(ctx context.Context) (named map[blob.Hash]namedFile, err error) {
	named = map[blob.Hash]namedFile{}
	if c.Schema.Table(attachments) != nil {
		if err := c.nameFiles(ctx, named, attachedFiles); err != nil {
			return nil, err
		}
	}
	if t := c.Schema.Table(documents); t != nil && t.Column("sha256") >= 0 && c.Schema.Table("unit") != nil {
		if err := c.nameFiles(ctx, named, libraryFiles); err != nil {
			return nil, err
		}
	}
	return named, nil
}

const attachedFiles = "SELECT sha256, kind, size, 0 FROM " + attachments + " WHERE _del = 0"

// libraryFiles are those of documents in use; of the library as a whole a phone keeps what is about its own machines.
const libraryFiles = "SELECT d.sha256, '" + blob.Document + "', d.size, NOT EXISTS (SELECT 1 FROM unit u WHERE u.product = d.product AND u._del = 0)" +
	" FROM " + documents + " d WHERE d._del = 0 AND d.sha256 IS NOT NULL AND d.archived_at IS NULL"

// nameFiles adds the files that the query finds.
func (c *Client) nameFiles(ctx context.Context, named map[blob.Hash]namedFile, query string) error {
	rows, err := c.Query(ctx, query)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var text string
		var f namedFile
		if err := rows.Scan(&text, &f.Kind, &f.Size, &f.Asked); err != nil {
			return err
		}
		h, ok := blob.ParseHash(text)
		known, twice := named[h]
		if twice {
			f.Asked = f.Asked && known.Asked
		}
		if twice && blob.Rank(f.Kind) >= blob.Rank(known.Kind) {
			f.Kind = known.Kind
		}
		if ok {
			named[h] = f
		}
	}
	return rows.Err()
}

// fetchAhead fetches what the policy wants here before anybody asks. What the hub does not have yet comes another time.
func (c *Client) fetchAhead(ctx context.Context, remote *files.Remote) error {
	if _, low := c.space(); low || c.Files.Ahead == AheadNothing {
		return nil
	}
	named, err := c.namedFiles(ctx)
	if err != nil {
		return err
	}
	for _, one := range []func(context.Context, *files.Remote, blob.Hash, namedFile) error{c.thumbnailAhead, c.fileAhead} {
		for h, f := range named {
			if c.files.Here(h) || c.spares() {
				continue
			}
			if err := one(ctx, remote, h, f); stops(err) {
				return err
			}
		}
	}
	return nil
}

func (c *Client) thumbnailAhead(ctx context.Context, remote *files.Remote, h blob.Hash, f namedFile) error {
	if f.Kind != blob.Photo && f.Kind != blob.Signature && f.Kind != blob.Video {
		return nil
	}
	return c.files.FetchThumbnail(ctx, remote, h)
}

func (c *Client) fileAhead(ctx context.Context, remote *files.Remote, h blob.Hash, f namedFile) error {
	wanted := c.Files.Ahead == AheadAll || c.Files.Ahead == AheadDocuments && f.Kind == blob.Document
	if !wanted || f.Asked || c.haul.metered() {
		return nil
	}
	return c.fetchNow(ctx, remote, h, f.Size, func() error {
		if c.haul.metered() {
			return errMetered
		}
		return ctx.Err()
	})
}

// stops reports whether an error about one file means that others cannot be had either.
func stops(err error) bool {
	switch fault.CodeOf(err) {
	case blob.Unknown, blob.NoPicture, blob.WrongHash:
		return false
	}
	return err != nil && err != errMetered
}

// reclaim frees the space of files that left with their jobs and that the hub has; while space is short, of others too
// that can be fetched again. What the hub does not have is never touched.
func (c *Client) reclaim(ctx context.Context) error {
	named, err := c.namedFiles(ctx)
	if err != nil {
		return err
	}
	keep, before := make(map[blob.Hash]bool, len(named)), c.Now().Add(-c.Files.KeepFor)
	_, low := c.space()
	for h, f := range named {
		keep[h] = !low || !spare(f)
	}
	if low {
		before = c.Now()
	}
	n, err := c.files.Reclaim(keep, before)
	if low && n > 0 {
		c.Log.Info("space is short: files went that can be fetched again", "files", n)
	}
	return err
}
