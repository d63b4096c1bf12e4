package aftersales

import (
	"testing"

	"fieldsync/sync/record"
)

// Whatever was promised to, or is known of, one of two rows that turned out to be one thing holds for it: nobody is charged
// since his customer's row, or his machine's, was found twice.
func TestWhatIsKnownOfADuplicateIsKnown(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what  string
		story func(w *world)
		want  string // on what basis
	}{
		{"the customer that has the contract is the duplicate", func(w *world) {
			twin := w.id(CreateParty(w, PartyInput{Name: "Nordwind Ltd"}))
			w.contract(100)
			w.ok(Merge(w, MergeInput{"party", w.party, twin}))
			w.ok(w.Update("unit", w.unit, record.Values{"party": record.Ref(twin)}))
		}, BasisContract},
		{"the customer that has the contract stays", func(w *world) {
			twin := w.id(CreateParty(w, PartyInput{Name: "Nordwind Ltd"}))
			w.contract(100)
			w.ok(Merge(w, MergeInput{"party", twin, w.party}))
			w.ok(w.Update("unit", w.unit, record.Values{"party": record.Ref(twin)}))
		}, BasisContract},
		{"a contract covers the duplicate of the machine", func(w *world) {
			w.listed("unit", w.unit)
			w.ok(Merge(w, MergeInput{"unit", w.unit, w.twin()}))
		}, BasisContract},
		{"a contract covers the duplicate of the site", func(w *world) {
			other := w.id(CreateSite(w, SiteInput{Party: w.party, Name: "Hall 1"}))
			w.listed("site", w.site)
			w.ok(Merge(w, MergeInput{"site", w.site, other}))
			w.ok(w.Update("unit", w.unit, record.Values{"site": record.Ref(other)}))
			w.ok(w.Update("job", w.job, record.Values{"site": record.Ref(other)}))
		}, BasisContract},
		{"the duplicate says when it was sold", func(w *world) {
			w.sold(today - 10)
			w.ok(Merge(w, MergeInput{"unit", w.unit, w.twin()}))
		}, BasisWarranty},
		{"the duplicate says that its number was altered", func(w *world) {
			w.ok(w.Update("unit", w.unit, record.Values{"voids.serial_altered": record.Number(1)}))
			twin := w.twin()
			w.ok(w.Update("unit", twin, record.Values{"sold_on": record.Date(today - 10)}))
			w.ok(Merge(w, MergeInput{"unit", w.unit, twin}))
		}, BasisPaid},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			w := assigned(t).as(record.ID{})
			c.story(w)
			job := JobOf(w.get("job", w.job))
			d, err := Entitle(w, w.unit, Work{Branch: job.Branch, Site: job.Site}, w.now)
			if w.ok(err); d.Basis != c.want {
				t.Errorf("it is done on the basis %q: %+v", d.Basis, d.Why)
			}
		})
	}
}

// twin is the machine, registered once more.
func (w *world) twin() record.ID {
	w.t.Helper()
	return w.id(CreateUnit(w, UnitInput{Serial: "again", Party: w.party}))
}

// listed is a contract that covers one row and nothing else.
func (w *world) listed(table string, id record.ID) {
	w.t.Helper()
	contract := w.id(CreateContract(w, ContractInput{
		Party: w.party, Scope: ScopeListed, StartsOn: today - 30, EndsOn: today + 90, PartsPercent: 100, LabourPercent: 100,
	}))
	w.ok(w.Insert("contract_cover", w.NewID(), record.Values{"contract": record.Ref(contract), table: record.Ref(id)}))
}

// What lies in a van under the code of a part that was joined with another is used up under it: none is short of the other.
func TestAJoinedPartIsUsedFromWhereItLies(t *testing.T) {
	t.Parallel()
	w := assigned(t)
	twin := w.id(CreatePart(w.as(record.ID{}), PartInput{Code: "SEAL-OLD", Unit: "pcs"}))
	van, err := VanOf(w, w.wang)
	w.ok(err)
	w.id(ReceivePart(w, MoveInput{Part: twin, Quantity: Quantity{Amount: 3 * One}, To: van.ID}))
	w.ok(Merge(w, MergeInput{"part", twin, w.part}))
	before, err := Balance(w, van.ID, w.part)
	w.ok(err)
	w.id(UsePart(w.as(w.wang), MoveInput{Job: w.job, Part: twin, Quantity: Quantity{Amount: One}}))
	after, err := Balance(w, van.ID, w.part)
	w.ok(err)
	if left, err := Balance(w, van.ID, twin); err != nil || left != 2*One || after != before {
		t.Errorf("%d are left of it, and %d instead of %d of the other: %v", left, after, before, err)
	}
	_, err = CountStock(w.as(record.ID{}), CountInput{Location: van.ID, Part: twin, Counted: One})
	w.ok(err)
	if left, err := Balance(w, van.ID, twin); err != nil || left != One {
		t.Errorf("one was counted, and %d are left: %v", left, err)
	}
}
