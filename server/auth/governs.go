package auth

import (
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// governs says what it takes in the office to write the tables of which the hub takes no row from a device, and approvals.
var governs = map[string]Permission{
	"branch": EditSettings, "setting": EditSettings, "number_format": EditSettings, "number_start": EditSettings, "document_number": EditSettings,
	"code_list": EditSettings, "code": EditSettings, "substate": EditSettings, "field_set": EditSettings, "field_def": EditSettings,
	"policy": EditPolicies, "policy_version": EditPolicies, "checklist": EditChecklists, "checklist_version": EditChecklists, "document": EditKnowledge,
	"product": EditProducts, "product_component": EditProducts, "part": EditParts, "price": EditParts, "stock_level": EditParts, "location": EditParts,
	"part_cost": SeeCosts, "contract": EditContracts, "contract_cover": EditContracts, "approval": Approve, "approval_secret": Approve,
	"number_claim": EditSettings, "solution": EditKnowledge, "supplement": EditRecords, "ring": RingCalls, "absence": EditPeople,
	"person": EditPeople, "posting": EditPeople, "team": EditPeople, "membership": EditPeople, "skill": EditPeople, "resource": EditPeople,
	"device_key": EnrolDevices, "discrepancy": SettleStock, "billing_finding": SettleBilling, "notice": RetryNotices, "notice_attempt": RetryNotices,
	"webhook": ManageWebhooks, "api_call": ManageTokens, "external_key": ImportData, "external_base": ImportData, "import": ImportData, "import_line": ImportData,
}

// MayRelease refuses to let somebody apply what was refused, where he may not write it in the office: or whoever has a phone, and may release
// what it wrote, would govern the company by it. The error is a *fault.Error with the code BeyondOwn.
func (p *Person) MayRelease(s *schema.Schema, rows []record.RowChange) error {
	for i := range rows {
		t := s.TableByID(rows[i].Table)
		if t == nil {
			continue
		}
		if need := governs[t.Name]; need != "" && !p.May(need) {
			return errBeyond
		}
	}
	return nil
}
