package aftersales

import (
	"strconv"

	"fieldsync/sync/record"
)

// LateWork returns what tells the office that the change set was made by somebody who had lost what he writes on, by the
// commit lost, and had not heard of it: it stands merged with what others did since, and a person should look. It is said once
// for each loss and job. There is nothing to say where lost is 0.
func LateWork(v View, cs *record.ChangeSet, author record.ID, lost uint64) ([]record.RowChange, error) {
	if lost == 0 || len(cs.Rows) == 0 {
		return nil, nil
	}
	row, err := jobOrRow(v, cs)
	if err != nil || row == nil {
		return nil, err
	}
	id := NamedID("discrepancy", DiscrepancyLate, row.ID.String(), author.String(), strconv.FormatUint(lost, 10))
	d := Discrepancy{
		ID: id, Kind: DiscrepancyLate, About: Row{row.Table.Name, row.ID}, Branch: row.Get("branch").Ref(), Person: author,
		FoundAt: record.Within(cs.Stamp.Add(cs.Offset).Millis()),
	}
	if row.Table == jobTable {
		d.Job = row.ID
	}
	c, err := d.opening()
	return []record.RowChange{c}, err
}

// jobOrRow returns the job that the change set is about, else the first row that it changes or makes; nil for one of a table
// that only a newer app knows.
func jobOrRow(v View, cs *record.ChangeSet) (first *record.Row, err error) {
	for i := range cs.Rows {
		c := &cs.Rows[i]
		t := Schema.TableByID(c.Table)
		if t == nil {
			continue
		}
		row, err := v.Row(t.Name, c.ID)
		if err != nil {
			return nil, err
		}
		if row == nil {
			row = record.NewRow(t, c, cs.Dot)
		}
		if t == jobTable {
			return row, nil
		}
		if first == nil {
			first = row
		}
		if t.Column("job") < 0 {
			continue
		}
		if job, err := v.Row("job", row.Get("job").Ref()); err != nil || job != nil {
			return job, err
		}
	}
	return first, nil
}
