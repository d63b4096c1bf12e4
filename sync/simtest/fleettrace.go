package simtest

import (
	"fmt"
	"strings"

	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

var outcomes = [...]string{"", "applied", "merged", "quarantined", "forked", "gap", "released"}

// describe returns a message as a reader of the trace wants it.
func describe(m wire.Message) string {
	switch m := m.(type) {
	case wire.Hello:
		return fmt.Sprintf("hello %v:%d epoch %d cursors %v resume %v", m.Actor, m.Written, m.Epoch, m.Cursors, len(m.Resume) > 0)
	case wire.Welcome:
		return fmt.Sprintf("welcome epoch %d head %d actor %v known %d", m.Epoch, m.Head, m.Actor, m.Known)
	case wire.Push:
		return describePush(m)
	case wire.Verdicts:
		return describeVerdicts(m)
	case wire.Page:
		erased := ""
		for _, k := range m.Erased {
			erased += " erased " + nameOf(k)
		}
		return fmt.Sprintf("page of class %d %d-%d last %v%s%s%s%s", m.Class, m.From, m.To, m.Last, erased,
			describeBuckets(" enter", m.Enter), describeBuckets(" leave", m.Leave), describeRows(m.Rows))
	case wire.Ack:
		return fmt.Sprintf("ack class %d at %d pages %d written %v:%d", m.Class, m.K, m.Pages, m.Actor, m.Written)
	case wire.Witness:
		return "witness" + describeRows(m.Rows)
	case wire.Kept:
		return fmt.Sprintf("kept %d at %d %s", m.Count, m.At, m.Code)
	case wire.Refusal:
		return fmt.Sprintf("refusal %s %s", m.Code, m.Message)
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", m), "wire.")
}

func describePush(m wire.Push) string {
	var dots []string
	for _, p := range m.Changes {
		if cs, err := record.ParseChangeSet(p.Encoded); err == nil {
			dots = append(dots, cs.Dot.String())
		}
	}
	return "push " + strings.Join(dots, " ")
}

func describeVerdicts(m wire.Verdicts) string {
	var b strings.Builder
	fmt.Fprintf(&b, "verdicts at %d:", m.At)
	for _, v := range m.Verdicts {
		fmt.Fprintf(&b, " %v:%d %s seq %d", m.Actor, v.Counter, outcomes[v.Outcome], v.Seq)
		if v.Count > 1 {
			fmt.Fprintf(&b, " (%d)", v.Count)
		}
	}
	b.WriteString(describeRows(m.Rows))
	for _, k := range m.Gone {
		b.WriteString(" gone " + nameOf(k))
	}
	return b.String()
}

func describeRows(batches []wire.Rows) string {
	var b strings.Builder
	for _, batch := range batches {
		for _, row := range batch.Rows {
			fmt.Fprintf(&b, " %s@%d%v", nameOf(record.Key{Table: batch.Table, ID: row.ID}), row.Seq, row.Vector)
			if !batch.Whole {
				fmt.Fprintf(&b, "%v", batch.Columns)
			}
			if row.Deleted {
				b.WriteString("†")
			}
		}
	}
	return b.String()
}

func describeBuckets(what string, buckets []record.Bucket) string {
	var b strings.Builder
	for _, x := range buckets {
		fmt.Fprintf(&b, "%s %d/%s", what, x.Kind, short(x.ID))
	}
	return b.String()
}

var ops = [...]string{"", "insert", "update", "delete"}

// describeChange returns a change set as a reader of the trace wants it.
func describeChange(cs *record.ChangeSet) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v K %d/%d %q", cs.Dot, cs.Epoch, cs.K, cs.Cause)
	if !cs.Amends.IsZero() {
		fmt.Fprintf(&b, " amends %v", cs.Amends)
	}
	for i := range cs.Rows {
		c := &cs.Rows[i]
		fmt.Fprintf(&b, "; %s %s saw %v", ops[c.Op], nameOf(c.Key()), c.Context)
		for _, w := range c.Cells {
			fmt.Fprintf(&b, " %s=%s", cellName(c.Table, w.CellID), valueName(w.Value))
		}
	}
	return b.String()
}

func nameOf(k record.Key) string { return tableName(k.Table) + "/" + short(k.ID) }

func tableName(id schema.TableID) string {
	if t := Schema.TableByID(id); t != nil {
		return t.Name
	}
	return fmt.Sprint(id)
}

func cellName(t schema.TableID, c record.CellID) string {
	if t := Schema.TableByID(t); t != nil {
		if name, known := record.CellName(t, c); known {
			return name
		}
	}
	return fmt.Sprint(c.Column, c.Key)
}

func valueName(v record.Value) string {
	switch {
	case v.IsNull():
		return "null"
	case !v.Ref().IsZero():
		return short(v.Ref())
	case v.Shape() == record.ShapeText:
		return v.Text()
	}
	return fmt.Sprint(v.Number(), v.Text())
}

// short returns the last digits of an id, enough to tell the few of a simulation apart.
func short(id record.ID) string { return id.String()[32:] }
