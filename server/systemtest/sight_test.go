package systemtest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"fieldsync/client"
	"fieldsync/server"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/clock"
	"fieldsync/sync/device"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/wire"
)

// What an honest technician works on stays on his phone, and the hub takes what his phone took.

// settled syncs and expects that the hub refused nothing. Twice: what follows from what a phone brings may come with the next.
func settled(t testing.TB, phones ...*client.Client) {
	t.Helper()
	for _, phone := range phones {
		sync(t, phone)
		sync(t, phone)
		refused, err := phone.Outbox(t.Context(), device.Refused)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range refused {
			t.Errorf("refused: %s %s", e.Code, e.Message)
		}
	}
}

// sees checks whether the unit is on the phone.
func sees(t testing.TB, phone *client.Client, what string, unit record.ID, want bool) {
	t.Helper()
	_, err := phone.Assets().Get(t.Context(), unit)
	if got := err == nil; got != want || !got && fault.CodeOf(err) != fault.UnknownRow {
		t.Errorf("%s: on his phone: %v, want %v; %v", what, got, want, err)
	}
}

// spares puts serial-numbered parts of a kind, with a row each, into a van.
func (m machinery) spares(code string, serials ...string) (part record.ID, units []record.ID) {
	m.t.Helper()
	m.office("spares", func(tx aftersales.Tx) (err error) {
		part, err = aftersales.CreatePart(tx, aftersales.PartInput{Code: code, Name: map[string]string{"en": code}, SerialTracked: true})
		for _, serial := range serials {
			var unit record.ID
			if err == nil {
				unit, err = aftersales.CreateUnit(tx, aftersales.UnitInput{
					Branch: m.branch, Serial: serial, Part: part, Status: aftersales.UnitInVan, Location: m.van,
				})
			}
			units = append(units, unit)
		}
		return err
	})
	return part, units
}

