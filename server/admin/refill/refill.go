// Package refill gives a form that was refused back what its user typed. The small forms on the page of a row are drawn
// empty and folded away; refused, one comes back open, with what was typed and the reason in it: nobody types anything twice.
package refill

import (
	"bytes"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Form returns the page with the form that is sent to the path as it was typed; the page's reason (data-problem) stands in
// it. A page without a reason, or without such a form any more, stays as it is.
func Form(page []byte, path string, typed url.Values) ([]byte, error) {
	if !bytes.Contains(page, []byte(" data-problem")) {
		return page, nil
	}
	doc, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		return nil, err
	}
	reason, form := find(doc, func(n *html.Node) bool { return has(n, "data-problem") }), find(doc, func(n *html.Node) bool { return sent(n, path, typed) })
	if reason == nil || form == nil {
		return page, nil
	}
	first := find(form, visible)
	if first == nil { // a button alone, which is not where one looks
		return page, nil
	}
	for n := range form.Descendants() {
		retype(n, typed)
	}
	for n := range form.Ancestors() {
		if n.DataAtom == atom.Details {
			set(n, "open", "")
		}
	}
	for n := range doc.Descendants() {
		unset(n, "autofocus")
	}
	reason.Parent.RemoveChild(reason)
	set(reason, "id", "refused")
	form.InsertBefore(reason, form.FirstChild)
	set(first, "autofocus", "")
	set(first, "aria-describedby", "refused")
	var b bytes.Buffer
	err = html.Render(&b, doc)
	return b.Bytes(), err
}

// sent reports whether n is the form that was sent: of several to one path, the one about the same thing.
func sent(n *html.Node, path string, typed url.Values) bool {
	if n.DataAtom != atom.Form || attribute(n, "method") != "post" {
		return false
	}
	there := attribute(n, "action") == path
	for c := range n.Descendants() {
		name, value := attribute(c, "name"), attribute(c, "value")
		there = there || attribute(c, "formaction") == path
		if hidden(c) && !refers(name) && name != "seen" && name != "state" && typed.Has(name) && !slices.Contains(typed[name], value) {
			return false
		}
	}
	return there
}

// retype puts what was typed into a field.
func retype(n *html.Node, typed url.Values) {
	name := attribute(n, "name")
	given, asked := typed[name]
	switch kind := attribute(n, "type"); {
	case n.DataAtom == atom.Option:
		if s := ancestor(n, atom.Select); s != nil && typed.Has(attribute(s, "name")) {
			mark(n, "selected", slices.Contains(typed[attribute(s, "name")], attribute(n, "value")))
		}
	case name == "" || !asked && kind != "checkbox" || len(typed) == 0:
	case n.DataAtom == atom.Textarea:
		for n.FirstChild != nil {
			n.RemoveChild(n.FirstChild)
		}
		n.AppendChild(&html.Node{Type: html.TextNode, Data: given[0]})
	case n.DataAtom != atom.Input || kind == "password" || kind == "file":
	case kind == "checkbox" || kind == "radio":
		mark(n, "checked", slices.Contains(given, attribute(n, "value")))
	case kind != "hidden" || refers(name):
		set(n, "value", given[0])
	}
}

// refers reports whether a field holds the id of the row that the field before it names.
func refers(name string) bool { return strings.HasPrefix(name, "ref.") }

func hidden(n *html.Node) bool { return n.DataAtom == atom.Input && attribute(n, "type") == "hidden" }

// visible reports whether n is a field that somebody can type into or choose from.
func visible(n *html.Node) bool {
	return (n.DataAtom == atom.Input || n.DataAtom == atom.Select || n.DataAtom == atom.Textarea) && !hidden(n)
}

func find(within *html.Node, is func(*html.Node) bool) *html.Node {
	for n := range within.Descendants() {
		if is(n) {
			return n
		}
	}
	return nil
}

func ancestor(n *html.Node, of atom.Atom) *html.Node {
	for a := range n.Ancestors() {
		if a.DataAtom == of {
			return a
		}
	}
	return nil
}

func at(n *html.Node, name string) int {
	return slices.IndexFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

func has(n *html.Node, name string) bool { return at(n, name) >= 0 }

func attribute(n *html.Node, name string) string {
	if i := at(n, name); i >= 0 {
		return n.Attr[i].Val
	}
	return ""
}

func set(n *html.Node, name, value string) {
	unset(n, name)
	n.Attr = append(n.Attr, html.Attribute{Key: name, Val: value})
}

func unset(n *html.Node, name string) {
	n.Attr = slices.DeleteFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

// mark sets a word of a field, or takes it away.
func mark(n *html.Node, name string, on bool) {
	if unset(n, name); on {
		set(n, name, "")
	}
}
