package server

import (
	"context"
	"strings"

	"fieldsync/server/hub"
	"fieldsync/server/importer"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// JobSink makes jobs on the hub from the rows of an imported file, and the machines they name where there are none.
// Each row is one change set. The job's id follows from the row's identity, so that a row is never taken twice.
type JobSink struct {
	ctx    context.Context
	core   *Core
	branch record.ID
	system string
}

// NewJobSink returns a sink for the branch. System names where the rows come from: it keeps the machines of two systems
// that number them alike apart.
func NewJobSink(ctx context.Context, c *Core, branch record.ID, system string) *JobSink {
	return &JobSink{ctx, c, branch, system}
}

func (s *JobSink) job(identity string) record.ID {
	return aftersales.NamedID("import", s.system, identity)
}

// Known reports whether an earlier run made the row's job.
func (s *JobSink) Known(identity string) (known bool, err error) {
	key := record.Key{Table: aftersales.Schema.Table("job").ID, ID: s.job(identity)}
	err = s.core.Hub.View(s.ctx, func(v hub.View) error {
		row, err := v.Row(key)
		known = row != nil
		if err != nil || !known {
			return err
		}
		return ofTheHouse(row)
	})
	return known, err
}

// ofTheHouse refuses a row that a device made. Ids follow from what a file says, so that anybody could have made a row
// under one of them: what it says must not be taken for what was imported.
func ofTheHouse(row *record.Row) error {
	if row.Meta == nil || row.Meta.Created.Actor.Side() == clock.SideDevice {
		return fault.New(importer.Clash, "a phone made a "+row.Table.Name+" under the number that this row would get: look at "+row.ID.String())
	}
	return nil
}

// Put makes the jobs, each by a change set of its own, and the machines that are new, in one durable write.
func (s *JobSink) Put(rows []importer.JobRow) (refused []error, err error) {
	commands := make([]func(*hub.Office) error, len(rows))
	for i := range rows {
		commands[i] = func(o *hub.Office) error { return s.put(Bind(o, record.ID{}), &rows[i]) }
	}
	return s.core.Hub.DoAll(s.ctx, record.ID{}, aftersales.CauseJobCreate, commands, fault.Invalid, importer.Clash)
}

func (s *JobSink) put(tx aftersales.Tx, row *importer.JobRow) error {
	unit, err := s.unit(tx, row.Asset)
	if err != nil {
		return err
	}
	if err := s.kind(tx, row.Type); err != nil {
		return err
	}
	_, err = aftersales.CreateJob(tx, aftersales.JobInput{
		ID: s.job(row.Identity), Branch: s.branch, Unit: unit, Number: row.Number, Title: title(row.Text),
		Description: row.Text, ReportedOn: row.Date.Number(), Kind: row.Type, Note: row.Note,
		Cost: aftersales.Money{Minor: row.Cost.Number(), Currency: row.Cost.Text()},
	})
	return err
}

// unit returns the machine of that name, which is made if there is none.
func (s *JobSink) unit(tx aftersales.Tx, name string) (record.ID, error) {
	id := aftersales.NamedID("import", s.system, "unit", name)
	known, err := tx.Row("unit", id)
	if err == nil && known != nil {
		err = ofTheHouse(known)
	}
	if err != nil || known != nil {
		return id, err
	}
	return aftersales.CreateUnit(tx, aftersales.UnitInput{ID: id, Branch: s.branch, Name: name, Serial: name})
}

// kind makes the other system's kind of job known to the company's list.
func (s *JobSink) kind(tx aftersales.Tx, code string) error {
	if code == "" {
		return nil
	}
	known, err := tx.Row("code", aftersales.CodeID(aftersales.ListJobKind, code))
	if err != nil || known != nil {
		return err
	}
	return aftersales.PutCode(tx, aftersales.CodeInput{
		List: aftersales.ListJobKind, Code: code, Label: map[string]string{"en": code, "zh-Hans": code, "zh-Hant": code},
	})
}

// maxTitle is the longest title made from a text, in bytes; the whole text stands in the job's description.
const maxTitle = 200

// title returns the first line of the text, cut at a word where it is too long for a list.
func title(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	if len(line) <= maxTitle {
		return strings.TrimSpace(line)
	}
	cut := strings.ToValidUTF8(line[:maxTitle], "")
	if i := strings.LastIndexByte(cut, ' '); i > maxTitle/2 {
		cut = cut[:i]
	}
	return strings.TrimSpace(cut) + "…"
}
