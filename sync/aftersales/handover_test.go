package aftersales

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// keyFor is a device's key, always the same one for a name.
func keyFor(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(name))
	return ed25519.NewKeyFromSeed(seed[:])
}

// vans is a company where Wang and Li each have a van and a phone whose key the branch knows; two seals lie in Wang's.
func vans(t teller) *world {
	w := newWorld(t)
	w.id(CreateLocation(w, LocationInput{Name: "Van 2", Holder: w.li}))
	for who, name := range map[record.ID]string{w.wang: "wang", w.li: "li"} {
		public := base64.StdEncoding.EncodeToString(keyFor(name).Public().(ed25519.PublicKey))
		w.ok(PublishKey(w, who, who, public))
	}
	w.id(IssuePart(w, MoveInput{Part: w.part, Quantity: Quantity{Amount: 2 * One}, From: w.main, To: w.van}))
	return w.as(w.wang)
}

func (w *world) vanOf(person record.ID) record.ID {
	w.t.Helper()
	van, err := VanOf(w, person)
	w.ok(err)
	return van.ID
}

// apart is a phone of its own: what is written in it is not in this world, nor the other way round.
func (w *world) apart(person record.ID) *world {
	w.ids += 1 << 32 // ids of its own
	other := *w
	other.rows, other.written = maps.Clone(w.rows), nil
	return other.as(person)
}

// bring has the hub review what a phone wrote, and merge it or not.
func (w *world) bring(phone *world) Decision {
	w.t.Helper()
	d, err := Review(w, w.late(phone.written...), phone.author, 0)
	w.ok(err)
	if d.Refuse != nil {
		return d
	}
	rows := phone.written
	if d.Instead != nil {
		rows = d.Instead
	}
	for _, c := range rows {
		t := Schema.TableByID(c.Table)
		values, _ := c.Values(t)
		w.ok(Rewrite(w, t.Name, &c, values))
	}
	return d
}

func (w *world) give() HandOver {
	w.t.Helper()
	h, err := GivePart(w, GiveInput{To: w.li, Part: w.part, Quantity: Quantity{Amount: One}, Key: keyFor("wang")})
	w.ok(err)
	return h
}

func (w *world) open(kind string) int {
	n := 0
	for key, row := range w.rows {
		if key.Table == discrepancyTable.ID && row.Get("kind").Text() == kind && DiscrepancyOf(row).Open() {
			n++
		}
	}
	return n
}

// Two phones without network hand a part over; the halves meet at the hub, whichever arrives first, and nothing is made
// or lost.
func TestAHandOverMeetsAtTheHubWhicheverHalfComesFirst(t *testing.T) {
	t.Parallel()
	for _, takerFirst := range []bool{true, false} {
		hub := vans(t)
		giver, taker := hub.apart(hub.wang), hub.apart(hub.li)
		h := giver.give()
		if len(strings.Split(h.Code, "\n")) > 10 {
			t.Errorf("a code of %d bytes", len(h.Code))
		}
		typed := strings.ToLower(strings.ReplaceAll(h.Code, "-", " "))
		if _, err := TakePart(taker, TakeInput{Code: typed}); err != nil {
			t.Fatal(err)
		}
		first, second := giver, taker
		if takerFirst {
			first, second = taker, giver
		}
		hub.bring(first)
		transit := hub.balance(VirtualLocation(LocationInTransit))
		if takerFirst != (transit < 0) || transit == 0 {
			t.Errorf("with one half, %d is in transit", transit)
		}
		hub.bring(second)
		if hub.balance(hub.van) != One || hub.balance(hub.vanOf(hub.li)) != One || hub.balance(VirtualLocation(LocationInTransit)) != 0 {
			t.Error("the part is not where it went")
		}
		hub.pass(25 * 60)
		hub.as(record.ID{})
		hub.ok(CheckHandOver(hub, h.ID))
		if count(hub, "discrepancy") != 0 {
			t.Error("a hand-over that met is no discrepancy")
		}
	}
}

// One half whose time is over waits for the office, and settles itself when the other comes after all.
func TestAHalfThatWaitsTooLongIsADiscrepancyUntilTheOtherComes(t *testing.T) {
	t.Parallel()
	hub := vans(t)
	giver, taker := hub.apart(hub.wang), hub.apart(hub.li)
	h := giver.give()
	taken, err := TakePart(taker, TakeInput{Code: h.Code})
	hub.ok(err)
	hub.bring(taker)
	hub.as(record.ID{}).ok(CheckHandOver(hub, taken.ID))
	if hub.open(DiscrepancyUngiven) != 0 {
		t.Error("reported before its time")
	}
	hub.pass(25 * 60)
	hub.ok(CheckHandOver(hub, taken.ID))
	hub.ok(CheckHandOver(hub, taken.ID))
	if hub.open(DiscrepancyUngiven) != 1 {
		t.Error("the giver's half is missing, and nobody is told")
	}
	hub.bring(giver)
	hub.as(record.ID{}).ok(CheckHandOver(hub, h.ID))
	if hub.open(DiscrepancyUngiven) != 0 || count(hub, "discrepancy") != 1 {
		t.Error("it has come, and is still reported")
	}

	other := vans(t)
	lost := other.give()
	other.pass(25 * 60)
	other.as(record.ID{}).ok(CheckHandOver(other, lost.ID))
	if other.open(DiscrepancyUntaken) != 1 {
		t.Error("given, never taken, and nobody is told")
	}
	other.ok(drop(CancelHandOver(other.as(other.wang), lost.ID)))
	other.as(record.ID{}).ok(CheckHandOver(other, lost.ID))
	if other.open(DiscrepancyUntaken) != 0 || other.balance(other.van) != 2*One {
		t.Error("taken back, it is in the van again")
	}
}

