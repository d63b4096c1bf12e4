package server

import (
	"cmp"

	"fieldsync/server/auth"
	"fieldsync/server/importer"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// party returns the customer of that number or name, who is made if there is none; zero for "".
func (s *RowSink) party(tx aftersales.Tx, name string) (record.ID, error) {
	if name == "" {
		return record.ID{}, nil
	}
	known, err := s.named(tx, "party", s.known.parties[name], name)
	if err != nil || known != nil {
		return idOf(known), err
	}
	known, id, err := s.find(tx, "party", "party", name)
	if err != nil || known != nil {
		return id, err
	}
	if err := s.need(auth.EditCustomers, "party", name); err != nil {
		return id, err
	}
	if _, err := aftersales.CreateParty(tx, aftersales.PartyInput{ID: id, Branch: s.in.Branch, Name: name}); err != nil {
		return id, err
	}
	return id, s.made(tx, "party", id, "", record.Values{"name": record.Text(name)})
}

// customer makes a customer, or brings one up to the row; of a further row about him only the site and the contact count.
func (s *RowSink) customer(tx aftersales.Tx, row *importer.Row) error {
	known, id, err := s.customerOf(tx, row)
	if err != nil {
		return err
	}
	if row.Again == 0 {
		if err := s.putCustomer(tx, known, id, row); err != nil {
			return err
		}
	} else if row.Text(importer.Site)+row.Text(importer.SiteAddress)+row.Text(importer.Contact) == "" {
		return importer.Say(importer.NothingNew, row.Again).Refuse(badRow)
	}
	if err := s.name(tx, "party", id, row.Text(importer.Number)); err != nil {
		return err
	}
	site, err := s.site(tx, id, row)
	if err != nil {
		return err
	}
	return s.contact(tx, id, site, row)
}

// customerOf finds the customer of a row: by his number, else by his name where he has the same telephone or there is
// nothing to tell two of the name apart by.
func (s *RowSink) customerOf(tx aftersales.Tx, row *importer.Row) (*record.Row, record.ID, error) {
	number, name := row.Text(importer.Number), row.Text(importer.Name)
	if known, err := s.keyed(tx, "party", number); err != nil || known != nil {
		return known, idOf(known), err
	}
	if number != "" {
		known, err := s.named(tx, "party", s.known.numbers[number], number)
		if err != nil || known != nil {
			return known, idOf(known), err
		}
		return s.find(tx, "party", "party", "number", number)
	}
	phone, err := s.phone(tx, row.Text(importer.Phone))
	if err != nil {
		return nil, record.ID{}, err
	}
	var fits []record.ID
	for _, id := range s.known.parties[name] {
		party, err := tx.Row("party", id)
		if err != nil {
			return nil, id, err
		}
		if party != nil && (phone.IsNull() || party.Get("phone") == phone || party.Get("phone").IsNull()) {
			fits = append(fits, id)
		}
	}
	known, err := s.named(tx, "party", fits, name)
	if err != nil || known != nil {
		return known, idOf(known), err
	}
	names := []string{"party", name}
	if !phone.IsNull() {
		names = append(names, phone.Text())
	}
	return s.find(tx, "party", names...)
}

func (s *RowSink) putCustomer(tx aftersales.Tx, known *record.Row, id record.ID, row *importer.Row) error {
	phone, err := s.phone(tx, row.Text(importer.Phone))
	if err != nil {
		return err
	}
	given := record.Values{
		"name": row.Value(importer.Name), "phone": phone, "email": row.Value(importer.Email), "province": row.Value(importer.Province),
		"city": row.Value(importer.City), "district": row.Value(importer.District), "address": row.Value(importer.Address),
		"customer_group": row.Value(importer.Group), "note": row.Value(importer.Note),
	}
	if known != nil {
		return s.edit(tx, known, row.Text(importer.Number), given)
	}
	number, err := s.number("party", row.Text(importer.Number))
	if err != nil {
		return err
	}
	_, err = aftersales.CreateParty(tx, aftersales.PartyInput{
		ID: id, Branch: s.in.Branch, Number: number, Name: row.Text(importer.Name), Phone: row.Text(importer.Phone),
		Email: row.Text(importer.Email), Province: row.Text(importer.Province), City: row.Text(importer.City),
		District: row.Text(importer.District), Address: row.Text(importer.Address), Group: row.Text(importer.Group),
		Note: row.Text(importer.Note),
	})
	if err != nil {
		return err
	}
	return s.made(tx, "party", id, row.Text(importer.Number), given)
}

// site makes the site that a row names, or returns the one there is; zero where it names none.
func (s *RowSink) site(tx aftersales.Tx, party record.ID, row *importer.Row) (record.ID, error) {
	name, address := row.Text(importer.Site), row.Text(importer.SiteAddress)
	if name+address == "" {
		return record.ID{}, nil
	}
	sites, err := tx.Refs("site", "party", party)
	if err != nil {
		return record.ID{}, err
	}
	given := record.Values{"address": textCell(address), "city": textCell(row.Text(importer.SiteCity))}
	for _, site := range sites {
		if name != "" && site.Get("name").Text() == name || name == "" && site.Get("address").Text() == address {
			return site.ID, s.edit(tx, site, "", given)
		}
	}
	_, id, err := s.find(tx, "site", "site", party.String(), cmp.Or(name, address))
	if err != nil {
		return id, err
	}
	_, err = aftersales.CreateSite(tx, aftersales.SiteInput{
		ID: id, Branch: s.in.Branch, Party: party, Name: name, Address: address, City: row.Text(importer.SiteCity),
	})
	if err != nil {
		return id, err
	}
	return id, s.made(tx, "site", id, "", given)
}

// contact makes the contact that a row names, if the customer has none of that name.
func (s *RowSink) contact(tx aftersales.Tx, party, site record.ID, row *importer.Row) error {
	name := row.Text(importer.Contact)
	if name == "" {
		return nil
	}
	phone, err := s.phone(tx, row.Text(importer.ContactPhone))
	if err != nil {
		return err
	}
	contacts, err := tx.Refs("contact", "party", party)
	if err != nil {
		return err
	}
	for _, c := range contacts {
		if c.Get("name").Text() == name {
			return s.edit(tx, c, "", record.Values{"phone": phone})
		}
	}
	_, id, err := s.find(tx, "contact", "contact", party.String(), name)
	if err != nil {
		return err
	}
	_, err = aftersales.CreateContact(tx, aftersales.ContactInput{ID: id, Branch: s.in.Branch, Party: party, Site: site, Name: name, Phone: phone.Text()})
	if err != nil {
		return err
	}
	return s.made(tx, "contact", id, "", record.Values{"phone": phone})
}
