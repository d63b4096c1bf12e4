package wire

import (
	"testing"

	"fieldsync/sync/fault"

	"github.com/google/go-cmp/cmp"
)

// FuzzDecode reads any bytes as a message of any kind. What is read can be sent, and comes back the same.
func FuzzDecode(f *testing.F) {
	codec := newCodec(f)
	for seed := range 60 {
		f.Add(encode(f, codec, anyMessage.Example(seed)))
	}
	push, verdicts := jobEdits(3)
	for _, m := range []Message{push, verdicts, Page{Rows: []Rows{jobRows(20, 1)}}} {
		f.Add(encode(f, codec, m))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := codec.Decode(b, MaxBeforeAuth)
		if err != nil {
			if code := fault.CodeOf(err); code != fault.Malformed && code != fault.TooLarge {
				t.Fatalf("code %q", code)
			}
			return
		}
		again, err := codec.Encode(nil, m)
		if err != nil {
			t.Fatalf("%#v was read and cannot be sent: %v", m, err)
		}
		got, err := codec.Decode(again, MaxMessage)
		if d := cmp.Diff(m, got, sameMessage); err != nil || d != "" {
			t.Fatal(err, d)
		}
	})
}

// FuzzRows reads any bytes as the body of a batch, without the luck that a frame needs.
func FuzzRows(f *testing.F) {
	codec := newCodec(f)
	for seed := range 60 {
		f.Add(bodyOf(f, anyRows.Example(seed)))
	}
	f.Add(bodyOf(f, jobRows(20, 1)))
	f.Fuzz(func(t *testing.T, b []byte) {
		b = append([]byte{byte(KindWitness), 0, 1}, b...)
		m, err := codec.Decode(b, MaxBeforeAuth)
		if err != nil {
			return
		}
		got, err := codec.Decode(encode(t, codec, m), MaxMessage)
		if d := cmp.Diff(m, got, sameMessage); err != nil || d != "" {
			t.Fatal(err, d)
		}
	})
}

func bodyOf(t testing.TB, rows Rows) []byte {
	t.Helper()
	if err := rows.check(); err != nil {
		t.Fatal(err)
	}
	f := form{scratch: new(scratch)}
	rows.write(&f)
	return f.b
}