// The giver takes back what the taker has taken, each without network: both did right, the office settles it.
func TestTakenAndTakenBackIsForTheOffice(t *testing.T) {
	t.Parallel()
	for _, takerFirst := range []bool{true, false} {
		hub := vans(t)
		giver := hub.apart(hub.wang)
		h := giver.give()
		hub.bring(giver)
		giver, taker := hub.apart(hub.wang), hub.apart(hub.li)
		_, err := TakePart(taker, TakeInput{Code: h.Code})
		hub.ok(err)
		_, err = CancelHandOver(giver, h.ID)
		hub.ok(err)
		first, second := giver, taker
		if takerFirst {
			first, second = taker, giver
		}
		hub.bring(first)
		if d := hub.bring(second); d.Refuse != nil {
			t.Fatal(d.Refuse)
		}
		if hub.open(DiscrepancyCancelled) != 1 {
			t.Error("nobody is told")
		}
		if n := count(hub, "movement"); n != 4 { // the issue, and three of the hand-over
			t.Errorf("%d movements are kept", n)
		}
	}
}

func TestASerialNumberedThingGoesAlong(t *testing.T) {
	t.Parallel()
	hub := vans(t)
	hub.as(hub.office)
	pump := hub.id(CreatePart(hub, PartInput{Code: "PUMP", SerialTracked: true}))
	unit := hub.id(CreateUnit(hub, UnitInput{Serial: "P-9", Part: pump, Status: UnitInStock}))
	one := Quantity{Amount: One}
	hub.id(IssuePart(hub, MoveInput{Part: pump, Quantity: one, Serial: "P-9", Unit: unit, From: hub.main, To: hub.van}))
	giver, taker := hub.apart(hub.wang), hub.apart(hub.li)
	delete(taker.rows, record.Key{Table: unitTable.ID, ID: unit}) // Li's phone has never heard of it
	h, err := GivePart(giver, GiveInput{To: hub.li, Part: pump, Quantity: one, Serial: "P-9", Key: keyFor("wang")})
	hub.ok(err)
	_, err = TakePart(taker, TakeInput{Code: h.Code})
	hub.ok(err)
	hub.bring(taker)
	hub.bring(giver)
	if half := HandOverOf(hub.get("hand_over", h.ID)); half.Unit != unit {
		t.Errorf("the half that gives it names %v", half.Unit)
	}
	held, err := Serials(hub, hub.vanOf(hub.li))
	hub.ok(err)
	if len(held) != 1 || held[0].Serial != "P-9" {
		t.Errorf("%+v", held)
	}
}

// What a changed phone could claim.
func TestReviewOfHandOvers(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		code   fault.Code
		change func(*world, record.Values)
	}{
		"another quantity": {HandOverForged, func(w *world, v record.Values) { v["quantity"] = record.Quantity(9*One, "pcs") }},
		"another giver":    {HandOverForged, func(w *world, v record.Values) { v["giver"] = record.Ref(w.office) }},
		"no key":           {HandOverForged, func(w *world, v record.Values) { delete(v, "device_key") }},
		"another name":     {HandOverForged, func(w *world, v record.Values) { v["name"] = record.Text("x") }},
		"another taker":    {HandOverNotYours, func(w *world, v record.Values) { v["taker"] = record.Ref(w.office) }},
		"too late": {HandOverExpired, func(w *world, v record.Values) {
			v["corrected"] = record.Instant(morning + 48*60*minuteMillis)
		}},
		"no code": {HandOverMistyped, func(w *world, v record.Values) { v["code"] = record.Text("ABC") }},
	} {
		hub := vans(t)
		taker := hub.apart(hub.li)
		h, err := TakePart(taker, TakeInput{Code: hub.apart(hub.wang).give().Code})
		hub.ok(err)
		values := record.Values{}
		row := taker.get("hand_over", h.ID)
		for i, column := range row.Table.Columns {
			if !row.Cols[i].IsNull() {
				values[column.Name] = row.Cols[i]
			}
		}
		c.change(hub, values)
		d, err := Review(hub, hub.late(hub.change(record.Insert, "hand_over", h.ID, values)), hub.li, 0)
		hub.ok(err)
		if d.Refuse == nil || d.Refuse.Code != c.code {
			t.Errorf("%s: %+v, want %s", what, d, c.code)
		}
	}
}

