package aftersales

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"slices"
	"strings"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// A policy is a rule kept as data: warranty, prices, service promises, calendars. A branch, or with the zero id the
// company, has one of each kind, and its id follows from the two (PolicyID). What it says stands in its versions.
var policyTable = &schema.Table{
	ID: 138, Name: "policy",
	Columns: slices.Concat(branch(fixed), []schema.Column{
		code(1, "kind", required, fixed),
		translated(2, "name"),
	}, archive()),
	Buckets: shared(),
}

// A policy version is what a policy says from a moment on. It is never edited: each decision stores the versions it
// used, and the hub judges by those in force when the thing happened.
var policyVersionTable = &schema.Table{
	ID: 140, Name: "policy_version", Mode: schema.Ledger,
	Columns: slices.Concat(branch(), []schema.Column{
		ref(1, "policy", "policy", required, fixed),
		instant(2, "valid_from", required),
		long(64<<10, text(3, "body", required)), // JSON, as the policy's kind says
		ref(4, "author", "person"),
		ref(5, "replaces", "policy_version"), // one that had not begun
		code(6, "kind", required, fixed),
		instant(7, "valid_until"), // exclusive
		text(8, "note"),
	}),
	Buckets: shared(),
}

// The codes of publishing policies.
const (
	UnknownPolicy   fault.Code = "unknown_policy"   // no such kind of policy
	BadPolicy       fault.Code = "bad_policy"       // the body is not what the kind takes, or ends before it begins
	PolicyPublished fault.Code = "policy_published" // a version that has begun stays as it is
	PolicyBackdated fault.Code = "policy_backdated" // a version would change what was decided already
)

// A Policy is what a kind of policy says: a struct that JSON fills.
type Policy interface {
	// Validate refuses what makes no sense, with BadPolicy.
	Validate() error
}

// inherits is the body of a version by which a branch goes by the company's policy again.
const inherits = "null"

// PolicyVersion is a row of the table policy_version.
type PolicyVersion struct {
	ID         record.ID `json:"id"`
	Branch     record.ID `json:"branch"`
	Policy     record.ID `json:"policy"`
	Kind       string    `json:"kind"`
	ValidFrom  int64     `json:"valid_from"`  // ms UTC
	ValidUntil int64     `json:"valid_until"` // exclusive; 0: until the next one
	Body       string    `json:"body"`
	Author     record.ID `json:"author"`
	Replaces   record.ID `json:"replaces"`
	Note       string    `json:"note"`
}

// PolicyVersionOf returns the row as a PolicyVersion; the zero PolicyVersion for nil.
func PolicyVersionOf(r *record.Row) PolicyVersion { return view[PolicyVersion](r) }

// covers reports whether the version holds at the instant, as far as its own dates go.
func (v PolicyVersion) covers(at int64) bool {
	return v.ValidFrom <= at && (v.ValidUntil == 0 || at < v.ValidUntil)
}

// PolicyID returns the id of the policy of that kind, of one branch or, with the zero id, of the whole company.
func PolicyID(kind string, branch record.ID) record.ID {
	return NamedID("policy", kind, branchName(branch))
}

// PolicyVersions returns what a policy of a branch, or with the zero id the company, ever said and will say, in the
// order in which it begins. Versions that were replaced before they began are not among them.
func PolicyVersions(v View, kind string, branch record.ID) ([]PolicyVersion, error) {
	rows, err := v.Refs("policy_version", "policy", PolicyID(kind, branch))
	if err != nil {
		return nil, err
	}
	var list []PolicyVersion
	for _, row := range standing(rows) {
		list = append(list, PolicyVersionOf(row))
	}
	slices.SortFunc(list, func(a, b PolicyVersion) int {
		return cmp.Or(cmp.Compare(a.ValidFrom, b.ValidFrom), compareIDs(a.ID, b.ID))
	})
	return list, nil
}

// PolicyAt returns the version that is in force for a branch at an instant (ms UTC, for what happened: corrected): the
// one of the branch's that began last, else of the company's. The zero version if there is none.
func PolicyAt(v View, kind string, branch record.ID, at int64) (PolicyVersion, error) {
	of := []record.ID{branch}
	if !branch.IsZero() {
		of = append(of, record.ID{})
	}
	for _, b := range of {
		versions, err := PolicyVersions(v, kind, b)
		if err != nil {
			return PolicyVersion{}, err
		}
		for _, version := range slices.Backward(versions) {
			if version.covers(at) {
				if version.Body == inherits {
					break
				}
				return version, nil
			}
		}
	}
	return PolicyVersion{}, nil
}

