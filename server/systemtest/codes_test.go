package systemtest

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

var codesAnew = flag.Bool("codes", false, "write docs/codes.md anew")

// coded are the packages whose codes a program meets on a device, in the order in which docs/codes.md lists them.
var coded = []struct{ path, about string }{
	{"mobile", "Of the library for phones alone"},
	{"client", "Of the device library"},
	{"client/link", "Of the connection"},
	{"client/replica", "Of the database on the device"},
	{"client/files", "Of the files on the device"},
	{"sync/fault", "Of judging and of the wire"},
	{"sync/seal", "Of keys"},
	{"sync/blob", "Of files on their way"},
	{"sync/parcel", "Of unsent work that goes another way"},
	{"server/auth", "Of people and devices, at the hub"},
	{"sync/aftersales", "Of the rules of repairs"},
}

// A program that embeds the library can look every code up that it may meet: docs/codes.md is made of the comments in the
// sources by go test ./server/systemtest -run TestEveryCodeIsListed -codes.
func TestEveryCodeIsListed(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString(codesIntroduction)
	for _, p := range coded {
		fmt.Fprintf(&b, "\n## %s\n\n`%s`\n\n| code | what it says |\n|---|---|\n", p.about, p.path)
		for _, c := range codesOf(t, filepath.Join("../..", p.path)) {
			fmt.Fprintf(&b, "| `%s` | %s |\n", c.code, strings.ReplaceAll(c.says, "|", `\|`))
		}
	}
	const at = "../../docs/codes.md"
	if *codesAnew {
		if err := os.WriteFile(at, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	written, err := os.ReadFile(at)
	if err != nil {
		t.Fatal(err)
	}
	if string(written) != b.String() {
		t.Error("docs/codes.md is not what the sources say: go test ./server/systemtest -run TestEveryCodeIsListed -codes")
	}
}

const codesIntroduction = `# Codes

What is refused has a code, which stays what it is for ever, and a message for the person. A Go program reads both from a
` + "`*fault.Error`" + ` (` + "`fault.CodeOf(err)`" + `); package ` + "`mobile`" + ` puts them into one text, ` + "`CODE: message`" + `; the outbox has them of what the hub
refused later. Test the code, show the message; a code that a program does not know is a refusal like any other. Which commands
refuse with which codes is said at each command: ` + "`go doc fieldsync/sync/aftersales`" + `. This list is made of the sources.
`

type codeLine struct{ code, says string }

// codesOf returns the codes that a package declares, in the order of its files.
func codesOf(t *testing.T, folder string) (list []codeLine) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatal(folder, err)
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
			if consts, ok := d.(*ast.GenDecl); ok && consts.Tok == token.CONST {
				list = append(list, codesIn(t, consts)...)
			}
		}
	}
	return list
}

func codesIn(t *testing.T, consts *ast.GenDecl) (list []codeLine) {
	t.Helper()
	for _, s := range consts.Specs {
		spec := s.(*ast.ValueSpec)
		if len(spec.Values) != 1 || !isCode(spec.Type) {
			continue
		}
		code, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		comments := []*ast.CommentGroup{spec.Comment, spec.Doc}
		if len(consts.Specs) == 1 {
			comments = append(comments, consts.Doc)
		}
		says := saidOf(spec.Names[0].Name, comments...)
		if says == "" {
			t.Errorf("nothing says what the code %s means", code)
		}
		list = append(list, codeLine{code, says})
	}
	return list
}

// isCode reports whether a type is that of codes: Code, fault.Code, client.Code.
func isCode(e ast.Expr) bool {
	if in, ok := e.(*ast.SelectorExpr); ok {
		e = in.Sel
	}
	name, ok := e.(*ast.Ident)
	return ok && name.Name == "Code"
}

// saidOf returns what the first of the comments that there is says, in one line, without the name that Go wants before it.
func saidOf(name string, comments ...*ast.CommentGroup) string {
	for _, c := range comments {
		text := strings.Join(strings.Fields(c.Text()), " ")
		if text == "" {
			continue
		}
		for _, begin := range []string{name + " says that ", name + " is the code of ", name + " is ", name + " "} {
			text = strings.TrimPrefix(text, begin)
		}
		return strings.TrimSuffix(text, ".")
	}
	return ""
}
