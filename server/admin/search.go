package admin

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// sought are the tables that the one box looks through: who may see them, where a row of them is shown, and by which
// columns it is told from others. A row without a page of its own leads to the row that one of its columns names.
var sought = []struct {
	table string
	need  auth.Permission
	url   string
	via   string // the column whose row is shown instead, "" for the row itself
	hint  []string
}{
	{"job", auth.SeeJobs, jobsURL, "", []string{"title", "party", "unit"}},
	{"request", auth.SeeRequests, requestsURL, "", []string{"title", "party"}},
	{"party", auth.SeeCustomers, customersURL, "", []string{"number", "phone", "city"}},
	{"contact", auth.SeeCustomers, customersURL, "party", []string{"party", "phone"}},
	{"site", auth.SeeCustomers, customersURL, "party", []string{"party", "address"}},
	{"unit", auth.SeeAssets, assetsURL, "", []string{"serial", "party"}},
	{"part", auth.SeeParts, partsURL, "", []string{"name", "barcode"}},
	{"external_key", auth.SignedIn, "", "about", []string{"system", "key"}},
	{"document_number", auth.SeeJobs, jobsURL, "job", []string{"job"}},
	{"visit", auth.SeeJobs, jobsURL, "job", []string{"summary"}},
	{"comment", auth.SeeJobs, jobsURL, "job", []string{"text"}},
}

// searchMost is how many rows of one table are shown: whoever wants more types more.
const searchMost = 8

type searchPage struct {
	frame
	Text   string
	Groups []foundGroup
	Pages  []railEntry
}

type foundGroup struct {
	Title string
	Rows  []foundRow
	More  bool
}

type foundRow struct {
	URL, Label, Hint string
	Exact            bool
}

// Search shows what fits what was typed, of all that the visitor may see: rows by table, and pages.
func (o *Office) Search(v *Visit) error {
	page := searchPage{Text: strings.TrimSpace(v.query("q"))}
	if page.Text != "" {
		err := o.Engine.View(v.r.Context(), func(r Reader) (err error) {
			page.Groups, err = o.seek(v, r, page.Text)
			return err
		})
		if err != nil {
			return err
		}
	}
	page.frame = v.frame(v.t("Search"), "")
	for _, e := range page.Rail {
		if page.Text == "" || strings.Contains(strings.ToLower(e.Label), strings.ToLower(page.Text)) {
			page.Pages = append(page.Pages, e)
		}
	}
	return v.show(http.StatusOK, "search", page)
}

// seek asks each table by itself: a thousand comments on pumps do not hide the customer called Pump.
func (o *Office) seek(v *Visit, r Reader, text string) (groups []foundGroup, err error) {
	n := o.names(r)
	for _, s := range sought {
		if !v.Who.May(s.need) {
			continue
		}
		hits, err := r.Search(text, sqlrow.SearchOptions{Tables: []string{s.table}, Limit: v.searchDepth(s.need)})
		if err != nil {
			return nil, err
		}
		g := foundGroup{Title: v.lang.Name("many." + s.table)}
		for _, hit := range hits {
			row, err := r.Row(record.Key{Table: o.Schema.Table(s.table).ID, ID: hit.ID})
			if err != nil {
				return nil, err
			}
			if row == nil || row.Deleted || !v.Who.May(s.need, row.Get("branch").Ref()) {
				continue
			}
			past, err := unsaid(r, row)
			if err != nil {
				return nil, err
			}
			if past {
				continue
			}
			if len(g.Rows) == searchMost {
				g.More = true
				break
			}
			found, err := v.foundRow(n, row, s.hint)
			if err != nil {
				return nil, err
			}
			to := hit.ID
			if s.via != "" {
				to = row.Get(s.via).Ref()
			}
			found.URL, found.Exact = s.url+"/"+to.String(), hit.Exact
			if to.IsZero() {
				found.URL = s.url + "?q=" + url.QueryEscape(text)
			}
			if s.table == "external_key" { // what it names is of any kind, which not everybody may see
				if found.URL, err = o.keyLeads(v, r, row); err != nil {
					return nil, err
				}
				if found.URL == "" || !row.Get("retired_at").IsNull() {
					continue
				}
			}
			g.Rows = append(g.Rows, found)
		}
		if len(g.Rows) > 0 {
			groups = append(groups, g)
		}
	}
	return groups, nil
}

// unsaid reports whether the row is a comment that another corrected or took back.
func unsaid(r Reader, row *record.Row) (bool, error) {
	if row.Table.Name != "comment" {
		return false, nil
	}
	later, err := r.Refs(row.Table, "replaces", row.ID)
	return len(later) > 0 || aftersales.CommentOf(row).TakenBack(), err
}

// searchDepth is how many hits are looked through for those that the visitor may see. Who works in some branches has
// those of others among his, which neither count nor push his own out of sight.
func (v *Visit) searchDepth(need auth.Permission) int {
	if v.Who.In(need).All {
		return searchMost + 1
	}
	return 64 * searchMost
}

// foundRow says what the row is called, and what tells it from others.
func (v *Visit) foundRow(n *names, row *record.Row, hint []string) (found foundRow, err error) {
	if row.Table.Name == "comment" || row.Table.Name == "visit" {
		found.Label, err = n.row(record.Key{Table: v.office.Schema.Table("job").ID, ID: row.Get("job").Ref()})
	} else {
		found.Label, err = n.row(row.Key())
	}
	var parts []string
	for _, column := range hint {
		i := row.Table.Column(column)
		if i < 0 || err != nil {
			continue
		}
		var text string
		text, err = v.text(n, row.Table, &row.Table.Columns[i], row.Cols[i])
		if text != "" && text != found.Label {
			parts = append(parts, short(text))
		}
	}
	found.Hint = strings.Join(parts, " · ")
	found.Label = cmp.Or(found.Label, found.Hint)
	return found, err
}

// shortMost is how many characters of a long text stand in a list.
const shortMost = 90

func short(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > shortMost {
		return string(runes[:shortMost]) + "…"
	}
	return text
}
