package aftersales

import (
	"cmp"
	"slices"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// DispatchPolicy says whom to send and when to warn. Points make up a suggestion's score; 100 altogether read best.
type DispatchPolicy struct {
	Skill       int64 `json:"skill"` // points for being able to do all of it
	Near        int64 `json:"near"`  // for being there already; none from ReachKM on
	Free        int64 `json:"free"`  // for having the time
	Parts       int64 `json:"parts"` // for having parts that fit in the van
	Knows       int64 `json:"knows"` // for having served the machine before
	ReachKM     int64 `json:"reach_km"`
	WorkMinutes int64 `json:"work_minutes"` // what a job takes that has no window

	Needs  []SkillNeed `json:"needs,omitempty"`
	Routes []Route     `json:"routes,omitempty"` // to whom new requests go; the first that fits

	SilentMinutes int64 `json:"silent_minutes"` // a phone that was not heard of for so long may have started its job
	EarlyMinutes  int64 `json:"early_minutes"`  // nobody starts a job more than so long before its window
}

// SkillNeed is what a kind of job takes; "" fits all.
type SkillNeed struct {
	Fault string `json:"fault,omitempty"` // code of the list "fault"
	Kind  string `json:"kind,omitempty"`  // of "job_kind"
	Skill string `json:"skill"`
	Level int64  `json:"level"`
}

// Route says who answers for such requests; "" fits all. A list is separated by commas.
type Route struct {
	Level    string    `json:"level,omitempty"`
	Severity string    `json:"severity,omitempty"`
	Region   string    `json:"region,omitempty"`
	Class    string    `json:"class,omitempty"`
	Type     string    `json:"type,omitempty"`
	Person   record.ID `json:"person,omitzero"` // a person or ...
	Team     record.ID `json:"team,omitzero"`   // ... a group
}

// Validate refuses points and times that make no sense. Codes: BadPolicy.
func (p DispatchPolicy) Validate() error {
	for _, n := range []int64{p.Skill, p.Near, p.Free, p.Parts, p.Knows, p.SilentMinutes, p.EarlyMinutes} {
		if n < 0 || n > longestPromise {
			return fault.New(BadPolicy, "points and minutes are not less than nothing")
		}
	}
	if p.ReachKM <= 0 || p.ReachKM > 40_000 || p.WorkMinutes <= 0 || p.WorkMinutes > longestPromise {
		return fault.New(BadPolicy, "a reach of some kilometres and some minutes of work are needed")
	}
	for i, n := range p.Needs {
		if n.Skill == "" || n.Level < LowestLevel || n.Level > HighestLevel {
			return fault.Newf(BadPolicy, "need %d: a skill, and a level from 1 to 5", i+1)
		}
	}
	for i, r := range p.Routes {
		if r.Person.IsZero() == r.Team.IsZero() {
			return fault.Newf(BadPolicy, "route %d: to a person or to a group, one of the two", i+1)
		}
	}
	return nil
}

func dispatchPolicies() []PolicyTemplate {
	p := DispatchPolicy{
		Skill: 40, Near: 20, Free: 20, Parts: 10, Knows: 10, ReachKM: 50, WorkMinutes: 120, SilentMinutes: 30,
		EarlyMinutes: 120,
		Needs:        []SkillNeed{{Fault: "electrical", Skill: "electrical", Level: 2}},
	}
	near := p
	near.Skill, near.Near, near.ReachKM = 20, 40, 200
	return []PolicyTemplate{
		{PolicyDispatch, "skill", texts("Who can do it best", "技能优先", "技能優先"), p},
		{PolicyDispatch, "near", texts("Who is nearest", "就近优先", "就近優先"), near},
	}
}

// NeedsOf returns the skills that a job takes, with their levels: those it names itself, and those of its kind
// and fault (code of the list "fault").
func (p DispatchPolicy) NeedsOf(job Job, faultCode string) []SkillNeed {
	levels := map[string]int64{}
	for _, code := range job.Needs {
		levels[code] = LowestLevel
	}
	for _, n := range p.Needs {
		if (n.Fault == "" || n.Fault == faultCode) && (n.Kind == "" || n.Kind == job.Kind) {
			levels[n.Skill] = max(levels[n.Skill], n.Level)
		}
	}
	var needs []SkillNeed
	for code, level := range levels {
		needs = append(needs, SkillNeed{Skill: code, Level: level})
	}
	slices.SortFunc(needs, func(a, b SkillNeed) int { return cmp.Compare(a.Skill, b.Skill) })
	return needs
}

// route returns who answers for the request by the branch's rules, both zero for nobody. Who is archived is passed over.
func route(v View, r Request, region string) (person, team record.ID, err error) {
	p, _, err := InForce[DispatchPolicy](v, PolicyDispatch, r.Branch, r.ReceivedAt)
	for _, way := range p.Routes {
		fits := Promise{Level: way.Level, Severity: way.Severity, Region: way.Region, Class: way.Class, Type: way.Type}.fits(r, region)
		if fits && checkAssignee(v, way.Person, way.Team) == nil {
			return way.Person, way.Team, nil
		}
	}
	return record.ID{}, record.ID{}, err
}
