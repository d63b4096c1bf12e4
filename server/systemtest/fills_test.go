package systemtest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// fills sends the form of the page that goes to the path, as it stands but for the pairs: as somebody does who changes only
// that. Of several such forms it is the first. A field that the form does not have is none that he could fill in.
func (v *browser) fills(path string, pairs ...string) *browser {
	v.t.Helper()
	doc, err := html.Parse(strings.NewReader(v.source))
	if err != nil {
		v.t.Fatal(err)
	}
	for n := range doc.Descendants() {
		if n.DataAtom != atom.Form || attribute(n, "method") != "post" || goes(n, path) == "" {
			continue
		}
		path = goes(n, path)
		form, known := fieldsOf(doc, n)
		for i := 0; i < len(pairs); i += 2 {
			if !known[pairs[i]] {
				v.t.Fatalf("%s: the form that goes to %s has no field %s", v.at, path, pairs[i])
			}
			form.Set(pairs[i], pairs[i+1])
		}
		if attribute(n, "enctype") == "multipart/form-data" {
			return v.sendsForm(path, "", nil, pairsOf(form)...)
		}
		return v.send(http.MethodPost, path, form)
	}
	v.t.Fatalf("%s has no form that goes to %s:\n%s", v.at, path, v.body)
	return v
}

// goes returns where the form, or a button of it, goes: to the path with its query; "" for elsewhere.
func goes(form *html.Node, path string) string {
	for _, to := range append([]string{attribute(form, "action")}, formActions(form)...) {
		if plain, _, _ := strings.Cut(to, "?"); plain == path {
			return to
		}
	}
	return ""
}

func formActions(form *html.Node) (actions []string) {
	for n := range form.Descendants() {
		actions = append(actions, attribute(n, "formaction"))
	}
	return actions
}

// fieldsOf returns what a browser would send of a form, and which fields it has.
func fieldsOf(doc, form *html.Node) (values url.Values, known map[string]bool) {
	values, known = url.Values{}, map[string]bool{}
	id := attribute(form, "id")
	for n := range doc.Descendants() {
		name, kind := attribute(n, "name"), attribute(n, "type")
		belongs := slices.Contains(slices.Collect(n.Ancestors()), form) || id != "" && attribute(n, "form") == id
		if name == "" || !belongs {
			continue
		}
		switch n.DataAtom {
		case atom.Button:
			known[name] = true // pressed by whoever names it
		case atom.Input:
			known[name] = true
			if kind != "file" && kind != "checkbox" && kind != "radio" || carries(n, "checked") {
				values.Add(name, attribute(n, "value"))
			}
		case atom.Select:
			known[name] = true
			values.Add(name, chosen(n))
		case atom.Textarea:
			known[name] = true
			if n.FirstChild != nil {
				values.Add(name, n.FirstChild.Data)
			} else {
				values.Add(name, "")
			}
		}
	}
	return values, known
}

// chosen returns the answer of a select: the one that is selected, else the first.
func chosen(list *html.Node) string {
	var first *html.Node
	for n := range list.Descendants() {
		if n.DataAtom == atom.Option && carries(n, "selected") {
			return attribute(n, "value")
		}
		if n.DataAtom == atom.Option && first == nil {
			first = n
		}
	}
	if first == nil {
		return ""
	}
	return attribute(first, "value")
}

func pairsOf(form url.Values) (pairs []string) {
	for name, values := range form {
		for _, value := range values {
			pairs = append(pairs, name, value)
		}
	}
	return pairs
}

func carries(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
