package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"fieldsync/sync/pages"
)

//go:embed pages/*.html
var pageFiles embed.FS

//go:embed static
var staticFiles embed.FS

// loadPages returns the pages for each language: within a template, t speaks that language.
func loadPages(a *App) (map[string]*pages.Set, error) {
	sets := map[string]*pages.Set{}
	for _, spoken := range a.words.Languages {
		l := &language{spoken}
		set, err := pages.New(pageFiles, a.functions(l), "layout", "parts")
		if err != nil {
			return nil, err
		}
		sets[l.Tag] = set
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
