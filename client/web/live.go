package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"fieldsync/client"
	"fieldsync/sync/fault"
)

// barEvery is how often a page that listens looks how the phone stands towards the hub.
const barEvery = time.Second

// live tells a page, as server-sent events, that something changed ("changed"), how the phone stands ("bar", the line as
// HTML), and that the office has wiped it ("gone"). It ends with the page or with the app.
func (v *request) live() error {
	flusher, ok := v.w.(http.Flusher)
	if !ok {
		return fmt.Errorf("web: the server cannot stream")
	}
	v.w.Header().Set("Content-Type", "text/event-stream")
	changes, stop := v.client.Watch()
	defer stop()
	look := time.NewTicker(barEvery)
	defer look.Stop()
	last := ""
	for {
		event, data := "", ""
		select {
		case <-v.ctx().Done():
			return nil
		case <-v.leaving.Done():
			return nil
		case _, open := <-changes:
			if !open {
				return nil
			}
			event, data = "changed", `""`
		case <-look.C:
			if _, err := v.client.Person(v.ctx()); fault.CodeOf(err) == client.Wiped {
				_, _ = fmt.Fprint(v.w, "event: gone\ndata: \"\"\n\n") // the page goes to where the app begins
				return nil
			}
			if data = v.barHTML(); data == last {
				continue
			}
			event, last = "bar", data
		}
		if _, err := fmt.Fprintf(v.w, "event: %s\ndata: %s\n\n", event, data); err != nil {
			return nil // the page is gone
		}
		flusher.Flush()
	}
}

// barHTML returns the bar as a JSON string; "" where it cannot be made.
func (v *request) barHTML() string {
	var b bytes.Buffer
	if err := v.pages[v.lang.Tag].Show(&b, "today", "bar", v.bar()); err != nil {
		v.client.Log.Error("the status cannot be shown", "error", err)
		return ""
	}
	text, _ := json.Marshal(b.String()) // strings always have a JSON form
	return string(text)
}
