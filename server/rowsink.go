package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"fieldsync/server/auth"
	"fieldsync/server/hub"
	"fieldsync/server/importer"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// Taking says how the rows of a file are taken in.
type Taking struct {
	Sheet  *importer.Sheet
	Branch record.ID                  // that what is made belongs to
	System string                     // where the rows come from: it keeps what two systems number alike apart
	Author record.ID                  // zero: the hub itself
	Import record.ID                  // whose lines note what was done; zero: nothing is noted
	May    func(auth.Permission) bool // what else may be made on the way: a machine for a job; nil: anything
	Dry    bool                       // nothing is kept: what would become of the rows
}

// RowSink makes, on the hub, what the rows of an imported file say, and whatever they need: the machine of a job, the
// customer of a machine. Each row is one change set. What a row is about is found by its number, serial or code, else by an id
// that follows from the row's identity, so that no row is ever taken twice.
type RowSink struct {
	ctx    context.Context
	core   *Core
	in     Taking
	known  known
	office *hub.Office // of the row that is being taken
}

// NewRowSink returns a sink for one file. The branches of the context are those that it may write in.
func NewRowSink(ctx context.Context, c *Core, in Taking) *RowSink {
	if in.May == nil {
		in.May = func(auth.Permission) bool { return true }
	}
	return &RowSink{ctx: ctx, core: c, in: in}
}

// badRow is the code of a row that a command has refused.
const badRow fault.Code = "import_row"

// Put makes what the rows say, each by a change set of its own, in one durable write.
func (s *RowSink) Put(rows []importer.Row) ([]importer.Fate, error) {
	if err := s.learn(rows); err != nil {
		return nil, err
	}
	fates := make([]importer.Fate, len(rows))
	commands := make([]func(*hub.Office) error, len(rows))
	for i := range rows {
		commands[i] = func(o *hub.Office) (err error) {
			fates[i], err = s.take(o, &rows[i])
			return err
		}
	}
	do := s.core.Hub.DoAll
	if s.in.Dry {
		do = s.core.Hub.Rehearse
	}
	refused, err := do(s.ctx, s.in.Author, aftersales.CauseImport, commands, badRow, fault.Invalid, fault.NotAllowed, fault.TooLarge)
	for i, reason := range refused {
		if reason != nil {
			fates[i] = importer.Fate{Did: importer.Refused, Reason: reasonOf(reason)}
		}
	}
	return fates, err
}

// take runs the command of one row, and notes what it did.
func (s *RowSink) take(o *hub.Office, row *importer.Row) (importer.Fate, error) {
	s.office = o
	bound := Bind(o, s.in.Author)
	if err := s.put(guard(s.ctx, bound), row); err != nil {
		return importer.Fate{}, refusedRow(err)
	}
	fate := importer.Fate{Did: importer.Same}
	for _, staged := range o.Staged() {
		about := aftersales.Row{Table: staged.Row.Table.Name, ID: staged.Row.ID}
		did, noted := aftersales.ImportChanged, about.Table != "code" && about.Table != "code_list"
		if staged.Change.Op == record.Insert {
			did = aftersales.ImportMade
		}
		if fate.Did == importer.Same && noted {
			fate.Did = importer.Changed
		}
		if did == aftersales.ImportMade && about.Table == sheetTables[s.in.Sheet] {
			fate.Did = importer.Made
		}
		if noted && !s.in.Import.IsZero() {
			if err := aftersales.NoteImported(bound, s.in.Import, row.Line, about, did); err != nil {
				return fate, err
			}
		}
	}
	return fate, nil
}

// refusedRow makes of a command's refusal that of a row. Trouble of the hub itself ends the run.
func refusedRow(err error) error {
	var f *fault.Error
	if errors.As(err, &f) && f.Code != fault.Internal && f.Code != fault.Overloaded {
		return fault.Wrap(badRow, f.Message, err)
	}
	return err
}