// A spare goes into the machine, proves broken after a sync, and is changed for the next one; by the page, which knows the
// serial number of what lies in the van. A colleague who is given the machine later finds the spare in it.
func TestASpareStaysInSightWithTheMachineItWasFittedIn(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	phone, li := c.technician("li")
	other, wang := c.technician("wang")
	c.employ(li, wang)
	m := c.machinery("works", li)
	part, spare := m.spares("ENGINE", "S-1", "S-2")
	job := c.at(m.machine, li)
	sync(t, phone)
	swap := func(in aftersales.SwapInput) record.ID {
		t.Helper()
		in.Job, in.Part = job, part
		id, err := phone.Assets().Swap(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	swap(aftersales.SwapInput{Old: m.component, New: spare[0]})
	settled(t, phone)
	sees(t, phone, "fitted in the machine of his job", spare[0], true)
	if fitted, err := phone.Assets().Components(t.Context(), m.machine); err != nil || len(fitted) != 1 || fitted[0].ID != spare[0] {
		t.Errorf("the phone's list of components: %+v, %v", fitted, err)
	}
	if id := swap(aftersales.SwapInput{Old: spare[0], Serial: "S-2"}); id != spare[1] {
		t.Errorf("the spare that lies in the van got a second row")
	}
	settled(t, phone)
	sees(t, phone, "the one that went in", spare[1], true)
	sees(t, phone, "the one that came out, in his van", spare[0], true)
	if _, err := phone.Assets().Service(t.Context(), aftersales.ServiceRecordInput{Unit: spare[1], Job: job, Summary: "run in"}); err != nil {
		t.Error(err)
	}
	settled(t, phone)

	c.takeAway(job)
	c.at(m.machine, wang)
	settled(t, phone, other)
	sees(t, phone, "in a machine of his no more", spare[1], false)
	sees(t, phone, "in his van, after the job", spare[0], true)
	sees(t, other, "in the machine of a colleague's job", spare[1], true)
	history, err := other.Assets().History(t.Context(), spare[1])
	if err != nil || len(history) != 2 {
		t.Errorf("%d lines of its history, want 2: exchanged and run in; %v", len(history), err)
	}
}

// Two technicians with a van each, who have heard of each other's phones.
func (c *company) neighbours() (li, wang *client.Client, m machinery, hisVan record.ID) {
	c.t.Helper()
	li, giver := c.technician("li")
	wang, taker := c.technician("wang")
	c.employ(giver, taker)
	m = c.machinery("works", giver)
	c.publishKeys()
	c.office("the other van", func(tx aftersales.Tx) (err error) {
		hisVan, err = aftersales.CreateLocation(tx, aftersales.LocationInput{Branch: c.branch, Name: "Van of wang", Holder: taker})
		return err
	})
	return li, wang, m, hisVan
}

// liesAt checks where the hub says that the unit lies.
func (c *company) liesAt(what string, unit, place record.ID, status string) {
	c.t.Helper()
	if u := aftersales.UnitOf(c.row("unit", unit)); u.Location != place || u.Status != status {
		c.t.Errorf("%s: it is %s at %v, want %s at %v", what, u.Status, u.Location, status, place)
	}
}

// A pump with a serial number goes from phone to phone by a code, as the page gives it: by its number alone. Whoever syncs
// first, it lies in the taker's van, he sees it there with his next sync, and gives it on.
func TestWhatIsHandedOverComesToItsTaker(t *testing.T) {
	t.Parallel()
	for _, takerFirst := range []bool{true, false} {
		c := newCompany(t)
		phone, other, m, hisVan := c.neighbours()
		part, pump := m.spares("PUMP", "P-1")
		settled(t, phone, other)
		wang := c.row("location", hisVan).Get("holder").Ref()
		h, err := phone.Parts().Give(t.Context(), aftersales.GiveInput{To: wang, Part: part, Serial: "P-1", Quantity: aftersales.Quantity{Amount: aftersales.One}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err = other.Parts().Take(t.Context(), aftersales.TakeInput{Code: h.Code}); err != nil {
			t.Fatal(err)
		}
		if takerFirst {
			settled(t, other, phone, other)
		} else {
			settled(t, phone, other)
		}
		c.liesAt("taken", pump[0], hisVan, aftersales.UnitInVan)
		sees(t, other, "taken", pump[0], true)
		sees(t, phone, "given", pump[0], false)
		job := c.job("leaks", wang)
		settled(t, other)
		_, err = other.Parts().Use(t.Context(), aftersales.MoveInput{Job: job, Part: part, Serial: "P-1", Quantity: aftersales.Quantity{Amount: aftersales.One}})
		if err != nil {
			t.Fatal(err)
		}
		settled(t, other)
		c.liesAt("used by its taker", pump[0], aftersales.VirtualLocation(aftersales.LocationCustomer), aftersales.UnitInstalled)
	}
}

// Given, and taken back before anybody took it, by a phone that has synced meanwhile and has no row of it any more.
func TestWhatIsTakenBackIsInItsGiversVan(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	phone, other, m, hisVan := c.neighbours()
	part, pump := m.spares("PUMP", "P-1")
	settled(t, phone, other)
	wang := c.row("location", hisVan).Get("holder").Ref()
	h, err := phone.Parts().Give(t.Context(), aftersales.GiveInput{To: wang, Part: part, Serial: "P-1", Quantity: aftersales.Quantity{Amount: aftersales.One}})
	if err != nil {
		t.Fatal(err)
	}
	settled(t, phone)
	sees(t, phone, "given", pump[0], false)
	if _, err := phone.Parts().CancelHandOver(t.Context(), h.ID); err != nil {
		t.Fatal(err)
	}
	settled(t, phone)
	c.liesAt("taken back", pump[0], m.van, aftersales.UnitInVan)
	sees(t, phone, "taken back", pump[0], true)
}

// A loaner goes out to the customer and comes back at the end of the job, as the pages move it: by its number alone. Nobody
// takes it along by a movement that names it who has nothing to do with the job.
func TestALoanerGoesOutAndComesBack(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	phone, other, m, hisVan := c.neighbours()
	part, loaner := m.spares("LOANER", "L-1")
	job := c.at(m.machine, c.row("location", m.van).Get("holder").Ref())
	settled(t, phone, other)
	move := aftersales.MoveInput{Job: job, Part: part, Serial: "L-1", Quantity: aftersales.Quantity{Amount: aftersales.One}}
	if _, err := phone.Parts().Use(t.Context(), move); err != nil {
		t.Fatal(err)
	}
	settled(t, phone)
	c.liesAt("lent", loaner[0], aftersales.VirtualLocation(aftersales.LocationCustomer), aftersales.UnitInstalled)

	_, err := other.Parts().Transfer(t.Context(), aftersales.MoveInput{
		Part: part, Serial: "L-1", Unit: loaner[0], From: aftersales.VirtualLocation(aftersales.LocationCustomer), To: hisVan,
		Quantity: aftersales.Quantity{Amount: aftersales.One},
	})
	if err != nil {
		t.Fatal(err)
	}
	settled(t, other)
	c.liesAt("named by a stranger's movement", loaner[0], aftersales.VirtualLocation(aftersales.LocationCustomer), aftersales.UnitInstalled)
	sees(t, other, "named by his movement", loaner[0], false)

	if _, err := phone.Parts().Return(t.Context(), move); err != nil {
		t.Fatal(err)
	}
	settled(t, phone)
	c.liesAt("back from loan", loaner[0], m.van, aftersales.UnitInVan)
	sees(t, phone, "back from loan", loaner[0], true)
}

// Who handles a request of somebody unknown notes on it what he was told, and the photo that came with it is on his phone; what
// nobody would get to read is refused at once.
func TestWhoHandlesARequestCommentsOnIt(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	phone, li := c.technician("li")
	c.employ(li)
	m := c.machinery("works", li)
	part, _ := m.spares("PUMP")
	request, sum := server.NewID(), strings.Repeat("ab", 32)
	about := aftersales.Row{Table: "request", ID: request}
	var photo record.ID
	c.office("nobody known rang", func(tx aftersales.Tx) error {
		err := tx.Insert("request", request, record.Values{
			"branch": record.Ref(c.branch), "number": record.Text("R-1"), "title": record.Text("noise"),
			"state": record.Text(aftersales.RequestNew), "handler": record.Ref(li), "handler_team": record.Null,
		})
		if err == nil {
			photo, err = aftersales.AddAttachment(tx, aftersales.AttachmentInput{
				About: about, Kind: aftersales.AttachPhoto, SHA256: sum, Size: 9, MediaType: "image/png"})
		}
		return err
	})
	settled(t, phone)
	c.holds(li, "that came with the request", true, photo)
	id, err := phone.Comments().Add(t.Context(), aftersales.CommentInput{About: about, Text: "rang him back"})
	if err != nil {
		t.Fatal(err)
	}
	asked, err := phone.Parts().Ask(t.Context(), aftersales.AskPartInput{Part: part, Quantity: aftersales.Quantity{Amount: aftersales.One}})
	if err != nil {
		t.Fatal(err)
	}
	for _, about := range []aftersales.Row{{Table: "part", ID: part}, {Table: "part_request", ID: asked}} {
		_, err := phone.Comments().Add(t.Context(), aftersales.CommentInput{About: about, Text: "in vain"})
		if fault.CodeOf(err) != aftersales.ReadByNobody {
			t.Errorf("about a %s: %v", about.Table, err)
		}
	}
	settled(t, phone)
	if c.row("comment", id) == nil {
		t.Error("the hub has not heard of the comment")
	}
	c.holds(li, "the comment", true, id)
}

// Who was told whose van it is, and acknowledged that, is not believed when he says that he had not heard: nothing is laid into
// it, and nothing taken out, by a change set that claims to have been written before anything was known.
func TestNobodyForgetsWhoseVanItIs(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	r, other := c.rogue("mallory"), c.rogue("li")
	c.employ(r.person, other.person)
	his, theirs := c.machinery("his", r.person), c.machinery("theirs", other.person)
	part, _ := theirs.spares("PUMP", "P-1")
	r.enter(nil)
	r.takePages()
	r.send(wire.Ack{Class: 0, K: r.head, Pages: r.pages, Actor: r.actor, Written: r.pushed})

	junk := server.NewID()
	lays := r.change(record.Insert, "unit", junk, clock.Vector{}, record.Values{
		"branch": record.Ref(c.branch), "name": record.Text("junk"), "number": record.Text("U-" + junk.String()), "location": record.Ref(theirs.van),
	})
	now := record.Instant(time.Now().UnixMilli())
	takes := r.change(record.Insert, "movement", server.NewID(), clock.Vector{}, record.Values{
		"branch": record.Ref(c.branch), "part": record.Ref(part), "quantity": record.Quantity(aftersales.One, "pcs"),
		"condition": record.Text(aftersales.Good), "owner": record.Text(aftersales.OwnerUs),
		"cause": record.Text(aftersales.MoveTransfer), "from_location": record.Ref(theirs.van), "to_location": record.Ref(his.van),
		"author": record.Ref(r.person), "occurred": now, "corrected": now,
	})
	for _, cs := range []*record.ChangeSet{lays, takes} {
		cs.K = 0
		if v := r.judged(cs); v.Code != aftersales.NotYourPlace {
			t.Errorf("change %d, of who says that he had not heard: %v %q", cs.Dot.Counter, v.Outcome, v.Code)
		}
	}
	r.hangUp()
	c.holds(other.person, "the junk", false, junk)
}

// A machine that a phone makes, and says to lie in a colleague's van, does not show there; nor one that it then puts there. What
// is carried over to him does.
func TestNobodyLaysThingsIntoAColleaguesVan(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	r := c.rogue("mallory")
	other := c.rogue("li")
	c.employ(r.person, other.person)
	his, theirs := c.machinery("his", r.person), c.machinery("theirs", other.person)
	part, spare := his.spares("PUMP", "P-1")
	r.enter(nil)
	r.takePages()
	makes := func(van record.Value) (record.ID, wire.Verdict) {
		id := server.NewID()
		return id, r.judged(r.change(record.Insert, "unit", id, clock.Vector{}, record.Values{
			"branch": record.Ref(c.branch), "name": record.Text("junk"), "number": record.Text("U-" + id.String()), "location": van,
		}))
	}
	if _, v := makes(record.Ref(theirs.van)); v.Code != aftersales.NotYourPlace {
		t.Errorf("made in a colleague's van: %v %s", v.Outcome, v.Code)
	}
	junk, v := makes(record.Ref(his.van))
	if v.Outcome == wire.Quarantined {
		t.Errorf("made in his own: %s %s", v.Code, v.Message)
	}
	puts := func(unit record.ID) *record.ChangeSet {
		return r.change(record.Update, "unit", unit, c.row("unit", unit).Vector, record.Values{"location": record.Ref(theirs.van)})
	}
	if v := r.judged(puts(junk)); v.Code != aftersales.NotYourPlace {
		t.Errorf("put into a colleague's van: %v %s", v.Outcome, v.Code)
	}
	carried := puts(spare[0])
	now := record.Instant(time.Now().UnixMilli())
	movement, err := record.NewChange(record.Insert, aftersales.Schema.Table("movement"), server.NewID(), record.Values{
		"branch": record.Ref(c.branch), "part": record.Ref(part), "quantity": record.Quantity(aftersales.One, "pcs"), "serial": record.Text("P-1"),
		"unit": record.Ref(spare[0]), "condition": record.Text(aftersales.Good), "owner": record.Text(aftersales.OwnerUs),
		"cause": record.Text(aftersales.MoveTransfer), "from_location": record.Ref(his.van), "to_location": record.Ref(theirs.van),
		"author": record.Ref(r.person), "occurred": now, "corrected": now,
	})
	if err != nil {
		t.Fatal(err)
	}
	carried.Rows = append(carried.Rows, movement)
	if v := r.judged(carried); v.Outcome == wire.Quarantined {
		t.Errorf("carried over: %s %s", v.Code, v.Message)
	}
	c.holds(other.person, "what was carried over", true, spare[0])
	c.holds(other.person, "what was laid there", false, junk)
}

// A photo that lies with a job of one's own is not shown with a stranger's, whatever it says to be about.
func TestAFileOfAnotherJobIsNotShownWithThisOne(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	r := c.rogue("mallory")
	c.employ(r.person)
	mine, theirs := c.job("mine", r.person), c.job("somebody else's")
	request := server.NewID()
	c.office("its request", func(tx aftersales.Tx) error {
		return errors.Join(tx.Insert("request", request, record.Values{
			"branch": record.Ref(c.branch), "number": record.Text("R-1"), "title": record.Text("noise"), "state": record.Text(aftersales.RequestNew),
		}), tx.Update("job", theirs, record.Values{"request": record.Ref(request)}),
			drop(aftersales.AddAttachment(tx, aftersales.AttachmentInput{
				About: aftersales.Row{Table: "request", ID: request}, Kind: aftersales.AttachPhoto, SHA256: strings.Repeat("ab", 32), Size: 9, MediaType: "image/png"})),
			drop(aftersales.AddAttachment(tx, aftersales.AttachmentInput{
				About: aftersales.Row{Table: "job", ID: mine}, Kind: aftersales.AttachPhoto, SHA256: strings.Repeat("cd", 32), Size: 9, MediaType: "image/png"})))
	})
	c.office("a photo about the request, with another job", func(tx aftersales.Tx) error {
		now := record.Instant(tx.Now())
		return tx.Insert("attachment", server.NewID(), record.Values{
			"branch": record.Ref(c.branch), "about": aftersales.Row{Table: "request", ID: request}.Value(), "kind": record.Text("photo"),
			"size": record.Number(1), "sha256": record.Text(strings.Repeat("00", 32)), "media_type": record.Text("image/jpeg"), "job": record.Ref(mine),
			"occurred": now, "corrected": now,
		})
	})
	c.office("look", func(tx aftersales.Tx) error {
		files, err := aftersales.FilesOfJob(tx, theirs)
		if err == nil && (len(files) != 1 || files[0].SHA256[0] != 'a') {
			t.Errorf("%+v", files)
		}
		return err
	})
}

func drop[T any](_ T, err error) error { return err }
