package aftersales

import (
	"encoding/json"
	"slices"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/worktime"
)

// A skill is what a person can do, how well, and until when his certificate says so. Its id follows from both.
var skillTable = &schema.Table{
	ID: 106, Name: "skill",
	Columns: slices.Concat(branch(), []schema.Column{
		ref(1, "person", "person", required, fixed),
		code(2, "code", required, fixed), // code list "skill"
		integer(3, "level", required),    // 1 to 5
		date(4, "valid_until"),           // of the certificate; empty: for good
		text(5, "note"),
	}, archive()),
	Buckets: []schema.Bucket{in(schema.PersonBucket, "person")},
}

// An absence is a time in which a person is not there.
var absenceTable = &schema.Table{
	ID: 107, Name: "absence",
	Columns: slices.Concat(branch(), []schema.Column{
		ref(1, "person", "person", required, fixed),
		code(2, "kind"), // code list "absence"
	}, together("time",
		instant(3, "starts_at", required, indexed),
		instant(4, "ends_at", required),
	), []schema.Column{
		text(5, "note", personal),
	}, archive()),
	Buckets: []schema.Bucket{in(schema.PersonBucket, "person")},
}

// A resource is what dispatching knows of a person beside his name: where he sets out from, when he works. Its id
// follows from the person. It is no business of his colleagues.
var resourceTable = &schema.Table{
	ID: 108, Name: "resource",
	Columns: slices.Concat(branch(), []schema.Column{
		ref(1, "person", "person", required, fixed),
		long(16<<10, text(2, "hours")), // a calendar in JSON (worktime.Written); empty: the branch's
		text(3, "quiet"),               // "22:00-07:00": when no notice disturbs him; empty: as the policy says
	}, together("base",
		decimal(20, "latitude", PositionScale, personal), // WGS-84 degrees
		decimal(21, "longitude", PositionScale, personal),
	)),
	Buckets: []schema.Bucket{in(schema.PersonBucket, "person")},
}

// The codes of planning people.
const (
	BadSkill fault.Code = "bad_skill" // a level that there is not
	BadHours fault.Code = "bad_hours" // working hours that are no calendar
)

// The lowest and the highest level of a skill.
const (
	LowestLevel  = 1
	HighestLevel = 5
)

// Skill is a row of the table skill.
type Skill struct {
	ID         record.ID `json:"id"`
	Person     record.ID `json:"person"`
	Code       string    `json:"code"`
	Level      int64     `json:"level"`
	ValidUntil int64     `json:"valid_until"` // days since 1970-01-01
	Note       string    `json:"note"`
	ArchivedAt int64     `json:"archived_at"`
}

// SkillOf returns the row as a Skill; the zero Skill for nil.
func SkillOf(r *record.Row) Skill { return view[Skill](r) }

// SkillInput says how well a person can do something. Level 0 says that he no longer can.
type SkillInput struct {
	Person     record.ID
	Code       string // of the list "skill"
	Level      int64
	ValidUntil int64 // days since 1970-01-01; 0: for good
	Note       string
}

// SetSkill says what a person can do; the codes of his skills stand in his own row too. Codes: BadSkill, UnknownCode,
// fault.UnknownRow.
func SetSkill(tx Tx, in SkillInput) error {
	person, err := need(tx, "person", in.Person)
	if err != nil {
		return err
	}
	if in.Level != 0 && (in.Level < LowestLevel || in.Level > HighestLevel) || in.Code == "" {
		return fault.New(BadSkill, "name a skill, and a level from 1 to 5; 0 takes it away")
	}
	if err := checkCode(tx, ListSkill, in.Code); err != nil {
		return err
	}
	values := record.Values{
		"branch": person.Get("branch"), "person": record.Ref(in.Person), "code": record.Text(in.Code),
		"level": record.Number(in.Level), "valid_until": at(in.ValidUntil), "note": optional(in.Note),
	}
	if err := upsert(tx, "skill", SkillID(in.Person, in.Code), values); err != nil {
		return err
	}
	can := record.Number(1)
	if in.Level == 0 {
		can = record.Null
	}
	return tx.Update("person", in.Person, record.Values{"skills." + in.Code: can})
}

