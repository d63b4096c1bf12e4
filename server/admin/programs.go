package admin

import (
	"net/http"
	"slices"
	"time"

	"fieldsync/server/auth"
	"fieldsync/sync/record"
)

type programsPage struct {
	frame
	Programs []programView
	Made     string // the token of the one that was just made: it is shown once
	For      string
	Problem  string
	Name     string
	Groups   []programGroup
}

type programView struct {
	ID      record.ID
	Name    string
	Person  string
	May     []string
	Made    time.Time
	Expires time.Time
	Good    bool
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
	return o.showPrograms(v, http.StatusOK, programsPage{})
}

func (o *Office) showPrograms(v *Visit, status int, page programsPage) error {
	page.frame = v.frame(v.t("Programs"), programsURL)
	list, err := o.Programs.All(v.r.Context())
	if err != nil {
		return err
	}
	err = o.Engine.View(v.r.Context(), func(r Reader) error {
		for _, p := range slices.Backward(list) {
			view := programView{ID: p.ID, Name: p.Name, Made: p.Made, Expires: p.Expires, Good: p.Good(o.Now())}
			if view.Person, err = r.PersonName(p.Person); err != nil {
				return err
			}
			for _, may := range p.May {
				if may != auth.SignedIn {
					view.May = append(view.May, v.lang.Name("may."+string(may)))
				}
			}
			page.Programs = append(page.Programs, view)
		}
		return nil
	})
	if err != nil {
		return err
	}
	chosen := v.r.PostForm["may"]
	for _, g := range auth.Groups {
		group := programGroup{Title: v.lang.Name("mays." + g.Name)}
		for _, p := range g.Permissions {
			if v.Who.May(p) {
				group.Mays = append(group.Mays, programMay{string(p), v.lang.Name("may." + string(p)), slices.Contains(chosen, string(p)) && page.Problem != ""})
			}
		}
		page.Groups = append(page.Groups, group)
	}
	return v.show(status, "programs", page)
}

// AddProgram makes a program, and shows its token this once.
func (o *Office) AddProgram(v *Visit) error {
	var expires time.Time
	if day := v.form("expires"); day != "" {
		at, err := time.ParseInLocation(time.DateOnly, day, o.Zone)
		if err != nil {
			return errForm
		}
		expires = at.AddDate(0, 0, 1)
	}
	name := v.form("name")
	token, err := o.Programs.Make(v.r.Context(), v.Who, name, v.r.PostForm["may"], expires)
	if f, status := statusOf(err); err != nil {
		if status >= 500 {
			return err
		}
		return o.showPrograms(v, http.StatusUnprocessableEntity, programsPage{Problem: v.lang.refusal(f), Name: name})
	}
	return o.showPrograms(v, http.StatusOK, programsPage{Made: token, For: name})
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
