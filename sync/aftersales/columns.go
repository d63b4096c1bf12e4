package aftersales

import (
	"slices"

	"fieldsync/sync/schema"
)

// The flags under names that keep a table on one line a column.
const (
	required   = schema.Required
	personal   = schema.Personal
	sealed     = schema.Sealed
	searchable = schema.Searchable
	fixed      = schema.Immutable
	indexed    = schema.Indexed
	needsRight = schema.NeedsRight
)

// column returns a column that merges by the later write.
func column(id schema.ColumnID, name string, kind schema.Kind, flags []schema.Flags) schema.Column {
	c := schema.Column{ID: id, Name: name, Kind: kind}
	for _, f := range flags {
		c.Flags |= f
	}
	return c
}

func text(id schema.ColumnID, name string, flags ...schema.Flags) schema.Column {
	return column(id, name, schema.Text, flags)
}

func translated(id schema.ColumnID, name string, flags ...schema.Flags) schema.Column {
	return column(id, name, schema.Translated, flags)
}

func integer(id schema.ColumnID, name string, flags ...schema.Flags) schema.Column {
	return column(id, name, schema.Integer, flags)
}

func instant(id schema.ColumnID, name string, flags ...schema.Flags) schema.Column {
	return column(id, name, schema.Instant, flags)
}

func date(id schema.ColumnID, name string, flags ...schema.Flags) schema.Column {
	return column(id, name, schema.Date, flags)
}

func money(id schema.ColumnID, name string, flags ...schema.Flags) schema.Column {
	return column(id, name, schema.Money, flags)
}

func set(id schema.ColumnID, name string, flags ...schema.Flags) schema.Column {
	return column(id, name, schema.Set, flags)
}

func decimal(id schema.ColumnID, name string, scale uint8, flags ...schema.Flags) schema.Column {
	c := column(id, name, schema.Decimal, flags)
	c.Scale = scale
	return c
}

func quantity(id schema.ColumnID, name string, flags ...schema.Flags) schema.Column {
	c := column(id, name, schema.Quantity, flags)
	c.Scale = QuantityScale
	return c
}

func ref(id schema.ColumnID, name, table string, flags ...schema.Flags) schema.Column {
	c := column(id, name, schema.Ref, flags)
	c.Ref = table
	return c
}

func anyRef(id schema.ColumnID, name string, flags ...schema.Flags) schema.Column {
	return column(id, name, schema.AnyRef, flags)
}

// code returns a column whose codes are rows of a code list.
func code(id schema.ColumnID, name string, flags ...schema.Flags) schema.Column {
	return column(id, name, schema.Enum, flags)
}

// enum returns a column whose codes are known here.
func enum(id schema.ColumnID, name string, codes []string, flags ...schema.Flags) schema.Column {
	c := column(id, name, schema.Enum, flags)
	c.Codes = codes
	return c
}

// ladder returns a column of ordered states: among concurrent ones the further is shown.
func ladder(id schema.ColumnID, name string, codes []string, asks ...[2]string) schema.Column {
	c := enum(id, name, codes, indexed)
	c.Policy, c.Asks = schema.Ladder, asks
	return c
}

// by sets another merge policy than the later write.
func by(p schema.Policy, c schema.Column) schema.Column {
	c.Policy = p
	return c
}

// office and technician say whose value is shown where both wrote.
func office(c schema.Column) schema.Column     { return owned(schema.Office, c) }
func technician(c schema.Column) schema.Column { return owned(schema.Device, c) }

func owned(side schema.Side, c schema.Column) schema.Column {
	c.Policy, c.Owner = schema.Owner, side
	return c
}

// together makes columns one group: picked, and written, as one.
func together(group string, columns ...schema.Column) []schema.Column {
	for i := range columns {
		columns[i].Policy, columns[i].Group = schema.Group, group
	}
	return columns
}

func long(bytes int, c schema.Column) schema.Column {
	c.Max = bytes
	return c
}

// The columns that many tables have, under the same ids everywhere.

// branch is the branch a business row belongs to; empty means the whole company.
func branch(flags ...schema.Flags) []schema.Column {
	return []schema.Column{ref(90, "branch", "branch", flags...)}
}

// archive takes the place of deleting on a page.
func archive() []schema.Column {
	return []schema.Column{instant(91, "archived_at"), text(92, "archived_reason")}
}

// alias joins two rows for one thing. same_as is what somebody decided: this row is the same thing as that one.
// merged_into follows from it: the row that stands for all of them, so that one step always reaches it.
func alias(table string) []schema.Column {
	return []schema.Column{ref(93, "merged_into", table), ref(94, "same_as", table)}
}

// fields are the columns that the office defines at run time.
func fields(flags ...schema.Flags) []schema.Column {
	return []schema.Column{column(95, "fields", schema.Fields, flags)}
}

// occurred says when something happened: by the device's own clock, and corrected for that clock's known offset. The
// third time, when the hub received it, is its commit's.
func occurred() []schema.Column {
	return []schema.Column{instant(96, "occurred", required), instant(97, "corrected", required, indexed)}
}

// names returns the names of the columns that are not among the excepted: for rights.
func names(columns []schema.Column, except ...string) []string {
	var list []string
	for _, c := range columns {
		if !slices.Contains(except, c.Name) {
			list = append(list, c.Name)
		}
	}
	return list
}

// tidied returns those of the columns by which the office tidies up and locks, and more that are its own: no device writes
// them, not even in a row that it makes.
func tidied(columns []schema.Column, more ...string) []string {
	list := more
	for _, c := range columns {
		if slices.Contains(notForDevices, c.Name) || c.Name == "locked_by" {
			list = append(list, c.Name)
		}
	}
	return list
}

// shared puts a table into the bucket that everybody holds.
func shared() []schema.Bucket { return []schema.Bucket{{Kind: schema.SharedBucket}} }

func in(kind schema.BucketKind, from string) schema.Bucket {
	return schema.Bucket{Kind: kind, From: from}
}

// far is the other end of what goes from one to another: a technician puts a row there, too, where he holds nothing.
func far(kind schema.BucketKind, from string) schema.Bucket {
	return schema.Bucket{Kind: kind, From: from, Far: true}
}

// add is the right to insert rows of a ledger.
func add(rights ...string) []schema.Right {
	list := make([]schema.Right, len(rights))
	for i, name := range rights {
		list[i] = schema.Right{Name: name, Insert: true}
	}
	return list
}
