package wire

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"fieldsync/sync/clock"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// maxDictionary bounds a dictionary: a longer one takes memory in every compressor, and its beginning is hardly used.
const maxDictionary = 32 << 10

// Dictionary returns what compression of a schema's short messages starts from: for each table, by id, a batch of one
// row, and an insert with the codes of each column, in the bytes that messages carry them in. Names do not occur in
// messages, so they are not in it; nor are words of any language, which would favour one trade. Where it would be
// longer than 32 KiB, its end is kept.
func Dictionary(s *schema.Schema) []byte {
	tables := slices.SortedFunc(slices.Values(s.Tables), func(a, b *schema.Table) int { return int(a.ID) - int(b.ID) })
	f := form{scratch: new(scratch)}
	for _, t := range tables {
		batch := sampleBatch(t)
		batch.write(&f)
		set := record.ChangeSet{Dot: clock.Dot{Actor: 1, Counter: 1}, Rows: []record.RowChange{sampleInsert(t)}}
		f.b = set.AppendBinary(f.b)
	}
	return f.b[max(0, len(f.b)-maxDictionary):]
}

func sampleBatch(t *schema.Table) Rows {
	batch := Rows{Table: t.ID, Whole: true, Rows: make([]Row, 1)}
	for i := range t.Columns {
		batch.Columns = append(batch.Columns, t.Columns[i].ID)
		batch.Rows[0].Values = append(batch.Rows[0].Values, sampleValue(&t.Columns[i]))
	}
	return batch
}

func sampleValue(c *schema.Column) record.Value {
	switch c.Kind {
	case schema.Text, schema.Enum, schema.Ref:
		return record.Text("")
	case schema.Money, schema.Quantity, schema.AnyRef:
		return record.Quantity(0, "")
	case schema.Translated, schema.Fields, schema.Set:
		return record.Null
	}
	return record.Number(0)
}

// sampleInsert returns a change that writes every code of every column, and the plain value of columns without codes.
func sampleInsert(t *schema.Table) record.RowChange {
	c := record.RowChange{Op: record.Insert, Table: t.ID}
	for i := range t.Columns {
		column := &t.Columns[i]
		cell := record.CellWrite{CellID: record.CellID{Column: column.ID}, Value: sampleValue(column)}
		if len(column.Codes) == 0 {
			c.Cells = append(c.Cells, cell)
		}
		for _, code := range column.Codes {
			cell.Value = record.Text(code)
			c.Cells = append(c.Cells, cell)
		}
	}
	return c
}

// DictionaryID returns the number by which compressed messages name a dictionary: from 1 to 65,535, by its hash.
func DictionaryID(d []byte) uint32 {
	sum := sha256.Sum256(d)
	return 1 + uint32(binary.BigEndian.Uint64(sum[:])%0xffff)
}
