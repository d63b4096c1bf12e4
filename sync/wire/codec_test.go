package wire

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestMessagesComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	codec := newCodec(t)
	rapid.Check(t, func(t *rapid.T) {
		m := anyMessage.Draw(t, "message")
		b, err := codec.Encode([]byte("before"), m)
		if err != nil {
			t.Fatalf("%#v: %v", m, err)
		}
		got, err := codec.Decode(b[len("before"):], MaxMessage)
		if err != nil {
			t.Fatalf("%#v: %v", m, err)
		}
		if d := cmp.Diff(m, got, sameMessage); d != "" {
			t.Fatal(d)
		}
		again, _ := codec.Encode(nil, got)
		if !bytes.Equal(again, b[len("before"):]) {
			t.Fatalf("equal messages have different bytes:\n%x\n%x", b, again)
		}
	})
}

func TestAPageOfJobsComesBackAsItWas(t *testing.T) {
	t.Parallel()
	codec := newCodec(t)
	rows := jobRows(300, 3)
	rows.Rows[7].Deleted = true
	rows.Rows[8].Values[4] = record.Null
	rows.Rows[9].Vector = clock.VectorOf(clock.Dot{Actor: 5, Counter: 3}, clock.Dot{Actor: 90, Counter: 1})
	rows.Rows[10].Vector = clock.Vector{}
	page := Page{Class: schema.ClassStock, From: 3, To: 1 << 40, Enter: []record.Bucket{{}, {Kind: 3}}, Rows: []Rows{rows, rows}}
	b := encode(t, codec, page)
	if b[1] != flagCompressed {
		t.Fatal("a page of jobs was not compressed")
	}
	for _, reader := range []*Codec{codec, codec.For(99)} {
		got, err := reader.Decode(b, MaxMessage)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(Message(page), got, sameMessage); d != "" {
			t.Fatal(d)
		}
	}
}

func TestAnEndWithAnotherSchemaReadsWhatIsSentForIt(t *testing.T) {
	t.Parallel()
	newer := newCodec(t)
	older, err := NewCodec(schema.Must(schema.New("bench", 7, &schema.Table{
		ID: 9, Name: "other", Columns: []schema.Column{{ID: 1, Name: "a", Kind: schema.Text}},
		Buckets: []schema.Bucket{{Kind: schema.SharedBucket}},
	})))
	if err != nil {
		t.Fatal(err)
	}
	if newer.For(jobSchema.Version) != newer || newer.For(7) == newer {
		t.Fatal("the dictionary goes to ends with the same schema version, and only to them")
	}
	push, _ := jobEdits(3)
	got, err := older.Decode(encode(t, newer.For(7), push), MaxMessage)
	if d := cmp.Diff(Message(push), got, sameMessage); err != nil || d != "" {
		t.Fatal(err, d)
	}
	if _, err := older.Decode(encode(t, newer, push), MaxMessage); fault.CodeOf(err) != fault.Malformed {
		t.Fatalf("a foreign dictionary gave %v", err)
	}
}

func TestDecodedMessagesShareNothingWithTheirBytes(t *testing.T) {
	t.Parallel()
	codec := newCodec(t)
	push, _ := jobEdits(1)
	for _, m := range []Message{Hello{Token: []byte("token"), Resume: []byte("resume")}, push, Page{Rows: []Rows{jobRows(1, 1)}}} {
		b := encode(t, codec, m)
		got, err := codec.Decode(b, MaxMessage)
		if err != nil {
			t.Fatal(err)
		}
		clear(b)
		if d := cmp.Diff(m, got, sameMessage); d != "" {
			t.Error(d)
		}
	}
}

