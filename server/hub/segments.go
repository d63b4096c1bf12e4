package hub

import (
	"context"
	"strconv"
	"strings"

	"fieldsync/sync/judge"
	"fieldsync/sync/schema"
)

// segments returns of which classes that the device has nothing of, and takes segments of, there are some.
func (c *conn) segments(ctx context.Context, a *judge.Admission, version int) (ready [schema.Classes]bool) {
	for class, cursor := range a.Cursors {
		if cursor == 0 && c.hub.Segments != nil && strings.Contains(c.lacks, strconv.Itoa(class)) {
			ready[class] = c.hub.Segments(ctx, schema.Class(class), version)
		}
	}
	return ready
}
