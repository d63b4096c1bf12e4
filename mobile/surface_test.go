package mobile

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The surface is read in two files, and every name of it says what it is.
func TestTheSurfaceStandsInTwoFilesWithAWordOnEachName(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			exported, said := surface(d)
			if exported != "" && !slices.Contains([]string{"client.go", "data.go"}, name) {
				t.Errorf("%s is exported from %s", exported, name)
			}
			if exported != "" && !said {
				t.Errorf("%s: nothing says what %s is", name, exported)
			}
		}
	}
}

// surface returns what a declaration exports, "" for nothing, and whether a comment stands above it.
func surface(d ast.Decl) (name string, said bool) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && (d.Recv == nil || ast.IsExported(receiver(d.Recv.List[0].Type))) {
			return d.Name.Name, d.Doc != nil
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			if s, ok := spec.(*ast.TypeSpec); ok && s.Name.IsExported() {
				return s.Name.Name, d.Doc != nil || s.Doc != nil
			}
			if s, ok := spec.(*ast.ValueSpec); ok && slices.ContainsFunc(s.Names, (*ast.Ident).IsExported) {
				return s.Names[0].Name, d.Doc != nil || s.Doc != nil
			}
		}
	}
	return "", false
}

func receiver(e ast.Expr) string {
	if star, ok := e.(*ast.StarExpr); ok {
		e = star.X
	}
	if id, ok := e.(*ast.Ident); ok {
		return id.Name
	}
	return ""
}
