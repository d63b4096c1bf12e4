package schema_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"fieldsync/sync/schema"
)

const jobBucket schema.BucketKind = 2

// world returns a small schema that New accepts, for tests to spoil: people in groups, jobs that they hold, notes and
// time marks under the jobs.
func world() (person, member, job, note, mark *schema.Table) {
	person = &schema.Table{
		ID: 1, Name: "person", Class: schema.ClassWork,
		Columns: []schema.Column{{ID: 1, Name: "name", Kind: schema.Text, Flags: schema.Required}},
		Buckets: []schema.Bucket{{Kind: schema.SharedBucket}},
	}
	member = &schema.Table{
		ID: 2, Name: "member",
		Columns: []schema.Column{
			{ID: 1, Name: "group", Kind: schema.Ref, Ref: "person"},
			{ID: 2, Name: "person", Kind: schema.Ref, Ref: "person"},
		},
		Buckets: []schema.Bucket{{Kind: schema.SharedBucket}},
	}
	job = &schema.Table{
		ID: 3, Name: "job",
		Columns: []schema.Column{
			{ID: 1, Name: "state", Kind: schema.Enum, Policy: schema.Ladder, Codes: []string{"new", "done", "cancelled"}, Asks: [][2]string{{"done", "cancelled"}}},
			{ID: 2, Name: "assignee", Kind: schema.Ref, Ref: "person"},
			{ID: 3, Name: "start", Kind: schema.Instant, Policy: schema.Group, Group: "window"},
			{ID: 4, Name: "until", Kind: schema.Instant, Policy: schema.Group, Group: "window"},
			{ID: 5, Name: "reading", Kind: schema.Integer, Policy: schema.Max},
			{ID: 6, Name: "tags", Kind: schema.Set},
		},
		Buckets: []schema.Bucket{{Kind: jobBucket, From: "id"}},
		Grants: []schema.Grant{{
			To: "assignee", Group: &schema.Members{Table: "member", Group: "group", Person: "person"},
			While: "state", In: []string{"new"}, Right: "work", Paths: []schema.Path{{Kind: jobBucket}},
		}},
		Rights: []schema.Right{{Name: "work", Insert: true, Columns: []string{"state", "reading"}}},
	}
	note = &schema.Table{
		ID: 4, Name: "note",
		Columns: []schema.Column{
			{ID: 1, Name: "job", Kind: schema.Ref, Ref: "job", Flags: schema.Immutable | schema.Required},
			{ID: 2, Name: "text", Kind: schema.Text},
		},
		Buckets: []schema.Bucket{{Kind: jobBucket, From: "job"}},
		Parent:  "job",
	}
	mark = &schema.Table{
		ID: 5, Name: "mark", Mode: schema.Ledger, Class: schema.ClassStock,
		Columns: []schema.Column{{ID: 1, Name: "at", Kind: schema.Instant}},
		Buckets: []schema.Bucket{{Kind: schema.SharedBucket}},
	}
	return person, member, job, note, mark
}

func TestNewAcceptsTheWorld(t *testing.T) {
	t.Parallel()
	person, member, job, note, mark := world()
	s, err := schema.New("test", 3, person, member, job, note, mark)
	if err != nil {
		t.Fatal(err)
	}
	if s.Table("job") != job || s.TableByID(4) != note || s.Table("nowhere") != nil || s.TableByID(99) != nil {
		t.Error("tables are not found by name or id")
	}
	if job.Column("reading") != 4 || job.ColumnByID(6) != 5 || job.Column("id") != -1 || job.ColumnByID(99) != -1 {
		t.Error("columns are not found by name or id")
	}
	if job.Right("work") == nil || job.Right("read") != nil {
		t.Error("rights are not found by name")
	}
}

// What not every holder of a row may read stands in a side table, in a bucket of its own: so all who hold a row have the
// same bytes of it.
func TestWhatNeedsARightHasABucketOfItsOwn(t *testing.T) {
	t.Parallel()
	const costBucket = jobBucket + 1
	person, member, job, note, mark := world()
	cost := &schema.Table{
		ID: 6, Name: "job_cost",
		Columns: []schema.Column{
			{ID: 1, Name: "job", Kind: schema.Ref, Ref: "job", Flags: schema.Immutable},
			{ID: 2, Name: "cost", Kind: schema.Money, Flags: schema.NeedsRight},
		},
		Buckets: []schema.Bucket{{Kind: costBucket, From: "job"}},
	}
	if _, err := schema.New("test", 1, person, member, job, note, mark, cost); err != nil {
		t.Fatal(err)
	}
	note.Buckets = append(note.Buckets, schema.Bucket{Kind: costBucket, From: "job"})
	_, err := schema.New("test", 1, person, member, job, note, mark, cost)
	if !errors.Is(err, schema.ErrSchema) || !strings.Contains(err.Error(), "job_cost: what needs a right") {
		t.Errorf("a bucket that others hold too takes it: %v", err)
	}
}

