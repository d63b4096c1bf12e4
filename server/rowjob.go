package server

import (
	"strings"

	"fieldsync/server/importer"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// job makes the job of a row, or brings one that the other system numbers up to it.
func (s *RowSink) job(tx aftersales.Tx, row *importer.Row) error {
	known, err := s.keyed(tx, "job", row.Text(importer.Number))
	if err != nil {
		return err
	}
	id := idOf(known)
	if known == nil {
		if known, id, err = s.find(tx, "job", row.Identity); err != nil {
			return err
		}
	}
	if err := s.putJob(tx, known, id, row); err != nil {
		return err
	}
	return s.name(tx, "job", id, row.Text(importer.Number))
}

func (s *RowSink) putJob(tx aftersales.Tx, known *record.Row, id record.ID, row *importer.Row) error {
	if err := s.kind(tx, row.Text(importer.Type)); err != nil {
		return err
	}
	given := record.Values{
		"title": record.Text(title(row.Text(importer.Text))), "description": row.Value(importer.Text), "reported_on": row.Value(importer.Date),
		"kind": textCell(row.Text(importer.Type)), "note": textCell(jobNote(row)), "cost": row.Value(importer.Cost),
	}
	if err := imaginable("job", given); err != nil {
		return err
	}
	if known != nil {
		return s.edit(tx, known, row.Text(importer.Number), given)
	}
	party, err := s.party(tx, row.Text(importer.Customer))
	if err != nil {
		return err
	}
	unit, err := s.unit(tx, row.Text(importer.Asset), party)
	if err != nil {
		return err
	}
	number, err := s.number("job", row.Text(importer.Number))
	if err != nil {
		return err
	}
	cost := row.Value(importer.Cost)
	_, err = aftersales.CreateJob(tx, aftersales.JobInput{
		ID: id, Branch: s.in.Branch, Unit: unit, Party: party, Number: number, Title: title(row.Text(importer.Text)),
		Description: row.Text(importer.Text), ReportedOn: row.Number(importer.Date), Kind: row.Text(importer.Type),
		Note: jobNote(row), Origin: aftersales.OriginImport, Cost: aftersales.Money{Minor: cost.Number(), Currency: cost.Text()},
	})
	if err != nil {
		return err
	}
	return s.made(tx, "job", id, row.Text(importer.Number), given)
}

// jobNote adds what the other system said of the job's state and priority, which mean something else here.
func jobNote(row *importer.Row) string {
	note := row.Text(importer.Note)
	for _, f := range []importer.Field{importer.Status, importer.Priority} {
		if said := row.Text(f); said != "" {
			note = strings.TrimPrefix(note+"\n"+string(f)+": "+said, "\n")
		}
	}
	return note
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
