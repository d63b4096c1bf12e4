package systemtest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"fieldsync/server/api"
	"fieldsync/server/auth"
	"fieldsync/server/store"
	"fieldsync/sync/record"
)

// What holds of every address of the API, whatever it is about: who may, what is no body, what is not there, and that the
// document says it all.

// address fills in what a path leaves open; nothing that is there.
func address(rt api.Route) string {
	return strings.NewReplacer("{id}", record.ID{1}.String(), "{system}", "s", "{key}", "k", "{name}", "n").Replace(rt.Path)
}

// everything is all that a program can be given.
func everything(without ...auth.Permission) (may []string) {
	for _, p := range auth.Permissions {
		if p != auth.SignedIn && !slices.Contains(without, p) {
			may = append(may, string(p))
		}
	}
	return may
}

func TestEveryRouteRefusesWhoMayNot(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	boss := b.browser("boss")
	lacks := map[auth.Permission]*program{}
	for _, rt := range api.Routes() {
		(&program{bureau: b}).asks(rt.Method, address(rt), "").has(http.StatusUnauthorized)
		if rt.Need == auth.SignedIn {
			continue
		}
		p := lacks[rt.Need]
		if p == nil {
			p = b.program(boss, "all but "+string(rt.Need), everything(rt.Need)...)
			lacks[rt.Need] = p
		}
		if p.asks(rt.Method, address(rt), "{}"); p.status != http.StatusForbidden || p.got["code"] != string(api.NoRight) {
			t.Errorf("%s %s answers %d %v without %s", rt.Method, rt.Path, p.status, p.got, rt.Need)
		}
	}
}

func TestEveryRouteIsInTheDocumentAndNoOther(t *testing.T) {
	t.Parallel()
	declared := map[string]bool{}
	for _, rt := range api.Routes() {
		declared[strings.ToLower(rt.Method)+" "+rt.Path] = true
	}
	document := map[string]bool{}
	operations := map[string]bool{}
	for path, methods := range api.Document()["paths"].(map[string]any) {
		for method, operation := range methods.(map[string]any) {
			document[method+" "+path] = true
			id := operation.(map[string]any)["operationId"].(string)
			parameters, _ := operation.(map[string]any)["parameters"].([]any)
			for _, p := range parameters {
				if p := p.(map[string]any); p["in"] == "header" && p["description"] == nil {
					t.Errorf("%s does not say what %s means", id, p["name"])
				}
			}
			if operations[id] {
				t.Errorf("two operations are %s", id)
			}
			operations[id] = true
		}
	}
	for route := range declared {
		if !document[route] {
			t.Errorf("%s is not in the document", route)
		}
	}
	for route := range document {
		if !declared[route] {
			t.Errorf("%s is in the document, and nowhere else", route)
		}
	}
}

// Nonsense is refused by every address in the same words, and writes nothing.
func TestEveryRouteRefusesNonsense(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	boss := b.browser("boss")
	all := func(name string) *program { return b.program(boss, name, everything()...) }
	html, unknown, large, gone := all("html"), all("unknown"), all("large"), all("gone")
	head := b.head()
	huge := `{"note": "` + strings.Repeat("x", 1<<20) + `"}`
	wants := func(p *program, rt api.Route, what string, status int, code string) {
		t.Helper()
		if p.status != status || p.got["code"] != code {
			t.Errorf("%s %s answers %s with %d %v, want %d %s", rt.Method, rt.Path, what, p.status, p.got, status, code)
		}
	}
	for _, rt := range api.Routes() {
		makes := rt.Method == "POST" && strings.Count(rt.Path, "/") == 1 || strings.Contains(rt.Path, "/by-key/") && rt.Method == "PUT"
		switch {
		case makes:
			html.asks(rt.Method, address(rt), "<html><body>502 Bad Gateway</body></html>")
			wants(html, rt, "a page", http.StatusBadRequest, "bad_request")
			unknown.asks(rt.Method, address(rt), `{"nonsense": 1}`)
			wants(unknown, rt, "an unknown field", http.StatusUnprocessableEntity, "unknown_field")
			if unknown.got["field"] != "nonsense" {
				t.Errorf("%s %s names the field %v", rt.Method, rt.Path, unknown.got["field"])
			}
			large.asks(rt.Method, address(rt), huge)
			wants(large, rt, "a megabyte", http.StatusRequestEntityTooLarge, "too_large")
		case strings.Contains(rt.Path, "{id}") && !strings.Contains(rt.Path, "/keys/"):
			gone.asks(rt.Method, address(rt), "{}", "If-Match", `"AA"`)
			wants(gone, rt, "a row that is not there", http.StatusNotFound, "not_found")
		}
	}
	gone.asks("DELETE", "/customers", "").has(http.StatusMethodNotAllowed, "code", "method_not_allowed")
	gone.asks("GET", "/customers?nonsense=1", "").has(http.StatusUnprocessableEntity, "code", "unknown_field", "field", "nonsense")
	if now := b.head(); now != head {
		t.Errorf("something was written: commit %d was %d", now, head)
	}
}

// No time that nobody can mean is taken: each field that holds one refuses it, and is named.
func TestEveryRouteRefusesTimesThatNobodyMeans(t *testing.T) {
	t.Parallel()
	p, _ := integrator(t)
	asked := 0
	for path, methods := range api.Document()["paths"].(map[string]any) {
		made, ok := methods.(map[string]any)["post"].(map[string]any)
		if !ok || strings.Contains(path, "{") || made["requestBody"] == nil {
			continue
		}
		body, ok := made["requestBody"].(map[string]any)["content"].(map[string]any)["application/json"].(map[string]any)
		if !ok {
			continue
		}
		properties, _ := body["schema"].(map[string]any)["properties"].(map[string]any)
		for name, property := range properties {
			for format, times := range map[string][]string{"date-time": {"9999-12-31T23:59:59Z", "1969-07-20T20:17:40Z", "0001-01-01T00:00:00Z"}, "date": {"9999-12-31", "1899-12-31"}} {
				if property.(map[string]any)["format"] != format {
					continue
				}
				for _, at := range times {
					asked++
					if p.asks("POST", path, fmt.Sprintf(`{%q: %q}`, name, at)); p.status != http.StatusUnprocessableEntity || p.got["field"] != name || p.got["code"] != "out_of_range" {
						t.Errorf("%s takes %s as %s: %d %v", path, at, name, p.status, p.got)
					}
				}
			}
		}
	}
	if asked < 40 {
		t.Errorf("only %d were tried", asked)
	}
}

// head is the number of the last commit.
func (b *bureau) head() (seq uint64) {
	b.t.Helper()
	err := b.core.Store.Read(b.t.Context(), func(v *store.View) (err error) {
		seq, err = v.Head()
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return seq
}
