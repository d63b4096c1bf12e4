package systemtest

import (
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"testing"

	"fieldsync/server/auth"
	"fieldsync/server/store/postgres/pgtest"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// TestAPageOfARowLeadsToAllThatItDoesNotShow: a customer with more machines and jobs than his page shows.
func TestAPageOfARowLeadsToAllThatItDoesNotShow(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	v := b.browser("boss")
	var party, unit record.ID
	b.office("create", func(tx aftersales.Tx) (err error) {
		if party, err = aftersales.CreateParty(tx, aftersales.PartyInput{Name: "Big & Sons"}); err != nil {
			return err
		}
		for n := range 23 {
			if unit, err = aftersales.CreateUnit(tx, aftersales.UnitInput{Name: fmt.Sprint("Pump ", n), Serial: fmt.Sprint("BS-", n), Party: party}); err != nil {
				return err
			}
			if _, err = aftersales.CreateJob(tx, aftersales.JobInput{Title: fmt.Sprint("Leak ", n), Party: party, Unit: unit}); err != nil {
				return err
			}
		}
		_, err = aftersales.CreateJob(tx, aftersales.JobInput{Title: "Somebody else's"})
		return err
	})
	v.get("/customers/"+party.String()).sees(http.StatusOK, "and 3 older", `href="/assets?party=`+party.String(), `href="/jobs?party=`+party.String())
	v.get("/assets?party="+party.String()).sees(http.StatusOK, "23 shown of 23", "BS-0", "Big & Sons")
	v.get("/jobs?party="+party.String()).sees(http.StatusOK, "23 shown of 23", "Leak 0", "Big & Sons").lacks("Somebody else's")
	v.get("/jobs?unit="+unit.String()).sees(http.StatusOK, "1 shown of 1", "Leak 22")
	v.get("/requests?party="+party.String()).sees(http.StatusOK, "Nothing matches")
}

// TestListsFindersAndIntakeFindWhatPeopleType: two Chinese characters, a part of a serial with or without its joints, a
// telephone number however it is spelled; at once, whether or not the index has come to it.
func TestListsFindersAndIntakeFindWhatPeopleType(t *testing.T) {
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) { t.Parallel(); findsWhatPeopleType(t, newBureau(t)) })
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		database := pgtest.Database(t)
		findsWhatPeopleType(t, newBureauOn(t, filepath.Join(t.TempDir(), "hub.db"), database))
	})
}

func findsWhatPeopleType(t *testing.T, b *bureau) {
	b.hire("boss", "Anna Berg", auth.Administrator)
	v := b.browser("boss")
	const customer, machine, job = "上海东方热力有限公司", "Boiler Nine", "循环泵噪音很大"
	b.office("create", func(tx aftersales.Tx) error {
		party, err := aftersales.CreateParty(tx, aftersales.PartyInput{Name: customer, Phone: "+862155550017", Address: "南京西路 12"})
		if err != nil {
			return err
		}
		unit, err := aftersales.CreateUnit(tx, aftersales.UnitInput{Name: machine, Serial: "CB-88120.7", Party: party})
		if err != nil {
			return err
		}
		if _, err = aftersales.CreatePart(tx, aftersales.PartInput{Code: "P-00171", Name: map[string]string{"en": "Bearing", "zh-Hans": "轴承"}, Unit: "pcs"}); err != nil {
			return err
		}
		_, err = aftersales.CreateJob(tx, aftersales.JobInput{Title: job, Party: party, Unit: unit})
		return err
	})
	for _, look := range []struct{ page, typed, finds string }{
		{"/jobs?q=", "噪音", job}, {"/jobs?q=", "东方", job}, {"/jobs?q=", "8812", job}, {"/jobs?q=", "cb881207", job},
		{"/jobs?q=", "021 5555 0017", job},
		{"/assets?q=", "8812", machine}, {"/assets?q=", "88120-7", machine}, {"/assets?q=", "CB 88120", machine}, {"/assets?q=", "boil", machine},
		{"/assets?q=", "东方", machine}, {"/assets?q=", "5555-0017", machine},
		{"/customers?q=", "热力", customer}, {"/customers?q=", "+86 21 5555 0017", customer}, {"/customers?q=", "(021) 5555-0017", customer},
		{"/customers?q=", "0086 21 55550017", customer}, {"/customers?q=", "+86 (0)21 5555 0017", customer}, {"/customers?q=", "南京", customer},
		{"/parts?q=", "轴承", "P-00171"}, {"/parts?q=", "0017", "P-00171"}, {"/parts?q=", "p00171", "P-00171"}, {"/parts?q=", "bear", "P-00171"},
		{"/find?table=party&q=", "东方", customer}, {"/find?table=party&q=", "55550017", customer}, {"/find?table=unit&q=", "881207", machine},
		{"/find?table=unit&q=", "热力", machine}, {"/find?table=part&q=", "轴承", "P-00171"}, {"/find?table=job&q=", "噪音", job},
		{"/intake?q=", "东方", customer}, {"/intake?q=", "021-5555 0017", customer}, {"/intake?q=", "CB-88120.7", customer}, {"/intake?q=", "8120", customer},
		{"/requests?q=", "东方", "Nothing matches"}, {"/stock?q=", "轴承", "Stock"}, {"/movements?q=", "0017", "Movements"}, {"/notices?q=", "x", "Notices"},
		{"/hand-overs?q=", "x", "Hand-overs"}, {"/knowledge?q=", "噪音", "Solutions"}, {"/documents?q=", "x1", "Documents"}, {"/part-requests?q=", "x", "Part requests"},
		{"/products?q=", "x", "Models"}, {"/board?day=", "2026-01-05", "Waiting for somebody"}, {"/jobs?untimed=1&q=", "", "Jobs"},
		{"/search?q=", "021 5555 0017", customer}, {"/search?q=", "881207", machine}, {"/search?q=", "噪音", job},
	} {
		v.get(look.page+url.QueryEscape(look.typed)).sees(http.StatusOK, look.finds)
	}
	for _, look := range []struct{ page, typed, lacks string }{
		{"/jobs?q=", "音噪", job}, {"/assets?q=", "88121", machine}, {"/customers?q=", "021 5555 0018", customer}, {"/assets?q=", "oiler", machine},
		{"/find?table=party&q=", "方东", customer}, {"/parts?q=", "---", "P-00171"},
	} {
		v.get(look.page + url.QueryEscape(look.typed)).sees(http.StatusOK).lacks(look.lacks)
	}
}
