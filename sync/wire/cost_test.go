package wire

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// Whatever a message says, reading it allocates at most 4 times its bytes and 4 KiB; of one that carries rows or change sets
// at most twice its bytes, expanded, plus the limit, which is no more than 4 times itself once it is half as large as a
// message may be. Working memory is counted as if it were made anew. Nothing runs beside this test, since it counts what is
// allocated.
func TestNoMessageCostsMoreThanFourTimesItself(t *testing.T) {
	codec := newCodec(t)
	warm(t, codec)
	for name, b := range hostileMessages(t, codec) {
		for _, limit := range []int{MaxBeforeAuth, MaxMessage} {
			wantCheap(t, codec, name, b, limit)
		}
	}
	random := rand.New(rand.NewPCG(7, 7))
	small := smallMessages(t, codec)
	if len(small) != len(layouts) {
		t.Errorf("%d kinds of messages of %d", len(small), len(layouts))
	}
	for kind, all := range small {
		name := fmt.Sprint("a message of kind ", kind)
		for i := range 4 * len(all) {
			b := all[i%len(all)]
			if i >= len(all) {
				b = broken(random, b)
			}
			for _, limit := range []int{MaxBeforeAuth, MaxMessage} {
				wantCheap(t, codec, name, b, limit)
			}
		}
	}
	for range 300 {
		honest := encode(t, codec.For(0), Page{Rows: []Rows{jobRows(1+random.IntN(30), random.Uint64())}})
		for range 10 {
			wantCheap(t, codec, "a page with wrong bytes", broken(random, honest), MaxMessage)
		}
	}
}

