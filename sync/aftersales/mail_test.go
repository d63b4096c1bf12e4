package aftersales

import (
	"testing"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

func TestWhatCanBeAMailAddress(t *testing.T) {
	t.Parallel()
	for address, can := range map[string]bool{
		"li@example.com": true, "li.wei+job@mail.example.co.uk": true, "李@例子.公司": true, "o'hara@example.com": true,
		"": false, "nonsense": false, "@example.com": false, "li@": false, "li@example": false, "li@@example.com": false,
		"li wei@example.com": false, "li@example..com": false, "li@-x.com": false, "Li <li@example.com>": false,
		"li@example.com, wu@example.com": false, ".li@example.com": false, "li@example.com\n": false, "li@exa\x00mple.com": false,
	} {
		if IsMail(address) != can {
			t.Errorf("%q: %v", address, !can)
		}
	}
}

// Every command that writes a mail address refuses one that is none: the office's form, a program, an import and a phone
// all come through them.
func TestAMailAddressThatIsNoneIsRefusedByEveryCommand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, err := range map[string]error{
		"a customer":  drop(CreateParty(w, PartyInput{Name: "A", Email: "nonsense"})),
		"a contact":   drop(CreateContact(w, ContactInput{Party: w.party, Name: "B", Email: "nonsense"})),
		"a colleague": drop(CreatePerson(w, PersonInput{Name: "C", Email: "nonsense"})),
		"an edit":     Edit(w, EditInput{"party", w.party, record.Values{"email": record.Text("nonsense")}}),
		"a phone's":   Edit(w, EditInput{"person", w.wang, record.Values{"email": record.Text("a@b")}}),
	} {
		if fault.CodeOf(err) != BadMail {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.ok(Edit(w, EditInput{"party", w.party, record.Values{"email": record.Text(" li@example.com ")}}))
	if at := PartyOf(w.get("party", w.party)).Email; at != "li@example.com" {
		t.Errorf("%q", at)
	}
	w.ok(Edit(w, EditInput{"party", w.party, record.Values{"email": record.Null}}))
}

// A group is chosen from its list, by an edit as when the customer is made.
func TestACustomersGroupIsOneOfTheList(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	typed := EditInput{"party", w.party, record.Values{"customer_group": record.Text("whoever")}}
	if err := Edit(w, typed); fault.CodeOf(err) != UnknownCode {
		t.Errorf("%v", err)
	}
	w.ok(PutCode(w, CodeInput{List: ListCustomerGroup, Code: "whoever"}))
	w.ok(Edit(w, typed))
}
