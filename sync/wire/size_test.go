package wire

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"fieldsync/sync/clock"
	"fieldsync/sync/record"
)

// What a message may take, in bytes: the figures that the README of the project promises are built on these.
const (
	maxBytesPerRow    = 85  // of 1,000 rows, sorted or not
	maxBytesPerChange = 45  // of three columns, both ways, 1,000 in a push
	maxBytesOfHello   = 130 // Hello, Welcome and Ack of a reconnect with nothing to do
)

func TestRowsAreSmall(t *testing.T) {
	t.Parallel()
	codec := newCodec(t)
	rows := jobRows(10_000, 1)
	for name, prepare := range map[string]func(){
		"as they were made": func() {},
		"in key order": func() {
			slices.SortFunc(rows.Rows, func(a, b Row) int { return bytes.Compare(a.ID[:], b.ID[:]) })
		},
	} {
		prepare()
		part := rows
		part.Rows = rows.Rows[:1000]
		b := encode(t, codec, Page{To: 10_000, Rows: []Rows{part}})
		if per := len(b) / 1000; per > maxBytesPerRow {
			t.Errorf("%s: %d bytes a row, want at most %d", name, per, maxBytesPerRow)
		}
	}
}

func TestRandomIdsDoNotGrow(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 1))
	rows := Rows{Table: 1}
	for range 1000 {
		id, _ := record.ParseID(uuid4(r))
		rows.Rows = append(rows.Rows, Row{ID: id})
	}
	if b := encode(t, newCodec(t), Page{Rows: []Rows{rows}}); len(b) > 16*1000+64 {
		t.Errorf("1,000 random ids take %d bytes", len(b))
	}
}

func TestPushAndVerdictsAreSmall(t *testing.T) {
	t.Parallel()
	codec := newCodec(t)
	push, verdicts := jobEdits(1000)
	up, down := encode(t, codec, push), encode(t, codec, verdicts)
	if per := (len(up) + len(down)) / 1000; per > maxBytesPerChange {
		t.Errorf("%d bytes a change set, want at most %d", per, maxBytesPerChange)
	}
	if len(verdicts.Verdicts) != 1 || len(down) > 64 {
		t.Errorf("%d runs of verdicts in %d bytes: one run is enough", len(verdicts.Verdicts), len(down))
	}
}

func TestReconnectIsSmall(t *testing.T) {
	t.Parallel()
	codec := newCodec(t)
	actor, _ := clock.NewActor(1, 7000, clock.SideDevice)
	const now = 1_790_000_000_000
	size := 0
	for _, m := range []Message{
		Hello{
			Device: record.ID{1}, Token: make([]byte, 16), Schema: 3, Epoch: 1, Cursors: [3]uint64{100_000, 100_000, 100_000},
			Actor: actor, Written: 1200, Now: now, App: "fieldtech 1.0",
		},
		Welcome{Epoch: 1, Head: 100_000, Now: now, Known: 1200, Schema: 3, BackedUp: 99_000},
		Ack{K: 100_000, Actor: actor, Written: 1200},
	} {
		size += len(encode(t, codec, m))
	}
	if size > maxBytesOfHello {
		t.Errorf("a reconnect takes %d bytes of messages, want at most %d", size, maxBytesOfHello)
	}
}

// jobEdits returns a push of n change sets that each write status, notes and time of one job, and its verdicts.
func jobEdits(n int) (Push, Verdicts) {
	rows := jobRows(n, 1).Rows
	r := rand.New(rand.NewPCG(2, 2))
	actor, _ := clock.NewActor(1, 7, clock.SideDevice)
	push, verdicts := Push{Actor: actor}, Verdicts{Actor: actor, Epoch: 1, At: uint64(20 * n)}
	for i := range n {
		ms := int64(1_790_000_000_000) + int64(i)*900 + r.Int64N(800)
		set := record.ChangeSet{
			Dot: clock.Dot{Actor: actor, Counter: uint64(i + 1)}, Stamp: clock.StampAt(ms), Offset: 37, Epoch: 1,
			K: uint64(n), Cause: "CompleteJob",
			Rows: []record.RowChange{{Op: record.Update, Table: 1, ID: rows[i].ID, Context: rows[i].Vector, Cells: []record.CellWrite{
				{CellID: record.CellID{Column: 1}, Value: record.Text("done")},
				{CellID: record.CellID{Column: 8}, Value: record.Instant(ms)},
				{CellID: record.CellID{Column: 11}, Value: record.Text(phrases(r, enNote, zhNote, 45, 9999))},
			}}},
		}
		encoded := set.AppendBinary(nil)
		push.Changes = append(push.Changes, Pushed{Encoded: encoded})
		verdicts.Verdicts = Join(verdicts.Verdicts, Verdict{
			Counter: uint64(i + 1), Count: 1, Hash: record.HashOf(encoded), Outcome: Applied, Seq: uint64(n + i + 1),
		})
	}
	return push, verdicts
}

func BenchmarkEncodeRows(b *testing.B) {
	codec, page := benchPage(b)
	var out []byte
	b.ReportAllocs()
	for b.Loop() {
		out, _ = codec.Encode(out[:0], page)
	}
	perRow(b, out)
}

func BenchmarkDecodeRows(b *testing.B) {
	codec, page := benchPage(b)
	encoded, err := codec.Encode(nil, page)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := codec.Decode(encoded, MaxMessage); err != nil {
			b.Fatal(err)
		}
	}
	perRow(b, encoded)
}

const benchRows = 1000

func benchPage(b *testing.B) (*Codec, Page) {
	return newCodec(b), Page{To: benchRows, Last: true, Rows: []Rows{jobRows(benchRows, 1)}}
}

func perRow(b *testing.B, encoded []byte) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchRows, "ns/row")
	b.ReportMetric(float64(len(encoded))/benchRows, "B/row")
}

func BenchmarkPush(b *testing.B) {
	codec := newCodec(b)
	push, _ := jobEdits(benchRows)
	var out []byte
	b.ReportAllocs()
	for b.Loop() {
		out, _ = codec.Encode(out[:0], push)
	}
	perRow(b, out)
}

func BenchmarkLiveChange(b *testing.B) {
	codec := newCodec(b)
	rows := jobRows(1, 1)
	page := Page{From: 10_000, To: 10_001, Last: true, Rows: []Rows{rows}}
	var out []byte
	b.ReportAllocs()
	for b.Loop() {
		out, _ = codec.Encode(out[:0], page)
		if _, err := codec.Decode(out, MaxMessage); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(out)), "B/row")
}
