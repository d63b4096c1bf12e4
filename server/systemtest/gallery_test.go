package systemtest

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"fieldsync/server"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// view is how somebody looks at a page: in a language, through a window of a width, by day or by night.
type view struct {
	language string
	width    int64
	dark     bool
}

// views are how every page is looked at. Each page is seen at each width and in each language: at which width in which
// language changes from page to page.
func views(nth int) []view {
	languages := []string{"en", "zh-Hans", "zh-Hant"}
	in := func(n int) string { return languages[(nth+n)%len(languages)] }
	return []view{{in(0), 1280, false}, {in(0), 1280, true}, {in(1), 820, nth%2 == 0}, {in(2), 390, nth%2 == 1}}
}

// shots names the variable that names the folder in which a picture of every page is kept. Without it none is made: they
// are some hundreds, and take minutes.
const shots = "FIELDSYNC_SHOTS"

// showsEveryPage: a link leads to every page of the office, and in the demo each has something to show; and every list of
// it is one to work with.
func showsEveryPage(t *testing.T, i *installation) {
	said, end := i.demo()
	boss := newGlass(t, said.URL+"/sign-in")
	boss.post("/sign-in", url.Values{"login": {said.Login}, "password": {said.Password}})
	paths := boss.walk()
	boss.worksWithLists(paths)
	boss.saysWhatItShowed(paths)
	if os.Getenv(shots) != "" {
		photographs(t, said, boss, paths)
	}
	end()
}

// photographs looks at each of the pages at each width and in each language, and keeps a picture of it.
func photographs(t *testing.T, said demo, boss *glass, paths []string) {
	t.Helper()
	s := newScreen(&bureau{world: &world{t: t}}, said.URL)
	s.visit("/sign-in")
	s.do(chromedp.SendKeys("#login", said.Login), chromedp.SendKeys("#password", said.Password+"\r"))
	s.holds("he is signed in", stands+` && document.querySelector(".rail") !== null`)
	for _, language := range []string{"en", "zh-Hans", "zh-Hant"} {
		boss.post("/language", url.Values{"language": {language}, "to": {"/password"}})
		for n, path := range paths {
			s.lookAt(path, language, views(n))
		}
	}
}

// lookAt looks at a page in every view of the language. None is wider than its window.
func (s *screen) lookAt(path, language string, views []view) {
	s.t.Helper()
	there := false
	for _, v := range views {
		if v.language != language {
			continue
		}
		s.do(chromedp.EmulateViewport(v.width, 900), scheme(v.dark))
		if !there {
			s.visit(path)
			there = true
			if without := ask[string](s, needsAMouse); without != "" {
				s.t.Errorf("%s cannot be worked by keys, in %s: %s", path, language, without)
			}
		}
		if over := ask[string](s, tooWide); over != "" {
			s.t.Errorf("%s is too wide for %d px, in %s: %s", path, v.width, language, over)
		}
		s.keep(path, v)
	}
}

// tooWide names the elements that make a page wider than its window; "" where none does.
const tooWide = `document.documentElement.scrollWidth <= innerWidth ? "" : [...document.querySelectorAll("main *, nav *")]
	.filter((e) => e.getBoundingClientRect().right > innerWidth && !e.closest(".scroll")).slice(-3).map((e) => e.outerHTML.slice(0, 160)).join(" … ")`

// needsAMouse names what of a page can be pressed and not reached by keys, and what says nothing of itself to who cannot see it; ""
// for nothing.
const needsAMouse = `(() => {
	const wrong = [], shown = (selector) => [...document.querySelectorAll(selector)].filter((e) => e.checkVisibility() && !e.disabled), own = "a[href], button, input, select, textarea, summary, [tabindex]";
	for (const e of shown("body *")) if (getComputedStyle(e).cursor === "pointer" && !e.closest(own + ", label")) wrong.push("out of reach: " + e.outerHTML.slice(0, 80));
	for (const e of shown(own)) {
		if (e.type === "hidden" || e.tabIndex < 0) continue;
		e.focus();
		if (document.activeElement !== e) wrong.push("takes no focus: " + e.outerHTML.slice(0, 80));
	}
	for (const e of shown("input, select, textarea")) if (e.type !== "hidden" && !e.labels?.length && !e.ariaLabel) wrong.push("no label: " + e.outerHTML.slice(0, 80));
	for (const e of shown("a[href], button")) if (!e.textContent.trim() && !e.ariaLabel && !e.querySelector("img[alt]")) wrong.push("no name: " + e.outerHTML.slice(0, 80));
	document.activeElement?.blur();
	scrollTo(0, 0);
	return wrong.slice(0, 4).join(" … ");
})()`

