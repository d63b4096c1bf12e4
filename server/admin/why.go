package admin

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// The reasons whose first arg is a day, or is a code of a list.
var (
	datedReasons = []string{
		aftersales.WhyInWarranty, aftersales.WhyWarrantyOver, aftersales.WhyNotBegun, "refund_until", "exchange_until", "early_failure",
	}
	codedReasons = map[string]int{aftersales.WhyExcluded: 0, aftersales.WhyContractExcl: 1}
)

// reason says in words why a decision is as it is.
func (v *Visit) reason(n *names, why aftersales.Reason) (string, error) {
	args := make([]any, len(why.Args))
	for i, arg := range why.Args {
		args[i] = arg
		if day, err := strconv.ParseInt(arg, 10, 64); err == nil && i == 0 && slices.Contains(datedReasons, why.Code) {
			args[i] = date(day)
		}
		if at, coded := codedReasons[why.Code]; coded && at == i {
			label, err := v.voids(n, arg)
			if err != nil {
				return "", err
			}
			args[i] = label
		}
		switch why.Code {
		case aftersales.WhyPolicyPays:
			args[i] = v.lang.Name("payer." + arg)
		case aftersales.WhyDiscount:
			if hundredths, err := strconv.ParseInt(arg, 10, 64); err == nil {
				args[i] = decimal(hundredths, 2)
			}
		}
	}
	sentence := "why." + why.Code
	return v.t(sentence, args...), nil
}

// voids returns what a cause or exclusion is called: reasons do not say of which of the two lists the code is.
func (v *Visit) voids(n *names, code string) (string, error) {
	label, err := v.code(n, aftersales.ListExclusion, code)
	if err != nil || label != v.lang.Name(aftersales.ListExclusion+"."+code) {
		return label, err
	}
	return v.code(n, aftersales.ListCause, code)
}

// reasons says all of them.
func (v *Visit) reasons(n *names, why []aftersales.Reason) (said []string, err error) {
	for _, w := range why {
		text, err := v.reason(n, w)
		if err != nil {
			return nil, err
		}
		said = append(said, text)
	}
	return said, nil
}

// whyText says reasons that a row keeps as JSON; those of a later version of this program as they stand.
func (v *Visit) whyText(n *names, encoded string) (string, error) {
	var why []aftersales.Reason
	if json.Unmarshal([]byte(encoded), &why) != nil {
		return encoded, nil
	}
	said, err := v.reasons(n, why)
	return joinWords(said), err
}

// versionsText names the versions of policies whose ids a row keeps: which policy, and since when it says so.
func (v *Visit) versionsText(n *names, ids string) (string, error) {
	var said []string
	for _, text := range strings.Fields(ids) {
		id, err := record.ParseID(text)
		if err != nil {
			continue
		}
		row, err := n.read.Row(record.Key{Table: v.office.Schema.Table("policy_version").ID, ID: id})
		if err != nil {
			return "", err
		}
		if version := aftersales.PolicyVersionOf(row); row != nil {
			said = append(said, v.lang.Name("policy.kind."+version.Kind)+" ("+v.sinceWhen(version.ValidFrom)+")")
		}
	}
	return strings.Join(said, ", "), nil
}

// entitlementView is what a customer may have for a machine, and why, in words.
type entitlementView struct {
	Basis, Class string
	Unsure       bool
	Why          []string
	Contract     string // its number
	Covers       []coverView
}

// coverView is who pays for one kind of line, or for what of it has rules of its own.
type coverView struct {
	Kind    string
	Only    string // the service or the category of parts, where it is not all of the kind
	Percent int64  // that the customer does not pay
	Payer   string
	Why     []string
}

// entitlement says a decision in words.
func (v *Visit) entitlement(n *names, d aftersales.Entitlement) (view *entitlementView, err error) {
	view = &entitlementView{Basis: d.Basis, Class: d.Class, Unsure: d.Unsure}
	if view.Why, err = v.reasons(n, d.Why); err != nil {
		return nil, err
	}
	for _, kind := range aftersales.ChargeKinds {
		c, ok := d.Cover[kind]
		if !ok {
			continue
		}
		said, err := v.covered(n, kind, c)
		if err != nil {
			return nil, err
		}
		view.Covers = append(view.Covers, said)
		for _, s := range d.Special {
			if s.Kind != kind {
				continue
			}
			if said, err = v.covered(n, kind, s.Cover); err != nil {
				return nil, err
			}
			list, code := aftersales.ListService, s.Service
			if code == "" {
				list, code = aftersales.ListPartCategory, s.PartCategory
			}
			if said.Only, err = v.code(n, list, code); err != nil {
				return nil, err
			}
			view.Covers = append(view.Covers, said)
		}
	}
	return view, nil
}

// covered says who pays, and why.
func (v *Visit) covered(n *names, kind string, c aftersales.Cover) (coverView, error) {
	plain := func(w aftersales.Reason) bool { return w.Code == aftersales.WhyCustomerPays } // the line itself says so
	why, err := v.reasons(n, slices.DeleteFunc(slices.Clone(c.Why), plain))
	return coverView{Kind: kind, Percent: c.Percent, Payer: c.Payer, Why: why}, err
}

// Customer returns the share that the customer pays, in percent.
func (c coverView) Customer() int64 { return 100 - c.Percent }
