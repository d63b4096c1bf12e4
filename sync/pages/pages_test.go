package pages_test

import (
	"html/template"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"fieldsync/sync/pages"
)

func files() fstest.MapFS {
	return fstest.MapFS{
		"pages/layout.html": {Data: []byte(`{{define "layout"}}<main>{{template "main" .}}</main>{{end}}`)},
		"pages/job.html":    {Data: []byte(`{{define "main"}}{{hello}}, {{.}}{{end}}`)},
		"pages/part.html":   {Data: []byte(`{{define "main"}}part {{.}}{{end}}`)},
		"pages/wrong.html":  {Data: []byte(`{{define "main"}}{{nobody}}{{end}}`)},
	}
}

func set(t *testing.T) *pages.Set {
	t.Helper()
	s, err := pages.New(files(), template.FuncMap{"hello": func() string { return "你好" }}, "layout")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Each page fills the layout with its own, also where several are asked for at the same moment.
func TestPagesAreShown(t *testing.T) {
	t.Parallel()
	s := set(t)
	var all sync.WaitGroup
	for range 8 {
		for name, want := range map[string]string{"job": "<main>你好, &lt;b&gt;</main>", "part": "<main>part &lt;b&gt;</main>"} {
			all.Go(func() {
				var b strings.Builder
				if err := s.Show(&b, name, "layout", "<b>"); err != nil || b.String() != want {
					t.Errorf("%s: %q, %v", name, b.String(), err)
				}
			})
		}
	}
	all.Wait()
	var b strings.Builder
	if err := s.Show(&b, "part", "main", 7); err != nil || b.String() != "part 7" {
		t.Errorf("the part of a page: %q, %v", b.String(), err)
	}
}

func TestAPageThatCannotBeShownIsAnError(t *testing.T) {
	t.Parallel()
	s := set(t)
	for name, part := range map[string]string{"nowhere": "layout", "wrong": "layout", "part": "foot", "../job": "layout"} {
		if err := s.Show(io.Discard, name, part, nil); err == nil {
			t.Errorf("%s of %s is shown", part, name)
		}
	}
	if err := s.Check(); err == nil || !strings.Contains(err.Error(), "wrong.html") {
		t.Errorf("of all pages: %v", err)
	}
	if _, err := pages.New(files(), nil, "wrong"); err == nil {
		t.Error("a common page calls a function that there is not")
	}
}
