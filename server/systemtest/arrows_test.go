package systemtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// module is the path of this module, and root where it lies from here.
const (
	module = "fieldsync"
	root   = "../.."
)

// rule is one arrow of ARCHITECTURE.md.
type rule struct {
	name  string
	why   string
	check func(*source) []finding
}

// rules are all of them. Those on what a package may do bind what ships; tests may use a driver, a file or a clock.
var rules = []rule{
	{"1. mobile -> client -> sync <- server",
		"A phone is built without the hub and the hub without the phone; what both need belongs in sync. Only the mains " +
			"fieldsyncd and fieldbench, and systemtest, see both sides.", checkSides},
	{"2. the engine never imports aftersales",
		"The engine serves any schema: another program declares its own tables and uses it as it is.", checkEngine},
	{"3. sync is pure, sqlrow and simtest aside",
		"The simulator runs a whole fleet in one thread under a seed, which a clock, a socket, a file, a goroutine or " +
			"chance of the package's own would spoil. Take them as arguments.", shipped(checkPure)},
	{"4. drivers in client/replica and server/store, gorilla in client/link and server/hub, chi in server, NATS in server/wake, S3 in server/files/bucket, WebAuthn in server/auth/passkey",
		"What a part of somebody else's does is hidden behind one package of ours, so that it can be exchanged there.",
		shipped(checkParts)},
	{"5. admin, api and hub import neither each other nor store",
		"They declare the one to five methods they need, so that each can be read and tested by itself.",
		shipped(checkDoors)},
}

// The packages that the rules name.
var (
	bothSides = []string{"server/cmd/fieldsyncd", "server/cmd/fieldbench", "server/systemtest"}
	engine    = []string{"clock", "schema", "record", "fault", "seal", "merge", "judge", "device", "wire", "session", "sqlrow"}
	impure    = []string{"sync/sqlrow", "sync/simtest"}
	doors     = []string{"server/admin", "server/api", "server/hub"}
)

// parts says where what is not ours may be imported.
var parts = []struct {
	path   string
	places []string
}{
	{"modernc.org/sqlite", []string{"client/replica", "server/store"}},
	{"github.com/jackc/pgx", []string{"client/replica", "server/store"}},
	{"github.com/lib/pq", []string{"client/replica", "server/store"}},
	{"github.com/mattn/go-sqlite3", []string{"client/replica", "server/store"}},
	{"github.com/gorilla", []string{"client/link", "server/hub"}},
	{"github.com/go-chi", []string{"server"}},
	{"github.com/nats-io", []string{"server/wake"}},
	{"github.com/minio", []string{"server/files/bucket"}},
	{"github.com/go-webauthn", []string{"server/auth/passkey"}},
}

func TestArrows(t *testing.T) {
	t.Parallel()
	for _, src := range parseTree(t) {
		for _, r := range rules {
			for _, f := range r.check(src) {
				t.Errorf("%s:%d: %s.\n\tRule %s.\n\t%s", src.name, f.line, f.what, r.name, r.why)
			}
		}
	}
}

