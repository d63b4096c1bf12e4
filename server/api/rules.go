package api

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// The resources about what the company goes by. What they say is never changed: a version follows the one before.
var ruleResources = []*resource{
	{
		Path: "policies", Table: "policy_version", See: auth.SeePolicies, Create: auth.EditPolicies,
		Takes: []string{"kind", "branch", "valid_from", "valid_until", "body", "note", "replaces"}, Needs: []string{"kind"},
		More: []schema.Column{seen}, Make: publish,
	},
	{
		Path: "checklists", Table: "checklist", See: auth.SeeChecklists, Create: auth.EditChecklists, Takes: []string{"branch", "name", "job_kind", "product", "note"},
		More: []schema.Column{oneOf("template", aftersales.ChecklistTemplates()...), takes("valid_from", schema.Instant, ""), takes("questions", nested, "")},
		Make: makeChecklist,
		Actions: append([]action{{
			Name: "revise", Need: auth.EditChecklists, Cause: aftersales.CauseChecklist, Needs: []string{"questions"},
			Takes: []schema.Column{takes("questions", nested, ""), takes("valid_from", schema.Instant, ""), seen}, Do: revise,
		}}, archiving("checklist", auth.EditChecklists)...),
	},
	{Path: "checklist-versions", Table: "checklist_version", See: auth.SeeChecklists, Names: auth.EditChecklists},
}

// seen is how many versions a program knows of: its own is refused where there are more. Left out, it follows whatever there is.
var seen = takes("seen", schema.Integer, "")

// nested is the kind of a column whose text is JSON: a program reads and writes it as that, and not as text.
const nested schema.Kind = 1 << 7

// nestedIn names such a column of each table that has one.
var nestedIn = map[string]string{"policy_version": "body", "checklist_version": "questions", "resource": "hours", "billing_finding": "why"}

// told returns a column as programs know it.
func told(t *schema.Table, c *schema.Column) *schema.Column {
	if nestedIn[t.Name] != c.Name {
		return c
	}
	as := *c
	as.Kind = nested
	return &as
}

// publish lets a policy say something else from a moment on; with the body null a branch goes by the company's again.
func publish(tx aftersales.Tx, _ record.ID, v record.Values) (record.ID, error) {
	kind, branch := v["kind"].Text(), v["branch"].Ref()
	switch body, given := v["body"]; {
	case !given:
		return record.ID{}, needed("body")
	case body.IsNull():
		return aftersales.EndPolicy(tx, kind, branch, v["valid_from"].Number())
	}
	return aftersales.PublishPolicy(tx, aftersales.PolicyInput{
		Kind: kind, Branch: branch, ValidFrom: v["valid_from"].Number(), ValidUntil: v["valid_until"].Number(), JSON: v["body"].Text(), Note: v["note"].Text(),
		Replaces: v["replaces"].Ref(), Seen: int(v["seen"].Number()),
	})
}

// makeChecklist makes a checklist of the questions that are given, else as a ready-made one asks them.
func makeChecklist(tx aftersales.Tx, id record.ID, v record.Values) (record.ID, error) {
	in, err := aftersales.ChecklistFrom(v["template"].Text())
	if err != nil {
		return id, err
	}
	for language, name := range textsOf(v, "name") {
		in.Name[language] = name
	}
	kind, err := codeOf(tx, v["job_kind"].Ref())
	if err != nil {
		return id, err
	}
	in.ID, in.Branch, in.JobKind, in.Product = id, v["branch"].Ref(), cmp.Or(kind, in.JobKind), v["product"].Ref()
	in.Note, in.ValidFrom = v["note"].Text(), v["valid_from"].Number()
	switch given := v["questions"]; {
	case len(in.Name) == 0:
		return id, needed("name")
	case in.JobKind == "" && in.Product.IsZero():
		return id, needed("job_kind")
	case !given.IsNull():
		if in.Questions, err = questionsOf(given); err != nil {
			return id, err
		}
	}
	return aftersales.CreateChecklist(tx, in)
}

// revise gives a checklist its next version.
func revise(tx aftersales.Tx, row record.ID, v record.Values) error {
	questions, err := questionsOf(v["questions"])
	if err == nil {
		_, err = aftersales.ReviseChecklist(tx, aftersales.ReviseChecklistInput{Checklist: row, ValidFrom: v["valid_from"].Number(), Questions: questions, Seen: int(v["seen"].Number())})
	}
	return err
}

// questionsOf reads a list of questions. One that holds what no question has is likely misspelt.
func questionsOf(v record.Value) (list []aftersales.Question, err error) {
	if err := strictly(json.RawMessage(v.Text()), &list); err != nil {
		return nil, refused("questions", aftersales.BadQuestion, err, "%s cannot be read: %v.", "questions", "it is a list of questions, as a version of a checklist shows them")
	}
	return list, nil
}

// templatesRoute shows the ready-made policies: what the body of each kind holds is seen best in one.
var templatesRoute = Route{
	Method: "GET", Path: "/policy-templates", Need: auth.SeePolicies, do: (*API).templates, name: "list", status: http.StatusOK, params: []any{query("kind")},
	says: " The ready-made policies: what the body of each kind holds.",
	answers: object{"type": "object", "properties": object{"rows": object{"type": "array", "items": object{"type": "object", "properties": object{
		"kind": text, "name": text, "text": object{"type": "object"}, "body": object{"type": "object"},
	}}}}},
}

func (a *API) templates(c *call) error {
	kind := c.r.URL.Query().Get("kind")
	if kind != "" && !slices.Contains(aftersales.PolicyKinds(), kind) {
		return refused("kind", aftersales.UnknownPolicy, nil, "there is no kind of policy called %s", kind)
	}
	rows := []any{}
	for _, t := range aftersales.PolicyTemplates(kind) {
		rows = append(rows, object{"kind": t.Kind, "name": t.Name, "text": t.Text, "body": t.Body})
	}
	return reply(c.w, http.StatusOK, object{"rows": rows})
}