// SkillID returns the id of the row that says how well a person can do something.
func SkillID(person record.ID, code string) record.ID { return NamedID("skill", person.String(), code) }

// levelOf returns how well the person can do it on a date (days since 1970-01-01): 0 for not. One of whom only the code
// is known can do it on the lowest level.
func levelOf(v View, person Person, code string, date int64) (int64, error) {
	row, err := v.Row("skill", SkillID(person.ID, code))
	switch {
	case err != nil:
		return 0, err
	case row != nil:
		if s := SkillOf(row); s.ArchivedAt == 0 && (s.ValidUntil == 0 || date <= s.ValidUntil) {
			return s.Level, nil
		}
		return 0, nil
	case slices.Contains(person.Skills, code):
		return LowestLevel, nil
	}
	return 0, nil
}

// Levels returns what the person can do on a date (days since 1970-01-01), and how well, by the codes of his skills.
func Levels(v View, person Person, date int64) (map[string]int64, error) {
	levels := map[string]int64{}
	for _, code := range person.Skills {
		level, err := levelOf(v, person, code, date)
		if err != nil {
			return nil, err
		}
		if level > 0 {
			levels[code] = level
		}
	}
	return levels, nil
}

// Absence is a row of the table absence.
type Absence struct {
	ID         record.ID `json:"id"`
	Person     record.ID `json:"person"`
	Kind       string    `json:"kind"`
	StartsAt   int64     `json:"starts_at"`
	EndsAt     int64     `json:"ends_at"`
	Note       string    `json:"note"`
	ArchivedAt int64     `json:"archived_at"`
}

// AbsenceOf returns the row as an Absence; the zero Absence for nil.
func AbsenceOf(r *record.Row) Absence { return view[Absence](r) }

// AbsenceInput says that a person is not there.
type AbsenceInput struct {
	Absence  record.ID // zero: another one; else this one is meant
	Person   record.ID
	Kind     string // of the list "absence"
	StartsAt int64  // ms UTC
	EndsAt   int64  // exclusive
	Note     string
}

// PutAbsence says, or says otherwise, when a person is not there; Archive takes it back. Codes: BadWindow, UnknownCode,
// fault.UnknownRow.
func PutAbsence(tx Tx, in AbsenceInput) (record.ID, error) {
	person, err := need(tx, "person", in.Person)
	if err != nil {
		return record.ID{}, err
	}
	if in.StartsAt <= 0 || in.EndsAt <= in.StartsAt {
		return record.ID{}, fault.New(BadWindow, "an absence starts, and ends later")
	}
	if err := checkCode(tx, ListAbsence, in.Kind); err != nil {
		return record.ID{}, err
	}
	if _, err := needIf(tx, "absence", in.Absence); err != nil {
		return record.ID{}, err
	}
	id := fresh(tx, in.Absence)
	return id, upsert(tx, "absence", id, record.Values{
		"branch": person.Get("branch"), "person": record.Ref(in.Person), "kind": optional(in.Kind),
		"starts_at": record.Instant(in.StartsAt), "ends_at": record.Instant(in.EndsAt), "note": optional(in.Note),
	})
}

// Absences returns when a person is not there, of what touches the time from start to end (ms UTC).
func Absences(v View, person record.ID, start, end int64) ([]Absence, error) {
	rows, err := v.Refs("absence", "person", person)
	var list []Absence
	for _, row := range rows {
		if a := AbsenceOf(row); a.ArchivedAt == 0 && a.StartsAt < end && start < a.EndsAt {
			list = append(list, a)
		}
	}
	return list, err
}

// SetHours says when a person works: a calendar in JSON (worktime.Written), "" for that of his branch. Codes: BadHours,
// fault.UnknownRow.
func SetHours(tx Tx, person record.ID, hours string) error {
	if hours != "" {
		if _, err := worktime.Parse([]byte(hours), ""); err != nil {
			return fault.New(BadHours, err.Error())
		}
	}
	return putResource(tx, person, record.Values{"hours": optional(hours)})
}

