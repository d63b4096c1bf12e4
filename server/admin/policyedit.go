package admin

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// policyPage is the form of a new version of a policy that has parts.
type policyPage struct {
	frame
	Kind     string
	Action   string
	Back     string
	Variants []link
	Inputs   []policyInput
	Dates    []field // from when, until when, a note
	Try      field   // the row that it is tried on
	Seen     int     // how many versions there are
	Preview  *previewView
	Marked   bool
	Problem  string
}

// policyDates are what the form asks for beside what the policy says.
var policyDates = []schema.Column{ask("valid_from", schema.Instant), ask("valid_until", schema.Instant), ask("note", schema.Text)}

func saidBy(body string) map[string]any {
	said := map[string]any{}
	d := json.NewDecoder(strings.NewReader(body))
	d.UseNumber()
	_ = d.Decode(&said) // what cannot be read is an empty form
	return said
}

// newPolicy shows the form with what the version begins with.
func (o *Office) newPolicy(v *Visit, kind string, branch record.ID, body, note string) error {
	page := o.policyPage(v, kind, branch)
	page.Dates[2].Value = note
	err := o.Engine.View(v.r.Context(), func(r Reader) error {
		versions, err := aftersales.Look(r).Refs("policy_version", "policy", aftersales.PolicyID(kind, branch))
		page.Seen = len(versions)
		return err
	})
	if err != nil {
		return err
	}
	return o.showPolicyForm(v, http.StatusOK, page, saidBy(body), nil)
}

func (o *Office) policyPage(v *Visit, kind string, branch record.ID) *policyPage {
	page := &policyPage{Kind: kind, Action: policyURL(kind, branch), Back: policyURL(kind, branch)}
	page.frame = v.frame(v.t("Publish a new version")+" · "+v.lang.Name("policy.kind."+kind), policiesURL)
	page.Variants = v.publishLinks(kind, branch).Links
	t := o.Schema.Table("policy")
	for i := range policyDates {
		page.Dates = append(page.Dates, v.input(t, &policyDates[i], record.Null))
	}
	column := askRow("preview", tried[kind])
	page.Try = v.input(t, &column, record.Null)
	page.Try.Kind, page.Try.Finds, page.Try.Label = "row", tried[kind], v.t(tryOn[tried[kind]])
	return page
}

func (o *Office) showPolicyForm(v *Visit, status int, page *policyPage, said map[string]any, problems map[string]string) error {
	err := o.Engine.View(v.r.Context(), func(r Reader) (err error) {
		page.Inputs, err = v.policyInputs(r, page.Kind, said)
		return err
	})
	if err != nil {
		return err
	}
	v.again(page.Inputs, problems)
	page.Marked = len(problems) > 0
	return v.show(status, "policy", page)
}

// sendPolicy publishes what the form says, tries it on a row, or only shows it again with more room.
func (o *Office) sendPolicy(v *Visit, kind string, branch record.ID) error {
	page := o.policyPage(v, kind, branch)
	page.Seen = v.count("seen")
	said, problems := v.readPolicy(kind)
	given := v.readDates(page, problems)
	page.Try.Value, page.Try.Ref = v.form("preview"), v.form("ref.preview")
	switch do := v.form("do"); {
	case do == "rows":
		return o.showPolicyForm(v, http.StatusOK, page, said, nil)
	case len(problems) > 0:
		return o.showPolicyForm(v, http.StatusUnprocessableEntity, page, said, problems)
	case do == "preview":
		return o.previewPolicy(v, page, branch, said)
	}
	body, err := json.Marshal(said)
	if err != nil {
		return err
	}
	err = o.Engine.Do(v.r.Context(), v.author(), nil, aftersales.CausePolicyPublish, func(tx aftersales.Tx) error {
		_, err := aftersales.PublishPolicy(tx, aftersales.PolicyInput{
			Kind: kind, Branch: branch, ValidFrom: given["valid_from"].Number(), ValidUntil: given["valid_until"].Number(),
			JSON: string(body), Note: given["note"].Text(), Seen: page.Seen,
		})
		return err
	})
	if err != nil {
		return o.policyRefused(v, page, said, err)
	}
	return v.done(page.Back, v.t("Published. Phones hear of it as soon as they have signal."))
}

// readDates reads from when and until when the version holds.
func (v *Visit) readDates(page *policyPage, problems map[string]string) record.Values {
	given := record.Values{}
	for i := range page.Dates {
		f := &page.Dates[i]
		f.Value = v.form(f.Name)
		value, err := v.parse(f.column, f.Value)
		if refused, _ := statusOf(err); err != nil {
			f.Problem = v.lang.refusal(refused)
			problems[f.Name] = f.Problem
		}
		given[f.Name] = value
	}
	return given
}

// policyRefused shows the form with what was typed and why it was refused.
func (o *Office) policyRefused(v *Visit, page *policyPage, said map[string]any, err error) error {
	f, status := statusOf(err)
	if status >= 500 {
		return err
	}
	page.Problem = v.lang.refusal(f)
	if f.Code == aftersales.BadPolicy {
		page.Problem = v.lang.refusal(fault.New(fault.Invalid, f.Message))
	}
	return o.showPolicyForm(v, http.StatusUnprocessableEntity, page, said, nil)
}

// previewPolicy shows the form with what the version would decide.
func (o *Office) previewPolicy(v *Visit, page *policyPage, branch record.ID, said map[string]any) error {
	values := record.Values{}
	var refused error
	err := o.Engine.View(v.r.Context(), func(r Reader) error {
		if refused = v.readRef(r, &page.Try, values); refused == nil && values["preview"].IsNull() {
			refused = errNeeded
		}
		if refused != nil {
			return nil
		}
		b := o.builder(v, r, &about{})
		view, err := b.preview(page.Kind, branch, maps.Clone(said), values["preview"].Ref())
		page.Preview = view
		return err
	})
	if refused != nil {
		f, status := statusOf(refused)
		if status >= 500 {
			return refused
		}
		page.Try.Problem = v.lang.refusal(f)
		return o.showPolicyForm(v, http.StatusUnprocessableEntity, page, said, nil)
	}
	if err != nil {
		return o.policyRefused(v, page, said, err)
	}
	return o.showPolicyForm(v, http.StatusOK, page, said, nil)
}
