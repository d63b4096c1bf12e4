package wire

import (
	"fmt"
	"testing"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

func newCodec(t testing.TB) *Codec {
	t.Helper()
	c, err := NewCodec(jobSchema)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func encode(t testing.TB, c *Codec, m Message) []byte {
	t.Helper()
	b, err := c.Encode(nil, m)
	if err != nil {
		t.Fatalf("%T: %v", m, err)
	}
	return b
}

// sameMessage compares messages; nil and empty lists are the same.
var sameMessage = cmp.Options{cmp.AllowUnexported(record.Value{}), cmpopts.EquateEmpty()}

// The generators below draw any message that may be sent, with small numbers and the ends of their ranges.
var (
	anyNumber = rapid.OneOf(rapid.Uint64Range(0, 300), rapid.Uint64())
	anySigned = rapid.OneOf(rapid.Int64Range(-300, 300), rapid.Int64())
	anyBytes  = rapid.SliceOfN(rapid.Byte(), 0, 40)
	anyString = rapid.StringN(0, 20, 60)
	anyID     = rapid.Custom(func(t *rapid.T) (id record.ID) {
		copy(id[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
		return id
	})
	anyHash = rapid.Custom(func(t *rapid.T) record.Hash { return record.Hash(anyID.Draw(t, "hash")) })
	anyKey  = rapid.Custom(func(t *rapid.T) record.Key {
		return record.Key{Table: rapid.Custom(anyTable).Draw(t, "table"), ID: anyID.Draw(t, "id")}
	})
	anyBucket = rapid.Custom(func(t *rapid.T) record.Bucket {
		return record.Bucket{Kind: schema.BucketKind(rapid.Byte().Draw(t, "kind")), ID: anyID.Draw(t, "id")}
	})
	anyDot = rapid.Custom(func(t *rapid.T) clock.Dot {
		return clock.Dot{Actor: clock.Actor(rapid.Uint64Range(1, 5).Draw(t, "actor")), Counter: rapid.Uint64Range(1, 1<<40).Draw(t, "n")}
	})
	anyVector = rapid.Custom(func(t *rapid.T) clock.Vector {
		return clock.VectorOf(rapid.SliceOfN(anyDot, 0, 4).Draw(t, "dots")...)
	})
	anyValue = rapid.Custom(func(t *rapid.T) record.Value {
		number, text := anySigned.Draw(t, "number"), anyString.Draw(t, "text")
		switch rapid.IntRange(0, 4).Draw(t, "shape") {
		case 0:
			return record.Null
		case 1:
			return record.Number(number)
		case 2:
			return record.Text(text)
		case 3:
			return record.Quantity(number, text)
		}
		return record.Null.WithCell("k"+text, record.Number(number)).WithCell(text, record.Text(text))
	})
	anyRows = rapid.Custom(func(t *rapid.T) Rows {
		r := Rows{Table: rapid.Custom(anyTable).Draw(t, "table"), Whole: rapid.Bool().Draw(t, "whole")}
		r.Columns = toColumns(rapid.SliceOfNDistinct(rapid.Uint16Range(1, 99), 0, 5, rapid.ID[uint16]).Draw(t, "columns"))
		palette := rapid.SliceOfN(anyValue, 1, 6).Draw(t, "palette") // values that repeat
		r.Rows = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Row {
			row := Row{ID: anyID.Draw(t, "id"), Seq: anyNumber.Draw(t, "seq"), Vector: anyVector.Draw(t, "vector"), Deleted: rapid.Bool().Draw(t, "deleted")}
			for range r.Columns {
				row.Values = append(row.Values, rapid.OneOf(rapid.SampledFrom(palette), anyValue).Draw(t, "value"))
			}
			return row
		}), 0, 12).Draw(t, "rows")
		return r
	})
)

func anyTable(t *rapid.T) schema.TableID { return schema.TableID(rapid.Uint16Min(1).Draw(t, "table")) }

func toColumns(ids []uint16) (columns []schema.ColumnID) {
	for _, id := range ids {
		columns = append(columns, schema.ColumnID(id))
	}
	return columns
}

var anyClass = rapid.Map(rapid.Uint8Range(0, schema.Classes-1), func(c uint8) schema.Class { return schema.Class(c) })

func anyActor(t *rapid.T) clock.Actor { return clock.Actor(anyNumber.Draw(t, "actor")) }

func anyPushed(t *rapid.T) Pushed {
	p := Pushed{Encoded: rapid.SliceOfN(rapid.Byte(), minPushed, 80).Draw(t, "encoded")}
	if rapid.Bool().Draw(t, "prior?") {
		p.Prior = &Prior{
			Outcome: Outcome(rapid.Uint8Range(uint8(Applied), uint8(Released)).Draw(t, "outcome")),
			Code:    fault.Code(anyString.Draw(t, "code")), Eff: clock.Stamp(anyNumber.Draw(t, "eff")),
		}
	}
	if rapid.Bool().Draw(t, "hash?") {
		p.Hash = record.HashOf([]byte(anyString.Draw(t, "hashed")))
	}
	return p
}

// anyVerdicts draws verdicts in counter order that keep the rules of Verdict.
func anyVerdicts(t *rapid.T) []Verdict {
	var verdicts []Verdict
	counter := uint64(1)
	for range rapid.IntRange(0, 6).Draw(t, "runs") {
		v := Verdict{Count: 1, Outcome: Outcome(rapid.Uint8Range(uint8(Applied), uint8(Released)).Draw(t, "outcome")), Seq: anyNumber.Draw(t, "seq")}
		v.Counter = counter + rapid.Uint64Range(0, 1000).Draw(t, "skipped")
		if v.accepts() {
			v.Count = rapid.Uint64Range(1, 5).Draw(t, "count")
		}
		if v.Outcome != Gap {
			v.Hash = anyHash.Draw(t, "hash")
		}
		if rapid.Bool().Draw(t, "eff?") {
			for range v.Count {
				v.Eff = append(v.Eff, clock.Stamp(anyNumber.Draw(t, "eff")))
			}
		}
		if v.refuses() {
			v.Code, v.Message = fault.Code(anyString.Draw(t, "code")), anyString.Draw(t, "message")
		}
		counter = v.Counter + v.Count
		verdicts = append(verdicts, v)
	}
	return verdicts
}

// anyMessage draws a message of any kind.
var anyMessage = rapid.Custom(func(t *rapid.T) Message {
	number := func(what string) uint64 { return anyNumber.Draw(t, what) }
	blob := func(what string) []byte { return anyBytes.Draw(t, what) }
	rows := func() []Rows { return rapid.SliceOfN(anyRows, 0, 3).Draw(t, "rows") }
	buckets := func(what string) []record.Bucket { return rapid.SliceOfN(anyBucket, 0, 3).Draw(t, what) }
	kinds := []Kind{
		KindHello, KindProof, KindPush, KindAck, KindVerify, KindWitness, KindBye,
		KindChallenge, KindWelcome, KindVerdicts, KindPage, KindSums, KindRefusal, KindGoodbye, KindKept,
	}
	switch rapid.SampledFrom(kinds).Draw(t, "kind") {
	case KindHello:
		return Hello{
			Device: anyID.Draw(t, "device"), Token: blob("token"), Schema: int(rapid.Int32Min(0).Draw(t, "schema")),
			Epoch: rapid.Uint32().Draw(t, "epoch"), Cursors: [schema.Classes]uint64{number("c0"), number("c1"), number("c2")},
			Resume: blob("resume"), Actor: anyActor(t), Written: number("written"), Oldest: anySigned.Draw(t, "oldest"),
			Pending: rapid.Uint32().Draw(t, "pending"), Now: anySigned.Draw(t, "now"), App: anyString.Draw(t, "app"),
		}
	case KindProof:
		return Proof{blob("signature")}
	case KindPush:
		return Push{anyActor(t), rapid.SliceOfN(rapid.Custom(anyPushed), 0, 5).Draw(t, "changes")}
	case KindAck:
		return Ack{anyClass.Draw(t, "class"), number("k"), rapid.Uint32().Draw(t, "pages"), anyActor(t), number("written")}
	case KindVerify:
		return Verify{buckets("buckets")}
	case KindWitness:
		return Witness{rows()}
	case KindChallenge:
		return Challenge{blob("nonce")}
	case KindWelcome:
		return Welcome{
			Epoch: rapid.Uint32().Draw(t, "epoch"), Head: number("head"), Common: number("common"), Now: anySigned.Draw(t, "now"),
			Token: blob("token"), Actor: anyActor(t), Known: number("known"),
			Chain: anyHash.Draw(t, "chain"), Schema: int(rapid.Int32Min(0).Draw(t, "schema")), BackedUp: number("backed up"),
		}
	case KindVerdicts:
		return Verdicts{
			Actor: anyActor(t), Epoch: rapid.Uint32().Draw(t, "epoch"), At: number("at"), Verdicts: anyVerdicts(t), Rows: rows(),
			Gone: rapid.SliceOfN(anyKey, 0, 3).Draw(t, "gone"),
		}
	case KindPage:
		return Page{
			Class: anyClass.Draw(t, "class"), From: number("from"), To: number("to"), Last: rapid.Bool().Draw(t, "last"),
			Resume: blob("resume"), Leave: buckets("leave"), Enter: buckets("enter"), Rows: rows(), Erased: rapid.SliceOfN(anyKey, 0, 3).Draw(t, "erased"),
			Done: number("done"), Total: number("total"),
		}
	case KindSums:
		return Sums{number("at"), rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Sum {
			return Sum{anyBucket.Draw(t, "bucket"), anyNumber.Draw(t, "sum")}
		}), 0, 4).Draw(t, "sums")}
	case KindRefusal:
		return Refusal{fault.Code(anyString.Draw(t, "code")), anyString.Draw(t, "message"), anySigned.Draw(t, "retry")}
	case KindKept:
		return Kept{number("count"), number("at"), fault.Code(anyString.Draw(t, "code")), anyString.Draw(t, "message")}
	case KindGoodbye:
		return Goodbye{anySigned.Draw(t, "retry")}
	}
	return Bye{}
})

// Generators are shared by tests that run beside one another, and a rapid generator writes its name down when it is first
// asked for, beside draws that read it: so each is asked before any test runs.
func init() {
	for _, g := range []fmt.Stringer{anyNumber, anySigned, anyBytes, anyString, anyID, anyHash, anyKey, anyBucket, anyDot, anyVector, anyValue, anyRows, anyClass, anyMessage} {
		_ = g.String()
	}
}
