package admin

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"fieldsync/server/auth"
	"fieldsync/server/list"
	"fieldsync/sync/record"
)

// programsList tells of the programs that work with the hub, the latest first.
var programsList = &list.List{
	Name: "program", Order: "-made",
	Columns: []list.Column{
		{Name: "name"},
		{Name: "state", Kind: list.Code, Codes: "program.state"},
		{Name: "person"},
		{Name: "may"},
		{Name: "made", Kind: list.Instant},
		{Name: "expires", Kind: list.Instant},
	},
	Filters: []list.Filter{
		{Name: "q", Test: list.Search},
		{Name: "state", Test: list.OneOf, Where: "state", Codes: []string{programGood, programEnded}, Names: "program.state"},
	},
}

// How a program stands.
const (
	programGood  = "good"
	programEnded = "ended"
)

var programs = &Listing{
	List: programsList, URL: programsURL, Title: "Programs", Page: "programs", Rows: (*Office).programRows,
	Empty: "Programs that work with this hub will stand here: a telephone system, an accounting program, a customer portal. Each has a token of its own, and may no more than you allow.",
}

// programsExtra is what the page of that list has around it: the form that makes a token.
type programsExtra struct {
	Made    string // the token of the one that was just made: it is shown once
	For     string
	Problem string
	Name    string
	Groups  []programGroup
}

// programTail is what can be done to a program.
type programTail struct {
	ID   record.ID
	Good bool
}

type programGroup struct {
	Title string
	Noun  string // of a group of events
	Mays  []programMay
}

type programMay struct {
	Name, Label string
	On          bool
}

// ListPrograms shows which programs work with the hub, and the form that makes a token.
func (o *Office) ListPrograms(v *Visit) error {
	return o.showPrograms(v, http.StatusOK, programsExtra{})
}

func (o *Office) showPrograms(v *Visit, status int, extra programsExtra) error {
	chosen := v.r.PostForm["may"]
	for _, g := range auth.Groups {
		group := programGroup{Title: v.lang.Name("mays." + g.Name)}
		for _, p := range g.Permissions {
			if v.Who.May(p) {
				group.Mays = append(group.Mays, programMay{string(p), v.lang.Name("may." + string(p)), slices.Contains(chosen, string(p)) && extra.Problem != ""})
			}
		}
		extra.Groups = append(extra.Groups, group)
	}
	return o.showList(v, status, programs, extra)
}

// programRows are all programs, those that ended too.
func (o *Office) programRows(v *Visit) (rows []list.Row, tails map[record.ID]any, err error) {
	all, err := o.Programs.All(v.r.Context())
	if err != nil {
		return nil, nil, err
	}
	tails = map[record.ID]any{}
	err = o.Engine.View(v.r.Context(), func(r Reader) error {
		for _, p := range all {
			person, err := r.PersonName(p.Person)
			if err != nil {
				return err
			}
			var may []string
			for _, one := range p.May {
				if one != auth.SignedIn {
					may = append(may, v.lang.Name("may."+string(one)))
				}
			}
			good, state := p.Good(o.Now()), programGood
			if !good {
				state = programEnded
			}
			row := programsList.New(p.ID)
			row.Put("name", p.Name).Put("state", state).Put("person", person).Put("may", strings.Join(may, ", ")).At("made", p.Made).At("expires", p.Expires)
			rows, tails[p.ID] = append(rows, row), programTail{p.ID, good}
		}
		return nil
	})
	return rows, tails, err
}

// AddProgram makes a program, and shows its token this once.
func (o *Office) AddProgram(v *Visit) error {
	var expires time.Time
	if day := v.form("expires"); day != "" {
		at, err := time.ParseInLocation(time.DateOnly, day, o.Zone)
		if err != nil || at.Year() > 2199 {
			return o.showPrograms(v, http.StatusUnprocessableEntity, programsExtra{Problem: v.lang.refusal(errUnread), Name: v.form("name")})
		}
		expires = at.AddDate(0, 0, 1)
	}
	name := v.form("name")
	token, err := o.Programs.Make(v.r.Context(), v.Who, name, v.r.PostForm["may"], expires)
	if f, status := statusOf(err); err != nil {
		if status >= 500 {
			return err
		}
		return o.showPrograms(v, http.StatusUnprocessableEntity, programsExtra{Problem: v.lang.refusal(f), Name: name})
	}
	return o.showPrograms(v, http.StatusOK, programsExtra{Made: token, For: name})
}

// RevokeProgram ends one.
func (o *Office) RevokeProgram(v *Visit) error {
	id, err := v.id()
	if err == nil {
		err = o.Programs.Revoke(v.r.Context(), id)
	}
	if err != nil {
		return err
	}
	return v.done(programsURL, v.t("The program is let in no more."))
}