// warm has the decompressors make what they keep.
func warm(t *testing.T, codec *Codec) {
	for range 4 * runtime.GOMAXPROCS(0) {
		for _, to := range []*Codec{codec, codec.For(0)} {
			push, _ := jobEdits(100)
			for _, m := range []Message{Page{Rows: []Rows{jobRows(1000, 1)}}, push} {
				if _, err := codec.Decode(encode(t, to, m), MaxMessage); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

func broken(random *rand.Rand, b []byte) []byte {
	b = bytes.Clone(b)
	for range 1 + random.IntN(3) {
		b[random.IntN(len(b))] = byte(random.Uint32())
	}
	return b
}

// smallMessages returns honest messages of each kind, without their values, with few and with the most.
func smallMessages(t *testing.T, codec *Codec) map[Kind][][]byte {
	all := map[Kind][][]byte{}
	for i := range 100 {
		m := anyMessage.Example(i)
		all[m.kind()] = append(all[m.kind()], encode(t, codec, m))
	}
	for _, m := range []Message{
		Hello{}, Proof{}, Push{}, Ack{}, Verify{}, Witness{}, Bye{}, Challenge{}, Welcome{}, Verdicts{}, Page{}, Sums{}, Refusal{}, Goodbye{}, Kept{},
		Hello{Token: make([]byte, MaxToken), Resume: make([]byte, MaxResume), App: strings.Repeat("x", MaxApp)},
		Verify{Buckets: make([]record.Bucket, MaxVerify)}, Sums{Sums: make([]Sum, MaxVerify)}, Refusal{Message: strings.Repeat("x", MaxText)},
	} {
		b, err := codec.Encode(nil, m)
		if err == nil {
			all[m.kind()] = append(all[m.kind()], b)
		}
	}
	return all
}

func wantCheap(t *testing.T, codec *Codec, name string, b []byte, limit int) {
	t.Helper()
	expanded := len(b)
	if len(b) > 2 && b[1] == flagCompressed {
		size, _ := binary.Uvarint(b[2:])
		expanded = int(min(size, uint64(4*limit)))
	}
	most := 4*len(b) + 4<<10
	if len(b) > 0 && layouts[Kind(b[0])].bulk && limit == MaxMessage {
		most = 2*expanded + limit
	}
	took, err := costOf(codec, b, limit)
	for range 9 { // the runtime allocates too, now and then, and throws away what the decompressors keep
		if took <= most {
			break
		}
		warm(t, codec)
		again, _ := costOf(codec, b, limit)
		took = min(took, again)
	}
	if testing.Verbose() {
		t.Logf("%s: %d bytes, %d expanded, %d allocated, limit %d: %v", name, len(b), expanded, took, limit, err)
	}
	if took > most {
		t.Errorf("%s, of %d bytes, %d expanded: %d were allocated, want at most %d (%v)", name, len(b), expanded, took, most, err)
	}
}

// costOf returns how many bytes reading the message allocates.
func costOf(codec *Codec, b []byte, limit int) (int, error) {
	scratches = sync.Pool{New: scratches.New}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := codec.Decode(b, limit)
	runtime.ReadMemStats(&after)
	return int(after.TotalAlloc - before.TotalAlloc), err
}

// hostileMessages are those that say the most with the fewest bytes, kind by kind: as many as are just refused, and fewer.
func hostileMessages(t *testing.T, codec *Codec) map[string][]byte {
	all := map[string][]byte{
		"nothing":          {},
		"a claim of 4 MiB": binary.AppendUvarint([]byte{byte(KindPage), flagCompressed}, MaxInflated),
		"a bomb of zeros":  bombOf(codec, KindPage, make([]byte, MaxInflated)),
		"a bomb of ones":   bombOf(codec, KindPush, bytes.Repeat([]byte{1}, MaxInflated)),
		"a long reason":    encode(t, codec, Refusal{Message: strings.Repeat("x", MaxText)}),
	}
	for _, n := range []int{40, 600, 5000, 30_000} {
		for name, m := range manyOf(n) {
			all[fmt.Sprint(n, " ", name)] = encode(t, codec, m)
		}
		for name, rows := range rowsOf(n) {
			rows.Table = 1
			all[fmt.Sprint(n, " rows with ", name)] = encode(t, codec, Page{Rows: []Rows{rows}})
		}
	}
	return all
}

func manyOf(n int) map[string]Message {
	return map[string]Message{
		"empty batches":        Page{Rows: repeat(Rows{Table: 1}, n)},
		"batches of one row":   Page{Rows: repeat(Rows{Table: 1, Rows: make([]Row, 1)}, n)},
		"small change sets":    Push{Actor: 1, Changes: repeat(Pushed{Encoded: make([]byte, minPushed-1)}, n)},
		"verdicts of long ago": Push{Actor: 1, Changes: repeat(Pushed{Encoded: make([]byte, 5), Prior: &Prior{Outcome: Applied}}, n)},
		"gaps":                 Verdicts{Verdicts: gaps(n)},
		"effective times":      Verdicts{Verdicts: []Verdict{{Counter: 1, Count: uint64(n), Outcome: Applied, Eff: make([]clock.Stamp, n)}}},
		"erased rows":          Page{Erased: repeat(record.Key{Table: 1}, n)},
		"buckets":              Page{Enter: make([]record.Bucket, n)},
		"sums":                 Sums{Sums: make([]Sum, n)},
	}
}

func rowsOf(n int) map[string]Rows {
	long, many := record.Text(strings.Repeat("long", 1<<12)), mapOf(4000)
	all := map[string]Rows{
		"nulls":              valuesOf(n, MaxColumns, func(int) record.Value { return record.Null }),
		"one long text":      valuesOf(n, 1, func(int) record.Value { return long }),
		"one map of many":    valuesOf(n, 1, func(int) record.Value { return many }),
		"maps of one or two": valuesOf(n, 3, func(i int) record.Value { return mapOf(1 + i&1) }),
		"texts of one byte":  valuesOf(n, 3, func(i int) record.Value { return record.Text(string(rune('a' + i%26))) }),
		"texts of two bytes": valuesOf(n, 3, func(i int) record.Value { return record.Text(string([]byte{byte(i>>7) & 0x7f, byte(i) & 0x7f})) }),
		"amounts":            valuesOf(n, 3, func(i int) record.Value { return record.Quantity(int64(i&1), "") }),
		"mixed values": valuesOf(n, 3, func(i int) record.Value {
			return []record.Value{record.Number(1), record.Text("a"), mapOf(2), record.Null}[i&3]
		}),
	}
	var dots []clock.Dot
	for a := range clock.MaxVectorLen {
		dots = append(dots, clock.Dot{Actor: clock.Actor(a + 1), Counter: 1})
	}
	deep, apart := make([]Row, n), make([]Row, n)
	for i := range n {
		deep[i].Vector, _ = clock.NewVector(dots)
		apart[i].Vector = clock.VectorOf(clock.Dot{Actor: clock.Actor(i + 1), Counter: 1})
	}
	all["long vectors"], all["vectors unlike any other"] = Rows{Rows: deep}, Rows{Rows: apart}
	return all
}

func valuesOf(n, columns int, value func(int) record.Value) Rows {
	rows := Rows{Rows: make([]Row, n)}
	for c := range columns {
		rows.Columns = append(rows.Columns, schema.ColumnID(c+1))
	}
	for i := range rows.Rows {
		rows.Rows[i].Values = slices.Repeat([]record.Value{value(i)}, columns)
	}
	return rows
}

// bombOf returns a message whose body expands to something far longer.
func bombOf(codec *Codec, kind Kind, body []byte) []byte {
	head := binary.AppendUvarint([]byte{byte(kind), flagCompressed}, uint64(len(body)))
	return codec.long.frame(head, body)
}

func gaps(n int) []Verdict {
	all := make([]Verdict, n)
	for i := range all {
		all[i] = Verdict{Counter: uint64(i + 1), Count: 1, Outcome: Gap, Seq: 1}
	}
	return all
}

func mapOf(n int) record.Value {
	return record.Map(func(yield func(string, record.Value) bool) {
		for i := range n {
			if !yield(string([]byte{'a' + byte(i>>10), 'a' + byte(i>>5&31), 'a' + byte(i&31)}), record.Number(1)) {
				return
			}
		}
	})
}

// What honest ends send in one message is never refused for what it takes: rows of many empty columns, which take the
// most beside their bytes, with the verdicts of a full push.
func TestHonestMessagesAreNotTooDear(t *testing.T) {
	t.Parallel()
	codec := newCodec(t)
	for name, columns := range map[string]int{"no column": 0, "a few": 5, "all": MaxColumns} {
		page := Page{Rows: []Rows{{Table: 1, Rows: make([]Row, 20_000)}}}
		for c := range columns {
			page.Rows[0].Columns = append(page.Rows[0].Columns, schema.ColumnID(c+1))
		}
		for i := range page.Rows[0].Rows {
			page.Rows[0].Rows[i] = Row{
				Vector: clock.VectorOf(clock.Dot{Actor: clock.Actor(i%3 + 1), Counter: 1}), Values: make([]record.Value, columns),
			}
		}
		for i, part := range page.Parts(MaxPart) {
			if _, err := codec.Decode(encode(t, codec, part), MaxMessage); err != nil {
				t.Errorf("%s: part %d: %v", name, i, err)
			}
		}
		half := page.Parts(MaxPart / 2)[0]
		v := Verdicts{Rows: half.Rows}
		for i := range uint64(1024) {
			v.Verdicts = append(v.Verdicts, Verdict{Counter: i + 1, Count: 1, Outcome: Applied + Outcome(i&1), Seq: i + 1, Hash: record.Hash{1}})
		}
		if _, err := codec.Decode(encode(t, codec, v), MaxMessage); err != nil {
			t.Errorf("%s: with verdicts: %v", name, err)
		}
	}
	if _, err := codec.Decode(encode(t, codec, Push{Actor: 1, Changes: repeat(Pushed{Encoded: make([]byte, 60)}, 1024)}), MaxMessage); err != nil {
		t.Error("a full push:", err)
	}
	if _, err := codec.Decode(encode(t, codec, Page{Rows: []Rows{{Table: 1, Columns: []schema.ColumnID{1}, Rows: repeat(
		Row{Values: []record.Value{record.Text(strings.Repeat("one long row ", 1<<17))}}, 1)}}}), MaxMessage); err != nil && fault.CodeOf(err) != fault.TooLarge {
		t.Error("a row longer than a message:", err)
	}
}
