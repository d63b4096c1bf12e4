package aftersales

import (
	"fieldsync/sync/clock"
	"fieldsync/sync/record"
)

// Imagine returns the view as it would be had a policy of a branch, or with the zero id of the company, always said that:
// by it, whoever publishes a version sees what it would decide. Codes: UnknownPolicy, BadPolicy.
func Imagine(v View, kind string, branch record.ID, body string) (View, error) {
	body, err := PolicyInput{Kind: kind, JSON: body}.body()
	if err != nil {
		return nil, err
	}
	policy := PolicyID(kind, branch)
	change, err := record.NewChange(record.Insert, policyVersionTable, NamedID("imagined", policy.String()), record.Values{
		"policy": record.Ref(policy), "kind": record.Text(kind), "valid_from": record.Instant(0), "body": record.Text(body),
	})
	if err != nil {
		return nil, err
	}
	return imagined{v, policy, record.NewRow(policyVersionTable, &change, clock.Dot{})}, nil
}

// imagined is a view in which a policy has one version alone.
type imagined struct {
	View
	policy  record.ID
	version *record.Row
}

// Refs returns the imagined version in place of those that there are.
func (v imagined) Refs(table, column string, id record.ID) ([]*record.Row, error) {
	if table == "policy_version" && column == "policy" && id == v.policy {
		return []*record.Row{v.version}, nil
	}
	return v.View.Refs(table, column, id)
}

// Row returns the imagined version by its id, too.
func (v imagined) Row(table string, id record.ID) (*record.Row, error) {
	if table == "policy_version" && id == v.version.ID {
		return v.version, nil
	}
	return v.View.Row(table, id)
}
