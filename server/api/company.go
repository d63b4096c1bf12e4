package api

import (
	"slices"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
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
	{Path: "memberships", Table: "membership", See: auth.SeePeople, Names: auth.EditPeople},
	{
		Path: "people", Table: "person", See: auth.SeePeople, Edit: auth.EditPeople,
		Changes: []string{"phone", "email", "language", "job_title", "note", "extension"},
	},
	{
		Path: "skills", Table: "skill", See: auth.SeePeople, Create: auth.EditPeople, Takes: []string{"person", "code", "level", "valid_until", "note"},
		Needs: []string{"person", "code", "level"}, Make: makeSkill,
		Actions: []action{{
			Name: "level", Need: auth.EditPeople, Cause: aftersales.CauseSkillSet, Sets: true, Needs: []string{"level"},
			Takes: []schema.Column{takes("level", schema.Integer, ""), takes("valid_until", schema.Date, ""), takes("note", schema.Text, "")},
			Do: func(tx aftersales.Tx, row record.ID, v record.Values) error {
				is, err := tx.Row("skill", row)
				if err != nil {
					return err
				}
				return setSkill(tx, is.Get("person").Ref(), is.Get("code").Text(), v)
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
		Path: "resources", Table: "resource", See: auth.SeePeople, Edit: auth.EditPeople, Create: auth.EditPeople, Takes: []string{"person"}, Needs: []string{"person"},
		Changes: []string{"hours", "quiet", "latitude", "longitude"}, Make: makeResource, Save: saveResource,
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

// makeSkill says what a person can do, where nothing was said of it yet.
func makeSkill(tx aftersales.Tx, _ record.ID, v record.Values) (record.ID, error) {
	id := aftersales.SkillID(v["person"].Ref(), v["code"].Text())
	row, err := tx.Row("skill", id)
	if err == nil && row != nil {
		err = refused("code", fault.Exists, nil, "How well he can do this is said already: %s. Set its level.", id)
	}
	if err != nil {
		return id, err
	}
	return id, setSkill(tx, v["person"].Ref(), v["code"].Text(), v)
}

func setSkill(tx aftersales.Tx, person record.ID, code string, v record.Values) error {
	return aftersales.SetSkill(tx, aftersales.SkillInput{
		Person: person, Code: code, Level: v["level"].Number(), ValidUntil: v["valid_until"].Number(), Note: v["note"].Text(),
	})
}

// makeResource begins what dispatching knows of a person, of whom nothing was said yet.
func makeResource(tx aftersales.Tx, _ record.ID, v record.Values) (record.ID, error) {
	id := aftersales.ResourceID(v["person"].Ref())
	row, err := tx.Row("resource", id)
	if err == nil && row != nil {
		err = refused("person", fault.Exists, nil, "When he works and where he sets out from is said already: %s. Change that.", id)
	}
	if err != nil {
		return id, err
	}
	return id, aftersales.SetBase(tx, v["person"].Ref(), nil)
}

// saveResource says when a person works, where he sets out from, and when nothing disturbs him: what of it was given.
func saveResource(tx aftersales.Tx, id record.ID, v record.Values) error {
	row, err := tx.Row("resource", id)
	if err != nil {
		return err
	}
	person := row.Get("person").Ref()
	if hours, given := v["hours"]; given {
		err = aftersales.SetHours(tx, person, hours.Text())
	}
	if quiet, given := v["quiet"]; given && err == nil {
		if err = aftersales.SetQuiet(tx, person, quiet.Text()); err != nil {
			err = about("quiet", err)
		}
	}
	if err != nil {
		return err
	}
	return saveBase(tx, person, v)
}

// saveBase says where a person sets out from: both degrees, or null for both.
func saveBase(tx aftersales.Tx, person record.ID, v record.Values) error {
	lat, north := v["latitude"]
	long, east := v["longitude"]
	switch {
	case !north && !east:
		return nil
	case north != east || lat.IsNull() != long.IsNull():
		return refused("longitude", aftersales.BadPosition, nil, "A position has a latitude and a longitude, in degrees.")
	case lat.IsNull():
		return aftersales.SetBase(tx, person, nil)
	}
	return aftersales.SetBase(tx, person, &aftersales.Position{Latitude: lat.Number(), Longitude: long.Number()})
}

// member adds a person to a group, or takes him out.
func member(name string, do func(tx aftersales.Tx, team, person record.ID) error) action {
	return action{
		Name: name, Need: auth.EditPeople, Cause: aftersales.CauseTeam, Needs: []string{"person"}, Takes: []schema.Column{takes("person", schema.Ref, "person")},
		Do: func(tx aftersales.Tx, row record.ID, v record.Values) error { return do(tx, row, v["person"].Ref()) },
	}
}
