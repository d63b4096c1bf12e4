package aftersales

import (
	"slices"

	"fieldsync/sync/fault"
)

// What a blacklisted customer means for whoever takes his call.
const (
	BlacklistWarn = "warn" // the reason is shown, and work goes on
	BlacklistStop = "stop" // no request and no job is made for him
)

// IntakePolicy says how calls are taken.
type IntakePolicy struct {
	Blacklist string `json:"blacklist"`
	Country   string `json:"country"` // ISO 3166 region of telephone numbers without a country code: "CN"
}

// Validate refuses an unknown way with the blacklist. Codes: BadPolicy.
func (p IntakePolicy) Validate() error {
	if !slices.Contains([]string{BlacklistWarn, BlacklistStop}, p.Blacklist) {
		return fault.New(BadPolicy, "a blacklisted customer is a reason to warn or to stop")
	}
	if len(p.Country) != 2 {
		return fault.New(BadPolicy, "the country is two letters: CN, TW, DE")
	}
	return nil
}

func intakePolicies() []PolicyTemplate {
	return []PolicyTemplate{
		{PolicyIntake, "warn", texts("Blacklist warns", "黑名单仅提示", "黑名單僅提示"), IntakePolicy{BlacklistWarn, "CN"}},
		{PolicyIntake, "stop", texts("Blacklist stops", "黑名单禁止受理", "黑名單禁止受理"), IntakePolicy{BlacklistStop, "CN"}},
	}
}