// Each case spoils one thing; New says what, and where.
func TestNewRefuses(t *testing.T) {
	t.Parallel()
	type tables struct{ person, member, job, note, mark *schema.Table }
	for want, spoil := range map[string]func(w tables){
		"table \"\"":                                                     func(w tables) { w.note.Name = "" },
		"table \"Note\"":                                                 func(w tables) { w.note.Name = "Note" },
		"table \"job\" (4)":                                              func(w tables) { w.note.Name = "job" },
		"table \"note\" (0)":                                             func(w tables) { w.note.ID = 0 },
		"table \"note\" (3)":                                             func(w tables) { w.note.ID = 3 },
		"note: unknown mode 7":                                           func(w tables) { w.note.Mode = 7 },
		"note: unknown mode 0 or class 3":                                func(w tables) { w.note.Class = schema.Classes },
		"note: 0 columns":                                                func(w tables) { w.note.Columns = nil },
		"note: 65 columns":                                               func(w tables) { w.note.Columns = manyColumns(65) },
		"note: column \"te xt\"":                                         func(w tables) { w.note.Columns[1].Name = "te xt" },
		"note: column \"id\"":                                            func(w tables) { w.note.Columns[1].Name = "id" },
		"note: column \"job\" (2)":                                       func(w tables) { w.note.Columns[1].Name = "job" },
		"note: column \"text\" (0)":                                      func(w tables) { w.note.Columns[1].ID = 0 },
		"note: column \"text\" (1)":                                      func(w tables) { w.note.Columns[1].ID = 1 },
		"column text: unknown kind 0":                                    func(w tables) { w.note.Columns[1].Kind = 0 },
		"column text: unknown kind 99":                                   func(w tables) { w.note.Columns[1].Kind = 99 },
		"column text: unknown policy 99":                                 func(w tables) { w.note.Columns[1].Policy = 99 },
		"column job: refers to the unknown":                              func(w tables) { w.note.Columns[0].Ref = "asset" },
		"column text: a ladder needs an enum":                            func(w tables) { w.note.Columns[1].Policy = schema.Ladder },
		"column state: a ladder needs an enum":                           func(w tables) { w.job.Columns[0].Codes = nil },
		"column text: max cannot order":                                  func(w tables) { w.note.Columns[1].Policy = schema.Max },
		"column start: policy group and a group":                         func(w tables) { w.job.Columns[2].Group = "" },
		"column text: policy group and a group":                          func(w tables) { w.note.Columns[1].Group = "g" },
		"column tags: kind set cannot be":                                func(w tables) { w.job.Columns[5].Flags = schema.Immutable },
		"column tags: kind set cannot be sealed":                         func(w tables) { w.job.Columns[5].Flags = schema.Sealed },
		"column job: kind ref cannot be sealed":                          func(w tables) { w.note.Columns[0].Flags |= schema.Sealed },
		"column text: what is sealed can be":                             func(w tables) { w.note.Columns[1].Flags = schema.Sealed | schema.Searchable },
		"job: grant: \"state\" is sealed":                                func(w tables) { w.job.Columns[0].Flags |= schema.Sealed },
		"column reading: kind integer cannot be":                         func(w tables) { w.job.Columns[4].Flags = schema.Searchable },
		"column at: a ledger row never changes":                          func(w tables) { w.mark.Columns[0].Kind = schema.Fields },
		"column state: asks about [done lost]":                           func(w tables) { w.job.Columns[0].Asks[0][1] = "lost" },
		"note: what needs a right would be sent to whoever may read job": func(w tables) { w.note.Columns[1].Flags = schema.NeedsRight },
		"mark: what needs a right would be sent to everybody":            func(w tables) { w.mark.Columns[0].Flags = schema.NeedsRight },
		"note: 0 buckets":                                                func(w tables) { w.note.Buckets = nil },
		"note: 5 buckets":                                                func(w tables) { w.note.Buckets = make([]schema.Bucket, 5) },
		"note: a row that everybody holds":                               func(w tables) { w.note.Buckets[0].Kind = schema.SharedBucket },
		"note: a row that everybody holds has no":                        func(w tables) { w.note.Buckets = append(w.note.Buckets, schema.Bucket{}) },
		"note: bucket column \"text\" is not":                            func(w tables) { w.note.Buckets[0].From = "text" },
		"note: bucket column \"no\" is not":                              func(w tables) { w.note.Buckets[0].From = "no" },
		"note: bucket column \"job\" must be immu":                       func(w tables) { w.note.Columns[0].Flags, w.note.Parent = 0, "" },
		"note: alias \"text\" is not a reference to":                     func(w tables) { w.note.Alias = "text" },
		"note: alias \"job\" is not a reference to":                      func(w tables) { w.note.Alias, w.note.Withheld = "job", []string{"job"} },
		"person: alias \"boss\" is not": func(w tables) {
			w.person.Alias = "boss"
			w.person.Columns = append(w.person.Columns, schema.Column{ID: 90, Name: "boss", Kind: schema.Ref, Ref: "person"})
		},
		"note: parent \"text\" is not":             func(w tables) { w.note.Parent = "text" },
		"job: parent \"assignee\" is not":          func(w tables) { w.job.Parent = "assignee" },
		"job: right work names the unknown":        func(w tables) { w.job.Rights[0].Columns[0] = "no" },
		"job: what devices write is not remade":    func(w tables) { w.job.Remade = true },
		"job: grant: \"state\" is not a reference": func(w tables) { w.job.Grants[0].To = "state" },
		"job: grant: members {no":                  func(w tables) { w.job.Grants[0].Group.Table = "no" },
		"job: grant: members {member no":           func(w tables) { w.job.Grants[0].Group.Group = "no" },
		"job: grant: \"reading\" is not an enum":   func(w tables) { w.job.Grants[0].While = "reading" },
		"job: grant: \"state\" is not an enum":     func(w tables) { w.job.Grants[0].In = nil },
		"job: grant: path [state]":                 func(w tables) { w.job.Grants[0].Paths[0].Via = []string{"state"} },
		"job: grant: path [assignee no] leaves":    func(w tables) { w.job.Grants[0].Paths[0].Via = []string{"assignee", "no"} },
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			var w tables
			w.person, w.member, w.job, w.note, w.mark = world()
			spoil(w)
			s, err := schema.New("test", 1, w.person, w.member, w.job, w.note, w.mark)
			if !errors.Is(err, schema.ErrSchema) || !strings.Contains(err.Error(), want) || s != nil {
				t.Errorf("%v", err)
			}
		})
	}
}

