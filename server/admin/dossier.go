package admin

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"slices"
	"strings"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

const dossiersURL = "/dossiers"

// Dossiers is what is kept about one person: a customer, a contact, a colleague. The row that he has stands for him.
type Dossiers interface {
	// Of finds it.
	Of(ctx context.Context, whom record.Key) (Dossier, error)
	// Write writes all of it as a ZIP: data.json, history.json, account.json of a colleague, and the files.
	Write(ctx context.Context, w io.Writer, f Dossier) error
	// Erase makes what is personal in it vanish for ever. The error is the dossier's Standing where there is one.
	Erase(ctx context.Context, author Author, whom record.Key) error
}

// Dossier is what is kept about one person.
type Dossier struct {
	Personal []record.Key // rows that say something personal of him, his own first: an erasure empties these
	Others   []record.Key // rows that are his, and say nothing of him once he has no name
	Erased   bool
	Standing *fault.Error // why he cannot be erased yet; nil where he can
}

// The codes of what keeps somebody from being erased.
const (
	OpenWork    fault.Code = "open_work"    // a customer's requests and jobs are not over
	StillActive fault.Code = "still_active" // a colleague may still sign in
	OtherName   fault.Code = "other_name"   // the name that was typed is not his
)

// dossierOf are the tables whose rows stand for a person, with the beginning of the URL that shows him.
var dossierOf = map[string]string{"party": customersURL + "/", "contact": contactsURL + "/", "person": peopleURL + "#p-"}

type dossierPage struct {
	frame
	URL, Of  string // of this page, and of his own
	Name     string
	Erased   bool
	Standing string // why he cannot be erased yet
	Personal []tally
	Others   []tally
	Problem  string
}

// tally is how many rows of a table there are.
type tally struct {
	Table string
	N     int
}

// ShowDossier shows what is kept about somebody, from where it is downloaded or erased.
func (o *Office) ShowDossier(v *Visit) error { return o.showDossier(v, http.StatusOK, nil) }

func (o *Office) showDossier(v *Visit, status int, problem *fault.Error) error {
	whom, name, err := o.dossierInURL(v)
	if err != nil {
		return err
	}
	f, err := o.Dossiers.Of(v.r.Context(), whom)
	if err != nil {
		return err
	}
	table := o.Schema.TableByID(whom.Table).Name
	page := dossierPage{
		frame: v.frame(v.t("All about %s", name), customersURL), URL: dossierURL(table, whom.ID), Of: dossierOf[table] + whom.ID.String(),
		Name: name, Erased: f.Erased, Personal: v.tallies(f.Personal), Others: v.tallies(f.Others),
	}
	if table == "person" {
		page.Here = peopleURL
	}
	if f.Standing != nil {
		page.Standing = v.lang.refusal(f.Standing)
	}
	if problem != nil {
		page.Problem = v.lang.refusal(problem)
	}
	return v.show(status, "dossier", page)
}

func dossierURL(table string, id record.ID) string {
	return dossiersURL + "/" + table + "/" + id.String()
}

// tallies counts rows by table, in words, the most first.
func (v *Visit) tallies(rows []record.Key) (list []tally) {
	count := map[string]int{}
	for _, k := range rows {
		count[v.lang.Name(v.office.Schema.TableByID(k.Table).Name)]++
	}
	for table, n := range count {
		list = append(list, tally{table, n})
	}
	slices.SortFunc(list, func(a, b tally) int { return cmp.Or(b.N-a.N, strings.Compare(a.Table, b.Table)) })
	return list
}

// dossierInURL returns whom the URL names, and what he is called. About a colleague it is the business of who may manage
// him.
func (o *Office) dossierInURL(v *Visit) (whom record.Key, name string, err error) {
	table := v.r.PathValue("table")
	if _, ok := dossierOf[table]; !ok {
		return whom, "", errNoPage
	}
	id, err := v.id()
	if err != nil {
		return whom, "", err
	}
	if table == "person" {
		p, err := o.person(v, id)
		if err != nil {
			return whom, "", err
		}
		if err := o.People.MayManage(v.r.Context(), v.Who, p, nil, nil); err != nil {
			return whom, "", err
		}
	}
	whom = record.Key{Table: o.Schema.Table(table).ID, ID: id}
	err = o.Engine.View(v.r.Context(), func(r Reader) error {
		row, err := r.Row(whom)
		if err == nil && (row == nil || row.Deleted) {
			err = errNoPage
		}
		if err == nil {
			name, err = o.names(r).row(whom)
		}
		return err
	})
	return whom, name, err
}

// DownloadDossier sends all of it as a file.
func (o *Office) DownloadDossier(v *Visit) error {
	whom, _, err := o.dossierInURL(v)
	if err != nil {
		return err
	}
	f, err := o.Dossiers.Of(v.r.Context(), whom)
	if err != nil {
		return err
	}
	return v.sendFile("dossier", "zip", func(out io.Writer) error { return o.Dossiers.Write(v.r.Context(), out, f) })
}

// EraseDossier erases what is personal in it, for who has typed the name: it cannot be undone.
func (o *Office) EraseDossier(v *Visit) error {
	whom, name, err := o.dossierInURL(v)
	if err != nil {
		return err
	}
	if strings.TrimSpace(v.form("name")) != name {
		return o.showDossier(v, http.StatusUnprocessableEntity, errOtherName)
	}
	err = o.Dossiers.Erase(v.r.Context(), v.author(), whom)
	if f, status := statusOf(err); err != nil && status < 500 {
		return o.showDossier(v, status, f)
	}
	if err != nil {
		return err
	}
	return v.done(dossierURL(v.r.PathValue("table"), whom.ID), v.t("Erased. Phones forget it at their next contact."))
}

var errOtherName = fault.New(OtherName, "Type the name as it stands above: what is erased cannot be brought back.")
