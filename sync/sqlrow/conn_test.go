package sqlrow

import (
	"testing"

	"fieldsync/sync/record"
)

func TestGetters(t *testing.T) {
	t.Parallel()
	id := record.ID{1, 15: 2}
	r := RowOf(int64(-1), "text", []byte("bytes"), id[:], nil)
	if r.Int(0) != -1 || r.Uint(0) != 1<<64-1 || r.Text(1) != "text" || r.Text(2) != "bytes" || r.ID(3) != id {
		t.Errorf("read %d, %q, %q, %s", r.Int(0), r.Text(1), r.Text(2), r.ID(3))
	}
	if string(r.Bytes(1)) != "text" || !r.Null(4) || r.Int(4) != 0 || r.Text(4) != "" || r.Bytes(4) != nil || !r.ID(4).IsZero() {
		t.Error("null is not nothing")
	}
	r.Bytes(2)[0] = 'x'
	if r.Text(2) != "bytes" || r.Err() != nil {
		t.Errorf("what Bytes gave is not the caller's: %q, %v", r.Text(2), r.Err())
	}
	for what, get := range map[string]func(*Rows){
		"a text as a number": func(r *Rows) { r.Int(1) }, "a number as a text": func(r *Rows) { r.Text(0) },
		"a number as bytes": func(r *Rows) { r.Bytes(0) }, "five bytes as an id": func(r *Rows) { r.ID(2) },
		"a number as an id": func(r *Rows) { r.ID(0) },
	} {
		r := RowOf(r.Values()...)
		if get(r); r.Err() == nil {
			t.Errorf("%s is no error", what)
		}
	}
}