// SetBase says where a person sets out from; nil for not known. Codes: BadPosition, fault.UnknownRow.
func SetBase(tx Tx, person record.ID, base *Position) error {
	values := record.Values{"latitude": record.Null, "longitude": record.Null}
	if err := base.put(values); err != nil {
		return err
	}
	return putResource(tx, person, values)
}

// SetQuiet says when no notice disturbs a person, "" for the hours of the policy of notices. Codes: BadHours,
// fault.UnknownRow.
func SetQuiet(tx Tx, person record.ID, quiet string) error {
	if _, err := worktime.ParseShift(quiet); quiet != "" && err != nil {
		return fault.New(BadHours, err.Error())
	}
	return putResource(tx, person, record.Values{"quiet": optional(quiet)})
}

// putResource writes what dispatching knows of a person, whose row it makes with the first of it.
func putResource(tx Tx, person record.ID, values record.Values) error {
	row, err := need(tx, "person", person)
	if err != nil {
		return err
	}
	values["branch"], values["person"] = row.Get("branch"), record.Ref(person)
	return upsert(tx, "resource", ResourceID(person), values)
}

// SetReach says in which language notices reach a person, "" for that of the rest, and when none disturbs him, "" for the hours
// of the policy of notices. Codes: BadHours, fault.Invalid, fault.UnknownRow.
func SetReach(tx Tx, person record.ID, language, quiet string) error {
	if err := SetQuiet(tx, person, quiet); err != nil {
		return err
	}
	return tx.Update("person", person, record.Values{"language": optional(language)})
}

// QuietOf returns when no notice disturbs a person: "22:00-07:00", or "" where it is as the policy of notices says.
func QuietOf(v Reader, person record.ID) (string, error) {
	row, err := v.Row("resource", ResourceID(person))
	if err != nil || row == nil {
		return "", err
	}
	return row.Get("quiet").Text(), nil
}

// ResourceID returns the id of the row that says what dispatching knows of a person.
func ResourceID(person record.ID) record.ID { return NamedID("resource", person.String()) }

// OwnHours returns the working hours that were given to a person, and whether there are any; else he works as his branch.
func OwnHours(v Reader, person record.ID) (worktime.Written, bool, error) {
	var written worktime.Written
	row, err := v.Row("resource", ResourceID(person))
	if err != nil || row == nil || row.Get("hours").IsNull() {
		return written, false, err
	}
	return written, json.Unmarshal([]byte(row.Get("hours").Text()), &written) == nil, nil
}

// HoursOf returns when a person works, absences aside: by hours of his own, else by the calendar of his branch. The
// holidays of that are his too, but for days of which his own hours say otherwise.
func HoursOf(v View, person Person, at int64) (*worktime.Calendar, error) {
	branch, err := v.Row("branch", person.Branch)
	if err != nil {
		return nil, err
	}
	zone := zoneOf(branch)
	general, err := branchHours(v, person.Branch, zone, at)
	if err != nil {
		return nil, err
	}
	written, given, err := OwnHours(v, person.ID)
	if err != nil || !given {
		return general, err
	}
	own, err := written.Calendar(zone)
	if err != nil { // nothing that a command wrote
		return general, nil
	}
	for day, shifts := range general.Days {
		if _, said := own.Days[day]; !said && len(shifts) == 0 {
			own.Days[day] = nil
		}
	}
	return own, nil
}

// branchHours returns when a branch works; one without a calendar always does.
func branchHours(v View, branch record.ID, zone string, at int64) (*worktime.Calendar, error) {
	policy, version, err := InForce[CalendarPolicy](v, PolicyCalendar, branch, at)
	if err != nil || version.IsZero() {
		return worktime.Always(), err
	}
	c, err := policy.Calendar(zone)
	if err != nil {
		return nil, fault.New(BadPolicy, err.Error())
	}
	return c, nil
}
