package link

import (
	"strconv"

	"fieldsync/sync/schema"
	"fieldsync/sync/session"
	"fieldsync/sync/wire"
)

// asking returns what the address of the hub has in it where a device takes segments of the classes.
func asking(segments []schema.Class) string {
	if len(segments) == 0 {
		return ""
	}
	query := wire.Segments + "="
	for _, class := range segments {
		query += strconv.Itoa(int(class))
	}
	return query
}

// fetch fetches a segment and says when that is over.
func (l *Link) fetch(class schema.Class) {
	l.Fetch(l.during, class)
	select {
	case l.events <- session.Fetched{}:
	case <-l.during.Done():
	}
}
