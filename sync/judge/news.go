package judge

import (
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

// News is what a commit made of rows: enough to bring whoever has everything before it forward without a look at the
// store. Nobody may change it.
type News struct {
	Since   uint64          // the hub's head before the commit
	Head    uint64          // and after it
	Touched []record.Bucket // whose rows or holders it changed, in order
	Whole   bool            // it is all there is to tell; otherwise the store must be asked
	rows    []*record.Row
}

// maxNews is how many rows a commit tells of; of a large one the store tells as well, a page at a time.
const maxNews = 64

// News returns what the batch has committed, nil if nothing; it is asked for after Flush, and the batch is used no more.
// Who holds what is for the store to say, and so is what was erased.
func (b *Batch) News() *News {
	if b.seq == b.first {
		return nil
	}
	n := &News{Since: b.first, Head: b.seq, Touched: b.Touched()}
	if b.regranted || b.erased {
		return n
	}
	for _, key := range b.order {
		if row := b.rows[key].row; row != nil && row.Seq > b.first {
			n.rows = append(n.rows, row)
		}
	}
	if n.Whole = len(n.rows) <= maxNews; !n.Whole {
		n.rows = nil
	}
	return n
}

// Rows returns, for each class, what a device lacks that has everything up to Since and whose person holds the buckets
// that held says.
func (n *News) Rows(held func(record.Bucket) bool) (rows [schema.Classes][]wire.Rows) {
	var of [schema.Classes]rowBatches
	for _, row := range n.rows {
		for _, b := range row.Buckets() {
			if held(b) {
				of[row.Table.Class].addSince(row, n.Since)
				break
			}
		}
	}
	for class := range of {
		rows[class] = of[class].batches
	}
	return rows
}
