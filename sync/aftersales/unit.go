package aftersales

import (
	"cmp"
	"slices"
	"strings"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// Where a unit is in its life. An asset is an installed unit.
const (
	UnitInStock   = "in_stock"
	UnitInVan     = "in_van"
	UnitInstalled = "installed"
	UnitInDepot   = "in_depot"
	UnitOnLoan    = "on_loan"
	UnitScrapped  = "scrapped"
)

var unitStates = []string{UnitInStock, UnitInVan, UnitInstalled, UnitInDepot, UnitOnLoan, UnitScrapped}

// A unit is one row for life of everything that has a serial number of its own. A component is a unit with a parent.
var unitColumns = slices.Concat(branch(), []schema.Column{
	text(1, "number", searchable, indexed),
	text(2, "name", searchable),
	text(3, "serial", searchable, indexed),
	ref(4, "product", "product"),
	ref(5, "part", "part"), // the catalogue's name for it where it is a spare part
	enum(6, "status", unitStates, indexed),
	ref(7, "location", "location"), // while it is ours to keep
	ref(8, "party", "party"),       // the end user
	ref(9, "site", "site"),
	ref(10, "parent", "unit"),         // what it is fitted in today
	ref(23, "machine", "unit", fixed), // what it was fitted in when this row was made: its row lies there too
	text(11, "place", searchable),     // "roof, left": where at the site
	date(12, "sold_on"),
	date(13, "installed_on"),
	date(14, "accepted_on"),
	office(date(15, "warranty_until")),
	office(integer(16, "warranty_months")), // for a component with a term of its own
	by(schema.Max, integer(17, "meter")),
	code(18, "meter_unit"),
	enum(19, "condition", conditions),
	text(20, "note"),
	set(21, "tags"),
	ref(22, "dealer", "party"),
	text(24, "component"), // which component of the machine's model it is
	date(25, "card_on"),   // when the warranty card came back
	set(26, "voids"),      // codes of the list "exclusion": what ends the warranty for good
}, alias("unit"), fields(), archive())

// Who answers for the place where a unit lies holds it: a spare part in his van, a loaner, a tool. It comes and goes with
// the unit, and with the place.
var unitTable = &schema.Table{
	ID: 50, Name: "unit", Create: true, Alias: "merged_into",
	Columns: unitColumns,
	Buckets: []schema.Bucket{in(AssetBucket, "id"), in(AssetBucket, "machine")},
	Grants: []schema.Grant{{To: "location", Group: &schema.Members{Table: "location", Group: "id", Person: "holder"},
		Right: RightWork, Paths: []schema.Path{{Kind: AssetBucket}, {Kind: AssetBucket, Back: fitted}}}},
	Rights: []schema.Right{{Name: RightWork,
		Columns: names(unitColumns, slices.Concat(notForDevices, []string{"warranty_until", "warranty_months", "card_on", "number"})...)}},
	Withheld: tidied(unitColumns, "card_on"),
}

// fitted leads from a machine to what is fitted in it today: a spare that had a row of its own before, which lies in no bucket
// but its own. What was made for the machine lies in the machine's.
var fitted = &schema.Back{Table: "unit", Column: "parent"}

// SameSerial says that a swap would put in what it takes out.
const SameSerial fault.Code = "same_serial"

// Unit is a row of the table unit.
type Unit struct {
	ID             record.ID      `json:"id"`
	Branch         record.ID      `json:"branch"`
	Number         string         `json:"number"`
	Name           string         `json:"name"`
	Serial         string         `json:"serial"`
	Product        record.ID      `json:"product"`
	Part           record.ID      `json:"part"`
	Status         string         `json:"status"`
	Location       record.ID      `json:"location"`
	Party          record.ID      `json:"party"`
	Site           record.ID      `json:"site"`
	Parent         record.ID      `json:"parent"`
	Machine        record.ID      `json:"machine"`
	Place          string         `json:"place"`
	SoldOn         int64          `json:"sold_on"`      // days since 1970-01-01, as the other dates
	InstalledOn    int64          `json:"installed_on"` //
	AcceptedOn     int64          `json:"accepted_on"`
	WarrantyUntil  int64          `json:"warranty_until"`
	WarrantyMonths int64          `json:"warranty_months"`
	Meter          int64          `json:"meter"`
	MeterUnit      string         `json:"meter_unit"`
	Condition      string         `json:"condition"`
	Dealer         record.ID      `json:"dealer"`
	Component      string         `json:"component"`
	CardOn         int64          `json:"card_on"`
	Voids          []string       `json:"voids"`
	Note           string         `json:"note"`
	Tags           []string       `json:"tags"`
	Fields         map[string]any `json:"fields"`
	MergedInto     record.ID      `json:"merged_into"`
	ArchivedAt     int64          `json:"archived_at"`
}

// UnitOf returns the row as a Unit; the zero Unit for nil.
func UnitOf(r *record.Row) Unit { return view[Unit](r) }

// UnitInput says what a new unit is.
type UnitInput struct {
	ID             record.ID // zero: a fresh one
	Branch         record.ID // zero: the customer's, else the author's
	Number         string    // "": the next of the series
	Name           string
	Serial         string
	Product        record.ID
	Part           record.ID
	Status         string // "": installed
	Location       record.ID
	Party          record.ID
	Site           record.ID
	Parent         record.ID // of a component
	Component      string    // the code it has in the parent's model
	Place          string
	SoldOn         int64 // days since 1970-01-01
	InstalledOn    int64
	AcceptedOn     int64
	WarrantyUntil  int64
	WarrantyMonths int64
	Meter          int64
	MeterUnit      string
	CardOn         int64 // when the warranty card came back
	Note           string
	Tags           []string
	Fields         FieldValues
	Beside         record.Values // what the same change writes of it next: the rules for new rows count it
}

// CreateUnit adds a unit: a customer's machine, its component, a serial-numbered part in stock. Codes: MissingText
// with neither name, serial nor product, BadField, MissingField, fault.UnknownRow.
func CreateUnit(tx Tx, in UnitInput) (record.ID, error) {
	if in.Product.IsZero() && in.Part.IsZero() {
		if _, err := textFor("the name, the serial number and the product", in.Name+in.Serial); err != nil {
			return record.ID{}, err
		}
	}
	party, err := livingIf(tx, "party", in.Party)
	if err != nil {
		return record.ID{}, err
	}
	err = needAll(tx, Row{"product", in.Product}, Row{"part", in.Part}, Row{"location", in.Location},
		Row{"site", in.Site}, Row{"unit", in.Parent})
	if err != nil {
		return record.ID{}, err
	}
	id, branch, number, err := identity(tx, in.ID, in.Branch, in.Number, SeriesUnit, party)
	if err != nil {
		return record.ID{}, err
	}
	values := record.Values{
		"branch": record.Ref(branch), "number": record.Text(number), "name": optional(in.Name),
		"serial": optional(in.Serial), "product": record.Ref(in.Product), "part": record.Ref(in.Part),
		"status": record.Text(cmp.Or(in.Status, UnitInstalled)), "location": record.Ref(in.Location),
		"party": refTo(party), "site": record.Ref(in.Site), "parent": record.Ref(in.Parent),
		"machine": record.Ref(in.Parent), "place": optional(in.Place), "sold_on": at(in.SoldOn),
		"installed_on": at(in.InstalledOn), "accepted_on": at(in.AcceptedOn), "warranty_until": at(in.WarrantyUntil),
		"warranty_months": at(in.WarrantyMonths), "meter": at(in.Meter), "meter_unit": optional(in.MeterUnit),
		"note": optional(in.Note), "component": optional(in.Component), "card_on": at(in.CardOn),
	}
	addSet(values, "tags", in.Tags)
	return id, insertWithFields(tx, "unit", id, values, in.Fields, in.Beside)
}

// SwapInput takes a unit out of where it is installed and puts another there.
type SwapInput struct {
	Job     record.ID
	Old     record.ID
	New     record.ID // one that has a row, or ...
	Serial  string    // ... the serial number of one that has none yet
	Product record.ID // of a new row; zero: as the old one's
	Part    record.ID // the catalogue's name for both: then the movements are booked; zero: none are
	From    record.ID // where the new one comes from and the old one goes to; zero: the author's van
	At      Moment
}

// SwapSerial exchanges a unit: the new one takes the old one's place, the old one comes into the van as defective, and
// the history of the old one says so. It returns the new one's id. Codes: MissingSerial, SameSerial, WrongState for a
// unit that is not installed, and those of UsePart.
func SwapSerial(tx Tx, in SwapInput) (record.ID, error) {
	job, err := unlockedJob(tx, in.Job)
	if err != nil {
		return record.ID{}, err
	}
	row, err := living(tx, "unit", in.Old)
	if err != nil {
		return record.ID{}, err
	}
	old := UnitOf(row)
	if old.Status != UnitInstalled {
		return record.ID{}, fault.Newf(WrongState, "the unit is %v: only an installed one is swapped", readable(old.Status))
	}
	if in.From, err = orVan(tx, in.From); err != nil {
		return record.ID{}, err
	}
	fresh, err := in.newcomer(tx, old)
	if err != nil {
		return record.ID{}, err
	}
	if err := in.bookBoth(tx, old, fresh); err != nil {
		return record.ID{}, err
	}
	if err := in.exchange(tx, old, fresh); err != nil {
		return record.ID{}, err
	}
	if job.Get("unit").Ref() == old.ID { // what is done from here on is done to the new machine
		if err := tx.Update("job", in.Job, record.Values{"unit": record.Ref(fresh.ID)}); err != nil {
			return record.ID{}, err
		}
	}
	for _, unit := range []record.ID{old.ID, fresh.ID} { // the history of each begins, or ends, with the other
		_, err := AddServiceRecord(tx, ServiceRecordInput{
			Unit: unit, Job: in.Job, At: in.At, Summary: old.Serial + " → " + fresh.Serial, Person: tx.Author(),
			Number: job.Get("number").Text(),
		})
		if err != nil {
			return record.ID{}, err
		}
	}
	return fresh.ID, nil
}

// newcomer returns the unit that goes in: the one that lies there under that serial number, else it gets a row.
func (in SwapInput) newcomer(tx Tx, old Unit) (Unit, error) {
	if !in.New.IsZero() {
		row, err := living(tx, "unit", in.New)
		if err != nil {
			return Unit{}, err
		}
		if row.ID == old.ID {
			return Unit{}, fault.New(SameSerial, "that is the unit that goes out")
		}
		return UnitOf(row), nil
	}
	switch in.Serial = strings.TrimSpace(in.Serial); in.Serial {
	case "":
		return Unit{}, fault.New(MissingSerial, "what is the serial number of the new one?")
	case old.Serial:
		return Unit{}, fault.New(SameSerial, "that is the serial number of the one that goes out")
	}
	if u, err := lyingIn(tx, in.From, in.Serial, in.Part); err != nil || !u.ID.IsZero() {
		return u, err
	}
	id, err := CreateUnit(tx, UnitInput{
		Branch: old.Branch, Name: old.Name, Serial: in.Serial, Product: here(tx, "product", first(in.Product, old.Product)),
		Part: in.Part, Parent: here(tx, "unit", old.Parent), MeterUnit: old.MeterUnit,
	})
	return Unit{ID: id, Serial: in.Serial}, err
}

// bookBoth takes the new unit out of the van and the old one into it: by movements where the catalogue has them.
func (in SwapInput) bookBoth(tx Tx, old, fresh Unit) error {
	if in.Part.IsZero() {
		if err := (MoveInput{Job: in.Job, From: in.From, To: VirtualLocation(LocationCustomer)}).inHand(tx); err != nil {
			return err
		}
		if err := placeUnit(tx, fresh.ID, VirtualLocation(LocationCustomer)); err != nil {
			return err
		}
		return placeUnit(tx, old.ID, in.From)
	}
	one := MoveInput{Part: in.Part, Quantity: Quantity{Amount: One}, Job: in.Job, At: in.At}
	out, back := one, one
	out.Serial, out.Unit, out.From, out.To = fresh.Serial, fresh.ID, in.From, VirtualLocation(LocationCustomer)
	back.Serial, back.Unit, back.From, back.To = old.Serial, old.ID, VirtualLocation(LocationCustomer), in.From
	back.Condition = Defective
	if _, err := book(tx, out, MoveSwap); err != nil {
		return err
	}
	if back.Serial == "" {
		back.Serial = old.Number // an old unit without a plate still comes back under some name
	}
	_, err := book(tx, back, MoveSwap)
	return err
}

// exchange gives the new unit the place of the old one.
func (in SwapInput) exchange(tx Tx, old, fresh Unit) error {
	err := tx.Update("unit", fresh.ID, record.Values{
		"status": record.Text(UnitInstalled), "party": record.Ref(old.Party), "site": record.Ref(old.Site),
		"parent": record.Ref(old.Parent), "place": optional(old.Place), "location": record.Null,
		"installed_on": record.Date(in.At.corrected(tx) / dayMillis), "condition": record.Text(Good),
	})
	if err != nil {
		return err
	}
	return tx.Update("unit", old.ID, record.Values{
		"status": record.Text(UnitInVan), "location": record.Ref(in.From), "site": record.Null,
		"parent": record.Null, "condition": record.Text(Defective),
	})
}

// Components returns the units that are fitted in this one.
func Components(tx Tx, unit record.ID) ([]Unit, error) {
	rows, err := tx.Refs("unit", "parent", unit)
	if err != nil {
		return nil, err
	}
	var list []Unit
	for _, row := range rows {
		list = append(list, UnitOf(row))
	}
	return list, nil
}
