// Command undocumented lists the exported names of a module's Go files that have no comment, and fails if there are any.
//
//	undocumented DIR
//
// A group of constants, variables or types may share one comment. Methods named in "promised" say all with their name:
// an interface of the standard library promises what they do. Tests and main packages export nothing.
package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// promised are methods that an interface of the standard library documents.
var promised = []string{
	"Error", "Unwrap", "Is", "String", "Len", "Less", "Swap", "Push", "Pop", "ServeHTTP", "Close", "Read", "Write",
	"MarshalText", "UnmarshalText", "MarshalJSON", "UnmarshalJSON", "MarshalBinary", "UnmarshalBinary", "MarshalCBOR",
	"UnmarshalCBOR", "Scan", "Value", "LogValue", "Describe", "Collect",
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: undocumented DIR")
		os.Exit(2)
	}
	found, err := walk(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	for _, f := range found {
		fmt.Println(f)
	}
	if len(found) > 0 {
		os.Exit(1)
	}
}

// walk looks at every Go file under the root that ships as part of a library.
func walk(root string) (found []string, err error) {
	err = filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		base := d.Name()
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != root && (strings.HasPrefix(base, ".") || base == "testdata"):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(base, ".go") || strings.HasSuffix(base, "_test.go"):
			return nil
		}
		lines := token.NewFileSet()
		tree, err := parser.ParseFile(lines, name, nil, parser.ParseComments)
		if err != nil || tree.Name.Name == "main" || ast.IsGenerated(tree) {
			return err
		}
		for _, id := range undocumented(tree) {
			at := lines.Position(id.Pos())
			rel, err := filepath.Rel(root, at.Filename)
			if err != nil {
				return err
			}
			found = append(found, fmt.Sprintf("%s:%d:%d: %s is exported and says nothing about itself",
				rel, at.Line, at.Column, id.Name))
		}
		return nil
	})
	return found, err
}

// undocumented returns the exported names of the file without a comment.
func undocumented(tree *ast.File) []*ast.Ident {
	var found []*ast.Ident
	for _, decl := range tree.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Doc == nil && d.Name.IsExported() && !hidden(d) {
				found = append(found, d.Name)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				found = append(found, names(d, spec)...)
			}
		}
	}
	return found
}

// hidden reports whether a method needs no comment: its type is not exported, or its name says all.
func hidden(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return false
	}
	typ := d.Recv.List[0].Type
	for {
		switch t := typ.(type) {
		case *ast.StarExpr:
			typ = t.X
		case *ast.IndexExpr:
			typ = t.X
		case *ast.IndexListExpr:
			typ = t.X
		case *ast.Ident:
			return !t.IsExported() || slices.Contains(promised, d.Name.Name)
		default:
			return false
		}
	}
}

// names returns the exported names of one declaration that neither it nor its group explains.
func names(group *ast.GenDecl, spec ast.Spec) (found []*ast.Ident) {
	switch s := spec.(type) {
	case *ast.TypeSpec:
		if s.Name.IsExported() && s.Doc == nil && s.Comment == nil && group.Doc == nil {
			found = append(found, s.Name)
		}
	case *ast.ValueSpec:
		for _, id := range s.Names {
			if id.IsExported() && s.Doc == nil && s.Comment == nil && group.Doc == nil {
				found = append(found, id)
			}
		}
	}
	return found
}