// TestArrowsAreSeen plants one breach of each kind and wants it found, and by its own rule only.
func TestArrowsAreSeen(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		file, code string
		rule       string // the number of the rule that it breaks, "" for none
	}{
		{"client/client.go", `import "fieldsync/server/store"`, "1"},
		{"server/hub/hub.go", `import "fieldsync/client"`, "1"},
		{"server/hub/hub_test.go", `import "fieldsync/client/link"`, "1"},
		{"server/cmd/fieldsyncd/main.go", `import "fieldsync/client"`, ""},
		{"server/cmd/fieldsyncd/demo/demo.go", `import "fieldsync/client"`, ""},
		{"server/cmd/other/main.go", `import "fieldsync/client"`, "1"},
		{"server/systemtest/story_test.go", `import "fieldsync/client"`, ""},
		{"mobile/mobile.go", `import "fieldsync/client"`, ""},
		{"mobile/mobile.go", `import "fieldsync/client/replica"`, ""},
		{"mobile/mobile.go", `import "fieldsync/sync/record"`, "1"},
		{"sync/wire/codec.go", `import "fieldsync/server/auth"`, "1"},
		{"sync/simtest/sim.go", `import "fieldsync/client"`, "1"},
		{"client/client.go", `import "fieldsync/sync/record"`, ""},

		{"sync/judge/judge.go", `import "fieldsync/sync/aftersales"`, "2"},
		{"sync/sqlrow/ddl_test.go", `import "fieldsync/sync/aftersales"`, "2"},
		{"sync/simtest/fleet.go", `import "fieldsync/sync/aftersales"`, ""},

		{"sync/merge/merge.go", `import "os"`, "3"},
		{"sync/merge/merge.go", `import "net/http"`, "3"},
		{"sync/merge/merge.go", `import "log/slog"`, "3"},
		{"sync/aftersales/job.go", `import "database/sql"`, "3"},
		{"sync/sqlrow/read.go", `import "database/sql"`, ""},
		{"sync/merge/merge_test.go", `import "os"`, ""},
		{"sync/clock/hlc.go", `import "time"; var t = time.Now()`, "3"},
		{"sync/clock/hlc.go", `import clk "time"; var now = clk.Now`, "3"},
		{"sync/clock/hlc.go", `import "time"; func f() { time.Sleep(1) }`, "3"},
		{"sync/clock/hlc.go", `import "time"; var t = time.UnixMilli(0)`, ""},
		{"sync/clock/hlc.go", `import . "time"`, "3"},
		{"sync/clock/hlc.go", `type c struct{ Now func() }; func f(time c) { time.Now() }`, ""},
		{"sync/device/renew.go", `import "math/rand/v2"; var n = rand.IntN(3)`, "3"},
		{"sync/device/renew.go", `import "math/rand"; var n = rand.Int()`, "3"},
		{"sync/device/renew.go", `import "math/rand/v2"; var r *rand.Rand = rand.New(rand.NewPCG(1, 2))`, ""},
		{"sync/device/renew.go", `import "crypto/rand"; var b, _ = rand.Int(nil, nil)`, "3"},
		{"sync/session/hub.go", `func f() { go f() }`, "3"},
		{"sync/simtest/sim.go", `func f() { go f() }`, ""},

		{"server/auth/auth.go", `import _ "modernc.org/sqlite"`, "4"},
		{"sync/sqlrow/read.go", `import _ "modernc.org/sqlite/lib"`, "4"},
		{"sync/sqlrow/read_test.go", `import _ "modernc.org/sqlite"`, ""},
		{"server/store/open.go", `import _ "modernc.org/sqlite"`, ""},
		{"server/admin/live.go", `import "github.com/gorilla/websocket"`, "4"},
		{"client/link/dial.go", `import "github.com/gorilla/websocket"`, ""},
		{"client/web/routes.go", `import "github.com/go-chi/chi/v5"`, "4"},
		{"server/admin/signin.go", `import "github.com/go-webauthn/webauthn/protocol"`, "4"},
		{"server/routes.go", `import "github.com/go-chi/chi/v5"`, ""},

		{"server/admin/jobs.go", `import "fieldsync/server/store"`, "5"},
		{"server/hub/hub.go", `import "fieldsync/server/api"`, "5"},
		{"server/hub/hub_test.go", `import "fieldsync/server/store"`, ""},
		{"server/admin/jobs.go", `import "fieldsync/server/auth"`, ""},
		{"server/server.go", `import "fieldsync/server/store"`, ""},
	} {
		src, err := parseSource(c.file, "package p\n"+c.code)
		if err != nil {
			t.Fatal(err)
		}
		if got := broken(src); got != c.rule {
			t.Errorf("%s: %s\nbreaks %q, want %q", c.file, c.code, got, c.rule)
		}
	}
}

// broken returns the numbers of the rules that the source breaks.
func broken(src *source) string {
	var numbers []string
	for _, r := range rules {
		if len(r.check(src)) > 0 {
			numbers = append(numbers, r.name[:1])
		}
	}
	return strings.Join(numbers, " ")
}

// source is one Go file.
type source struct {
	name    string // from the root, with slashes
	dir     string // its package
	test    bool
	tree    *ast.File
	lines   *token.FileSet
	imports []imported
}

// imported is one import: its path, and what the file calls it ("" where the package's own name stands).
type imported struct {
	path, alias string
	line        int
}

// finding is one breach.
type finding struct {
	line int
	what string
}

