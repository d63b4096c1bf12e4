package admin

import (
	"fmt"
	"net/http"
	"time"
)

// The live stream says that something changed, never what: the page then asks for itself again and keeps what is the
// same. Changes within quiet are told as one; a comment every beat keeps proxies from closing the stream.
const (
	quiet = 250 * time.Millisecond
	beat  = 25 * time.Second
	// A stream ends after a while, and its page asks for a new one: so somebody whose session ended stops hearing.
	longestStream = 10 * time.Minute
)

// Live streams "changed" as server-sent events, and "ring" when somebody calls the visitor, or does no more.
func (o *Office) Live(v *Visit) error {
	out := http.NewResponseController(v.w)
	if err := out.SetWriteDeadline(time.Time{}); err != nil {
		return err
	}
	changed, stop := o.Engine.Watch()
	defer stop()
	v.w.Header().Set("Content-Type", "text/event-stream")
	v.w.Header().Set("Cache-Control", "no-store")
	tick, end := time.NewTicker(beat), time.After(longestStream)
	defer tick.Stop()
	mark := ""
	for said := "retry: 2000\n\n"; ; {
		if now := o.ringMark(v); now != mark {
			mark = now
			said += "event: ring\ndata: " + mark + "\n\n"
		}
		if _, err := fmt.Fprint(v.w, said); err != nil || out.Flush() != nil {
			return nil // the visitor left
		}
		select {
		case <-v.r.Context().Done():
			return nil
		case <-end:
			return nil
		case <-tick.C:
			said = ": still here\n\n"
		case _, more := <-changed:
			if !more {
				return nil
			}
			time.Sleep(quiet)
			said = "event: changed\ndata: \n\n"
		}
	}
}
