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
		known, err = named(tx, "part", s.known.parts[code], code)
	}
	if err != nil || known != nil {
		return known, idOf(known), err
	}
	return s.find(tx, "part", "part", code)
}

func (s *RowSink) putPart(tx aftersales.Tx, known *record.Row, id record.ID, row *importer.Row) error {
	code, price := row.Text(importer.Code), row.Value(importer.Price)
	if known != nil {
		return edit(tx, known, record.Values{
			"name.en": row.Value(importer.Name), "name.zh-Hans": row.Value(importer.NameZH), "barcode": row.Value(importer.Barcode),
			"unit": row.Value(importer.Unit), "category": row.Value(importer.Category), "list_price": price,
			"warranty_months": row.Value(importer.Months), "abc": textCell(strings.ToUpper(row.Text(importer.ABC))),
			"serial_tracked": row.Value(importer.Tracked),
		})
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
	return err
}

// count books what a count of stock differs by, and sets how much there should be.
func (s *RowSink) count(tx aftersales.Tx, row *importer.Row) error {
	code, place := row.Text(importer.Code), row.Text(importer.Location)
	part, err := named(tx, "part", s.known.parts[code], code)
	if err == nil && part == nil {
		err = importer.Say(importer.PartLacks, code).Refuse(badRow)
	}
	if err != nil {
		return err
	}
	location, err := named(tx, "location", s.known.locations[place], place)
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

// level sets the least and the most, where the row says something else than what stands.
func (s *RowSink) level(tx aftersales.Tx, location, part *record.Row, row *importer.Row) error {
	if !s.in.May(auth.EditParts) {
		return importer.Say(importer.MayNotLevel).Refuse(fault.NotAllowed)
	}
	least, most := row.Number(importer.Minimum), row.Number(importer.Maximum)
	levels, err := tx.Refs("stock_level", "location", location.ID)
	if err != nil {
		return err
	}
	safety := int64(0)
	for _, level := range levels {
		if level.Get("part").Ref() != part.ID {
			continue
		}
		if level.Get("minimum").Number() == least && level.Get("maximum").Number() == most {
			return nil
		}
		safety = level.Get("safety").Number()
	}
	return aftersales.SetLevel(tx, aftersales.LevelInput{Location: location.ID, Part: part.ID, Minimum: least, Maximum: most, Safety: safety})
}
