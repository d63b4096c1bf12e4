package admin

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// What the policies of consent, dispatch, notices and intake decide about a row, for the preview of a version.

// secondYes says from which amount on paid work of a job needs a second yes, by currency, and what was agreed so far.
func (p previewing) secondYes(v aftersales.View, job record.ID) (said []sentence, err error) {
	row, err := v.Row("job", job)
	if err != nil {
		return nil, err
	}
	policy, _, err := aftersales.InForce[aftersales.ConsentPolicy](v, aftersales.PolicyConsent, aftersales.JobOf(row).Branch, p.at)
	if err != nil {
		return nil, err
	}
	for _, currency := range slices.Sorted(maps.Keys(policy.Limits)) {
		limit := aftersales.Money{Minor: policy.Limits[currency], Currency: currency}
		said = append(said, sentence{currency, p.v.t("above %s a second yes is needed", money(limit))})
	}
	last, err := aftersales.LastConsent(v, job)
	if err != nil {
		return nil, err
	}
	if last.Amount.Currency != "" {
		enough := p.v.t("%s: the customer's consent is enough", money(last.Amount))
		if limit, limited := policy.Limits[last.Amount.Currency]; limited && last.Amount.Minor > limit {
			enough = p.v.t("%s: a second yes is needed", money(last.Amount))
		}
		said = append(said, sentence{p.v.t("What the customer agreed to"), enough})
	}
	label := capital(p.v.partLabel(part{Name: "unreachable"}))
	if len(policy.Limits) == 0 {
		return append(said, sentence{label, p.v.t("No amount needs a second yes.")}), nil
	}
	return append(said, sentence{label, p.v.lang.Name("policy.is." + policy.Unreachable)}), nil
}

// suggestedMost is how many people a preview ranks: below them nobody looks.
const suggestedMost = 8

// suggested says who would be sent to a job, the best first, and why.
func (p previewing) suggested(v aftersales.View, job record.ID) (said []sentence, err error) {
	found, err := aftersales.Suggest(v, job, p.at)
	if err != nil {
		return nil, err
	}
	for i, s := range found[:min(suggestedMost, len(found))] {
		who, err := p.n.row(record.Key{Table: p.o.Schema.Table("person").ID, ID: s.Person})
		if err != nil {
			return nil, err
		}
		grounds := []string{who + p.v.t(":") + " " + strconv.FormatInt(s.Score, 10)}
		for _, g := range s.Reasons {
			grounds = append(grounds, p.v.ground(g))
		}
		said = append(said, sentence{strconv.Itoa(i + 1), strings.Join(grounds, " · ")})
	}
	return said, nil
}

// told says who would hear of what happens to a job, how, and in which words.
func (p previewing) told(v aftersales.View, job record.ID) (said []sentence, err error) {
	notices, err := aftersales.Foretell(v, "job", job, p.at)
	if err != nil {
		return nil, err
	}
	for _, n := range notices {
		who := n.Address
		if !n.Recipient.IsZero() {
			if who, err = p.n.row(record.Key{Table: p.o.Schema.Table("person").ID, ID: n.Recipient}); err != nil {
				return nil, err
			}
		}
		parts := []string{who, p.v.lang.Name("notice.channel." + n.Channel), n.Text}
		if n.NotBefore > p.at {
			parts = append(parts, p.v.t("not before %s", times{p.v.lang, p.o.Zone}.when(n.NotBefore)))
		}
		said = append(said, sentence{capital(p.v.lang.Name("notice.event." + n.Event)), strings.Join(parts, " · ")})
	}
	return said, nil
}

// received says how a call of a customer would be taken.
func (p previewing) received(v aftersales.View, party record.ID) (said []sentence, err error) {
	row, err := v.Row("party", party)
	if err != nil {
		return nil, err
	}
	of := aftersales.PartyOf(row)
	why, stop, err := aftersales.CustomerWarnings(v, party, of.Branch, p.at)
	if err != nil {
		return nil, err
	}
	taken := p.v.t("taken on")
	switch {
	case stop:
		taken = p.v.t("not taken on: the customer is on the blacklist")
	case len(why) > 0:
		taken = p.v.t("taken on, with a warning: the customer is on the blacklist")
	}
	said = append(said, sentence{p.v.t("A call of this customer"), taken})
	if of.Phone == "" {
		return said, nil
	}
	number, err := aftersales.PhoneIn(v, of.Branch, of.Phone, p.at)
	return append(said, sentence{p.v.t("His number is kept as"), number}), err
}
