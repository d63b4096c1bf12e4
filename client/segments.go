package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"

	"github.com/klauspost/compress/zstd"

	"fieldsync/client/files"
	"fieldsync/client/link"
	"fieldsync/client/replica"
	"fieldsync/sync/device"
	"fieldsync/sync/fault"
	"fieldsync/sync/schema"
	"fieldsync/sync/sqlrow"
	"fieldsync/sync/wire"
)

// segments are how a device that has nothing of a class gets what everybody holds of it: as a file that the hub has ready, fetched
// beside the session, and taken in between two. Whatever goes wrong with it, the rows come one by one.
type segments struct {
	mu    sync.Mutex
	plain [schema.Classes]bool // of these the rows come one by one
	vain  int                  // how often in a row not a byte came of one that was promised
	spent int                  // how often the device was told of erasures: what is fetched meanwhile may have what was erased
}

// maxVain is how often not a byte comes before no more segments are asked for: what stands between phone and hub may let the session
// through, and them not.
const maxVain = 2

// came notes whether anything came of a segment.
func (s *segments) came(any bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.vain++; any {
		s.vain = 0
	}
}

// spoil notes that the device was told of an erasure.
func (s *segments) spoil() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spent++
}

func (s *segments) spoilt() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.spent
}

func (s *segments) giveUp(class schema.Class) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.plain[class] = true
}

func (s *segments) givenUp(class schema.Class) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.plain[class] || s.vain >= maxVain
}

// segmentPath is where a class's segment is fetched to.
func (c *Client) segmentPath(class schema.Class) string {
	return fmt.Sprintf("%s-%d", c.replica.SegmentPath(), class)
}

// lacking returns of which classes the device has nothing, and would take segments.
func (c *Client) lacking(ctx context.Context) (classes []schema.Class, err error) {
	id, err := c.identity(ctx)
	if err != nil || id == nil || !slices.Contains(id.Cursors[:], 0) {
		return nil, err
	}
	err = c.replica.Read(ctx, func(tx *replica.Tx) error {
		for class := schema.ClassWork + 1; class < schema.Classes; class++ {
			lacks, err := device.Lacks(tx, c.Schema, class)
			if err != nil {
				return err
			}
			if lacks && !c.segments.givenUp(class) {
				classes = append(classes, class)
			}
		}
		return nil
	})
	return classes, err
}

// fetchSegment fetches the class's segment. One that the network cuts goes on where it was, here or in another session.
// One during which something was erased goes: its file may have been made after the others had gone.
func (c *Client) fetchSegment(ctx context.Context, class schema.Class) {
	defer c.web.CloseIdleConnections() // nothing else is asked for soon
	before, had := c.segments.spoilt(), files.SegmentArrived(c.segmentPath(class))
	err := c.fetchOn(ctx, class)
	more := err == nil || files.SegmentArrived(c.segmentPath(class)) > had
	if c.segments.spoilt() != before {
		err = errors.Join(err, files.DropSegment(c.segmentPath(class)))
	}
	switch code := fault.CodeOf(err); {
	case ctx.Err() != nil:
	case err == nil, code == link.NoNetwork, code == fault.Unauthentic:
		c.segments.came(more)
	default:
		c.Log.Info("nothing is ready of a class; its rows come one by one", "class", class, "reason", err)
		c.segments.giveUp(class)
	}
}

// fetchOn fetches the class's segment, again and again while more of it comes, and nothing is erased.
func (c *Client) fetchOn(ctx context.Context, class schema.Class) error {
	remote, err := c.remote()
	if err != nil {
		return err
	}
	before := c.segments.spoilt()
	for {
		had := files.SegmentArrived(c.segmentPath(class))
		err = remote.FetchSegment(ctx, class, c.Schema.Version, c.segmentPath(class), func(done, total int64) {
			c.contact.progressed(&wire.Page{Done: uint64(done), Total: uint64(total)})
		})
		more := files.SegmentArrived(c.segmentPath(class)) > had
		if fault.CodeOf(err) != link.NoNetwork || ctx.Err() != nil || !more || c.segments.spoilt() != before {
			return err
		}
	}
}

// tidySegments removes what was begun of segments that are not wanted any more: their rows came one by one.
func (c *Client) tidySegments(wanted []schema.Class) error {
	for class := schema.ClassWork + 1; class < schema.Classes; class++ {
		if slices.Contains(wanted, class) {
			continue
		}
		if err := files.DropSegment(c.segmentPath(class)); err != nil {
			return err
		}
	}
	return nil
}

// takeSegments takes in what was fetched, before a session begins.
func (c *Client) takeSegments(ctx context.Context) error {
	for class := range schema.Class(schema.Classes) {
		path := c.segmentPath(class)
		if _, err := os.Stat(path); err != nil {
			continue
		}
		err := c.takeSegment(ctx, path)
		if ctx.Err() != nil { // it goes on with the next part, another time
			return fault.Wrap(link.NoNetwork, "there was not enough time; the rest goes next time", ctx.Err())
		}
		if err != nil {
			c.Log.Warn("what was ready of a class cannot be used; its rows come one by one", "class", class, "reason", err)
			c.segments.giveUp(class)
		}
		if err := os.Remove(path); err != nil {
			return fault.Wrap(replica.Storage, "the disk does not let go of a file: check the rights on the folder of the data", err)
		}
	}
	return nil
}

func (c *Client) takeSegment(ctx context.Context, path string) (err error) {
	plain := path + ".db"
	defer func() { err = errors.Join(err, os.Remove(plain)) }()
	if err := expand(path, plain); err != nil {
		return err
	}
	return c.replica.TakeSegment(ctx, plain, func(of sqlrow.SegmentOf, done int64) {
		c.contact.progressed(&wire.Page{Class: of.Class, Done: uint64(done), Total: of.Total})
		c.watch.overflow(c.Schema, of.Class)
	})
}

// expand writes what is in the compressed file into a new one.
func expand(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // it was only read
	out, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true))
	if err == nil {
		_, err = io.Copy(out, z)
		z.Close()
	}
	return errors.Join(err, out.Close())
}
