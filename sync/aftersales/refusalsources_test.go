package aftersales

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A sources is one package, as it is written down.
type sources struct {
	dir   string
	set   *token.FileSet
	files []*ast.File
	texts map[string]string // what its constants and variables of text hold, by their names
	tells map[string]int    // which argument of a function is the sentence that it refuses with
}

// A sentence is what a place in the sources refuses with, %s in place of what is no literal.
type sentence struct{ place, form string }

// packages are all in the folders and below, but for what is only tested with and for command lines, which speak English.
func packages(t *testing.T, roots ...string) (found []*sources) {
	t.Helper()
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.IsDir() {
				return err
			}
			if slices.Contains([]string{"cmd", "simtest", "systemtest", "badline", "testdata"}, d.Name()) {
				return filepath.SkipDir
			}
			if p := read(t, path); len(p.files) > 0 {
				found = append(found, p)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

func read(t *testing.T, dir string) *sources {
	p := &sources{dir: filepath.ToSlash(dir), set: token.NewFileSet(), texts: map[string]string{}}
	p.tells = map[string]int{"fault.New": 1, "fault.Newf": 1, "fault.Wrap": 1}
	switch {
	case strings.HasSuffix(p.dir, "worktime"):
		p.tells["fmt.Errorf"] = 0 // what a calendar is refused for
	case strings.HasSuffix(p.dir, "aftersales"):
		p.tells["textFor"], p.tells["reasonFor"] = 0, 0 // phrases, each the value of a sentence
	}
	files, err := filepath.Glob(dir + "/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(p.set, file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		p.files = append(p.files, parsed)
	}
	p.each(func(_ *ast.FuncDecl, n ast.Node) {
		if v, ok := n.(*ast.ValueSpec); ok {
			for i, value := range v.Values {
				if text, ok := value.(*ast.BasicLit); ok && text.Kind == token.STRING {
					p.texts[v.Names[i].Name] = joined(text)
				}
			}
		}
	})
	p.each(p.learn)
	return p
}

// isPages reports whether the package shows pages or answers programs: these say their sentences in lists of their own.
func (p *sources) isPages() bool {
	return slices.Contains([]string{"../../server/admin", "../../server/auth", "../../server/api", "../../client/web"}, p.dir)
}

// each calls do with every node and the function that it stands in.
func (p *sources) each(do func(in *ast.FuncDecl, n ast.Node)) {
	for _, file := range p.files {
		for _, d := range file.Decls {
			in, _ := d.(*ast.FuncDecl)
			ast.Inspect(d, func(n ast.Node) bool {
				do(in, n)
				return true
			})
		}
	}
}

// learn notes a function that refuses with a sentence that it was given.
func (p *sources) learn(in *ast.FuncDecl, n ast.Node) {
	call, ok := n.(*ast.CallExpr)
	if !ok || in == nil {
		return
	}
	at, tells := p.tells[called(call)]
	if !tells {
		return
	}
	if given, ok := call.Args[at].(*ast.Ident); ok {
		if i := slices.Index(parameters(in), given.Name); i >= 0 {
			p.tells[in.Name.Name] = i
		}
	}
}

func parameters(f *ast.FuncDecl) (names []string) {
	for _, field := range f.Type.Params.List {
		for _, name := range field.Names {
			names = append(names, name.Name)
		}
	}
	return names
}

// called is the name of the function that is called: with its package, or of a method alone.
func called(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		if of, ok := f.X.(*ast.Ident); ok && (of.Name == "fault" || of.Name == "fmt") {
			return of.Name + "." + f.Sel.Name
		}
		return f.Sel.Name
	}
	return ""
}

// sentences are what the package refuses with. A refusal that goes on as it came (one's Message, an error's text, a
// sentence that was given) has its words where it was made.
func (p *sources) sentences(t *testing.T) (found []sentence) {
	p.each(func(in *ast.FuncDecl, n ast.Node) {
		place := func() string { return p.set.Position(n.Pos()).String() }
		switch n := n.(type) {
		case *ast.CallExpr:
			at, tells := p.tells[called(n)]
			if !tells || at >= len(n.Args) {
				return
			}
			form := strings.NewReplacer("%q", `"%s"`, "%w", "%s").Replace(p.form(in, n.Args[at]))
			switch {
			case form == "?":
				t.Errorf("%s: it cannot be seen what this is refused with: write the sentence here", place())
			case form != "":
				found = append(found, sentence{place(), form})
			}
		case *ast.CompositeLit: // a table of refusals: a code and its sentence
			if text, ok := second(n); ok && n.Type == nil && strings.Contains(text, " ") {
				found = append(found, sentence{place(), text})
			}
		}
	})
	return found
}

func second(n *ast.CompositeLit) (text string, ok bool) {
	if len(n.Elts) != 2 {
		return "", false
	}
	lit, ok := n.Elts[1].(*ast.BasicLit)
	return joined(n.Elts[1]), ok && lit.Kind == token.STRING
}

// form is the sentence that an expression says, "" for one that has its words elsewhere, "?" for what cannot be told.
func (p *sources) form(in *ast.FuncDecl, e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit, *ast.BinaryExpr:
		return joined(e)
	case *ast.SelectorExpr:
		if strings.EqualFold(e.Sel.Name, "message") {
			return ""
		}
	case *ast.CallExpr:
		if name := called(e); name == "Error" || name == "String" {
			return ""
		}
	case *ast.Ident:
		if text, ok := p.texts[e.Name]; ok {
			return text
		}
		if in != nil && slices.Contains(parameters(in), e.Name) {
			return ""
		}
	}
	return "?"
}

// joined are the literals of a text that is put together, with %s for the rest.
func joined(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, _ := strconv.Unquote(e.Value)
		return text
	case *ast.BinaryExpr:
		return joined(e.X) + joined(e.Y)
	}
	return "%s"
}
