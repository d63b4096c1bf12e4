package systemtest

import (
	"bytes"
	"testing"

	"fieldsync/client"
	"fieldsync/client/files"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// A video's picture is made where it is shown, offline too, goes after the video, and is on the colleague's phone before the video is.
func TestAVideosPictureReachesTheColleague(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	li, liID := w.technician("li")
	wang, wangID := w.technician("wang")
	job := w.crew([]record.ID{liID, wangID})[0]
	sync(t, li)
	film := append([]byte("\x00\x00\x00\x18ftypisom"), bytes.Repeat([]byte("frame "), 500)...)
	id := w.attach(li, job, aftersales.AttachVideo, film)
	if err := li.KeepStill(t.Context(), id, bytes.NewReader(photoOf(t, 3, 200))); err != nil {
		t.Fatal(err)
	}
	sync(t, li)
	sync(t, wang)
	small, err := wang.Thumbnail(t.Context(), id)
	if err != nil || len(small) == 0 {
		t.Fatal("the picture did not come:", err)
	}
	if _, err := wang.OpenAttachment(t.Context(), id); fault.CodeOf(err) != files.Elsewhere {
		t.Error("the video came with it:", err)
	}
	if s := w.state(wang, job); len(s) != 1 || s[0] != client.FileAway {
		t.Error(s)
	}
}