func manyColumns(n int) (columns []schema.Column) {
	for i := range n {
		columns = append(columns, schema.Column{ID: schema.ColumnID(i + 1), Name: fmt.Sprintf("c%d", i), Kind: schema.Text})
	}
	return columns
}

func TestNewRefusesASchemaWithoutNameOrVersion(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "Two Words", strings.Repeat("x", 64)} {
		if _, err := schema.New(name, 1); !errors.Is(err, schema.ErrSchema) {
			t.Errorf("name %q: %v", name, err)
		}
	}
	if _, err := schema.New("test", 0); !errors.Is(err, schema.ErrSchema) {
		t.Errorf("version 0: %v", err)
	}
}

func TestMustPanicsOnAFault(t *testing.T) {
	t.Parallel()
	defer func() {
		if err, _ := recover().(error); !errors.Is(err, schema.ErrSchema) {
			t.Errorf("recovered %v", err)
		}
	}()
	schema.Must(schema.New("", 0))
}

func TestKindsAndPoliciesHaveNames(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for k := schema.Text; k <= schema.Set; k++ {
		names[k.String()] = true
	}
	for p := schema.Last; p <= schema.Ask; p++ {
		names["policy "+p.String()] = true
	}
	if len(names) != 13+8 || names[""] {
		t.Errorf("%d names: %v", len(names), names)
	}
	if schema.Kind(0).String() != "kind(0)" || schema.Kind(99).String() != "kind(99)" || schema.Policy(99).String() != "policy(99)" {
		t.Error("an unknown kind or policy has a known name")
	}
}

func TestOnlyKeyedKindsAreManyCells(t *testing.T) {
	t.Parallel()
	for k := schema.Text; k <= schema.Set; k++ {
		if want := k == schema.Translated || k == schema.Fields || k == schema.Set; k.Keyed() != want {
			t.Errorf("%s: keyed %t", k, k.Keyed())
		}
	}
}

func TestColumnAnswers(t *testing.T) {
	t.Parallel()
	c := schema.Column{Kind: schema.Enum, Codes: []string{"a", "b"}, Flags: schema.Required | schema.Sealed}
	if c.MaxText() != schema.DefaultMax || c.Rank("b") != 1 || c.Rank("c") != -1 {
		t.Error(c.MaxText(), c.Rank("b"), c.Rank("c"))
	}
	if !c.Has(schema.Required|schema.Sealed) || c.Has(schema.Required|schema.Immutable) {
		t.Error("flags are had all or not at all")
	}
	if c.Max = 5; c.MaxText() != 5 {
		t.Error(c.MaxText())
	}
}

func TestTwoColumnsMayNotShareANameInSQL(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind   schema.Kind
		beside string
		taken  bool
	}{
		{schema.Money, "price_minor", true}, {schema.Money, "price_currency", true}, {schema.Money, "price_unit", false},
		{schema.Quantity, "price_unit", true}, {schema.Quantity, "price_minor", false},
		{schema.AnyRef, "price_table", true}, {schema.Integer, "price_minor", false},
	} {
		_, _, _, note, _ := world()
		person, member, job, _, mark := world()
		note.Columns = append(note.Columns,
			schema.Column{ID: 8, Name: "price", Kind: c.kind}, schema.Column{ID: 9, Name: c.beside, Kind: schema.Text})
		_, err := schema.New("world", 1, person, member, job, note, mark)
		if (err != nil) != c.taken || err != nil && !strings.Contains(err.Error(), c.beside) {
			t.Errorf("%s beside a column price of kind %s: %v", c.beside, c.kind, err)
		}
	}
}
