package wire

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"fieldsync/sync/clock"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write ../testdata/vectors.json anew")

const vectorsFile = "../testdata/vectors.json"

// vectorSchema is the schema that the test vectors speak of.
var vectorSchema = schema.Must(schema.New("vectors", 2, &schema.Table{
	ID: 1, Name: "job",
	Columns: []schema.Column{
		{ID: 1, Name: "state", Kind: schema.Enum, Policy: schema.Ladder, Codes: []string{"new", "in_work", "done"}},
		{ID: 2, Name: "notes", Kind: schema.Text},
		{ID: 3, Name: "start", Kind: schema.Instant},
		{ID: 4, Name: "price", Kind: schema.Money},
		{ID: 5, Name: "customer", Kind: schema.Ref, Ref: "job"},
		{ID: 6, Name: "tags", Kind: schema.Set},
	},
	Buckets: []schema.Bucket{{Kind: 2, From: "id"}},
}))

// document is the file of test vectors: bytes in hexadecimal beside what they stand for.
type document struct {
	About      []string      `json:"about"`
	Dictionary dictionaryDoc `json:"dictionary"`
	Values     []vectorDoc   `json:"values"`
	Vectors    []vectorDoc   `json:"vectors"`
	ChangeSets []changeDoc   `json:"changeSets"`
	Runs       []runDoc      `json:"runs"`
	Numbers    []vectorDoc   `json:"numbers"`
	Messages   []messageDoc  `json:"messages"`
	RowSums    []rowSumDoc   `json:"rowSums"`
	Challenge  vectorDoc     `json:"challenge"`
	Wiped      vectorDoc     `json:"wiped"`
}

type dictionaryDoc struct {
	Of     string `json:"of"`
	ID     uint32 `json:"id"`
	SHA256 string `json:"sha256"`
	Hex    string `json:"hex"`
}

type vectorDoc struct {
	Name string `json:"name"`
	Is   any    `json:"is"`
	Hex  string `json:"hex"`
}

type changeDoc struct {
	vectorDoc
	Hash  string `json:"hash"`
	Chain string `json:"chain"`
	RID   string `json:"rid"`
}

type runDoc struct {
	Of   []string `json:"of"` // the hashes of its change sets, in order
	Hash string   `json:"hash"`
}

type messageDoc struct {
	vectorDoc
	Kind       Kind `json:"kind"`
	Compressed bool `json:"compressed"`
	message    Message
}

type rowSumDoc struct {
	Table   string      `json:"table"`
	ID      string      `json:"id"`
	Seq     string      `json:"seq"`
	Columns []columnDoc `json:"columns"`
	Sum     string      `json:"sum"`
}

type columnDoc struct {
	ID    string `json:"id"`
	Value string `json:"value"` // its canonical encoding, hexadecimal
}

// Every vector is what this code makes today. A compressor may find other bytes one day: then those in the file must
// still expand to the same message.
func TestVectors(t *testing.T) {
	t.Parallel()
	codec, err := NewCodec(vectorSchema)
	if err != nil {
		t.Fatal(err)
	}
	now := vectors(t, codec)
	if *update {
		rewrite(t, now)
	}
	text, err := os.ReadFile(vectorsFile)
	if err != nil {
		t.Fatal(err)
	}
	var then document
	if err := json.Unmarshal(text, &then); err != nil {
		t.Fatal(err)
	}
	for i := range min(len(now.Messages), len(then.Messages)) {
		checkMessage(t, codec, &now.Messages[i], then.Messages[i].Hex)
	}
	if d := cmp.Diff(string(text), marshal(t, now)); d != "" {
		t.Errorf("the vectors changed; if that is meant, run the test with -update: %s", d)
	}
}

// checkMessage decodes the bytes in the file, and takes them for those of today where both are compressed.
func checkMessage(t *testing.T, codec *Codec, now *messageDoc, inFile string) {
	t.Helper()
	b, err := hex.DecodeString(inFile)
	if err != nil {
		t.Fatal(err)
	}
	got, err := codec.Decode(b, MaxMessage)
	if d := cmp.Diff(now.message, got, sameMessage); err != nil || d != "" {
		t.Errorf("%s: %v %s", now.Name, err, d)
	}
	if now.Compressed && len(b) > 1 && b[1] == flagCompressed {
		now.Hex = inFile
	}
}

