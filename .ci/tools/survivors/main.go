// Command survivors compares what a mutation test found with the list of mutants that are known to survive, and fails where a new one
// does, or one of the list died or is gone, or too few died.
//
//	survivors LIST FOLDER=REPORT...
//
// A line of the list is a file, a mutation, the line of the file that it is in and the reason why no test notices it, with
// tabs between them. Reports are gremlins' JSON, of what is in a folder. A mutant that no test of its own package runs counts as
// one that survives; but of the conditions of a switch's cases Go does not tell whether they ran, so that gremlins does not try
// those: they are counted apart.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
)

// enough is the share of mutants, in percent, that must die.
const enough = 90

// report is what gremlins writes.
type report struct {
	Files []struct {
		Name      string `json:"file_name"`
		Mutations []struct {
			Type   string `json:"type"`
			Status string `json:"status"`
			Line   int    `json:"line"`
		} `json:"mutations"`
	} `json:"files"`
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: survivors LIST FOLDER=REPORT...")
		os.Exit(2)
	}
	ok, err := compare(os.Args[1], os.Args[2:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

func compare(list string, reports []string) (ok bool, err error) {
	known, err := read(list)
	if err != nil {
		return false, err
	}
	ok = true
	looked, survived := map[string]bool{}, map[string]bool{}
	died, all, untried := 0, 0, 0
	for _, arg := range reports {
		folder, path, _ := strings.Cut(arg, "=")
		found, err := parse(folder, path)
		if err != nil {
			return false, err
		}
		for _, m := range found {
			looked[m.file] = true
			if m.untried {
				untried++
				continue
			}
			if all++; m.dead {
				died++
				continue
			}
			survived[m.key()] = true
		}
	}
	for _, key := range sorted(survived) {
		if known[key] == "" {
			fmt.Printf("survives, and is not in the list: %s\n", key)
			ok = false
		}
	}
	for _, key := range sorted(known) {
		file, _, _ := strings.Cut(key, "\t")
		if looked[file] && !survived[key] {
			fmt.Printf("is in the list, and does not survive: %s\n", key)
			ok = false
		}
	}
	fmt.Printf("%d of %d mutants died (at least %d are to), %d survive; %d conditions of cases were not tried\n",
		died, all, (all*enough+99)/100, all-died, untried)
	return ok && died*100 >= all*enough, nil
}

// mutant is one change of the program. Those of one kind in one line are told apart by nobody.
type mutant struct {
	file, kind, text string
	dead, untried    bool
}

func (m mutant) key() string { return m.file + "\t" + m.kind + "\t" + m.text }

func parse(folder, path string) (found []mutant, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var r report
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, err
	}
	for _, f := range r.Files {
		name := folder + "/" + f.Name
		source, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		lines := strings.Split(string(source), "\n")
		for _, m := range f.Mutations {
			text := strings.TrimSpace(lines[m.Line-1])
			dead := m.Status == "KILLED" || m.Status == "TIMED OUT"
			untried := m.Status == "NOT COVERED" && strings.HasPrefix(text, "case ")
			found = append(found, mutant{name, m.Type, text, dead, untried})
		}
	}
	return found, nil
}

// read returns the reasons of a list.
func read(path string) (map[string]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	known := map[string]string{}
	in := bufio.NewScanner(f)
	for in.Scan() {
		if in.Text() == "" || strings.HasPrefix(in.Text(), "#") {
			continue
		}
		parts := strings.Split(in.Text(), "\t")
		if len(parts) != 4 || parts[3] == "" {
			return nil, fmt.Errorf("%s: %q has not four parts", path, in.Text())
		}
		known[strings.Join(parts[:3], "\t")] = parts[3]
	}
	return known, in.Err()
}

func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
