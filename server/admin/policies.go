package admin

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/sqlrow"
)

// ListPolicies shows what the company goes by: of each kind the version in force, and what is to come.
func (o *Office) ListPolicies(v *Visit) error {
	shown := block{ID: "policies", Hint: v.t("A rule is never changed: a new version follows it. What was decided stays decided by the version of its time.")}
	for _, h := range []string{"kind", "valid_from", "note", "coming"} {
		shown.Heads = append(shown.Heads, v.lang.Name("policy."+h))
	}
	err := o.Engine.View(v.r.Context(), func(r Reader) error {
		view, now := aftersales.Look(r), o.Now().UnixMilli()
		for _, kind := range aftersales.PolicyKinds() {
			versions, err := aftersales.PolicyVersions(view, kind, record.ID{})
			if err != nil {
				return err
			}
			in, err := aftersales.PolicyAt(view, kind, record.ID{}, now)
			if err != nil {
				return err
			}
			coming := len(versions) - len(slices.DeleteFunc(slices.Clone(versions), func(x aftersales.PolicyVersion) bool { return x.ValidFrom > now }))
			line := []spot{leads(v.lang.Name("policy.kind."+kind), policiesURL+"/"+kind), counts(v.sinceWhen(in.ValidFrom)), says(v.variant(kind, in.Note)), counts("")}
			if coming > 0 {
				line[3].Text = strconv.Itoa(coming)
			}
			shown.Rows = append(shown.Rows, line)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return v.showBlocks(policiesURL, v.t("Policies"), nil, []block{shown})
}

func (v *Visit) sinceWhen(at int64) string {
	if at == 0 {
		return v.t("from the beginning")
	}
	return times{v.lang, v.office.Zone}.when(at)
}

// variant returns what a ready-made policy is called, where a note names one.
func (v *Visit) variant(kind, note string) string {
	for _, t := range aftersales.PolicyTemplates(kind) {
		if t.Name == note {
			return v.texts(t.Text, note)
		}
	}
	return note
}

// policy returns the kind in the URL, and the branch in its query: the zero id for the company.
func (v *Visit) policy() (kind string, branch record.ID, err error) {
	kind = v.r.PathValue("kind")
	if !slices.Contains(aftersales.PolicyKinds(), kind) {
		return "", branch, errNoPage
	}
	if given := v.r.FormValue("branch"); given != "" {
		if branch, err = record.ParseID(given); err != nil {
			return "", branch, errForm
		}
	}
	return kind, branch, nil
}

func policyURL(kind string, branch record.ID) string {
	if branch.IsZero() {
		return policiesURL + "/" + kind
	}
	return policiesURL + "/" + kind + "?branch=" + branch.String()
}

// ShowPolicy shows what a kind of policy says: in force, to come, and past.
func (o *Office) ShowPolicy(v *Visit) error {
	kind, branch, err := v.policy()
	if err != nil {
		return err
	}
	var blocks []block
	var branches []link
	err = o.Engine.View(v.r.Context(), func(r Reader) error {
		versions, err := aftersales.PolicyVersions(aftersales.Look(r), kind, branch)
		if err != nil {
			return err
		}
		if branches, err = v.branchLinks(r, kind, branch); err != nil {
			return err
		}
		blocks = v.versionBlocks(o.names(r), kind, versions)
		return nil
	})
	if err != nil {
		return err
	}
	if len(blocks) == 0 {
		blocks = []block{{Empty: v.t("This branch goes by the company's policy.")}}
	}
	if v.Who.May(auth.EditPolicies) {
		blocks = slices.Insert(blocks, 0, v.publishLinks(kind, branch))
	}
	return v.showBlocks(policiesURL, capital(v.lang.Name("policy.kind."+kind)), branches, blocks)
}

// branchLinks lead to the company's policy and to those of the branches.
func (v *Visit) branchLinks(r Reader, kind string, here record.ID) (links []link, err error) {
	add := func(id record.ID, name string) {
		if id == here {
			name = "• " + name
		}
		links = append(links, link{policyURL(kind, id), name})
	}
	add(record.ID{}, v.t("The whole company"))
	err = r.Select(func(q *sqlrow.Rows) error { add(q.ID(0), q.Text(1)); return q.Err() },
		"SELECT id, name FROM branch WHERE _del = 0 AND archived_at IS NULL ORDER BY name, id")
	return links, err
}

// publishLinks lead to the form of a new version, from what holds or from a ready-made one.
func (v *Visit) publishLinks(kind string, branch record.ID) block {
	to := func(from string) string {
		return policiesURL + "/" + kind + "/new?from=" + from + "&branch=" + branchQuery(branch)
	}
	b := block{Title: v.t("Publish a new version"), Links: []link{{to(""), v.t("From what holds now")}}}
	for _, t := range aftersales.PolicyTemplates(kind) {
		b.Links = append(b.Links, link{to(t.Name), v.texts(t.Text, t.Name)})
	}
	if !branch.IsZero() {
		b.Links = append(b.Links, link{policiesURL + "/" + kind + "/end?branch=" + branch.String(), v.t("Go by the company's again")})
	}
	return b
}

func branchQuery(branch record.ID) string {
	if branch.IsZero() {
		return ""
	}
	return branch.String()
}

func (v *Visit) versionBlocks(n *names, kind string, versions []aftersales.PolicyVersion) (blocks []block) {
	now, found := v.office.Now().UnixMilli(), false
	for i, x := range slices.Backward(versions) {
		state := v.t("past")
		switch {
		case x.ValidFrom > now:
			state = v.t("coming")
		case !found && (x.ValidUntil == 0 || now < x.ValidUntil):
			state, found = v.t("in force"), true
		}
		b := block{ID: fmt.Sprintf("v%d", i+1), Title: v.t("Version %d", i+1) + " · " + v.sinceWhen(x.ValidFrom) + " · " + state, Hint: v.variant(kind, x.Note)}
		if x.Body == "null" {
			b.Lines = []saying{{Text: v.t("This branch goes by the company's policy.")}}
		} else {
			b.Lines = policySaid{Visit: v, n: n}.outline(kind, x.Body)
		}
		blocks = append(blocks, b)
	}
	return blocks
}

// NewPolicy shows the form of a new version: as what holds now is, or as a ready-made one.
func (o *Office) NewPolicy(v *Visit) error {
	kind, branch, err := v.policy()
	if err != nil {
		return err
	}
	body, note := "", ""
	for _, t := range aftersales.PolicyTemplates(kind) {
		if t.Name == v.query("from") {
			written, err := json.Marshal(t.Body)
			if err != nil {
				return err
			}
			body, note = string(written), t.Name
		}
	}
	if body == "" {
		err = o.Engine.View(v.r.Context(), func(r Reader) error {
			in, err := aftersales.PolicyAt(aftersales.Look(r), kind, branch, o.Now().UnixMilli())
			body = in.Body
			return err
		})
	}
	if err != nil {
		return err
	}
	return o.newPolicy(v, kind, branch, body, note)
}

// PublishPolicy makes a policy say something else from a moment on.
func (o *Office) PublishPolicy(v *Visit) error {
	kind, branch, err := v.policy()
	if err != nil {
		return err
	}
	return o.sendPolicy(v, kind, branch)
}

func (v *Visit) endAsking(kind string, branch record.ID) *asking {
	return &asking{
		form: &Form{
			Table: "policy", Asks: []schema.Column{ask("valid_from", schema.Instant)}, URL: policiesURL, New: "Go by the company's again", Make: "Go by the company's again",
			Hint: "Empty: from now on. What the branch's own policy said stays for what happened before.",
		},
		action: policiesURL + "/" + kind + "/end?branch=" + branchQuery(branch), back: policyURL(kind, branch), name: v.lang.Name("policy.kind." + kind),
		done: "Done.", cause: aftersales.CausePolicyEnd,
		do: func(tx aftersales.Tx, values record.Values) error {
			_, err := aftersales.EndPolicy(tx, kind, branch, values["valid_from"].Number())
			return err
		},
	}
}

// AskEndPolicy and EndPolicy make a branch go by the company's policy again.
func (o *Office) AskEndPolicy(v *Visit) error {
	kind, branch, err := v.policy()
	if err != nil {
		return err
	}
	return o.showAsking(v, v.endAsking(kind, branch), nil, nil)
}

// EndPolicy does it.
func (o *Office) EndPolicy(v *Visit) error {
	kind, branch, err := v.policy()
	if err != nil {
		return err
	}
	return o.sendAsking(v, v.endAsking(kind, branch))
}