// parseTree parses every Go file of the module.
func parseTree(t testing.TB) []*source {
	t.Helper()
	var all []*source
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		switch base := d.Name(); {
		case err != nil:
			return err
		case d.IsDir() && name != root && (strings.HasPrefix(base, ".") || base == "testdata"):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(base, ".go"):
			return nil
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		src, err := parseSource(filepath.ToSlash(rel), nil)
		all = append(all, src)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// parseSource parses one file, whose text is read from the tree unless it is given.
func parseSource(name string, text any) (*source, error) {
	src := &source{name: name, dir: path.Dir(name), test: strings.HasSuffix(name, "_test.go"), lines: token.NewFileSet()}
	var err error
	src.tree, err = parser.ParseFile(src.lines, filepath.Join(root, filepath.FromSlash(name)), text, 0)
	if err != nil {
		return nil, err
	}
	for _, spec := range src.tree.Imports {
		target, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, err
		}
		imp := imported{path: target, line: src.line(spec)}
		if spec.Name != nil {
			imp.alias = spec.Name.Name
		}
		src.imports = append(src.imports, imp)
	}
	return src, nil
}

func (s *source) line(n ast.Node) int { return s.lines.Position(n.Pos()).Line }

// forbid finds the imports that bad names.
func (s *source) forbid(bad func(target string) bool) []finding {
	var out []finding
	for _, imp := range s.imports {
		if bad(imp.path) {
			out = append(out, finding{imp.line, fmt.Sprintf("%s imports %s", s.dir, imp.path)})
		}
	}
	return out
}

// shipped exempts tests from a check.
func shipped(check func(*source) []finding) func(*source) []finding {
	return func(s *source) []finding {
		if s.test {
			return nil
		}
		return check(s)
	}
}

// within reports whether the path is, or lies under, one of the places.
func within(target string, places ...string) bool {
	return slices.ContainsFunc(places, func(p string) bool { return target == p || strings.HasPrefix(target, p+"/") })
}

// ours reports whether the import is, or lies under, one of the places of this module.
func ours(target string, places ...string) bool {
	inside, ok := strings.CutPrefix(target, module+"/")
	return ok && within(inside, places...)
}

func checkSides(s *source) []finding {
	banned := map[string][]string{
		"sync":   {"server", "client", "mobile"},
		"client": {"server", "mobile"},
		"server": {"client", "mobile"},
		"mobile": {"server", "sync"},
	}
	side, _, _ := strings.Cut(s.dir, "/")
	if within(s.dir, bothSides...) {
		return nil
	}
	return s.forbid(func(target string) bool { return ours(target, banned[side]...) })
}

func checkEngine(s *source) []finding {
	name, ok := strings.CutPrefix(s.dir, "sync/")
	if !ok || !within(name, engine...) {
		return nil
	}
	return s.forbid(func(target string) bool { return ours(target, "sync/aftersales") })
}

func checkParts(s *source) []finding {
	return s.forbid(func(target string) bool {
		for _, p := range parts {
			if within(target, p.path) && !within(s.dir, p.places...) {
				return true
			}
		}
		return false
	})
}

func checkDoors(s *source) []finding {
	if !within(s.dir, doors...) {
		return nil
	}
	return s.forbid(func(target string) bool {
		return ours(target, "server/store") || ours(target, doors...) && !ours(target, s.dir)
	})
}

// clockCalls are the functions of package time that look at the clock or wait for it.
var clockCalls = []string{
	"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTicker", "NewTimer",
}

// seeded are the names of math/rand that take their randomness from the caller.
var seeded = []string{
	"New", "NewSource", "NewPCG", "NewChaCha8", "NewZipf", "Rand", "Source", "Source64", "PCG", "ChaCha8", "Zipf",
}

func checkPure(s *source) []finding {
	if !within(s.dir, "sync") || within(s.dir, impure...) {
		return nil
	}
	found := s.forbid(func(target string) bool {
		return within(target, "net", "os", "database/sql", "log", "crypto/rand")
	})
	found = append(found, s.uses("time", func(name string) bool { return slices.Contains(clockCalls, name) })...)
	for _, random := range []string{"math/rand", "math/rand/v2"} {
		found = append(found, s.uses(random, func(name string) bool { return !slices.Contains(seeded, name) })...)
	}
	ast.Inspect(s.tree, func(n ast.Node) bool {
		if stmt, ok := n.(*ast.GoStmt); ok {
			found = append(found, finding{s.line(stmt), s.dir + " starts a goroutine"})
		}
		return true
	})
	return found
}

// uses finds the names of an imported package that bad names. A dot import hides them, and is found itself.
func (s *source) uses(target string, bad func(name string) bool) []finding {
	i := slices.IndexFunc(s.imports, func(imp imported) bool { return imp.path == target })
	if i < 0 {
		return nil
	}
	local := s.imports[i].alias
	switch local {
	case ".":
		return []finding{{s.imports[i].line, s.dir + " imports the names of " + target + " as its own"}}
	case "":
		local = path.Base(strings.TrimSuffix(target, "/v2"))
	}
	var found []finding
	ast.Inspect(s.tree, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		// The parser resolves what the file declares: a variable that shadows the package has an object.
		if x, ok := sel.X.(*ast.Ident); ok && x.Name == local && x.Obj == nil && bad(sel.Sel.Name) {
			found = append(found, finding{s.line(sel), fmt.Sprintf("%s uses %s.%s", s.dir, target, sel.Sel.Name)})
		}
		return true
	})
	return found
}
