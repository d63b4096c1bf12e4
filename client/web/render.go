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
)

//go:embed pages/*.html
var pageFiles embed.FS

//go:embed static
var staticFiles embed.FS

// pageSet holds the pages in one language.
type pageSet map[string]*template.Template

func (p pageSet) render(w io.Writer, name string, page any) error {
	t, ok := p[name]
	if !ok {
		return fmt.Errorf("web: no page %q", name)
	}
	return t.ExecuteTemplate(w, "layout", page)
}

// loadPages parses every page once for each language: within a template, t speaks that language.
func loadPages(a *App) (map[string]pageSet, error) {
	names, err := fs.Glob(pageFiles, "pages/*.html")
	if err != nil {
		return nil, err
	}
	sets := map[string]pageSet{}
	for _, l := range a.words.languages {
		base, err := template.New("").Funcs(a.functions(l)).ParseFS(pageFiles, "pages/layout.html", "pages/parts.html")
		if err != nil {
			return nil, err
		}
		set := pageSet{}
		for _, name := range names {
			t, err := template.Must(base.Clone()).ParseFS(pageFiles, name)
			if err != nil {
				return nil, err
			}
			set[strings.TrimSuffix(path.Base(name), ".html")] = t
		}
		sets[l.tag] = set
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