// InForce returns what the policy in force for a branch at an instant says, and the id of its version, for the decision
// to store. Where there is none, the id is zero and P as it is when empty.
func InForce[P Policy](v View, kind string, branch record.ID, at int64) (P, record.ID, error) {
	var p P
	version, err := PolicyAt(v, kind, branch, at)
	if err != nil || version.ID.IsZero() {
		return p, record.ID{}, err
	}
	p, err = policyOf[P](version)
	return p, version.ID, err
}

// policyOf reads what a version says. A newer app may have published fields that this one does not know: they are
// passed over.
func policyOf[P Policy](v PolicyVersion) (p P, err error) {
	if err := json.Unmarshal([]byte(v.Body), &p); err != nil {
		return p, fault.Newf(BadPolicy, "the policy %v cannot be read: %s", v.Kind, err.Error())
	}
	return p, nil
}

// PolicyInput is a new version of a policy.
type PolicyInput struct {
	Kind       string
	Branch     record.ID // zero: the whole company
	ValidFrom  int64     // ms UTC; 0: now
	ValidUntil int64     // exclusive; 0: until the next one
	Body       Policy    // what it says from then on ...
	JSON       string    // ... or the same as text, where Body is nil: from a form
	Note       string
	Replaces   record.ID // a version that has not begun, and now never does
	Seen       int       // how many versions of it its author had seen; see checkSeen
}

// checkSeen refuses a version of a thing whose author had not seen all that there are: it would undo, from its moment on,
// what somebody published while he was writing. 0 versions: he says nothing of it, or there was none.
func checkSeen(tx Tx, table, column string, of record.ID, seen int) error {
	if seen == 0 {
		return nil
	}
	versions, err := tx.Refs(table, column, of)
	if err == nil && len(versions) > seen {
		err = fault.New(NotSeen, "somebody published a version meanwhile: look at it before you publish yours")
	}
	return err
}

// PublishPolicy makes a policy say something else from a moment on. What it said before stays for what happened
// before. Codes: UnknownPolicy, BadPolicy, PolicyPublished, PolicyBackdated, NotSeen, fault.UnknownRow.
func PublishPolicy(tx Tx, in PolicyInput) (record.ID, error) {
	body, err := in.body()
	if err != nil {
		return record.ID{}, err
	}
	return in.publish(tx, body)
}

// EndPolicy makes a branch go by the company's policy from a moment on (ms UTC, 0: now). Codes: BadPolicy for the
// company's own, UnknownPolicy, PolicyBackdated.
func EndPolicy(tx Tx, kind string, branch record.ID, from int64) (record.ID, error) {
	if branch.IsZero() {
		return record.ID{}, fault.New(BadPolicy, "the company's policy does not end: publish what holds instead")
	}
	if policyKinds[kind] == nil {
		return record.ID{}, unknownPolicy(kind)
	}
	return PolicyInput{Kind: kind, Branch: branch, ValidFrom: from}.publish(tx, inherits)
}

func (in PolicyInput) publish(tx Tx, body string) (record.ID, error) {
	in.ValidFrom = cmp.Or(in.ValidFrom, tx.Now())
	if in.ValidUntil != 0 && in.ValidUntil <= in.ValidFrom {
		return record.ID{}, fault.New(BadPolicy, "the policy would end before it begins")
	}
	if err := checkSeen(tx, "policy_version", "policy", PolicyID(in.Kind, in.Branch), in.Seen); err != nil {
		return record.ID{}, err
	}
	if err := in.checkReplaced(tx); err != nil {
		return record.ID{}, err
	}
	if err := in.checkPast(tx); err != nil {
		return record.ID{}, err
	}
	return in.insert(tx, tx.NewID(), body)
}

