package client

import (
	"path/filepath"

	"fieldsync/client/files"
	"fieldsync/sync/blob"
)

// defaultLow is how much space left counts as little: a day's photos.
const defaultLow = 256 << 20

// space returns whether the disk has little left, and then how much, to the MiB. What is not known counts as enough.
func (c *Client) space() (free int64, low bool) {
	measure := c.Files.Space
	if measure == nil {
		measure = files.FreeSpace
	}
	free, known := measure(filepath.Dir(c.Path))
	least := c.Files.Low
	if least == 0 {
		least = defaultLow
	}
	if !known || free >= least {
		return 0, false
	}
	return free &^ (1<<20 - 1), true
}

// spare reports whether a file that is on the device for convenience alone may go while space is short: what can be
// fetched again, but not the manuals, which are wanted where nothing can be fetched.
func spare(f namedFile) bool { return f.Kind != blob.Document }
