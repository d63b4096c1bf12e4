package files

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"fieldsync/sync/blob"
)

// A real disk runs full in the middle of a file: what came is kept, and the file goes on when there is space.
func TestADiskThatRunsFull(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=2m"); err != nil {
		t.Skip("a small disk cannot be mounted here:", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, 0) })
	w := newWorldIn(t, dir)
	filler := filepath.Join(dir, "filler")
	if err := os.WriteFile(filler, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	content := photo(3<<19, "f")
	h := hashed(content)
	w.wants("more than there is room for", w.patch(li, h, blob.Photo, 0, len(content), content), http.StatusInsufficientStorage, blob.HubFull)
	have := atoi(w.head(li, h).offset)
	if have == 0 || have >= len(content) {
		t.Fatal("nothing, or all, is kept:", have)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if a := w.patch(li, h, blob.Photo, have, len(content), content[have:]); !a.complete {
		t.Fatal("it does not go on:", a)
	}
	c, err := w.desk.Open(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := b.ReadFrom(c); errors.Join(err, c.Close()) != nil || !bytes.Equal(b.Bytes(), content) {
		t.Error("it is not what was sent", err)
	}
}
