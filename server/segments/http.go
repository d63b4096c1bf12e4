package segments

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

const (
	patience = 30 * time.Second // how long a device may take nothing
	slowest  = 4 << 10          // the pace, in bytes a second, below which it is cut; it goes on where it stopped
)

// ServeHTTP answers GET of wire.SegmentPath, the number of the class, and "?schema=" with the version that the device speaks, to
// a device that the caller has recognised: with the whole, or the range that it asks for. ETag is the
// hash of the content. 404 says that there is none: the rows come one by one.
func (s *Shelf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	class, err := strconv.ParseUint(strings.TrimPrefix(r.URL.Path, wire.SegmentPath), 10, 8)
	version, badVersion := strconv.Atoi(r.URL.Query().Get("schema"))
	if err != nil || badVersion != nil || !s.Ready(r.Context(), schema.Class(class), version) {
		http.NotFound(w, r)
		return
	}
	content, f := s.open(schema.Class(class))
	if content == nil {
		http.NotFound(w, r)
		return
	}
	defer func() { _ = content.Close() }() // it was only read
	info, err := content.Stat()
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/zstd")
	w.Header().Set("Cache-Control", "private, no-cache")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("ETag", `"`+f.hash+`"`)
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(patience + time.Duration(info.Size()/slowest)*time.Second))
	http.ServeContent(w, r, "", time.Time{}, content)
}