// scheme has the browser prefer dark pages, or light ones.
func scheme(dark bool) chromedp.Action[chromedp.Void] {
	prefers := "light"
	if dark {
		prefers = "dark"
	}
	return func(ctx context.Context, t *chromedp.Target) (none chromedp.Void, err error) {
		_, err = cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: prefers}},
		})
		return none, err
	}
}

// keep keeps a picture of the page.
func (s *screen) keep(path string, v view) {
	s.t.Helper()
	folder := os.Getenv(shots)
	ctx, cancel := context.WithTimeout(s.ctx, patience)
	defer cancel()
	picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(80))
	if err == nil {
		err = os.MkdirAll(folder, 0o750)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, v.name(path)), picture, 0o600)
	}
	if err != nil {
		s.t.Errorf("no picture of %s: %v", path, err)
	}
}

// name is what the file of the picture is called: the page without its ids, the width, the language, the light.
func (v view) name(path string) string {
	name := strings.Trim(strings.ReplaceAll(anyID.ReplaceAllString(path, "one"), "/", "-"), "-")
	if name == "" {
		name = "today"
	}
	light := "light"
	if v.dark {
		light = "dark"
	}
	return fmt.Sprintf("%s.%d.%s.%s.jpg", name, v.width, v.language, light)
}

var (
	anyID  = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}\.[0-9]+`)
	anyURL = regexp.MustCompile(`href="(/[^"#]*)"`)
)

// noPages are what pages ask for and nobody opens.
var noPages = []string{"/live", "/find", "/slip-logo", "/attachments/{id}/thumbnail"}

// walker follows the links of the office from page to page, as a person would.
type walker struct {
	*glass
	routes *http.ServeMux
	queue  []lead
	seen   map[string]bool
	tried  map[string]int    // by where a link leads, and where it stands
	best   map[string]string // by route: of its pages, the one with most on it; "" for what is no page
	most   map[string]int
}

// lead is a link to a path, from a page of a route.
type lead struct{ path, from, page string }

// enough is how many links from pages of one kind to pages of another are followed.
const enough = 5

// walk returns a path for each of the office's pages. It fails for a page to which no link leads.
func (g *glass) walk() (paths []string) {
	g.t.Helper()
	w := &walker{glass: g, routes: http.NewServeMux(), seen: map[string]bool{}, tried: map[string]int{}, best: map[string]string{}, most: map[string]int{}}
	var routes []string
	for _, p := range server.Pages {
		if p.Method != http.MethodGet || slices.Contains(noPages, p.Path) {
			continue
		}
		route := "GET " + p.Path
		if p.Path == "/" {
			route += "{$}"
		}
		routes = append(routes, route)
		w.routes.Handle(route, http.NotFoundHandler())
		if !strings.Contains(p.Path, "{") {
			w.queue = append(w.queue, lead{path: p.Path}, lead{path: p.Path + "?archived=1", from: "the filters of a list"})
		}
	}
	for n := 0; n < len(w.queue); n++ {
		w.follow(w.queue[n])
	}
	for _, route := range routes {
		switch path, led := w.best[route]; {
		case !led:
			g.t.Errorf("no link leads to %s", route)
		case path != "":
			paths = append(paths, path)
		}
	}
	return paths
}

// follow opens the page that the link leads to, unless enough of its kind were, and notes its links.
func (w *walker) follow(to lead) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.base+html.UnescapeString(to.path), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	_, route := w.routes.Handler(r)
	kind := fmt.Sprint(route, to.from, r.URL.RawQuery != "")
	if route == "" || w.seen[to.path] || w.tried[kind] == enough {
		return
	}
	w.seen[to.path] = true
	w.tried[kind]++
	r.Header.Set("Referer", to.page)
	w.send(r)
	if !strings.Contains(w.body, "</html>") {
		w.best[route] = "" // a file
		return
	}
	if len(w.body) > w.most[route] && (r.URL.RawQuery == "" || w.best[route] == "") {
		w.best[route], w.most[route] = w.at, len(w.body)
	}
	from := route
	if to.from == "the filters of a list" {
		from += to.from
	}
	for _, m := range anyURL.FindAllStringSubmatch(w.body, -1) {
		w.queue = append(w.queue, lead{m[1], from, w.at})
	}
}