// A code is read back as it was spelt, however it is typed; any wrong symbol, and any two that changed places, are
// noticed, and the line is named.
func TestACodeIsReadAsItWasSpelt(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		o := drawOffer(r)
		code, err := o.Sign(keyFor("wang"))
		if err != nil {
			r.Fatal(err)
		}
		got, signed, signature, err := ReadOffer(strings.NewReplacer("-", "", "\n", " ").Replace(code))
		if err != nil || got != o || !ed25519.Verify(keyFor("wang").Public().(ed25519.PublicKey), signed, signature) {
			r.Fatalf("%+v %v, want %+v", got, err, o)
		}
		b := []byte(code)
		i := rapid.IntRange(0, len(b)-1).Draw(r, "at")
		if b[i] == '-' || b[i] == '\n' {
			return
		}
		wrong := codeSymbols[rapid.IntRange(0, 31).Draw(r, "symbol")]
		if wrong == b[i] {
			return
		}
		b[i] = wrong
		if _, _, _, err := ReadOffer(string(b)); fault.CodeOf(err) != HandOverMistyped {
			r.Fatalf("symbol %d wrong is not noticed: %v", i, err)
		}
		b = []byte(code)
		if i+1 < len(b) && b[i+1] != '-' && b[i+1] != '\n' && b[i] != b[i+1] {
			b[i], b[i+1] = b[i+1], b[i]
			if _, _, _, err := ReadOffer(string(b)); fault.CodeOf(err) != HandOverMistyped {
				r.Fatalf("symbols %d and %d changed places unnoticed: %v", i, i+1, err)
			}
		}
	})
}

func drawOffer(r *rapid.T) Offer {
	var token [5]byte
	copy(token[:], rapid.SliceOfN(rapid.Byte(), 5, 5).Draw(r, "token"))
	return Offer{
		Giver: KeyHint(keyFor("wang").Public().(ed25519.PublicKey)), Taker: PersonHint(nobody), Token: token,
		Part:      record.ID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(r, "part")),
		Quantity:  rapid.Int64Range(1, 1<<62).Draw(r, "quantity"),
		Serial:    rapid.StringMatching(`[A-Z0-9-]{0,40}`).Draw(r, "serial"),
		Condition: rapid.SampledFrom(conditions).Draw(r, "condition"), Owner: rapid.SampledFrom(owners).Draw(r, "owner"),
		Expires: rapid.Int64Range(epochMinutes, epochMinutes+1<<32-1).Draw(r, "minutes") * minuteMillis,
	}
}

// FuzzReadOffer: whatever is typed or scanned is refused with a code, or is an offer that spells the same.
func FuzzReadOffer(f *testing.F) {
	code, err := Offer{
		Part: nobody, Quantity: One, Serial: "P-9", Condition: Good, Owner: OwnerUs, Expires: morning / minuteMillis * minuteMillis,
	}.Sign(keyFor("wang"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(code)
	f.Add("")
	f.Add("0000")
	f.Add(strings.Repeat("Z", 600))
	f.Fuzz(func(t *testing.T, code string) {
		o, signed, signature, err := ReadOffer(code)
		if err != nil {
			if fault.CodeOf(err) != HandOverMistyped {
				t.Fatal(err)
			}
			return
		}
		if len(signature) != ed25519.SignatureSize || string(signed) != offerContext+string(o.payload()) {
			t.Fatalf("%+v is not what was read", o)
		}
		if again, _, _, err := ReadOffer(spell(append(o.payload(), signature...))); err != nil || again != o {
			t.Fatalf("%+v is read as %+v: %v", o, again, err)
		}
	})
}

// Whatever halves reach the hub, in whatever order and however often: what was there at first is there at the end, in
// the vans, in transit or with the customer.
func TestHandOversLoseNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		hub := vans(r)
		giver, taker := hub.apart(hub.wang), hub.apart(hub.li)
		h := giver.give()
		_, err := TakePart(taker, TakeInput{Code: h.Code})
		hub.ok(err)
		halves := []*world{giver, taker}
		if rapid.Bool().Draw(r, "cancelled") {
			back := giver.apart(hub.wang)
			_, err := CancelHandOver(back, h.ID)
			hub.ok(err)
			halves = append(halves, back)
		}
		for _, phone := range rapid.Permutation(halves).Draw(r, "order") {
			if rapid.Bool().Draw(r, "comes") {
				hub.bring(phone)
			}
		}
		sum := hub.balance(hub.van) + hub.balance(hub.vanOf(hub.li)) + hub.balance(VirtualLocation(LocationInTransit))
		if sum != 2*One {
			r.Fatalf("%d of %d are left", sum, 2*One)
		}
	})
}
