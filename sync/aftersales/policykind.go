package aftersales

import (
	"maps"
	"slices"
)

// The kinds of policy. A noun that goes by a policy adds its kind here, to policyKinds and to shippedPolicies.
const (
	PolicyIntake   = "intake"   // how the office takes calls: IntakePolicy
	PolicyCalendar = "calendar" // when a branch works: CalendarPolicy
	PolicySLA      = "sla"      // what is promised about time: SLAPolicy
	PolicyConsent  = "consent"  // when paid work needs a second yes: ConsentPolicy
	PolicyReturn   = "return"   // refund, exchange, replacement: ReturnPolicy
	PolicyWarranty = "warranty" // from when and how long: WarrantyPolicy
	PolicyCharge   = "charge"   // who pays for parts, labour, travel: ChargePolicy
	PolicyFreight  = "freight"  // who pays for freight: ChargePolicy
	PolicyPrice    = "price"    // what services cost, tax and rounding: PricePolicy
	PolicyDispatch = "dispatch" // whom to send: DispatchPolicy
	PolicyNotice   = "notice"   // who hears of what: NoticePolicy
)

// policyKinds says how the body of each kind is checked.
var policyKinds = map[string]func(body string) error{
	PolicyIntake:   checkPolicy[IntakePolicy],
	PolicyCalendar: checkPolicy[CalendarPolicy],
	PolicySLA:      checkPolicy[SLAPolicy],
	PolicyConsent:  checkPolicy[ConsentPolicy],
	PolicyReturn:   checkPolicy[ReturnPolicy],
	PolicyWarranty: checkPolicy[WarrantyPolicy],
	PolicyCharge:   checkPolicy[ChargePolicy],
	PolicyFreight:  checkPolicy[ChargePolicy],
	PolicyPrice:    checkPolicy[PricePolicy],
	PolicyDispatch: checkPolicy[DispatchPolicy],
	PolicyNotice:   checkPolicy[NoticePolicy],
}

// shippedPolicies returns the ready-made policies, those that hold in a new company first among their kind.
func shippedPolicies() []PolicyTemplate {
	return slices.Concat(
		intakePolicies(),
		calendarPolicies(),
		slaPolicies(),
		consentPolicies(),
		warrantyPolicies(),
		returnPolicies(),
		chargePolicies(),
		freightPolicies(),
		pricePolicies(),
		dispatchPolicies(),
		noticePolicies(),
	)
}

// PolicyKinds are the kinds of policy, by name.
func PolicyKinds() []string { return slices.Sorted(maps.Keys(policyKinds)) }