// sheetTables are what the rows of each kind of file are, as tables of the schema; a count of stock is a movement only
// where it differs.
var sheetTables = map[*importer.Sheet]string{
	importer.Jobs: "job", importer.Customers: "party", importer.Machines: "unit", importer.Parts: "part",
}

func (s *RowSink) put(tx aftersales.Tx, row *importer.Row) error {
	switch s.in.Sheet {
	case importer.Jobs:
		return s.job(tx, row)
	case importer.Customers:
		return s.customer(tx, row)
	case importer.Machines:
		return s.machine(tx, row)
	case importer.Parts:
		return s.part(tx, row)
	}
	return s.count(tx, row)
}

// generations is how often a row that was imported, and taken back, can be imported again while what is left of it stands.
const generations = 8

// find returns the row that an import made under those names, nil for none, and the id under which one can be made: a row
// that was taken back leaves its id behind, until nothing is left of it.
func (s *RowSink) find(tx aftersales.Tx, table string, names ...string) (*record.Row, record.ID, error) {
	names = append([]string{"import", s.in.System}, names...)
	var free record.ID
	for generation := range generations {
		all := names
		if generation > 0 {
			all = append(slices.Clone(names), fmt.Sprint("again ", generation))
		}
		key := record.Key{Table: aftersales.Schema.Table(table).ID, ID: aftersales.NamedID(all...)}
		row, err := tx.Row(table, key.ID)
		if err == nil && row != nil {
			err = ofTheHouse(row)
		}
		if err != nil || row != nil {
			return row, key.ID, err
		}
		if dead, err := s.office.Dead(key); err != nil {
			return nil, key.ID, err
		} else if !dead && free.IsZero() {
			free = key.ID
		}
	}
	if free.IsZero() {
		return nil, free, fault.New(importer.Clash, "this was imported and taken back too often: make it by hand")
	}
	return nil, free, nil
}

// ofTheHouse refuses a row that a device made. Ids follow from what a file says, so that anybody could have made a row
// under one of them: what it says must not be taken for what was imported.
func ofTheHouse(row *record.Row) error {
	if row.Meta != nil && row.Meta.Created.Actor.Side() == clock.SideDevice {
		return fault.New(importer.Clash, "a phone made a "+row.Table.Name+" under the number that this row would get: look at "+row.ID.String())
	}
	return nil
}

// named returns the one row of that name among those found.
func named(tx aftersales.Tx, table string, ids []record.ID, name string) (*record.Row, error) {
	var found *record.Row
	for _, id := range ids {
		row, err := tx.Row(table, id)
		if err != nil {
			return nil, err
		}
		if row != nil && found != nil {
			return nil, fault.New(importer.Clash, "several are called "+name+": give the number of one")
		}
		if row != nil {
			found = row
		}
	}
	return found, nil
}

// need refuses what the author may not make on the way.
func (s *RowSink) need(may auth.Permission, what, name string) error {
	if s.in.May(may) {
		return nil
	}
	return fault.New(fault.NotAllowed, "there is no "+what+" "+name+", and your roles do not include making one")
}

// edit writes what differs; what the file leaves empty stays as it is.
func edit(tx aftersales.Tx, row *record.Row, given record.Values) error {
	values := record.Values{}
	for name, v := range given {
		column, key, _ := strings.Cut(name, ".")
		stands := row.Get(column)
		if key != "" {
			stands = stands.Cell(key)
		}
		if !v.IsNull() && v != stands {
			values[name] = v
		}
	}
	if len(values) == 0 {
		return nil
	}
	return aftersales.Edit(tx, aftersales.EditInput{Table: row.Table.Name, ID: row.ID, Values: values})
}

// text returns a text cell, null for an empty one.
func textCell(s string) record.Value {
	if s == "" {
		return record.Null
	}
	return record.Text(s)
}

// phone returns a telephone number as rows hold it.
func (s *RowSink) phone(tx aftersales.Tx, typed string) (record.Value, error) {
	number, err := aftersales.PhoneIn(tx, s.in.Branch, typed, tx.Now())
	if err == nil && number == "" && typed != "" { // nothing of it would be left
		err = fault.New(badRow, typed+" is no telephone number")
	}
	return textCell(number), err
}

