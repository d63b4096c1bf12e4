// Package pages shows the HTML pages that lie in a program. A page is parsed when it is shown for the first time: all pages in
// all languages would be most of what a phone's program has in memory, and much of what a hub's has, and who starts either would
// wait for it.
package pages

import (
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"path"
	"strings"
	"sync"
)

// Set holds the pages in one language. It may be used by several goroutines.
type Set struct {
	files fs.FS
	base  *template.Template // what pages have in common; never shown, so that it can be copied

	mu     sync.Mutex
	parsed map[string]*template.Template
}

// New returns the pages of the folder pages of the files, which call the functions; each has the common ones of them at hand, by
// their names without ".html". The error is that of a common page.
func New(files fs.FS, functions template.FuncMap, common ...string) (*Set, error) {
	base := template.New("").Funcs(functions)
	for _, name := range common {
		if _, err := base.ParseFS(files, file(name)); err != nil {
			return nil, fmt.Errorf("pages: %w", err)
		}
	}
	return &Set{files: files, base: base, parsed: map[string]*template.Template{}}, nil
}

// Show writes a part of a page, "layout" for the whole, with the data. The error is the page's own, of which there may be none, or
// the writer's.
func (s *Set) Show(w io.Writer, name, part string, data any) error {
	t, err := s.page(name)
	if err != nil {
		return fmt.Errorf("pages: %q: %w", name, err)
	}
	return t.ExecuteTemplate(w, part, data)
}

// Check parses every page, and returns what is wrong with the first that cannot be: for the tests of a program.
func (s *Set) Check() error {
	files, err := fs.Glob(s.files, file("*"))
	for _, f := range files {
		if _, err := s.page(strings.TrimSuffix(path.Base(f), ".html")); err != nil {
			return fmt.Errorf("pages: %s: %w", f, err)
		}
	}
	return err
}

func (s *Set) page(name string) (*template.Template, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.parsed[name]; t != nil {
		return t, nil
	}
	t, err := s.base.Clone()
	if err == nil {
		t, err = t.ParseFS(s.files, file(name))
	}
	if err == nil {
		s.parsed[name] = t
	}
	return t, err
}

func file(name string) string { return "pages/" + name + ".html" }
