package admin

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"fieldsync/server/auth"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// View is a list as somebody wants to see it again: its filters, its order and its columns, under a name.
type View struct {
	List  string `json:"list"`  // the URL of the list
	Name  string `json:"name"`  // one of each name in a list
	Query string `json:"query"` // of the URL
}

// Views keeps them: of each person his own, and under the zero id those of everybody.
type Views interface {
	// Views returns an owner's views, in the order in which they were saved.
	Views(ctx context.Context, owner record.ID) ([]View, error)
	// ChangeViews lets change say what an owner's views shall be, in one transaction.
	ChangeViews(ctx context.Context, owner record.ID, change func([]View) ([]View, error)) error
}

// everybody owns the views that an administrator shares.
var everybody = record.ID{}

const (
	viewName  = 60      // characters
	viewQuery = 4 << 10 // bytes
	viewsMost = 50      // of one owner and list
)

// viewsView is what a list shows of its views.
type viewsView struct {
	List  string
	Query string // of the page, without its place in the list
	Views []viewView
	Share bool // the visitor may save one for everybody
	Some  bool // there is something to save
}

type viewView struct {
	Name, URL string
	Here      bool // the page shows it
	Shared    bool
	Mine      bool // the visitor may forget it
}

// views returns the views of the list that the page shows. A hub without Views has none.
func (v *Visit) views(list string) (shown *viewsView, err error) {
	keeper := v.office.Views
	if keeper == nil {
		return nil, nil
	}
	shown = &viewsView{List: list, Query: queryOf(v.r.URL.Query()), Share: v.Who.May(auth.EditSettings)}
	shown.Some = shown.Query != ""
	for _, owner := range []record.ID{everybody, v.Who.ID} {
		kept, err := keeper.Views(v.r.Context(), owner)
		if err != nil {
			return nil, err
		}
		for _, k := range kept {
			if k.List == list {
				shared := owner == everybody
				shown.Views = append(shown.Views, viewView{k.Name, list + "?" + k.Query, k.Query == shown.Query, shared, !shared || shown.Share})
			}
		}
	}
	return shown, nil
}

// queryOf returns the query of a view: what narrows, sorts and chooses, without what is empty or names a page.
func queryOf(q url.Values) string {
	for name, values := range q {
		q[name] = slices.DeleteFunc(values, func(s string) bool { return s == "" })
		if len(q[name]) == 0 || name == "after" || name == "format" {
			delete(q, name)
		}
	}
	return q.Encode()
}

// SaveView keeps the list as it is shown, under a name; one of that name is replaced.
func (o *Office) SaveView(v *Visit) error {
	kept, owner, err := o.viewForm(v)
	if err != nil {
		return err
	}
	err = o.Views.ChangeViews(v.r.Context(), owner, func(views []View) ([]View, error) {
		views = slices.DeleteFunc(views, func(w View) bool { return w.List == kept.List && w.Name == kept.Name })
		same := 0
		for _, w := range views {
			if w.List == kept.List {
				same++
			}
		}
		if same >= viewsMost {
			return nil, fault.New(fault.Invalid, "There are 50 views of this list already. Forget one first.")
		}
		return append(views, kept), nil
	})
	if err != nil {
		return err
	}
	return v.done(kept.List+"?"+kept.Query, v.t("The view is saved."))
}

// DropView forgets a view.
func (o *Office) DropView(v *Visit) error {
	gone, owner, err := o.viewForm(v)
	if err != nil {
		return err
	}
	err = o.Views.ChangeViews(v.r.Context(), owner, func(views []View) ([]View, error) {
		return slices.DeleteFunc(views, func(w View) bool { return w.List == gone.List && w.Name == gone.Name }), nil
	})
	if err != nil {
		return err
	}
	return v.done(gone.List, v.t("The view is forgotten."))
}

// viewForm reads which view a form is about, and whose: everybody's only for who may edit settings.
func (o *Office) viewForm(v *Visit) (kept View, owner record.ID, err error) {
	kept = View{List: v.form("list"), Name: strings.Join(strings.Fields(v.form("name")), " ")}
	query, err := url.ParseQuery(v.form("query"))
	kept.Query = queryOf(query)
	switch {
	case o.Views == nil || err != nil || len(kept.Query) > viewQuery || !isList(kept.List):
		return kept, owner, errForm
	case kept.Name == "" || utf8.RuneCountInString(kept.Name) > viewName:
		return kept, owner, fault.New(fault.Invalid, "Give the view a name of at most 60 characters.")
	case v.form("shared") == "":
		return kept, v.Who.ID, nil
	case !v.Who.May(auth.EditSettings):
		return kept, owner, fault.New(NoRight, "Your roles do not include this. Ask an administrator if you need it.")
	}
	return kept, everybody, nil
}

// isList reports whether the URL is that of a list of ours.
func isList(url string) bool {
	return slices.ContainsFunc(listings, func(l *Listing) bool { return l.URL == url })
}
