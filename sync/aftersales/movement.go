package aftersales

import (
	"cmp"
	"slices"
	"strings"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// QuantityScale is the scale of quantities: thousandths of the part's unit.
const QuantityScale = 3

// One is the quantity of one whole unit of measure.
const One = 1000

// MaxJobQuantity is the most of a part that one movement, charge or request names for a job. A mistyped or scanned number is
// more; what a store takes in may be as well, up to record.MaxQuantity.
const MaxJobQuantity = 1_000_000 * One

func errTooMany() error {
	return fault.Newf(BadQuantity, "at most %d of a part go to one job at once: look at the number again", MaxJobQuantity/One)
}

// The conditions of a part.
const (
	Good        = "good"
	Defective   = "defective"
	Refurbished = "refurbished"
)

var conditions = []string{Good, Defective, Refurbished}

// The owners of a part.
const (
	OwnerUs       = "us"
	OwnerCustomer = "customer"
	OwnerSupplier = "supplier"
	OwnerDealer   = "dealer"
)

var owners = []string{OwnerUs, OwnerCustomer, OwnerSupplier, OwnerDealer}

// Why something moved.
const (
	MoveRepairUse = "repair_use"
	MoveSaleUse   = "sale_use"
	MoveReturn    = "return"
	MoveIssue     = "issue"
	MoveTransfer  = "transfer"
	MoveReceipt   = "receipt"
	MoveScrap     = "scrap"
	MoveCount     = "count"
	MoveSwap      = "swap"
)

var moveCauses = []string{
	MoveRepairUse, MoveSaleUse, MoveReturn, MoveIssue, MoveTransfer, MoveReceipt, MoveScrap, MoveCount, MoveSwap,
}

// A movement takes a quantity of a part from one location to another. A balance is in minus out; a correction is a
// new movement that names the one it replaces.
var movementTable = &schema.Table{
	ID: 74, Name: "movement", Mode: schema.Ledger, Class: schema.ClassStock,
	Columns: slices.Concat(branch(), []schema.Column{
		ref(1, "part", "part", required, fixed),
		quantity(2, "quantity", required),
		text(3, "serial", searchable, indexed),
		text(4, "lot", indexed),
		ref(5, "unit", "unit"),
		enum(6, "condition", conditions, required),
		enum(7, "owner", owners, required),
		ref(8, "owner_party", "party"),
		ref(9, "from_location", "location", required, fixed),
		ref(10, "to_location", "location", required, fixed),
		ref(11, "job", "job", fixed),
		ref(12, "visit", "visit"),
		enum(13, "cause", moveCauses, required),
		money(14, "unit_cost"),
		ref(15, "author", "person"),
		ref(16, "replaces", "movement"),
		text(17, "tag"), // of an old part that must come back
		text(18, "note"),
	}, occurred()),
	Buckets: []schema.Bucket{
		far(LocationBucket, "from_location"), far(LocationBucket, "to_location"), in(JobBucket, "job"),
	},
	Rights: add(RightWork, RightVan),
}

// The codes of moving parts. A shortage is none of them: what was used was used, and the balance shows it.
const (
	UnknownPart     fault.Code = "unknown_part"     // the catalogue does not have the part
	UnknownLocation fault.Code = "unknown_location" // there is no such location
	BadQuantity     fault.Code = "bad_quantity"     // nothing, or less, is moved, or far too much
	WrongUnit       fault.Code = "wrong_unit"       // the part is measured in another unit
	SamePlace       fault.Code = "same_place"       // from and to are the same location
	MissingSerial   fault.Code = "missing_serial"   // a serial-tracked part moves by its serial number, one at a time
)

// Movement is a row of the table movement.
type Movement struct {
	ID         record.ID `json:"id"`
	Branch     record.ID `json:"branch"`
	Part       record.ID `json:"part"`
	Quantity   Quantity  `json:"quantity"`
	Serial     string    `json:"serial"`
	Lot        string    `json:"lot"`
	Unit       record.ID `json:"unit"`
	Condition  string    `json:"condition"`
	Owner      string    `json:"owner"`
	OwnerParty record.ID `json:"owner_party"`
	From       record.ID `json:"from_location"`
	To         record.ID `json:"to_location"`
	Job        record.ID `json:"job"`
	Visit      record.ID `json:"visit"`
	Cause      string    `json:"cause"`
	UnitCost   Money     `json:"unit_cost"`
	Author     record.ID `json:"author"`
	Replaces   record.ID `json:"replaces"`
	Tag        string    `json:"tag"`
	Note       string    `json:"note"`
	Occurred   int64     `json:"occurred"`
	Corrected  int64     `json:"corrected"`
}

// MovementOf returns the row as a Movement; the zero Movement for nil.
func MovementOf(r *record.Row) Movement { return view[Movement](r) }

// MoveInput says what moves.
type MoveInput struct {
	Part       record.ID
	Quantity   Quantity  // more than nothing; the unit "" is the part's
	Serial     string    // needed for a serial-tracked part
	Lot        string    //
	Unit       record.ID // the serial-numbered thing itself; zero: the one that lies there under the serial number, if it has a row
	Condition  string    // "": good
	Owner      string    // "": us
	OwnerParty record.ID // who, where it is not us
	From, To   record.ID // zero: what the command says
	Job        record.ID
	Sale       bool // sold, not used for a repair
	UnitCost   Money
	Tag        string // of an old part that must come back
	Note       string
	At         Moment
}

// UsePart takes a part from the author's van, or from where he says, to the customer. A shortage is no reason to
// refuse: the balance goes below nothing, for the office to settle. Codes: NoVan, UnknownPart, UnknownLocation,
// BadQuantity, WrongUnit, MissingSerial, NotYourPlace on a phone, CodeJobClosed, CodeSlipAudited, fault.UnknownRow.
func UsePart(tx Tx, in MoveInput) (record.ID, error) {
	if _, err := unlockedJob(tx, in.Job); err != nil {
		return record.ID{}, err
	}
	from, err := orVan(tx, in.From)
	if err != nil {
		return record.ID{}, err
	}
	in.From, in.To = from, first(in.To, VirtualLocation(LocationCustomer))
	if in.Sale {
		return book(tx, in, MoveSaleUse)
	}
	return book(tx, in, MoveRepairUse)
}

// ReturnPart takes a part from the customer into the author's van, or to where he says: one left over, or an old one
// that must come back (Condition Defective, Tag). From a place of ours, back to a store, it needs no job. Codes: those of
// UsePart.
func ReturnPart(tx Tx, in MoveInput) (record.ID, error) {
	from, err := needIf(tx, "location", in.From)
	if err != nil {
		return record.ID{}, err
	}
	if in.Job.IsZero() && from != nil && !isVirtual(from) {
		return book(tx, in, MoveReturn)
	}
	if _, err := unlockedJob(tx, in.Job); err != nil {
		return record.ID{}, err
	}
	to, err := orVan(tx, in.To)
	if err != nil {
		return record.ID{}, err
	}
	in.From, in.To = first(in.From, VirtualLocation(LocationCustomer)), to
	return book(tx, in, MoveReturn)
}

func orVan(tx Tx, location record.ID) (record.ID, error) {
	if !location.IsZero() {
		return location, nil
	}
	van, err := VanOf(tx, tx.Author())
	return van.ID, err
}

// IssuePart gives a part from a store to a van. Codes: UnknownPart, UnknownLocation, BadQuantity, WrongUnit,
// SamePlace, MissingSerial, NotYourPlace on a phone.
func IssuePart(tx Tx, in MoveInput) (record.ID, error) { return book(tx, in, MoveIssue) }

// TransferPart moves a part between two locations. Codes: those of IssuePart.
func TransferPart(tx Tx, in MoveInput) (record.ID, error) { return book(tx, in, MoveTransfer) }

// ReceivePart takes a part in from the supplier. Codes: those of IssuePart.
func ReceivePart(tx Tx, in MoveInput) (record.ID, error) {
	in.From = first(in.From, VirtualLocation(LocationSupplier))
	return book(tx, in, MoveReceipt)
}

// ScrapPart throws a part away. Codes: those of IssuePart.
func ScrapPart(tx Tx, in MoveInput) (record.ID, error) {
	in.To = first(in.To, VirtualLocation(LocationScrap))
	return book(tx, in, MoveScrap)
}

// CorrectInput names a movement and how much it should have been; nothing takes it back.
type CorrectInput struct {
	Movement record.ID
	Amount   int64 // thousandths of the part's unit
	Note     string
}

// CorrectMovement replaces a movement by one of another quantity. Codes: BadQuantity, fault.UnknownRow, and WrongState
// for one that was replaced already.
func CorrectMovement(tx Tx, in CorrectInput) (record.ID, error) {
	row, err := need(tx, "movement", in.Movement)
	if err != nil {
		return record.ID{}, err
	}
	if in.Amount < 0 {
		return record.ID{}, fault.New(BadQuantity, "less than nothing cannot move")
	}
	if in.Amount > MaxJobQuantity && !row.Get("job").IsNull() {
		return record.ID{}, errTooMany()
	}
	later, err := tx.Refs("movement", "replaces", in.Movement)
	if err != nil {
		return record.ID{}, err
	}
	if len(later) > 0 {
		return record.ID{}, fault.New(WrongState, "this movement was corrected already: correct the later one")
	}
	values := record.Values{}
	for i, c := range row.Table.Columns {
		values[c.Name] = row.Cols[i]
	}
	values["quantity"] = record.Quantity(in.Amount, row.Get("quantity").Text())
	values["replaces"], values["note"] = record.Ref(in.Movement), optional(in.Note)
	values["author"] = record.Ref(tx.Author())
	id := tx.NewID()
	return id, insert(tx, "movement", id, values)
}

// book checks a movement and writes it, with what it means for a unit that moves.
func book(tx Tx, in MoveInput, cause string) (record.ID, error) {
	part, err := lyingPart(tx, in.Part)
	if err != nil {
		return record.ID{}, err
	}
	if part.SerialTracked && (in.Serial == "" || in.Quantity.Amount != One) {
		return record.ID{}, fault.Newf(MissingSerial, "part %s moves one by one, with its serial number", part.Code)
	}
	return put(tx, in, part, cause)
}

func put(tx Tx, in MoveInput, part Part, cause string) (record.ID, error) {
	if err := in.check(tx, part); err != nil {
		return record.ID{}, err
	}
	if err := in.inHand(tx); err != nil {
		return record.ID{}, err
	}
	branch, err := in.branch(tx)
	if err != nil {
		return record.ID{}, err
	}
	visit, err := lastVisit(tx, in.Job, tx.Author())
	if err != nil {
		return record.ID{}, err
	}
	if in.Unit, err = in.thing(tx, part.ID); err != nil {
		return record.ID{}, err
	}
	values := record.Values{
		"branch": record.Ref(branch), "part": record.Ref(part.ID), "unit": record.Ref(in.Unit),
		"quantity": record.Quantity(in.Quantity.Amount, part.Unit), "serial": optional(in.Serial),
		"lot": optional(in.Lot), "condition": record.Text(cmp.Or(in.Condition, Good)),
		"owner": record.Text(cmp.Or(in.Owner, OwnerUs)), "owner_party": record.Ref(in.OwnerParty),
		"from_location": record.Ref(in.From), "to_location": record.Ref(in.To), "job": record.Ref(in.Job),
		"visit": record.Ref(visit.ID), "cause": record.Text(cause), "unit_cost": in.UnitCost.Value(),
		"author": record.Ref(tx.Author()), "tag": optional(in.Tag), "note": optional(in.Note),
	}
	in.At.put(tx, values)
	id := tx.NewID()
	if err := insert(tx, "movement", id, values); err != nil || in.Unit.IsZero() {
		return id, err
	}
	return id, placeUnit(tx, in.Unit, in.To)
}

// branch returns whose movement it is: what the supplier sends is the branch's that receives it.
func (in MoveInput) branch(tx Tx) (record.ID, error) {
	job, err := needIf(tx, "job", in.Job)
	if err != nil {
		return record.ID{}, err
	}
	from, err := tx.Row("location", in.From)
	if err != nil {
		return record.ID{}, err
	}
	to, err := tx.Row("location", in.To)
	if err != nil {
		return record.ID{}, err
	}
	return branchFor(tx, record.ID{}, job, from, to)
}

func (in MoveInput) check(tx Tx, part Part) error {
	switch {
	case in.Quantity.Amount <= 0:
		return fault.New(BadQuantity, "how many? More than nothing must move")
	case in.Quantity.Amount > MaxJobQuantity && !in.Job.IsZero():
		return errTooMany()
	case in.Quantity.Unit != "" && in.Quantity.Unit != part.Unit:
		return fault.Newf(WrongUnit, "part %s is measured in %s", part.Code, part.Unit)
	case in.From == in.To:
		return fault.New(SamePlace, "it is there already: from and to are the same")
	}
	if err := needLocation(tx, in.From); err != nil {
		return err
	}
	return needLocation(tx, in.To)
}

func needLocation(tx Tx, id record.ID) error {
	row, err := tx.Row("location", id)
	if err == nil && row == nil {
		return fault.New(UnknownLocation, "there is no such location: ask the office to set it up")
	}
	return err
}

// partsUsed says in words what the visit used.
func partsUsed(tx Tx, job, visit record.ID) (string, error) {
	rows, err := tx.Refs("movement", "job", job)
	if err != nil {
		return "", err
	}
	var list []string
	for _, row := range standing(rows) {
		m := MovementOf(row)
		if m.Visit != visit || m.Cause != MoveRepairUse && m.Cause != MoveSaleUse {
			continue
		}
		part, err := tx.Row("part", m.Part)
		if err != nil {
			return "", err
		}
		list = append(list, strings.TrimSpace(m.Quantity.String()+" "+PartOf(part).Code+" "+m.Serial))
	}
	return strings.Join(list, ", "), nil
}
