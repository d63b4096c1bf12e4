package server

import (
	"net/http"

	"fieldsync/server/disk"
	"fieldsync/server/segments"
	"fieldsync/sync/fault"
)

// openSegments opens the folder of what devices that have nothing yet fetch ready made, beside the database.
func (c *Core) openSegments(o CoreOptions) (err error) {
	c.segments, err = segments.Open(segments.Options{
		Dir: o.Path + ".segments", Source: c.Store, Schema: o.Schema, Least: o.SegmentRows, Reserve: disk.Reserve, Log: o.Log, Now: o.Now,
	})
	if err != nil {
		return fault.Wrap(fault.Internal, "The folder for what new phones fetch cannot be used. Check the disk and its rights.", err)
	}
	return nil
}

// Segments returns the shelf of what devices that have nothing yet fetch ready made.
func (c *Core) Segments() *segments.Shelf { return c.segments }

// serveSegment hands out what everybody holds of a class: to any device that may connect.
func (c *Core) serveSegment(w http.ResponseWriter, r *http.Request) {
	if _, err := c.Files.Who(r); err != nil {
		code := fault.CodeOf(err)
		if code != fault.Unauthentic {
			c.log.Error("a segment could not be served", "error", err)
			reply(w, http.StatusInternalServerError, refusal{fault.Internal, "Something is wrong with the server. Try again later."})
			return
		}
		reply(w, http.StatusUnauthorized, refusal{code, "The device could not prove who it is. It connects anew, and then goes on."})
		return
	}
	c.segments.ServeHTTP(c.Files.Watched(w, r), r)
}