func rewrite(t *testing.T, d document) {
	t.Helper()
	if err := os.WriteFile(vectorsFile, []byte(marshal(t, d)), 0o644); err != nil {
		t.Fatal(err)
	}
}

func marshal(t *testing.T, d document) string {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(d); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func vectors(t *testing.T, codec *Codec) document {
	dictionary := Dictionary(vectorSchema)
	sum := sha256.Sum256(dictionary)
	return document{
		About: []string{
			"Test vectors of the protocol fs1: bytes in hexadecimal beside what they stand for. sync/README.md describes them.",
			"Numbers that may need more than 53 bits, and counters, are texts in decimal; bytes are in hexadecimal.",
			"Compressed messages have one of many right forms: decode them, and compare the message. All others have one form.",
		},
		Dictionary: dictionaryDoc{"the schema of TestVectors", DictionaryID(dictionary), hex.EncodeToString(sum[:]), hex.EncodeToString(dictionary)},
		Values:     valueVectors(),
		Vectors:    vectorVectors(),
		ChangeSets: changeVectors(),
		Runs:       runVectors(),
		Numbers:    numberVectors(),
		Messages:   messageVectors(t, codec),
		RowSums:    rowSumVectors(),
		Challenge:  vectorDoc{"what a device signs", "0102030405060708", hex.EncodeToString(ChallengeText([]byte{1, 2, 3, 4, 5, 6, 7, 8}))},
		Wiped:      vectorDoc{"what a device signs that destroyed what it held", sampleID.String(), hex.EncodeToString(WipedText(sampleID))},
	}
}

func valueVectors() (docs []vectorDoc) {
	add := func(name string, v record.Value) {
		docs = append(docs, vectorDoc{name, describe(v), hex.EncodeToString(v.AppendBinary(nil))})
	}
	add("null", record.Null)
	add("an integer", record.Number(-1))
	add("the smallest integer", record.Number(-1<<63))
	add("a decimal at scale 2: 12.50", record.Number(1250))
	add("an instant", record.Instant(1_790_000_000_000))
	add("a date: 2026-11-21", record.Date(20_778))
	add("an empty text", record.Text(""))
	add("a text", record.Text("换油 oil"))
	add("money: 19.90 EUR", record.Money(1990, "EUR"))
	add("a quantity at scale 1: 1.5 l", record.Quantity(15, "l"))
	add("a reference", record.Ref(sampleID))
	add("a reference to any table", record.AnyRef(record.Key{Table: 7, ID: sampleID}))
	add("a set of two", record.Null.WithCell("urgent", record.Number(1)).WithCell("warranty", record.Number(1)))
	add("a text in two languages", record.Null.WithCell("de", record.Text("Pumpe")).WithCell("en", record.Text("pump")))
	return docs
}

var (
	sampleID      = record.NewID(1_790_000_000_000, [10]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
	device, _     = clock.NewActor(1, 7, clock.SideDevice)
	office, _     = clock.NewActor(1, 2, clock.SideOffice)
	sampleStamp   = clock.StampAt(1_790_000_000_000) + 3
	sampleVector  = clock.VectorOf(clock.Dot{Actor: device, Counter: 12}, clock.Dot{Actor: office, Counter: 300})
	sampleChanges = []*record.ChangeSet{
		{
			Dot: clock.Dot{Actor: device, Counter: 13}, Stamp: sampleStamp, Offset: -250, Epoch: 1, K: 4711, Cause: "complete_job",
			Rows: []record.RowChange{{
				Op: record.Update, Table: 1, ID: sampleID, Context: sampleVector,
				Cells: []record.CellWrite{
					{CellID: record.CellID{Column: 1}, Value: record.Text("done"), Settles: []clock.Dot{{Actor: office, Counter: 300}}},
					{CellID: record.CellID{Column: 2}, Value: record.Text("seal replaced"), Saw: record.Text("leaks")},
					{CellID: record.CellID{Column: 6, Key: "warranty"}, Value: record.Number(1)},
				},
			}},
		},
		{
			Dot: clock.Dot{Actor: device, Counter: 14}, Origin: record.Origin{Dot: clock.Dot{Actor: device, Counter: 2}, RID: record.ID{0xa1, 15: 0x1a}}, Stamp: sampleStamp + 1, Epoch: 1, K: 4711,
			Amends: clock.Dot{Actor: device, Counter: 9}, Cause: "resend", Salt: record.Salt{0x5a, 15: 0xa5},
			Rows: []record.RowChange{
				{Op: record.Insert, Table: 1, ID: record.ID{5}, Cells: []record.CellWrite{{CellID: record.CellID{Column: 1}, Value: record.Text("new")}}},
				{Op: record.Delete, Table: 1, ID: record.ID{6}, Context: sampleVector},
			},
		},
	}
)

func vectorVectors() (docs []vectorDoc) {
	for _, v := range []clock.Vector{{}, clock.VectorOf(clock.Dot{Actor: device, Counter: 1}), sampleVector} {
		docs = append(docs, vectorDoc{v.String(), describe(v), hex.EncodeToString(v.AppendBinary(nil))})
	}
	return docs
}

// changeVectors are change sets that follow one another, so that their chain can be checked.
func changeVectors() (docs []changeDoc) {
	var chain record.Hash
	for i, c := range sampleChanges {
		b := c.AppendBinary(nil)
		h := record.HashOf(b)
		chain = record.Chain(chain, h)
		rid := c.RID(h)
		docs = append(docs, changeDoc{
			vectorDoc{fmt.Sprintf("change set %d", i+1), describe(*c), hex.EncodeToString(b)},
			hex.EncodeToString(h[:]), hex.EncodeToString(chain[:]), rid.String(),
		})
	}
	return docs
}

// runVectors are runs of one change set, of two, and of three.
func runVectors() (docs []runDoc) {
	var hashes []record.Hash
	doc := runDoc{}
	for _, encoded := range [][]byte{sampleChanges[0].AppendBinary(nil), sampleChanges[1].AppendBinary(nil), sampleChanges[0].AppendBinary(nil)} {
		h := record.HashOf(encoded)
		hashes = append(hashes, h)
		doc.Of = append(slices.Clip(doc.Of), hex.EncodeToString(h[:]))
		run := RunHash(hashes...)
		doc.Hash = hex.EncodeToString(run[:])
		docs = append(docs, doc)
	}
	return docs
}

func numberVectors() (docs []vectorDoc) {
	for _, c := range []struct {
		name    string
		numbers []int64
	}{
		{"one number: deltas", []int64{-5}},
		{"all the same: packed in no bits", []int64{7, 7, 7, 7}},
		{"one bit each: packed", []int64{3, 5, 5, 3, 3, 5, 3, 3, 5}},
		{"minutes: packed with a step", []int64{1_790_000_000_000, 1_790_000_060_000, 1_790_000_420_000, 1_790_000_120_000, 1_790_000_000_000}},
		{"running by twos: strided", []int64{100, 102, 104, 106, 108, 110}},
		{"close, and one far: deltas", []int64{0, 1, 4, 9, 16, 25, 36, 49, 64, 1 << 60}},
		{"without any order: plain", []int64{-1 << 63, 0x1234567890abcdef, 5, 1<<63 - 4}},
	} {
		docs = append(docs, vectorDoc{c.name, describe(c.numbers), hex.EncodeToString(blockOf(c.numbers))})
	}
	return docs
}

func rowSumVectors() (docs []rowSumDoc) {
	said := record.Text("Pump hums 嗡嗡")
	for _, row := range []*record.Row{
		summed(1, sampleID, 4711, said, record.Number(-3)), summed(1, sampleID, 4712, said, record.Number(-3)),
		summed(1, sampleID, 4711, said, record.Null), summed(65535, record.ID{}, 0),
	} {
		doc := rowSumDoc{Table: fmt.Sprint(row.Table.ID), ID: row.ID.String(), Seq: fmt.Sprint(row.Seq), Columns: []columnDoc{}}
		for i, value := range row.Cols {
			if !value.IsNull() {
				doc.Columns = append(doc.Columns, columnDoc{fmt.Sprint(row.Table.Columns[i].ID), hex.EncodeToString(value.AppendBinary(nil))})
			}
		}
		doc.Sum = fmt.Sprintf("%016x", RowSum(row, 1))
		docs = append(docs, doc)
	}
	return docs
}

func messageVectors(t *testing.T, codec *Codec) (docs []messageDoc) {
	t.Helper()
	for _, m := range sampleMessages() {
		b := encode(t, codec, m.message)
		name := strings.TrimPrefix(reflect.TypeOf(m.message).String(), "wire.")
		if m.name != "" {
			name += ": " + m.name
		}
		docs = append(docs, messageDoc{
			vectorDoc{name, describe(m.message), hex.EncodeToString(b)}, m.message.kind(), b[1] == flagCompressed, m.message,
		})
	}
	return docs
}

type sample struct {
	name    string
	message Message
}

func sampleMessages() []sample {
	const now = 1_790_000_000_000
	encoded := [][]byte{sampleChanges[0].AppendBinary(nil), sampleChanges[1].AppendBinary(nil)}
	hashes := []record.Hash{record.HashOf(encoded[0]), record.HashOf(encoded[1])}
	bucket := record.Bucket{Kind: 2, ID: sampleID}
	return []sample{
		{"", Hello{
			Device: record.ID{0xd0}, Token: []byte("token"), Schema: 2, Epoch: 1, Cursors: [3]uint64{4711, 4711, 4000}, Actor: device,
			Written: 14, Oldest: now - 60_000, Pending: 2, Now: now, App: "fieldtech 1.0",
		}},
		{"", Challenge{[]byte{1, 2, 3, 4, 5, 6, 7, 8}}},
		{"", Proof{bytes.Repeat([]byte{0x5a}, 64)}},
		{"", Welcome{
			Epoch: 1, Head: 4800, Common: 0, Now: now + 250, Token: []byte("next"), Actor: 0, Known: 12,
			Chain: record.Hash{1, 2, 3}, Schema: 2, BackedUp: 4000,
		}},
		{"one change set", Push{device, []Pushed{{Encoded: encoded[0]}}}},
		{"with what was said before", Push{device, []Pushed{
			{Encoded: encoded[0], Prior: &Prior{Quarantined, "late_write", sampleStamp}}, {Encoded: encoded[1]}, {Encoded: encoded[1], Hash: record.HashOf(encoded[0])},
		}}},
		{"a run, and a refusal", Verdicts{Actor: device, Epoch: 1, At: 4802, Verdicts: []Verdict{
			{Counter: 11, Count: 3, Hash: record.Hash{7}, Outcome: Applied, Seq: 4798},
			{Counter: 14, Count: 1, Hash: hashes[1], Outcome: Quarantined, Seq: 4801, Code: "depends_on", Message: "wait"},
		}}},
		{"merged, with its row and its time", Verdicts{
			Actor: device, Epoch: 1, At: 4802, Gone: []record.Key{{Table: 1, ID: record.ID{6}}}, Rows: []Rows{sampleRows()},
			Verdicts: []Verdict{{Counter: 13, Count: 1, Hash: hashes[0], Outcome: Merged, Seq: 4801, Eff: []clock.Stamp{sampleStamp}}},
		}},
		{"a run of two, under their hash", Verdicts{Actor: device, Epoch: 1, At: 4802, Verdicts: []Verdict{
			{Counter: 13, Count: 2, Hash: RunHash(hashes...), Outcome: Merged, Seq: 4801, Eff: []clock.Stamp{sampleStamp, sampleStamp + 1}},
		}}},
		{"forked, behind one that was released", Verdicts{Actor: device, Epoch: 1, At: 4802, Verdicts: []Verdict{
			{Counter: 13, Count: 1, Hash: hashes[0], Outcome: Released, Seq: 4790, Code: "not_allowed", Message: "not yours"},
			{Counter: 14, Count: 1, Hash: hashes[1], Outcome: Forked},
		}}},
		{"a gap", Verdicts{Actor: device, Epoch: 1, At: 4802, Verdicts: []Verdict{{Counter: 20, Count: 1, Outcome: Gap, Seq: 13}}}},
		{"with nothing new", Page{From: 4802, To: 4802}},
		{"rows as they change", Page{From: 4711, To: 4802, Last: true, Rows: []Rows{sampleRows()}}},
		{"buckets come and go, in parts", Page{
			Class: schema.ClassStock, To: 4802, Resume: []byte("there"), Leave: []record.Bucket{bucket}, Enter: []record.Bucket{{}, bucket}, Erased: []record.Key{{Table: 4, ID: record.ID{9}}},
			Rows: []Rows{manySampleRows()}, Done: 40, Total: 90,
		}},
		{"", Ack{Class: schema.ClassStock, K: 4802, Pages: 3, Actor: device, Written: 14}},
		{"", Verify{[]record.Bucket{{}, bucket}}},
		{"", Sums{4802, []Sum{{bucket, 0x0123456789abcdef}}}},
		{"", Witness{[]Rows{sampleRows()}}},
		{"", Refusal{"overloaded", "try again", 5000}},
		{"", Goodbye{1500}},
		{"all of it", Kept{Count: 2, At: 4803}},
		{"not all of it", Kept{Count: 1, At: 4803, Code: "inbox_full", Message: "wait"}},
		{"", Bye{}},
	}
}

// sampleRows is a batch with values of every shape, a null and a deleted row.
func sampleRows() Rows {
	tags := record.Null.WithCell("urgent", record.Number(1))
	return Rows{
		Table: 1, Columns: []schema.ColumnID{1, 3, 4, 6}, Rows: []Row{
			{ID: sampleID, Seq: 4801, Vector: sampleVector, Values: []record.Value{
				record.Text("done"), record.Instant(1_790_000_000_000), record.Money(1990, "EUR"), tags,
			}},
			{ID: record.ID{5}, Seq: 4802, Vector: clock.VectorOf(clock.Dot{Actor: device, Counter: 14}), Deleted: true, Values: []record.Value{
				record.Text("new"), record.Null, record.Null, tags,
			}},
		},
	}
}

// manySampleRows is a batch in which columns repeat and run, long enough to be compressed.
func manySampleRows() Rows {
	rows := Rows{Table: 1, Columns: []schema.ColumnID{1, 2, 3}, Whole: true}
	states := []string{"new", "in_work", "done"}
	for i := range 40 {
		rows.Rows = append(rows.Rows, Row{
			ID: record.NewID(1_790_000_000_000+int64(i), [10]byte{9: byte(i)}), Seq: uint64(100 + i),
			Vector: clock.VectorOf(clock.Dot{Actor: office, Counter: uint64(1 + i)}),
			Values: []record.Value{
				record.Text(states[i%3]), record.Text(fmt.Sprintf("oil filter no. %d", i*i)), record.Instant(1_790_000_000_000 + int64(i*i%7)*60_000),
			},
		})
	}
	return rows
}

// describe turns what is sent into what JSON can say.
func describe(x any) any {
	switch x := x.(type) {
	case record.Value:
		return describeValue(x)
	case clock.Vector:
		dots := []any{}
		for d := range x.All() {
			dots = append(dots, describe(d))
		}
		return dots
	case record.ID:
		return x.String()
	case record.Hash:
		return hex.EncodeToString(x[:])
	case []byte:
		return hex.EncodeToString(x)
	}
	return describeKind(reflect.ValueOf(x))
}

func describeKind(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Uint64:
		return strconv.FormatUint(v.Uint(), 10)
	case reflect.Int64:
		return strconv.FormatInt(v.Int(), 10)
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return describe(v.Elem().Interface())
	case reflect.Slice, reflect.Array:
		all := []any{}
		for i := range v.Len() {
			all = append(all, describe(v.Index(i).Interface()))
		}
		return all
	case reflect.Struct:
		fields := map[string]any{}
		for i := range v.NumField() {
			fields[lowerCamel(v.Type().Field(i).Name)] = describe(v.Field(i).Interface())
		}
		return fields
	}
	return v.Interface()
}

func lowerCamel(s string) string {
	if s == strings.ToUpper(s) {
		return strings.ToLower(s)
	}
	return strings.ToLower(s[:1]) + s[1:]
}

func describeValue(v record.Value) any {
	value := map[string]any{"shape": []string{"null", "number", "text", "both", "map"}[v.Shape()]}
	if hasNumber(v.Shape()) {
		value["number"] = strconv.FormatInt(v.Number(), 10)
	}
	switch {
	case v.Shape() == record.ShapeMap:
		cells := []any{}
		for k, c := range v.Cells() {
			cells = append(cells, map[string]any{"key": k, "value": describeValue(c)})
		}
		value["cells"] = cells
	case hasText(v.Shape()) && utf8.ValidString(v.Text()) && !strings.ContainsRune(v.Text(), 0):
		value["text"] = v.Text()
	case hasText(v.Shape()):
		value["bytes"] = hex.EncodeToString([]byte(v.Text()))
	}
	return value
}
