package server

import (
	"strings"

	"fieldsync/server/auth"
	"fieldsync/server/importer"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// part adds a part to the catalogue, or brings the one of that code up to the row.
func (s *RowSink) part(tx aftersales.Tx, row *importer.Row) error {
	known, id, err := s.partOf(tx, row.Text(importer.Code))
	if err != nil {
		return err
	}
	if err := s.putPart(tx, known, id, row); err != nil {
		return err
	}
	return s.name(tx, "part", id, row.Text(importer.Code))
}

// partOf finds the part of a row: by what the other system calls it, else by its code.
func (s *RowSink) partOf(tx aftersales.Tx, code string) (*record.Row, record.ID, error) {
	known, err := s.keyed(tx, "part", code)
	if err == nil && known == nil {
		known, err = s.named(tx, "part", s.known.parts[code], code)
	}
	if err != nil || known != nil {
		return known, idOf(known), err
	}
	return s.find(tx, "part", "part", code)
}

func (s *RowSink) putPart(tx aftersales.Tx, known *record.Row, id record.ID, row *importer.Row) error {
	code, price := row.Text(importer.Code), row.Value(importer.Price)
	given := record.Values{
		"name.en": row.Value(importer.Name), "name.zh-Hans": row.Value(importer.NameZH), "barcode": row.Value(importer.Barcode),
		"unit": row.Value(importer.Unit), "category": row.Value(importer.Category), "list_price": price,
		"warranty_months": row.Value(importer.Months), "abc": textCell(strings.ToUpper(row.Text(importer.ABC))),
		"serial_tracked": row.Value(importer.Tracked),
	}
	if known != nil {
		return s.edit(tx, known, code, given)
	}
	names := map[string]string{}
	for tag, field := range map[string]importer.Field{"en": importer.Name, "zh-Hans": importer.NameZH} {
		if s := row.Text(field); s != "" {
			names[tag] = s
		}
	}
	_, err := aftersales.CreatePart(tx, aftersales.PartInput{
		ID: id, Code: code, Name: names, Barcode: row.Text(importer.Barcode), Unit: row.Text(importer.Unit), Category: row.Text(importer.Category),
		ListPrice: aftersales.Money{Minor: price.Number(), Currency: price.Text()}, WarrantyMonths: row.Number(importer.Months),
		ABC: strings.ToUpper(row.Text(importer.ABC)), SerialTracked: row.Number(importer.Tracked) == 1,
	})
	if err != nil {
		return err
	}
	return s.made(tx, "part", id, code, given)
}

// count books what a count of stock differs by, and sets how much there should be.
func (s *RowSink) count(tx aftersales.Tx, row *importer.Row) error {
	code, place := row.Text(importer.Code), row.Text(importer.Location)
	part, err := s.named(tx, "part", s.known.parts[code], code)
	if err == nil && part == nil {
		err = importer.Say(importer.PartLacks, code).Refuse(badRow)
	}
	if err != nil {
		return err
	}
	location, err := s.named(tx, "location", s.known.locations[place], place)
	if err == nil && location == nil {
		err = importer.Say(importer.PlaceLacks, place).Refuse(badRow)
	}
	if err != nil {
		return err
	}
	if aftersales.PartOf(part).SerialTracked {
		return importer.Say(importer.ByNumber, code).Refuse(badRow)
	}
	_, err = aftersales.CountStock(tx, aftersales.CountInput{Location: location.ID, Part: part.ID, Counted: row.Number(importer.Quantity)})
	if err != nil || row.Value(importer.Minimum).IsNull() && row.Value(importer.Maximum).IsNull() {
		return err
	}
	return s.level(tx, location, part, row)
}

// level sets the least and the most, where the row says something else than the last time and than what stands.
func (s *RowSink) level(tx aftersales.Tx, location, part *record.Row, row *importer.Row) error {
	if !s.in.May(auth.EditParts) {
		return importer.Say(importer.MayNotLevel).Refuse(fault.NotAllowed)
	}
	unit := aftersales.PartOf(part).Unit
	given := record.Values{
		"minimum": record.Quantity(row.Number(importer.Minimum), unit), "maximum": record.Quantity(row.Number(importer.Maximum), unit),
	}
	in := aftersales.LevelInput{Location: location.ID, Part: part.ID}
	known, err := levelOf(tx, in)
	if err != nil {
		return err
	}
	if known != nil {
		heard, err := aftersales.Hear(tx, known, s.word("", given))
		if err != nil || len(heard.Values) == 0 {
			return err
		}
		s.heard(known, heard)
		in.Safety = known.Get("safety").Number()
		for name, v := range given {
			if v != heard.Values[name] { // nothing new
				given[name] = known.Get(name)
			}
		}
	}
	in.Minimum, in.Maximum = given["minimum"].Number(), given["maximum"].Number()
	if err := aftersales.SetLevel(tx, in); err != nil || known != nil {
		return err
	}
	if known, err = levelOf(tx, in); err != nil || known == nil {
		return err
	}
	return s.made(tx, "stock_level", known.ID, "", given)
}

// levelOf returns how much of the part the location should have; nil where nobody has said.
func levelOf(tx aftersales.Tx, in aftersales.LevelInput) (*record.Row, error) {
	levels, err := tx.Refs("stock_level", "location", in.Location)
	for _, level := range levels {
		if level.Get("part").Ref() == in.Part {
			return level, err
		}
	}
	return nil, err
}
