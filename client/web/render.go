package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"
)

//go:embed pages/*.html
var pageFiles embed.FS

//go:embed static
var staticFiles embed.FS

// pageSet holds the pages in one language: within a template, t speaks that language. A page is parsed when it is shown for the
// first time: all of them in all languages would be most of what the program has in memory, and a person sees one language.
type pageSet struct {
	base *template.Template // what pages have in common; never shown, so that it can be copied

	mu     sync.Mutex
	parsed map[string]*template.Template
}

// execute shows a part of a page, as the layout, which is the whole.
func (p *pageSet) execute(w io.Writer, name, part string, page any) error {
	t, err := p.page(name)
	if err != nil {
		return fmt.Errorf("web: the page %q: %w", name, err)
	}
	return t.ExecuteTemplate(w, part, page)
}

func (p *pageSet) page(name string) (*template.Template, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t := p.parsed[name]; t != nil {
		return t, nil
	}
	t, err := p.base.Clone()
	if err == nil {
		t, err = t.ParseFS(pageFiles, "pages/"+name+".html")
	}
	if err == nil {
		p.parsed[name] = t
	}
	return t, err
}

// loadPages returns the pages for each language.
func loadPages(a *App) (map[string]*pageSet, error) {
	sets := map[string]*pageSet{}
	for _, spoken := range a.words.Languages {
		l := &language{spoken}
		base, err := template.New("").Funcs(a.functions(l)).ParseFS(pageFiles, "pages/layout.html", "pages/parts.html")
		if err != nil {
			return nil, err
		}
		sets[l.Tag] = &pageSet{base: base, parsed: map[string]*template.Template{}}
	}
	return sets, nil
}

// assets maps the name of a static file to the URL that carries its content's hash, so that it may be kept for ever.
var assets = func() map[string]string {
	urls := map[string]string{}
	files, _ := fs.Glob(staticFiles, "static/*") // the pattern is a good one
	for _, file := range files {
		b, _ := staticFiles.ReadFile(file) // it is in the program
		sum := sha256.Sum256(b)
		urls[path.Base(file)] = "/" + file + "?v=" + hex.EncodeToString(sum[:6])
	}
	return urls
}()

func static() http.Handler {
	serve := http.FileServerFS(staticFiles)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/") { // what there is in a folder is nobody's business
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Cache-Control", "private, max-age=31536000, immutable")
		serve.ServeHTTP(w, r)
	})
}
