package aftersales

import (
	"cmp"
	"crypto/ed25519"
	"encoding/base64"
	"slices"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// The halves of a hand-over. Giver and taker each record theirs, with a movement: out of the one van into transit, out
// of transit into the other. Whichever reaches the hub first waits for the other in transit.
const (
	HalfGive   = "give"
	HalfTake   = "take"
	HalfCancel = "cancel" // the giver took it back
)

// A hand-over is one half of a part's way from one person to another without network. The giver's phone signs what it
// gives; the taker's keeps the code as the proof. The id follows from the code and the half, so that none is recorded
// twice.
var handOverTable = &schema.Table{
	ID: 195, Name: "hand_over", Mode: schema.Ledger, Class: schema.ClassStock,
	Columns: slices.Concat(branch(), []schema.Column{
		enum(1, "half", []string{HalfGive, HalfTake, HalfCancel}, required),
		text(2, "name", required, indexed), // of the offer: the same in its halves
		ref(3, "giver", "person", required, fixed),
		ref(4, "taker", "person", required, fixed),
		ref(5, "device_key", "device_key"), // that signed it
		ref(6, "part", "part", required),
		quantity(7, "quantity", required),
		text(8, "serial"),
		ref(9, "unit", "unit"),
		ref(10, "location", "location", required, fixed), // whose stock it leaves or enters
		ref(11, "movement", "movement"),
		instant(12, "expires", required),
		text(13, "code", required), // as it was shown
		ref(14, "author", "person"),
	}, occurred()),
	Buckets: []schema.Bucket{
		in(LocationBucket, "location"), far(schema.PersonBucket, "giver"), far(schema.PersonBucket, "taker"),
	},
	Rights: add(RightVan, "self"),
}

// The codes of handing over.
const (
	HandOverSelf      fault.Code = "hand_over_self"      // to oneself
	HandOverNotYours  fault.Code = "hand_over_not_yours" // it is meant for a colleague
	HandOverExpired   fault.Code = "hand_over_expired"   // its time is over
	HandOverTaken     fault.Code = "hand_over_taken"     // it was taken already
	HandOverCancelled fault.Code = "hand_over_cancelled" // the giver took it back
)

// DefaultOfferHours is how long an offer stands unless the giver says otherwise, MaxOfferHours the longest that it may.
const (
	DefaultOfferHours = 24
	MaxOfferHours     = 7 * 24
)

// HandOver is a row of the table hand_over.
type HandOver struct {
	ID        record.ID `json:"id"`
	Branch    record.ID `json:"branch"`
	Half      string    `json:"half"`
	Name      string    `json:"name"`
	Giver     record.ID `json:"giver"`
	Taker     record.ID `json:"taker"`
	DeviceKey record.ID `json:"device_key"`
	Part      record.ID `json:"part"`
	Quantity  Quantity  `json:"quantity"`
	Serial    string    `json:"serial"`
	Unit      record.ID `json:"unit"`
	Location  record.ID `json:"location"`
	Movement  record.ID `json:"movement"`
	Expires   int64     `json:"expires"`
	Code      string    `json:"code"`
	Author    record.ID `json:"author"`
	Occurred  int64     `json:"occurred"`
	Corrected int64     `json:"corrected"`
}

// HandOverOf returns the row as a HandOver; the zero HandOver for nil.
func HandOverOf(r *record.Row) HandOver { return view[HandOver](r) }

// halfID is the id of a half of what the giver gives under that name: whoever else saw the code has halves of his own, which
// meet nobody's.
func halfID(half, name string, giver record.ID) record.ID {
	return NamedID("hand_over", half, name, giver.String())
}

// GiveInput says what is given to whom.
type GiveInput struct {
	To        record.ID // the colleague
	Part      record.ID
	Quantity  Quantity // the unit "" is the part's
	Serial    string
	Unit      record.ID // the serial-numbered thing itself; zero: as of a MoveInput
	Condition string    // "": good
	Owner     string    // "": us
	From      record.ID // zero: the author's van
	Hours     int64     // that the offer stands; 0: DefaultOfferHours
	Key       ed25519.PrivateKey
	At        Moment
}

// GivePart takes a part out of the author's van for a colleague and returns the code to show him. Codes: HandOverSelf,
// HandOverForged without a key, BadWindow, and those of TransferPart and VanOf.
func GivePart(tx Tx, in GiveInput) (HandOver, error) {
	taker, err := need(tx, "person", in.To)
	if err != nil {
		return HandOver{}, err
	}
	if taker.ID == tx.Author() {
		return HandOver{}, fault.New(HandOverSelf, "you have it already: choose a colleague")
	}
	if in.From, err = orVan(tx, in.From); err != nil {
		return HandOver{}, err
	}
	o, err := in.offer(tx)
	if err != nil {
		return HandOver{}, err
	}
	code, err := o.Sign(in.Key)
	if err != nil {
		return HandOver{}, err
	}
	if in.Unit, err = (MoveInput{From: in.From, Serial: in.Serial, Unit: in.Unit}).thing(tx, o.Part); err != nil {
		return HandOver{}, err
	}
	movement, err := TransferPart(tx, MoveInput{
		Part: o.Part, Quantity: in.Quantity, Serial: in.Serial, Unit: in.Unit, Condition: in.Condition, Owner: in.Owner,
		From: in.From, To: VirtualLocation(LocationInTransit), At: in.At,
	})
	if err != nil {
		return HandOver{}, err
	}
	key, err := keyOf(tx, tx.Author(), o.Giver)
	if err != nil {
		return HandOver{}, err
	}
	return putHalf(tx, o, HandOver{
		Half: HalfGive, Giver: tx.Author(), Taker: in.To, DeviceKey: key.ID, Unit: in.Unit, Location: in.From,
		Movement: movement, Code: code,
	}, in.At)
}

func (in GiveInput) offer(tx Tx) (Offer, error) {
	hours := cmp.Or(in.Hours, DefaultOfferHours)
	if hours < 0 || hours > MaxOfferHours {
		return Offer{}, fault.New(BadWindow, "an offer stands for hours, at most a week")
	}
	part, err := lyingPart(tx, in.Part)
	if err != nil {
		return Offer{}, err
	}
	o := Offer{
		Taker: PersonHint(in.To), Part: part.ID, Quantity: in.Quantity.Amount, Serial: in.Serial,
		Condition: cmp.Or(in.Condition, Good), Owner: cmp.Or(in.Owner, OwnerUs),
		Expires: (in.At.corrected(tx) + hours*60*minuteMillis) / minuteMillis * minuteMillis,
	}
	if len(in.Key) == ed25519.PrivateKeySize {
		o.Giver = KeyHint(in.Key.Public().(ed25519.PublicKey))
	}
	token := tx.NewID()
	copy(o.Token[:], token[11:])
	return o, nil
}

// putHalf writes a half of the hand-over.
func putHalf(tx Tx, o Offer, h HandOver, when Moment) (HandOver, error) {
	part, err := lyingPart(tx, o.Part)
	if err != nil {
		return HandOver{}, err
	}
	location, err := need(tx, "location", h.Location)
	if err != nil {
		return HandOver{}, err
	}
	id := halfID(h.Half, o.Name(), h.Giver)
	values := record.Values{
		"branch": location.Get("branch"), "half": record.Text(h.Half), "name": record.Text(o.Name()),
		"giver": record.Ref(h.Giver), "taker": record.Ref(h.Taker), "device_key": record.Ref(h.DeviceKey),
		"part": record.Ref(o.Part), "quantity": record.Quantity(o.Quantity, part.Unit), "serial": optional(o.Serial),
		"unit": record.Ref(h.Unit), "location": record.Ref(h.Location), "movement": record.Ref(h.Movement),
		"expires": record.Instant(o.Expires), "code": record.Text(h.Code), "author": record.Ref(tx.Author()),
	}
	when.put(tx, values)
	if err := insert(tx, "hand_over", id, values); err != nil {
		return HandOver{}, err
	}
	row, err := need(tx, "hand_over", id)
	return HandOverOf(row), err
}

// TakeInput is a code that a colleague showed.
type TakeInput struct {
	Code string
	To   record.ID // zero: the author's van
	At   Moment
}

// TakePart takes what a colleague's code gives into the author's van. Codes: HandOverMistyped, HandOverForged,
// HandOverNotYours, HandOverExpired, HandOverTaken, HandOverCancelled, UnknownPart, and those of TransferPart and VanOf.
func TakePart(tx Tx, in TakeInput) (HandOver, error) {
	o, key, err := verified(tx, in.Code)
	if err != nil {
		return HandOver{}, err
	}
	if err := o.takeable(tx, key.Person, tx.Author(), in.At.corrected(tx)); err != nil {
		return HandOver{}, err
	}
	if in.To, err = orVan(tx, in.To); err != nil {
		return HandOver{}, err
	}
	give, err := tx.Row("hand_over", halfID(HalfGive, o.Name(), key.Person)) // nil unless both have synced meanwhile
	if err != nil {
		return HandOver{}, err
	}
	unit := HandOverOf(give).Unit
	movement, err := TransferPart(tx, MoveInput{
		Part: o.Part, Quantity: Quantity{Amount: o.Quantity}, Serial: o.Serial, Condition: o.Condition, Owner: o.Owner,
		Unit: unit, From: VirtualLocation(LocationInTransit), To: in.To, At: in.At,
	})
	if err != nil {
		return HandOver{}, err
	}
	return putHalf(tx, o, HandOver{
		Half: HalfTake, Giver: key.Person, Taker: tx.Author(), DeviceKey: key.ID, Unit: unit, Location: in.To,
		Movement: movement, Code: in.Code,
	}, in.At)
}

// takeable refuses an offer of the giver's that this person cannot take at this moment.
func (o Offer) takeable(v Reader, giver, person record.ID, at int64) error {
	if o.Taker != PersonHint(person) {
		return fault.New(HandOverNotYours, "this code gives the part to a colleague, not to you")
	}
	if at > o.Expires {
		return fault.New(HandOverExpired, "the code's time is over: ask for another")
	}
	for half, refusal := range map[string]*fault.Error{
		HalfTake:   fault.New(HandOverTaken, "this part was taken already"),
		HalfCancel: fault.New(HandOverCancelled, "the giver took this part back: ask him for another code"),
	} {
		row, err := v.Row("hand_over", halfID(half, o.Name(), giver))
		if err != nil {
			return err
		}
		if row != nil {
			return refusal
		}
	}
	return nil
}

// verified reads a code and finds whose key signed it, among those of the author's branches. Codes: HandOverMistyped,
// HandOverForged.
func verified(tx Tx, code string) (Offer, DeviceKey, error) {
	o, signed, signature, err := ReadOffer(code)
	if err != nil {
		return o, DeviceKey{}, err
	}
	postings, err := tx.Refs("posting", "person", tx.Author())
	for _, posting := range postings {
		rows, err := tx.Refs("device_key", "branch", posting.Get("branch").Ref())
		if err != nil {
			return o, DeviceKey{}, err
		}
		for _, row := range rows {
			key := DeviceKeyOf(row)
			if key.signed(o, signed, signature) {
				return o, key, nil
			}
		}
	}
	if err == nil {
		err = fault.New(HandOverForged, "no colleague of yours signed this code: sync when you can, or let the office transfer the part")
	}
	return o, DeviceKey{}, err
}

// signed reports whether the offer was signed with this key while it was in use.
func (k DeviceKey) signed(o Offer, text, signature []byte) bool {
	public, err := base64.StdEncoding.DecodeString(k.PublicKey)
	return err == nil && len(public) == ed25519.PublicKeySize && KeyHint(public) == o.Giver &&
		(k.RetiredAt == 0 || o.Expires-MaxOfferHours*60*minuteMillis < k.RetiredAt) &&
		ed25519.Verify(public, text, signature)
}

// keyOf returns the person's own key with this hint; the zero DeviceKey where it is not here yet.
func keyOf(tx Tx, person record.ID, hint [4]byte) (DeviceKey, error) {
	rows, err := tx.Refs("device_key", "person", person)
	for _, row := range rows {
		key := DeviceKeyOf(row)
		if public, err := base64.StdEncoding.DecodeString(key.PublicKey); err == nil && KeyHint(public) == hint {
			return key, nil
		}
	}
	return DeviceKey{}, err
}

// CancelHandOver takes back what the author gave and nobody took: into the van it came from. Codes: HandOverTaken,
// HandOverCancelled, HandOverNotYours, fault.UnknownRow.
func CancelHandOver(tx Tx, give record.ID) (HandOver, error) {
	row, err := need(tx, "hand_over", give)
	if err != nil {
		return HandOver{}, err
	}
	h := HandOverOf(row)
	if h.Half != HalfGive || h.Giver != tx.Author() {
		return HandOver{}, fault.New(HandOverNotYours, "only the giver takes it back")
	}
	o, _, _, err := ReadOffer(h.Code)
	if err != nil {
		return HandOver{}, err
	}
	if err := o.takeable(tx, h.Giver, h.Taker, 0); err != nil {
		return HandOver{}, err
	}
	movement, err := TransferPart(tx, MoveInput{
		Part: h.Part, Quantity: h.Quantity, Serial: h.Serial, Unit: h.Unit, Condition: o.Condition, Owner: o.Owner,
		From: VirtualLocation(LocationInTransit), To: h.Location,
	})
	if err != nil {
		return HandOver{}, err
	}
	return putHalf(tx, o, HandOver{
		Half: HalfCancel, Giver: h.Giver, Taker: h.Taker, DeviceKey: h.DeviceKey, Unit: h.Unit, Location: h.Location,
		Movement: movement, Code: h.Code,
	}, Moment{})
}

// HandOversOf returns the halves that name the person as giver or taker, in the order of their ids.
func HandOversOf(v View, person record.ID) ([]HandOver, error) {
	list := []HandOver{}
	for _, side := range []string{"giver", "taker"} {
		rows, err := v.Refs("hand_over", side, person)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			list = append(list, HandOverOf(row))
		}
	}
	slices.SortFunc(list, func(a, b HandOver) int {
		return cmp.Or(cmp.Compare(a.Corrected, b.Corrected), compareIDs(a.ID, b.ID))
	})
	return list, nil
}
