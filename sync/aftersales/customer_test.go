package aftersales

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"fieldsync/sync/record"
)

func TestTelephoneNumbersHaveOneForm(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ typed, country, want string }{
		{"021 5555 0100", "CN", "+862155550100"},
		{"+86 (21) 5555-0100", "TW", "+862155550100"},
		{"０２１-５５５５０１００", "CN", "+862155550100"},
		{"138 0013 8000", "CN", "+8613800138000"},
		{"02-2345-6789", "TW", "+886223456789"},
		{"021 5555 0100 ext. 12", "CN", "+862155550100;ext=12"},
		{"110", "CN", "110"},
		{"*99#", "CN", "*99#"},
		{"call the porter", "CN", ""},
		{"021 5555 0100", "", "02155550100"},
	} {
		if got := E164(c.typed, c.country); got != c.want {
			t.Errorf("%s in %s: %s, want %s", c.typed, c.country, got, c.want)
		}
	}
	w := newWorld(t)
	party := w.id(CreateParty(w, PartyInput{Name: "A", Phone: "021 5555 0100"}))
	contact := w.id(CreateContact(w, ContactInput{Party: party, Name: "B", Phone2: "138 0013 8000", Position: "owner"}))
	w.ok(Edit(w, EditInput{"party", party, record.Values{"phone2": record.Text("021-5555 0101")}}))
	p, k := PartyOf(w.get("party", party)), ContactOf(w.get("contact", contact))
	if p.Phone != "+862155550100" || p.Phone2 != "+862155550101" || k.Phone2 != "+8613800138000" {
		t.Errorf("%q %q %q", p.Phone, p.Phone2, k.Phone2)
	}
}

// Whatever is typed, one form is its own form, and a number with its country code means the same everywhere.
func TestTheOneFormIsItsOwn(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		s := rapid.StringOf(rapid.RuneFrom([]rune("0123456789+- ()/.ext"))).Draw(r, "typed")
		once := E164(s, "CN")
		if again := E164(once, "CN"); again != once {
			r.Fatalf("%q becomes %q, and that %q", s, once, again)
		}
		if strings.HasPrefix(once, "+") && strings.HasPrefix(E164(once, "TW"), "+") && E164(once, "TW") != once {
			r.Fatalf("%q is another number in Taiwan", once)
		}
	})
}

func TestABlacklistedCustomer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ok(Blacklist(w, w.party, "never pays"))
	why, stop, err := CustomerWarnings(w, w.party, w.branch, w.now)
	if err != nil || stop || len(why) != 1 || why[0].Code != WhyBlacklisted || why[0].Args[0] != "never pays" {
		t.Errorf("%v %v %v", why, stop, err)
	}
	w.id(CreateRequest(w, RequestInput{Party: w.party, Title: "x"}))
	w.ok(Unblacklist(w, w.party, "has paid"))
	if why, _, _ := CustomerWarnings(w, w.party, w.branch, w.now); len(why) > 0 {
		t.Error("still warned of")
	}
}

func TestNamesAlikeBothWays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b  string
		alike bool
	}{
		{"上海港口起重机械有限公司", "上海港口起重机械公司", true},
		{"上海港口起重机械有限公司", "上海港口起重机械", true},
		{"上海港口起重机械有限公司", "北京港口起重机械有限公司", false},
		{"上海有限公司", "北京有限公司", false},
		{"王小明", "王小明", true},
		{"王小明", "李小明", false},
		{"Harbour Cranes Ltd.", "HARBOUR CRANES LIMITED", true},
		{"Cranes Harbour", "Harbour Cranes", true},
		{"Harbour Cranes", "Harbor Cranes", true},
		{"Harbour Cranes", "Garden Cranes", false},
		{"ＡＢＣ工业", "ABC工业", true},
		{"公司", "公司", true},
		{"", "", false},
	} {
		a, b := Identity{Names: []string{c.a}}, Identity{Names: []string{c.b}}
		if got := nameSimilarity(a.Names, b.Names); (got >= nameAlike) != c.alike || got != nameSimilarity(b.Names, a.Names) {
			t.Errorf("%s and %s: %d %%", c.a, c.b, got)
		}
	}
}

