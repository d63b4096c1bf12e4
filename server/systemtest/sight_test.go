package systemtest

import (
	"testing"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/device"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// What an honest technician works on stays on his phone, and the hub takes what his phone took.

// settled syncs and expects that the hub refused nothing.
func settled(t testing.TB, phones ...*client.Client) {
	t.Helper()
	for _, phone := range phones {
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