func TestOneCodecServesManyGoroutines(t *testing.T) {
	t.Parallel()
	codec := newCodec(t)
	var all sync.WaitGroup
	sampleMessages := sampleMessages()
	for seed := range uint64(4) {
		all.Go(func() {
			page := Page{To: seed, Rows: []Rows{jobRows(40, seed)}}
			for range 5 {
				b, err := codec.Encode(nil, page)
				if err != nil {
					t.Error(err)
					return
				}
				got, err := codec.Decode(b, MaxMessage)
				if d := cmp.Diff(Message(page), got, sameMessage); err != nil || d != "" {
					t.Error(err, d)
				}
				for _, m := range sampleMessages { // many may send the same message: encoding must not write into it
					if _, err := codec.Encode(nil, m.message); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	all.Wait()
}

func TestMessagesBeyondTheRulesAreNotSent(t *testing.T) {
	t.Parallel()
	codec := newCodec(t)
	row := Row{ID: record.ID{1}, Seq: 1, Values: []record.Value{record.Number(1)}}
	noise := make([]byte, record.MaxChangeSet)
	for i := range noise {
		noise[i] = byte(rand.Uint32())
	}
	for name, c := range map[string]struct {
		message Message
		want    fault.Code
	}{
		"nothing":                     {nil, fault.Internal},
		"a pointer":                   {&Hello{}, fault.Internal},
		"a negative schema version":   {Hello{Schema: -1}, fault.Internal},
		"a token too long":            {Hello{Token: make([]byte, MaxToken+1)}, fault.TooLarge},
		"an app that is no text":      {Hello{App: "\xff"}, fault.Internal},
		"an app too long":             {Hello{App: string(make([]byte, MaxApp+1))}, fault.TooLarge},
		"a class too many":            {Ack{Class: schema.Classes}, fault.Internal},
		"no outcome":                  {Verdicts{Verdicts: []Verdict{{Counter: 1, Count: 1}}}, fault.Internal},
		"a counter of 0":              {Verdicts{Verdicts: []Verdict{{Count: 1, Outcome: Applied}}}, fault.Internal},
		"a run of none":               {Verdicts{Verdicts: []Verdict{{Counter: 1, Outcome: Applied}}}, fault.Internal},
		"a run of refusals":           {Verdicts{Verdicts: []Verdict{{Counter: 1, Count: 2, Outcome: Quarantined}}}, fault.Internal},
		"a reason without need":       {Verdicts{Verdicts: []Verdict{{Counter: 1, Count: 1, Outcome: Applied, Code: "x"}}}, fault.Internal},
		"a time too few":              {Verdicts{Verdicts: []Verdict{{Counter: 1, Count: 2, Outcome: Applied, Eff: make([]clock.Stamp, 1)}}}, fault.Internal},
		"a gap with a hash":           {Verdicts{Verdicts: []Verdict{{Counter: 1, Count: 1, Outcome: Gap, Hash: record.Hash{1}}}}, fault.Internal},
		"verdicts out of order":       {Verdicts{Verdicts: []Verdict{{Counter: 2, Count: 1, Outcome: Applied}, {Counter: 1, Count: 1, Outcome: Applied}}}, fault.Internal},
		"a verdict twice":             {Verdicts{Verdicts: []Verdict{{Counter: 2, Count: 1, Outcome: Applied}, {Counter: 2, Count: 1, Outcome: Applied}}}, fault.Internal},
		"a key without table":         {Verdicts{Gone: []record.Key{{}}}, fault.Internal},
		"rows without table":          {Page{Rows: []Rows{{Rows: []Row{{}}}}}, fault.Internal},
		"a column twice":              {Page{Rows: []Rows{{Table: 1, Columns: []schema.ColumnID{1, 1}}}}, fault.Internal},
		"a value without column":      {Page{Rows: []Rows{{Table: 1, Rows: []Row{row}}}}, fault.Internal},
		"a change set too large":      {Push{Changes: []Pushed{{Encoded: make([]byte, record.MaxChangeSet+1)}}}, fault.TooLarge},
		"more than can be inflated":   {Push{Changes: repeat(Pushed{Encoded: noise}, 9)}, fault.TooLarge},
		"more than a message carries": {Push{Changes: repeat(Pushed{Encoded: noise}, 3)[1:]}, ""},
	} {
		b, err := codec.Encode([]byte("before"), c.message)
		if fault.CodeOf(err) != c.want {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if err != nil && string(b) != "before" {
			t.Errorf("%s: %d bytes were written all the same", name, len(b))
		}
	}
}

func repeat[T any](x T, n int) (all []T) {
	for range n {
		all = append(all, x)
	}
	return all
}

// A reason that cannot be said in full is still a reason: it must not hold up the verdict.
func TestProseIsMadeToFit(t *testing.T) {
	t.Parallel()
	codec := newCodec(t)
	for name, c := range map[string]struct{ sent, want string }{
		"fits":          {"好", "好"},
		"not UTF-8":     {"a\xffb", "a\uFFFDb"},
		"too long":      {strings.Repeat("x", MaxText+1), strings.Repeat("x", MaxText-3) + "…"},
		"cut in a rune": {strings.Repeat("好", MaxText), strings.Repeat("好", MaxText/3-1) + "…"},
	} {
		m, err := codec.Decode(encode(t, codec, Refusal{Message: c.sent}), MaxMessage)
		if got, _ := m.(Refusal); err != nil || got.Message != c.want {
			t.Errorf("%s: %v, %d bytes", name, err, len(got.Message))
		}
	}
}

func TestMalformedMessagesAreRefused(t *testing.T) {
	t.Parallel()
	codec := newCodec(t)
	page := encode(t, codec, Page{Rows: []Rows{jobRows(50, 1)}})
	ack := encode(t, codec, Ack{K: 300})
	for name, b := range map[string][]byte{
		"nothing":                     {},
		"a kind alone":                {byte(KindBye)},
		"an unknown kind":             {63, 0},
		"an unknown flag":             {byte(KindBye), 2},
		"a compressed control":        {byte(KindBye), 1, 0},
		"bytes after the end":         append(bytes.Clone(ack), 0),
		"a byte too few":              ack[:len(ack)-1],
		"a class too many":            {byte(KindAck), 0, 3, 0, 0, 0, 0},
		"a number in a longer form":   {byte(KindAck), 0, 0, 0x80, 0, 0, 0, 0},
		"a number beyond its type":    {byte(KindAck), 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x7f, 0, 0},
		"a text that is not UTF-8":    {byte(KindRefusal), 0, 1, 0xff, 0, 0},
		"a truth value of 2":          {byte(KindPage), 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0},
		"no frame":                    {byte(KindPage), 1, 5, 1, 2, 3, 4},
		"a size of 64 bits":           {byte(KindVerdicts), 1, 0xb1, 0xb7, 0xe0, 0xa5, 0x89, 0xc8, 0xbf, 0xca, 0x8a, 1},
		"a length of 64 bits":         {byte(KindProof), 0, 0xb1, 0xb7, 0xe0, 0xa5, 0x89, 0xc8, 0xbf, 0xca, 0x8a, 1},
		"a list of 64 bits":           {byte(KindVerify), 0, 0xb1, 0xb7, 0xe0, 0xa5, 0x89, 0xc8, 0xbf, 0xca, 0x8a, 1},
		"a frame cut off":             page[:len(page)-1],
		"a size that is not so":       append([]byte{byte(KindPage), 1, 5}, page[4:]...),
		"more buckets than bytes":     {byte(KindVerify), 0, 0x80, 0x80, 0x01},
		"more change sets than bytes": {byte(KindPush), 0, 1, 0x80, 0x80, 0x01},
		"more rows than bytes":        {byte(KindWitness), 0, 1, 1, 0, 0, 0x80, 0x80, 0x01, 0},
	} {
		if m, err := codec.Decode(b, MaxMessage); fault.CodeOf(err) != fault.Malformed {
			t.Errorf("%s: %v, %v", name, m, err)
		}
	}
}

func TestMessagesBeyondTheLimitsAreRefused(t *testing.T) {
	t.Parallel()
	codec := newCodec(t)
	push := Push{Changes: repeat(Pushed{Encoded: bytes.Repeat([]byte("again "), 20_000)}, 10)} // 1.2 MB, and hardly a kB compressed
	small := encode(t, codec, push)
	if _, err := codec.Decode(small, MaxMessage); err != nil {
		t.Errorf("a device that is known: %v", err)
	}
	if _, err := codec.Decode(small, MaxBeforeAuth); fault.CodeOf(err) != fault.Malformed {
		t.Errorf("a device that is not known: %v", err)
	}
	for name, b := range map[string][]byte{
		"too many bytes": make([]byte, MaxBeforeAuth+1),
		"a text of 1 MB": append([]byte{byte(KindRefusal), 0, 0x80, 0x80, 0x40}, make([]byte, 100)...),
	} {
		if _, err := codec.Decode(b, MaxBeforeAuth); fault.CodeOf(err) != fault.TooLarge {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, b := range map[string][]byte{
		"too many bytes":  make([]byte, MaxMessage+1),
		"a claim of 1 GB": binary.AppendUvarint([]byte{byte(KindPage), 1}, 1<<30),
	} {
		if _, err := codec.Decode(b, MaxMessage); fault.CodeOf(err) != fault.TooLarge {
			t.Errorf("%s, of a device that is known: %v", name, err)
		}
	}
}
