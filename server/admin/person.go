package admin

import (
	"cmp"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/words"
)

// Colleague is the page of somebody who works here: how he is reached, what he can do, and when he is not there. Who may
// sign in, and with which roles, stands in the list of people.
var Colleague = &Noun{
	URL: peopleURL,
	One: &Detail{
		Table: "person", URL: peopleURL, Edit: auth.EditPeople, Form: personParticulars,
		Facts: []string{"name", "job_title", "branch", "phone", "email", "extension", "language", "note"},
		Sections: []sectionOf{
			{table: "skill", via: "person", columns: []string{"code", "level", "valid_until", "note"}},
			{table: "absence", via: "person", columns: []string{"kind", "starts_at", "ends_at", "note", "archived_reason"}},
			{title: "person.groups", table: "membership", via: "person", columns: []string{"team"}},
		},
	},
	More: aboutColleague,
	Deeds: []*Deed{
		{
			Name: "reach", Title: "How notices reach them", Done: "Set.", Cause: aftersales.CauseEdit, Need: auth.EditPeople, Asks: reached, Writes: resourceOf,
			Hint:  "The language is that of notices to them. In quiet hours, written like 22:00-07:00, nothing leaves for them; empty, those of the policy of notices hold.",
			Begin: func(b *builder, row *record.Row) (map[string]record.Value, error) { return b.reach(row.ID) },
			Do: func(tx aftersales.Tx, row *record.Row, v record.Values) error {
				return aftersales.SetReach(tx, row.ID, v["language"].Text(), v["quiet"].Text())
			},
		},
		hoursDeed, baseDeed,
		{
			Name: "skill", Title: "Add or change a skill", Done: "Set.", Cause: aftersales.CauseSkillSet, Need: auth.EditPeople,
			Asks:   []schema.Column{ask("code", schema.Text), ask("level", schema.Integer), ask("valid_until", schema.Date), ask("note", schema.Text)},
			Needed: []string{"code", "level"}, Lists: map[string]string{"code": aftersales.ListSkill},
			Hint: "A level from 1 to 5; 0 takes the skill away. Suggestions of whom to send go by it.",
			Do: func(tx aftersales.Tx, row *record.Row, v record.Values) error {
				return aftersales.SetSkill(tx, aftersales.SkillInput{
					Person: row.ID, Code: v["code"].Text(), Level: v["level"].Number(), ValidUntil: v["valid_until"].Number(), Note: v["note"].Text(),
				})
			},
		},
		{
			Name: "absence", Title: "Enter an absence", Done: "Set.", Cause: aftersales.CauseAbsencePut, Need: auth.EditPeople,
			Asks:   []schema.Column{ask("kind", schema.Text), ask("starts_at", schema.Instant), ask("ends_at", schema.Instant), ask("note", schema.Text)},
			Needed: []string{"starts_at", "ends_at"}, Lists: map[string]string{"kind": aftersales.ListAbsence},
			Do: func(tx aftersales.Tx, row *record.Row, v record.Values) error {
				_, err := aftersales.PutAbsence(tx, aftersales.AbsenceInput{
					Person: row.ID, Kind: v["kind"].Text(), StartsAt: v["starts_at"].Number(), EndsAt: v["ends_at"].Number(), Note: v["note"].Text(),
				})
				return err
			},
		},
	},
}

var personParticulars = &Form{
	Table: "person", Columns: []string{"job_title", "phone", "email", "extension", "note"}, URL: peopleURL, Edit: "Edit %s", Cause: aftersales.CauseEdit,
}

// reached is what is asked of how notices reach somebody.
var reached = []schema.Column{ask("language", schema.Enum, words.Tags...), ask("quiet", schema.Text)}

// reach returns what it is.
func (b *builder) reach(person record.ID) (map[string]record.Value, error) {
	row, err := b.r.Row(record.Key{Table: b.o.Schema.Table("person").ID, ID: person})
	if err != nil || row == nil {
		return nil, err
	}
	quiet, err := aftersales.QuietOf(aftersales.Look(b.r), person)
	return map[string]record.Value{"language": row.Get("language"), "quiet": record.Text(quiet)}, err
}

// aboutColleague shows when he works, and when nothing disturbs him.
func aboutColleague(b *builder, row *record.Row) ([]block, error) {
	works, err := b.worksBlock(row.ID)
	if err != nil {
		return nil, err
	}
	works.Links = b.v.dayReportLink(row.ID)
	quiet, err := aftersales.QuietOf(aftersales.Look(b.r), row.ID)
	said := cmp.Or(quiet, b.v.t("as the policy of notices says"))
	return []block{works, {ID: "reach", Title: b.v.t("Notices"), Lines: []saying{{Text: b.v.lang.Name("resource.quiet") + ": " + said}}}}, err
}