func TestDuplicatesAreFoundWhileTyping(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	known, err := IdentityOf(w, w.party)
	w.ok(err)
	w.id(CreateContact(w, ContactInput{Party: w.party, Name: "Chen", Phone: "138 0013 8000"}))
	withContact, err := IdentityOf(w, w.party)
	w.ok(err)
	for _, c := range []struct {
		typed Identity
		among Identity
		why   []string
	}{
		{Identity{Names: []string{"Harbor Cranes Ltd"}}, known, []string{SameName}},
		{Identity{Names: []string{"x"}, Phones: []string{E164("138 0013 8000", "CN")}}, known, nil},
		{Identity{Names: []string{"x"}, Phones: []string{E164("138 0013 8000", "CN")}}, withContact, []string{SamePhone}},
		{Identity{Names: []string{"x"}, Serials: []string{"c 100"}}, known, []string{SameSerials}},
		{Identity{Names: []string{"Garden Cranes"}}, known, nil},
		{Identity{Phones: []string{""}, Serials: []string{""}}, known, nil},
	} {
		found := FindDuplicates(c.typed, []Identity{c.among})
		if len(found) != min(len(c.why), 1) || len(found) == 1 && !slices.Equal(found[0].Why, c.why) {
			t.Errorf("%v: %v", c.typed, found)
		}
	}
	if len(FindDuplicates(known, []Identity{known})) > 0 {
		t.Error("somebody is his own duplicate")
	}
}

// The list misses no pair that comparing each with each would find.
func TestTheListOfDuplicatesMissesNone(t *testing.T) {
	t.Parallel()
	words := []string{"上海", "北京", "港口", "起重", "机械", "有限公司", "Harbour ", "Crane ", "s", "Ltd", "A", "B"}
	rapid.Check(t, func(r *rapid.T) {
		all := make([]Identity, rapid.IntRange(2, 12).Draw(r, "customers"))
		for i := range all {
			all[i] = Identity{
				ID:     record.ID{byte(i + 1)},
				Names:  []string{strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 1, 6).Draw(r, "name"), "")},
				Phones: rapid.SliceOfN(rapid.SampledFrom([]string{"+1", "+2", ""}), 0, 2).Draw(r, "phones"),
			}
		}
		want := 0
		for i, c := range all {
			want += len(FindDuplicates(c, all[:i]))
		}
		if got := DuplicatePairs(all); len(got) != want {
			r.Fatalf("%d pairs, want %d", len(got), want)
		}
	})
}

// However the series look in two branches, no two numbers are the same, though nobody asks anybody.
func TestNumbersStayApartOffline(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		w := newWorld(r)
		other := w.id(CreateBranch(w, BranchInput{Code: rapid.SampledFrom([]string{"1", "d1", "J-d1-"}).Draw(r, "code"), Name: "x"}))
		around := rapid.SampledFrom([]string{"", "1", "-1", "/", "/1", " ", "{branch}", "J-d1-", "x"})
		for _, b := range []record.ID{w.branch, other, {}} {
			_ = SetNumberFormat(w, SeriesJob, b, around.Draw(r, "before")+numberMark+around.Draw(r, "behind")) // refused where it must be
		}
		given := map[string]bool{}
		for range 40 {
			n, err := FormatNumber(w, SeriesJob, rapid.SampledFrom([]record.ID{w.branch, other, {}}).Draw(r, "branch"))
			w.ok(err)
			if given[n] {
				r.Fatalf("%s is given twice", n)
			}
			given[n] = true
		}
	})
}

func TestMetersAreReadAndExchanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wrong := w.id(ReadMeter(w, MeterInput{Unit: w.unit, Reading: 1200}))
	w.id(ReadMeter(w, MeterInput{Unit: w.unit, Reading: 120, Replaces: wrong}))
	w.pass(1)
	w.id(ReadMeter(w, MeterInput{Unit: w.unit, Reading: 5, Exchanged: true}))
	list, err := MeterReadings(w, w.unit)
	w.ok(err)
	if len(list) != 2 || list[0].Reading != 120 || list[1].Reading != 5 || UnitOf(w.get("unit", w.unit)).Meter != 5 {
		t.Errorf("%+v", list)
	}
}

func TestShippedCodesHaveThreeLanguages(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, c := range slices.Concat(starterCodes, customerCodes) {
		if key := fmt.Sprint(c[0], "/", c[1]); seen[key] || slices.Contains(c[:], "") {
			t.Errorf("%s is there twice, or lacks a label", key)
		} else {
			seen[key] = true
		}
	}
	w := newWorld(t)
	w.ok(RetireCode(w, ListCause, "wear"))
	used, err := Codes(w, ListCause, false)
	w.ok(err)
	all, err := Codes(w, ListCause, true)
	w.ok(err)
	if len(all) != len(used)+1 || len(used) < 5 {
		t.Errorf("%d in use of %d", len(used), len(all))
	}
	for _, list := range [][]string{usualExclusions} {
		for _, code := range list {
			if !seen[ListCause+"/"+code] && !seen[ListExclusion+"/"+code] {
				t.Errorf("the warranty leaves out %s, which is no code", code)
			}
		}
	}
	prices := PolicyTemplates(PolicyPrice)[0].Body.(PricePolicy)
	for _, s := range prices.Services {
		if !seen[ListService+"/"+s.Code] {
			t.Errorf("the service %s is no code", s.Code)
		}
	}
}