// insert writes the version under an id, and the policy if this is the first.
func (in PolicyInput) insert(tx Tx, id record.ID, body string) (record.ID, error) {
	policy := PolicyID(in.Kind, in.Branch)
	if _, err := needIf(tx, "branch", in.Branch); err != nil {
		return id, err
	}
	err := upsert(tx, "policy", policy, record.Values{
		"kind": record.Text(in.Kind), "branch": record.Ref(in.Branch),
	})
	if err != nil {
		return id, err
	}
	return id, insert(tx, "policy_version", id, record.Values{
		"branch": record.Ref(in.Branch), "policy": record.Ref(policy), "kind": record.Text(in.Kind),
		"valid_from": record.Instant(in.ValidFrom), "valid_until": at(in.ValidUntil), "body": record.Text(body),
		"author": record.Ref(tx.Author()), "replaces": record.Ref(in.Replaces), "note": optional(in.Note),
	})
}

// checkReplaced refuses to replace a version that has begun, or that is another policy's.
func (in PolicyInput) checkReplaced(tx Tx) error {
	row, err := needIf(tx, "policy_version", in.Replaces)
	if err != nil || row == nil {
		return err
	}
	old := PolicyVersionOf(row)
	switch {
	case old.Policy != PolicyID(in.Kind, in.Branch):
		return fault.New(BadPolicy, "the version to replace is another policy's")
	case old.ValidFrom <= tx.Now():
		return fault.New(PolicyPublished, "this version has begun and stays as it is: publish another that follows it")
	}
	return nil
}

// checkPast refuses a version that begins in the past where a policy was in force: what was decided by it was decided.
func (in PolicyInput) checkPast(tx Tx) error {
	if in.ValidFrom >= tx.Now() {
		return nil
	}
	then, err := PolicyAt(tx, in.Kind, in.Branch, in.ValidFrom)
	if err == nil && !then.ID.IsZero() {
		err = fault.New(PolicyBackdated, "decisions were made by the policy of that time: let the new one begin now or later")
	}
	return err
}

// body returns the body as JSON, checked.
func (in PolicyInput) body() (string, error) {
	check := policyKinds[in.Kind]
	if check == nil {
		return "", unknownPolicy(in.Kind)
	}
	text := in.JSON
	if in.Body != nil {
		encoded, err := json.Marshal(in.Body)
		if err != nil {
			return "", fault.New(BadPolicy, err.Error())
		}
		text = string(encoded)
	}
	return text, check(text)
}

func unknownPolicy(kind string) error {
	return fault.Newf(UnknownPolicy, "there is no kind of policy called %s", kind)
}

// checkPolicy refuses text that is not JSON of a P, or a P that makes no sense. Unknown fields are refused here, where
// they are likely misspelt.
func checkPolicy[P Policy](body string) error {
	var p P
	d := json.NewDecoder(bytes.NewReader([]byte(body)))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return fault.Newf(BadPolicy, "the policy cannot be read: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := d.Token(); err != io.EOF || strings.TrimSpace(body) == inherits {
		return fault.New(BadPolicy, "the policy must be one object")
	}
	return p.Validate()
}

// A PolicyTemplate is a ready-made policy: the first of each kind holds in a new company, the others are there to be
// chosen.
type PolicyTemplate struct {
	Kind string
	Name string            // within its kind: "sale", "acceptance"
	Text map[string]string // what it is called, by language tag
	Body Policy
}

// PolicyTemplates returns the ready-made policies of a kind; all of them for "".
func PolicyTemplates(kind string) []PolicyTemplate {
	var list []PolicyTemplate
	for _, t := range shippedPolicies() {
		if kind == "" || t.Kind == kind {
			list = append(list, t)
		}
	}
	return list
}

// texts returns a text by language tag.
func texts(english, simplified, traditional string) map[string]string {
	return map[string]string{"en": english, "zh-Hans": simplified, "zh-Hant": traditional}
}

// setUpPolicies gives a company the first ready-made policy of each kind, in force since ever. The versions' ids follow
// from their kinds, so that two nodes that set up one company give it one.
func setUpPolicies(tx Tx) error {
	done := map[string]bool{}
	for _, t := range shippedPolicies() {
		if done[t.Kind] {
			continue
		}
		done[t.Kind] = true
		id := NamedID("policy_version", t.Kind)
		if row, err := tx.Row("policy_version", id); err != nil || row != nil {
			if err != nil {
				return err
			}
			continue
		}
		in := PolicyInput{Kind: t.Kind, Body: t.Body, Note: t.Name}
		body, err := in.body()
		if err != nil {
			return err
		}
		if _, err := in.insert(tx, id, body); err != nil {
			return err
		}
	}
	return nil
}
