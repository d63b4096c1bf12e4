package api

import (
	"slices"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// The resources about the company itself: who works where, in which groups, and when not.
var companyResources = []*resource{
	{
		Path: "groups", Table: "team", See: auth.SeePeople, Edit: auth.EditPeople, Create: auth.EditPeople, Takes: []string{"branch", "name"}, Needs: []string{"name"},
		Changes: []string{"name", "note"},
		Make: func(tx aftersales.Tx, _ record.ID, v record.Values) (record.ID, error) {
			return aftersales.CreateTeam(tx, v["branch"].Ref(), v["name"].Text())
		},
		Actions: slices.Concat([]action{member("join", aftersales.JoinTeam), member("leave", aftersales.LeaveTeam)}, archiving("team", auth.EditPeople)),
	},
	{Path: "memberships", Table: "membership", See: auth.SeePeople},
	{
		Path: "people", Table: "person", See: auth.SeePeople, Edit: auth.EditPeople,
		Changes: []string{"number", "phone", "email", "language", "job_title", "note", "extension"},
		Actions: []action{{
			Name: "skill", Need: auth.EditPeople, Cause: aftersales.CauseSkillSet, Undoes: true, Needs: []string{"code", "level"},
			Takes: []schema.Column{takes("code", schema.Text, ""), takes("level", schema.Integer, ""), takes("valid_until", schema.Date, ""), takes("note", schema.Text, "")},
			Do: func(tx aftersales.Tx, row record.ID, v record.Values) error {
				return aftersales.SetSkill(tx, aftersales.SkillInput{Person: row, Code: v["code"].Text(), Level: v["level"].Number(), ValidUntil: v["valid_until"].Number(), Note: v["note"].Text()})
			},
		}},
	},
	{
		Path: "absences", Table: "absence", See: auth.SeePeople, Create: auth.EditPeople, Takes: []string{"person", "kind", "starts_at", "ends_at", "note"},
		Needs: []string{"person", "starts_at", "ends_at"},
		Make: func(tx aftersales.Tx, _ record.ID, v record.Values) (record.ID, error) {
			return aftersales.PutAbsence(tx, aftersales.AbsenceInput{
				Person: v["person"].Ref(), Kind: v["kind"].Text(), StartsAt: v["starts_at"].Number(), EndsAt: v["ends_at"].Number(), Note: v["note"].Text(),
			})
		},
		Actions: archiving("absence", auth.EditPeople),
	},
	{
		Path: "branches", Table: "branch", See: auth.SignedIn, Edit: auth.EditSettings, Create: auth.EditSettings,
		Takes: []string{"code", "name", "parent", "zone", "currency"}, Needs: []string{"code", "name"}, Changes: []string{"code", "name", "parent", "zone", "currency", "address", "phone"},
		Make: func(tx aftersales.Tx, id record.ID, v record.Values) (record.ID, error) {
			return aftersales.CreateBranch(tx, aftersales.BranchInput{
				ID: id, Code: v["code"].Text(), Name: v["name"].Text(), Parent: v["parent"].Ref(), Zone: v["zone"].Text(), Currency: v["currency"].Text(),
			})
		},
		Actions: archiving("branch", auth.EditSettings),
	},
}

// member adds a person to a group, or takes him out.
func member(name string, do func(tx aftersales.Tx, team, person record.ID) error) action {
	return action{
		Name: name, Need: auth.EditPeople, Cause: aftersales.CauseTeam, Needs: []string{"person"}, Takes: []schema.Column{takes("person", schema.Ref, "person")},
		Do: func(tx aftersales.Tx, row record.ID, v record.Values) error { return do(tx, row, v["person"].Ref()) },
	}
}