// job makes the job of a row, or brings one that the other system numbers up to it.
func (s *RowSink) job(tx aftersales.Tx, row *importer.Row) error {
	known, id, err := s.find(tx, "job", row.Identity)
	if err != nil {
		return err
	}
	if err := s.kind(tx, row.Text(importer.Type)); err != nil {
		return err
	}
	if known != nil {
		return edit(tx, known, record.Values{
			"title": record.Text(title(row.Text(importer.Text))), "description": row.Value(importer.Text), "reported_on": row.Value(importer.Date),
			"kind": textCell(row.Text(importer.Type)), "note": textCell(jobNote(row)), "cost": row.Value(importer.Cost),
		})
	}
	party, err := s.party(tx, row.Text(importer.Customer))
	if err != nil {
		return err
	}
	unit, err := s.unit(tx, row.Text(importer.Asset), party)
	if err != nil {
		return err
	}
	cost := row.Value(importer.Cost)
	_, err = aftersales.CreateJob(tx, aftersales.JobInput{
		ID: id, Branch: s.in.Branch, Unit: unit, Party: party, Number: row.Text(importer.Number), Title: title(row.Text(importer.Text)),
		Description: row.Text(importer.Text), ReportedOn: row.Number(importer.Date), Kind: row.Text(importer.Type),
		Note: jobNote(row), Origin: aftersales.OriginImport, Cost: aftersales.Money{Minor: cost.Number(), Currency: cost.Text()},
	})
	return err
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

// unit returns the machine of that serial number or name, which is made if there is none.
func (s *RowSink) unit(tx aftersales.Tx, name string, party record.ID) (record.ID, error) {
	known, err := named(tx, "unit", s.known.units[name], name)
	if err != nil || known != nil {
		return idOf(known), err
	}
	known, id, err := s.find(tx, "unit", "unit", name)
	if err != nil || known != nil {
		return id, err
	}
	if err := s.need(auth.EditAssets, "machine", name); err != nil {
		return id, err
	}
	return aftersales.CreateUnit(tx, aftersales.UnitInput{ID: id, Branch: s.in.Branch, Name: name, Serial: name, Party: party})
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

// party returns the customer of that number or name, who is made if there is none; zero for "".
func (s *RowSink) party(tx aftersales.Tx, name string) (record.ID, error) {
	if name == "" {
		return record.ID{}, nil
	}
	known, err := named(tx, "party", s.known.parties[name], name)
	if err != nil || known != nil {
		return idOf(known), err
	}
	known, id, err := s.find(tx, "party", "party", name)
	if err != nil || known != nil {
		return id, err
	}
	if err := s.need(auth.EditCustomers, "customer", name); err != nil {
		return id, err
	}
	return aftersales.CreateParty(tx, aftersales.PartyInput{ID: id, Branch: s.in.Branch, Name: name})
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
		return fault.New(badRow, fmt.Sprintf("line %d is about the same customer, and this one names neither a site nor a contact", row.Again))
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
	if number != "" {
		known, err := named(tx, "party", s.known.numbers[number], number)
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
	known, err := named(tx, "party", fits, name)
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
	if known == nil {
		_, err := aftersales.CreateParty(tx, aftersales.PartyInput{
			ID: id, Branch: s.in.Branch, Number: row.Text(importer.Number), Name: row.Text(importer.Name), Phone: row.Text(importer.Phone),
			Email: row.Text(importer.Email), Province: row.Text(importer.Province), City: row.Text(importer.City),
			District: row.Text(importer.District), Address: row.Text(importer.Address), Group: row.Text(importer.Group),
			Note: row.Text(importer.Note),
		})
		return err
	}
	return edit(tx, known, record.Values{
		"name": row.Value(importer.Name), "phone": phone, "email": row.Value(importer.Email), "province": row.Value(importer.Province),
		"city": row.Value(importer.City), "district": row.Value(importer.District), "address": row.Value(importer.Address),
		"customer_group": row.Value(importer.Group), "note": row.Value(importer.Note),
	})
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
	for _, site := range sites {
		if name != "" && site.Get("name").Text() == name || name == "" && site.Get("address").Text() == address {
			return site.ID, edit(tx, site, record.Values{"address": textCell(address), "city": textCell(row.Text(importer.SiteCity))})
		}
	}
	_, id, err := s.find(tx, "site", "site", party.String(), cmp.Or(name, address))
	if err != nil {
		return id, err
	}
	return aftersales.CreateSite(tx, aftersales.SiteInput{
		ID: id, Branch: s.in.Branch, Party: party, Name: name, Address: address, City: row.Text(importer.SiteCity),
	})
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
			return edit(tx, c, record.Values{"phone": phone})
		}
	}
	_, id, err := s.find(tx, "contact", "contact", party.String(), name)
	if err != nil {
		return err
	}
	_, err = aftersales.CreateContact(tx, aftersales.ContactInput{ID: id, Branch: s.in.Branch, Party: party, Site: site, Name: name, Phone: phone.Text()})
	return err
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
	if known != nil {
		return edit(tx, known, record.Values{
			"name": row.Value(importer.Name), "product": record.Ref(product), "party": record.Ref(party), "site": record.Ref(site),
			"place": row.Value(importer.Place), "sold_on": row.Value(importer.Sold), "installed_on": row.Value(importer.Installed),
			"warranty_until": row.Value(importer.Warranty), "warranty_months": row.Value(importer.Months),
			"meter": further(known, row.Value(importer.Meter)), "note": row.Value(importer.Note),
		})
	}
	_, err = aftersales.CreateUnit(tx, aftersales.UnitInput{
		ID: id, Branch: s.in.Branch, Serial: row.Text(importer.Serial), Name: row.Text(importer.Name), Product: product, Party: party, Site: site,
		Place: row.Text(importer.Place), SoldOn: row.Number(importer.Sold), InstalledOn: row.Number(importer.Installed),
		WarrantyUntil: row.Number(importer.Warranty), WarrantyMonths: row.Number(importer.Months), Meter: row.Number(importer.Meter),
		Note: row.Text(importer.Note),
	})
	return err
}

// further returns a reading that is beyond the one there is, else nothing: a meter does not run backwards.
func further(unit *record.Row, reading record.Value) record.Value {
	if reading.Number() <= unit.Get("meter").Number() {
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
	known, err := named(tx, "unit", s.known.units[serial], serial)
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
	known, err := named(tx, "product", s.known.products[code], code)
	if err != nil || known != nil {
		return idOf(known), err
	}
	known, id, err := s.find(tx, "product", "product", code)
	if err != nil || known != nil {
		return id, err
	}
	if err := s.need(auth.EditProducts, "model", code); err != nil {
		return id, err
	}
	return aftersales.CreateProduct(tx, aftersales.ProductInput{ID: id, Code: code})
}

// part adds a part to the catalogue, or brings the one of that code up to the row.
func (s *RowSink) part(tx aftersales.Tx, row *importer.Row) error {
	code, price := row.Text(importer.Code), row.Value(importer.Price)
	known, err := named(tx, "part", s.known.parts[code], code)
	if err != nil {
		return err
	}
	id := idOf(known)
	if known == nil {
		if known, id, err = s.find(tx, "part", "part", code); err != nil {
			return err
		}
	}
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
	_, err = aftersales.CreatePart(tx, aftersales.PartInput{
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
		err = fault.New(badRow, "there is no part "+code+": import the parts first")
	}
	if err != nil {
		return err
	}
	location, err := named(tx, "location", s.known.locations[place], place)
	if err == nil && location == nil {
		err = fault.New(badRow, "there is no location "+place+": make it first")
	}
	if err != nil {
		return err
	}
	if aftersales.PartOf(part).SerialTracked {
		return fault.New(badRow, "part "+code+" moves one by one, with its serial number: it is not counted in a sheet")
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
		return fault.New(fault.NotAllowed, "your roles do not include setting the least and the most")
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
