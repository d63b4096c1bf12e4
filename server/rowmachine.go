package server

import (
	"fieldsync/server/auth"
	"fieldsync/server/importer"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// unit returns the machine of that serial number or name, which is made if there is none.
func (s *RowSink) unit(tx aftersales.Tx, name string, party record.ID) (record.ID, error) {
	known, err := s.named(tx, "unit", s.known.units[name], name)
	if err != nil || known != nil {
		return idOf(known), err
	}
	known, id, err := s.find(tx, "unit", "unit", name)
	if err != nil || known != nil {
		return id, err
	}
	if err := s.need(auth.EditAssets, "unit", name); err != nil {
		return id, err
	}
	if _, err := aftersales.CreateUnit(tx, aftersales.UnitInput{ID: id, Branch: s.in.Branch, Name: name, Serial: name, Party: party}); err != nil {
		return id, err
	}
	return id, s.made(tx, "unit", id, "", record.Values{"name": record.Text(name), "party": record.Ref(party)})
}

func idOf(row *record.Row) record.ID {
	if row == nil {
		return record.ID{}
	}
	return row.ID
}

// kind makes the other system's kind of job known to the company's list.
func (s *RowSink) kind(tx aftersales.Tx, code string) error {
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

// machine makes a machine, or brings the one of that serial number up to the row.
func (s *RowSink) machine(tx aftersales.Tx, row *importer.Row) error {
	party, err := s.party(tx, row.Text(importer.Customer))
	if err != nil {
		return err
	}
	product, err := s.product(tx, row.Text(importer.Model))
	if err != nil {
		return err
	}
	var site record.ID
	if !party.IsZero() {
		if site, err = s.site(tx, party, row); err != nil {
			return err
		}
	}
	known, id, err := s.machineOf(tx, row, party)
	if err != nil {
		return err
	}
	if err := s.putMachine(tx, known, row, aftersales.UnitInput{ID: id, Product: product, Party: party, Site: site}); err != nil {
		return err
	}
	return s.name(tx, "unit", id, row.Text(importer.Serial))
}

// putMachine brings the known machine up to the row, or makes the one that in begins to describe.
func (s *RowSink) putMachine(tx aftersales.Tx, known *record.Row, row *importer.Row, in aftersales.UnitInput) error {
	given := record.Values{
		"name": row.Value(importer.Name), "product": record.Ref(in.Product), "party": record.Ref(in.Party), "site": record.Ref(in.Site),
		"place": row.Value(importer.Place), "sold_on": row.Value(importer.Sold), "installed_on": row.Value(importer.Installed),
		"warranty_until": row.Value(importer.Warranty), "warranty_months": row.Value(importer.Months),
		"meter": further(known, row.Value(importer.Meter)), "note": row.Value(importer.Note),
	}
	if err := imaginable("unit", given); err != nil {
		return err
	}
	if known != nil {
		return s.edit(tx, known, row.Text(importer.Serial), given)
	}
	in.Branch, in.Serial, in.Name, in.Place = s.in.Branch, row.Text(importer.Serial), row.Text(importer.Name), row.Text(importer.Place)
	in.SoldOn, in.InstalledOn, in.WarrantyUntil = row.Number(importer.Sold), row.Number(importer.Installed), row.Number(importer.Warranty)
	in.WarrantyMonths, in.Meter, in.Note = row.Number(importer.Months), row.Number(importer.Meter), row.Text(importer.Note)
	if _, err := aftersales.CreateUnit(tx, in); err != nil {
		return err
	}
	return s.made(tx, "unit", in.ID, row.Text(importer.Serial), given)
}

// further returns a reading that is beyond the one of the known machine, else nothing: a meter does not run backwards.
func further(unit *record.Row, reading record.Value) record.Value {
	if unit != nil && reading.Number() <= unit.Get("meter").Number() {
		return record.Null
	}
	return reading
}

func (s *RowSink) machineOf(tx aftersales.Tx, row *importer.Row, party record.ID) (*record.Row, record.ID, error) {
	serial, name := row.Text(importer.Serial), row.Text(importer.Name)
	if serial == "" {
		if party.IsZero() {
			return s.find(tx, "unit", "unit", name)
		}
		return s.find(tx, "unit", "unit", name, party.String())
	}
	known, err := s.keyed(tx, "unit", serial)
	if err == nil && known == nil {
		known, err = s.named(tx, "unit", s.known.units[serial], serial)
	}
	if err != nil || known != nil {
		return known, idOf(known), err
	}
	return s.find(tx, "unit", "unit", serial)
}

// product returns the model of that code, which is made if there is none; zero for "".
func (s *RowSink) product(tx aftersales.Tx, code string) (record.ID, error) {
	if code == "" {
		return record.ID{}, nil
	}
	known, err := s.named(tx, "product", s.known.products[code], code)
	if err != nil || known != nil {
		return idOf(known), err
	}
	known, id, err := s.find(tx, "product", "product", code)
	if err != nil || known != nil {
		return id, err
	}
	if err := s.need(auth.EditProducts, "product", code); err != nil {
		return id, err
	}
	return aftersales.CreateProduct(tx, aftersales.ProductInput{ID: id, Code: code})
}
