package admin

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"

	"fieldsync/server/list"
	"fieldsync/sync/pages"
	"fieldsync/sync/words"
)

//go:embed pages/*.html
var pageFiles embed.FS

//go:embed static
var staticFiles embed.FS

// loadPages returns the pages for each language: within a template, t speaks that language.
func loadPages(book *words.Book, zone *time.Location) (map[string]*pages.Set, error) {
	sets := map[string]*pages.Set{}
	for _, spoken := range book.Languages {
		l := &language{spoken}
		set, err := pages.New(pageFiles, l.functions(zone), "layout", "parts", "list", "service", "paper")
		if err != nil {
			return nil, err
		}
		sets[l.Tag] = set
	}
	return sets, nil
}

// functions are what templates may call.
func (l *language) functions(zone *time.Location) template.FuncMap {
	clock := times{l, zone}
	return template.FuncMap{
		"t":        l.Say,
		"name":     l.Name,
		"when":     clock.when,
		"whenTime": func(t time.Time) string { return clock.when(millis(t)) },
		"day":      clock.day,
		"window":   clock.window,
		"machine":  clock.machine,
		"length":   l.length,
		"asset":    assetURL,
		"dict":     dict,
		"cell":     func(c list.Cell) string { return l.cell(zone, c) },
		"to":       to,
		"language": func(i int) string { return words.Tags[i] },
		"blocks":   func(extra any) []block { list, _ := extra.([]block); return list },
		"lines":    func(s string) []string { return strings.Split(s, "\n") },
	}
}

// dict makes the argument of a template that takes several: names and values in turn.
func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("admin: dict with %d arguments", len(pairs))
	}
	m := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		m[fmt.Sprint(pairs[i])] = pairs[i+1]
	}
	return m, nil
}

// times says when, in the company's zone.
type times struct {
	*language
	zone *time.Location
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// when returns a moment as "2026-03-09 14:05": the order that sorts, and that all three languages read.
func (t times) when(ms int64) string {
	if ms == 0 {
		return ""
	}
	return time.UnixMilli(ms).In(t.zone).Format("2006-01-02 15:04")
}

// day returns the day of a moment.
func (t times) day(ms int64) string {
	if ms == 0 {
		return ""
	}
	return time.UnixMilli(ms).In(t.zone).Format(time.DateOnly)
}

// window returns two moments, the second without its date where that is the same.
func (t times) window(start, end int64) string {
	if start == 0 || end == 0 {
		return t.when(max(start, end))
	}
	if from, to := time.UnixMilli(start).In(t.zone), time.UnixMilli(end).In(t.zone); from.Format(time.DateOnly) == to.Format(time.DateOnly) {
		return from.Format("2006-01-02 15:04") + "–" + to.Format("15:04")
	}
	return t.when(start) + " – " + t.when(end)
}

// machine returns a moment as an HTML time element wants it.
func (t times) machine(ms int64) string {
	return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05Z")
}

// length returns a span roughly: "3 h 20 min".
func (l *language) length(d time.Duration) string {
	d = d.Abs()
	switch {
	case d < time.Minute:
		return l.Say("%d s", int(d.Seconds()))
	case d < time.Hour:
		return l.Say("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return l.Say("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	}
	return l.Say("%d days", int(d.Hours())/24)
}

// assets maps the name of a static file to the URL that carries its content's hash, so that it may be kept for ever.
var assets = func() map[string]string {
	urls := map[string]string{}
	files, _ := fs.Glob(staticFiles, "static/*")
	for _, file := range files {
		b, _ := staticFiles.ReadFile(file)
		sum := sha256.Sum256(b)
		name := path.Base(file)
		urls[name] = staticURL + name + "?v=" + hex.EncodeToString(sum[:6])
	}
	return urls
}()

func assetURL(name string) string { return assets[name] }

// Static serves the stylesheet and the script.
func Static() http.Handler {
	files, _ := fs.Sub(staticFiles, "static")
	serve := http.StripPrefix(staticURL, http.FileServerFS(files))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/") { // what there is in a folder is nobody's business
			http.NotFound(w, r)
			return
		}
		if r.URL.Query().Has("v") {
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		}
		serve.ServeHTTP(w, r)
	})
}

// policy is what pages may load: files of ours, nothing inline, nowhere else.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// Guard sets the headers that keep a page to itself.
func Guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
		next.ServeHTTP(w, r)
	})
}
