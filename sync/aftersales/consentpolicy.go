package aftersales

import (
	"fieldsync/sync/fault"
)

// What happens to paid work above the limit when neither the office nor its telephone can be reached.
const (
	UnreachableProceed = "proceed" // it is done, and flagged for the office
	UnreachableStop    = "stop"    // it is not done
)

// ConsentPolicy says when paid work needs a second yes besides the customer's.
type ConsentPolicy struct {
	Limits      map[string]int64 `json:"limits"`      // by ISO 4217 code, minor units: above it; none for a currency that is not there
	Unreachable string           `json:"unreachable"` // see UnreachableProceed
}

// Validate refuses limits below nothing and an unknown way without the office. Codes: BadPolicy.
func (p ConsentPolicy) Validate() error {
	for currency, limit := range p.Limits {
		if len(currency) != 3 || limit < 0 {
			return fault.New(BadPolicy, "a limit is an amount, in a currency of three letters: CNY, TWD, EUR")
		}
	}
	if p.Unreachable != UnreachableProceed && p.Unreachable != UnreachableStop {
		return fault.New(BadPolicy, "where nobody can be reached, work above the limit proceeds or stops")
	}
	return nil
}

// needsSecond reports whether work for this amount needs a second yes.
func (p ConsentPolicy) needsSecond(m Money) bool {
	limit, limited := p.Limits[m.Currency]
	return limited && m.Minor > limit
}

func consentPolicies() []PolicyTemplate {
	limits := map[string]int64{"CNY": 2_000_00, "TWD": 10_000_00, "EUR": 300_00, "USD": 300_00}
	return []PolicyTemplate{
		{PolicyConsent, "proceed", texts("Above the limit ask the office; unreachable: proceed and flag",
			"超限额须经公司同意；联系不上时先做并标记", "超限額須經公司同意；聯絡不上時先做並標記"),
			ConsentPolicy{limits, UnreachableProceed}},
		{PolicyConsent, "stop", texts("Above the limit ask the office; unreachable: stop",
			"超限额须经公司同意；联系不上时停止", "超限額須經公司同意；聯絡不上時停止"),
			ConsentPolicy{limits, UnreachableStop}},
		{PolicyConsent, "customer", texts("The customer's consent is enough", "客户同意即可", "客戶同意即可"),
			ConsentPolicy{nil, UnreachableProceed}},
	}
}
