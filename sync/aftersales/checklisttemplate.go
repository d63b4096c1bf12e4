package aftersales

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"fieldsync/sync/fault"
)

//go:embed checklisttemplates.txt
var checklistText string

// checklistTemplates are the ready-made checklists by name, and their names in order; parsed once, since they are a part
// of the program.
var checklistTemplates, checklistNames = mustChecklists(checklistText)

// ChecklistTemplates returns the names of the ready-made checklists, in order.
func ChecklistTemplates() []string { return slices.Clone(checklistNames) }

// ChecklistFrom returns a ready-made checklist, or for "" one that asks a single thing, to begin with. Codes:
// UnknownCode.
func ChecklistFrom(name string) (ChecklistInput, error) {
	if name == "" {
		return ChecklistInput{Name: map[string]string{}, Questions: []Question{{
			Key: "done", Kind: AskYesNo, Required: AskAlways, Label: texts("All done", "全部完成", "全部完成"),
		}}}, nil
	}
	in, ok := checklistTemplates[name]
	if !ok {
		return in, fault.Newf(UnknownCode, "there is no ready-made checklist %s", name)
	}
	in.Name, in.Questions = maps.Clone(in.Name), slices.Clone(in.Questions)
	return in, nil
}

func mustChecklists(text string) (map[string]ChecklistInput, []string) {
	all, names, err := parseChecklists(text)
	if err != nil {
		panic(err) // the list is part of the program, and a test reads it
	}
	return all, names
}

func parseChecklists(text string) (all map[string]ChecklistInput, names []string, err error) {
	all = map[string]ChecklistInput{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '=':
			words := strings.SplitN(line, " ", 4)
			if len(words) != 4 {
				return nil, nil, fmt.Errorf("checklists: %q", line)
			}
			names = append(names, words[1])
			all[words[1]] = ChecklistInput{JobKind: words[2], Name: threeTexts(words[3])}
		case len(names) == 0:
			return nil, nil, fmt.Errorf("checklists: %q belongs to none", line)
		default:
			q, err := parseQuestion(line)
			if err != nil {
				return nil, nil, err
			}
			last := all[names[len(names)-1]]
			last.Questions = append(last.Questions, q)
			all[names[len(names)-1]] = last
		}
	}
	return all, names, nil
}

func threeTexts(s string) map[string]string {
	parts := append(strings.Split(s, " | "), "", "")
	return texts(parts[0], parts[1], parts[2])
}

// parseQuestion reads "key kind required en | 简体 | 繁體".
func parseQuestion(line string) (q Question, err error) {
	key, rest, _ := strings.Cut(line, " ")
	kind, rest := cutKind(rest)
	required, label, ok := strings.Cut(rest, " ")
	if !ok {
		return q, fmt.Errorf("checklists: %q", line)
	}
	q = Question{Key: key, Label: threeTexts(label)}
	q.Kind, q.Photo = strings.CutSuffix(kind, "+photo")
	if name, in, bounded := strings.Cut(q.Kind, "["); bounded {
		q.Kind = name
		if err := q.bound(strings.TrimSuffix(in, "]")); err != nil {
			return q, err
		}
	}
	switch {
	case required == "!":
		q.Required = AskAlways
	case strings.HasPrefix(required, "?"):
		q.Required = AskWhen
		q.When, q.Is, _ = strings.Cut(required[1:], "=")
	}
	return q, nil
}

// cutKind cuts the kind off, with the brackets behind it, in which blanks may stand.
func cutKind(s string) (kind, rest string) {
	if i := strings.IndexByte(s, ']'); i > 0 && strings.IndexByte(s, '[') < strings.IndexByte(s, ' ') && strings.IndexByte(s, '[') > 0 {
		return s[:i+1], strings.TrimSpace(s[i+1:])
	}
	kind, rest, _ = strings.Cut(s, " ")
	return kind, rest
}

// bound reads what stands in brackets: "0..100 %" of a number, "good:Good/满意/滿意,…" of a choice.
func (q *Question) bound(in string) error {
	if q.Kind == AskChoice {
		for one := range strings.SplitSeq(in, ",") {
			code, labels, _ := strings.Cut(one, ":")
			q.Choices = append(q.Choices, Choice{code, threeTexts(strings.ReplaceAll(labels, "/", " | "))})
		}
		return nil
	}
	limits, unit, _ := strings.Cut(in, " ")
	low, high, _ := strings.Cut(limits, "..")
	q.Unit = unit
	for s, to := range map[string]**int64{low: &q.Minimum, high: &q.Maximum} {
		n, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return fmt.Errorf("checklists: the limit %q", s)
		}
		scaled := int64(n * One)
		*to = &scaled
	}
	return nil
}
