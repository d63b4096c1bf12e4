package web

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/words"
)

func TestEveryPageInEveryLanguageIsSmall(t *testing.T) {
	t.Parallel()
	h := newThumb(t)
	if err := h.c.Jobs().Arrive(t.Context(), aftersales.VisitInput{Job: h.s.leak}); err != nil {
		t.Fatal(err)
	}
	for _, tag := range words.Tags {
		for _, page := range h.pages() {
			r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1"+page, nil)
			r.AddCookie(&http.Cookie{Name: h.app.gate.cookieName(), Value: h.app.gate.cookie})
			r.AddCookie(&http.Cookie{Name: languageCookie, Value: tag})
			w := httptest.NewRecorder()
			h.app.Handler().ServeHTTP(w, r)
			body := w.Body.String()
			if w.Code != http.StatusOK || len(body) > 60<<10 || !strings.Contains(body, `lang="`+tag+`"`) {
				t.Errorf("%s in %s: %d, %d bytes", page, tag, w.Code, len(body))
			}
			for _, bad := range []string{"%!", "<no value>", " style=", "<script>", "onclick"} {
				if strings.Contains(body, bad) {
					t.Errorf("%s in %s has %q in it", page, tag, bad)
				}
			}
		}
	}
}

// Pages are parsed when they are first shown: none of them finds out then that it is broken.
func TestEveryPageIsInOrder(t *testing.T) {
	t.Parallel()
	h := newThumb(t)
	for _, tag := range words.Tags {
		if err := h.app.pages[tag].Check(); err != nil {
			t.Errorf("%s: %v", tag, err)
		}
	}
}

// pages returns every page that can be asked for.
func (h *thumb) pages() (list []string) {
	names := strings.NewReplacer("/jobs/{id}", h.job(), "{way}", "use", "{part}", h.s.seal.String(), "{list}", h.s.checklist.String(),
		"{key}", "pressure", "/machines/{id}", "/machines/"+h.s.unit.String(), "/parts/{id}", "/parts/"+h.s.seal.String(),
		"/customers/{id}", "/customers/"+h.s.customer.String(), "{$}", "")
	for _, r := range routes {
		path, ok := strings.CutPrefix(r.pattern, "GET ")
		if path = names.Replace(path); ok && !strings.Contains(path, "{") && path != "/live" && path != enrolURL && path != logoURL && !strings.HasPrefix(path, exportURL+"/") {
			list = append(list, path)
		}
	}
	return list
}

// Every sentence that a page or a refusal says is in the lists of words, where every line has all languages.
func TestEverySentenceIsTranslated(t *testing.T) {
	t.Parallel()
	w, err := readWords()
	if err != nil {
		t.Fatal(err)
	}
	said := regexp.MustCompile(`(?:[{( ]t |\.[sS]ay\(|\.frame\(|fault\.(?:New|Wrap)\([\w.]+, |What: |\{way\w+, )("(?:[^"\\]|\\.)+")`)
	for _, pattern := range []string{"*.go", "pages/*.html"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			for _, m := range said.FindAllSubmatch(b, -1) {
				if key, err := strconv.Unquote(string(m[1])); err != nil || !w.Knows(key) {
					t.Errorf("%s: the lists of words lack %s", file, m[1])
				}
			}
		}
	}
	for _, s := range visitSteps {
		if !w.Knows(s.label) || !w.Knows("cause."+s.cause) {
			t.Errorf("the lists of words lack %q or its cause", s.label)
		}
	}
	for _, one := range ways {
		if !w.Knows(one.Title) || !w.Knows(one.Do) {
			t.Errorf("the lists of words lack %q or %q", one.Title, one.Do)
		}
	}
	for _, reason := range aftersales.EntitlementReasons {
		if !w.Knows("why." + reason) {
			t.Errorf("the lists of words lack why.%s", reason)
		}
	}
}
