package schema

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
)

// ErrSchema is wrapped by every error of New.
var ErrSchema = errors.New("schema")

var nameForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)

// MaxColumns bounds the columns of a table; column positions are encoded as a bit set of 64.
const MaxColumns = 64

// MaxBuckets bounds the rules that put a table's rows into buckets: a row has an entry of the feed for each.
const MaxBuckets = 4

// New checks the tables and returns the schema they make. Tables are ordered by id. The error says what is wrong in
// which table and wraps ErrSchema. Refused, among others, is whatever would make a row's bytes depend on its reader
// or let a row change its bucket.
func New(name string, version int, tables ...*Table) (*Schema, error) {
	s := &Schema{Name: name, Version: version, Tables: tables, byID: map[TableID]*Table{}, byName: map[string]*Table{}}
	if !nameForm.MatchString(name) || version < 1 {
		return nil, fmt.Errorf("%w: name %q, version %d", ErrSchema, name, version)
	}
	for _, t := range tables {
		if t.ID == 0 || s.byID[t.ID] != nil || s.byName[t.Name] != nil || !nameForm.MatchString(t.Name) {
			return nil, fmt.Errorf("%w: table %q (%d): id or name missing, malformed or taken", ErrSchema, t.Name, t.ID)
		}
		s.byID[t.ID], s.byName[t.Name] = t, t
	}
	for _, t := range tables {
		if err := s.checkTable(t); err != nil {
			return nil, fmt.Errorf("%w: table %s: %w", ErrSchema, t.Name, err)
		}
	}
	if err := s.checkReaders(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSchema, err)
	}
	for _, t := range tables { // grants follow columns of other tables, so they come last
		for _, g := range t.Grants {
			if err := s.checkGrant(t, g); err != nil {
				return nil, fmt.Errorf("%w: table %s: grant: %w", ErrSchema, t.Name, err)
			}
		}
	}
	for _, t := range tables {
		if err := t.withhold(); err != nil {
			return nil, fmt.Errorf("%w: table %s: %w", ErrSchema, t.Name, err)
		}
	}
	return s, nil
}

// withhold notes which columns no device may write.
func (t *Table) withhold() error {
	given := map[string]bool{}
	for _, r := range t.Rights {
		for _, name := range r.Columns {
			given[name] = true
		}
	}
	for _, name := range t.Withheld {
		if t.Column(name) < 0 || given[name] {
			return fmt.Errorf("%q cannot be withheld: it is no column, or a right gives it", name)
		}
	}
	t.withheld = map[ColumnID]bool{}
	for _, c := range t.Columns {
		if slices.Contains(t.Withheld, c.Name) || c.Policy == Owner && !given[c.Name] {
			t.withheld[c.ID] = true
		}
	}
	if i := t.Column(t.Alias); t.Alias != "" && (i < 0 || t.Columns[i].Ref != t.Name || !t.withheld[t.Columns[i].ID]) {
		return fmt.Errorf("alias %q is not a reference to the table itself that is withheld from devices", t.Alias)
	}
	return nil
}

// Must returns the schema or panics: for schemas that are package variables.
func Must(s *Schema, err error) *Schema {
	if err != nil {
		panic(err)
	}
	return s
}

func (s *Schema) checkTable(t *Table) error {
	if t.Mode > Ledger || t.Class >= Classes {
		return fmt.Errorf("unknown mode %d or class %d", t.Mode, t.Class)
	}
	if len(t.Columns) == 0 || len(t.Columns) > MaxColumns {
		return fmt.Errorf("%d columns, want 1 to %d", len(t.Columns), MaxColumns)
	}
	t.byID, t.byName = map[ColumnID]int{}, map[string]int{}
	for i := range t.Columns {
		c := &t.Columns[i]
		_, idTaken := t.byID[c.ID]
		_, nameTaken := t.byName[c.Name]
		if c.ID == 0 || idTaken || nameTaken || c.Name == "id" || !nameForm.MatchString(c.Name) {
			return fmt.Errorf("column %q (%d): id or name missing, malformed or taken", c.Name, c.ID)
		}
		t.byID[c.ID], t.byName[c.Name] = i, i
		if err := s.checkColumn(t, c); err != nil {
			return fmt.Errorf("column %s: %w", c.Name, err)
		}
	}
	if err := checkNames(t); err != nil {
		return err
	}
	if err := checkBuckets(t); err != nil {
		return err
	}
	if i := t.Column(t.Parent); t.Parent != "" && (i < 0 || t.Columns[i].Kind != Ref || !t.Columns[i].Has(Immutable)) {
		return fmt.Errorf("parent %q is not an immutable reference", t.Parent)
	}
	if t.Remade && (t.Create || len(t.Rights) > 0) {
		return errors.New("what devices write is not remade by the hub")
	}
	for _, r := range t.Rights {
		for _, c := range r.Columns {
			if t.Column(c) < 0 {
				return fmt.Errorf("right %s names the unknown column %q", r.Name, c)
			}
		}
	}
	return nil
}

// searchable are the kinds that a full-text index can hold.
var searchable = []Kind{Text, Translated, Enum, Fields, Set}

// Parts returns the names under which the parts of the column's values stand in SQL.
func (c *Column) Parts() []string {
	if c.Has(Sealed) { // all of it in one
		return []string{c.Name}
	}
	switch c.Kind {
	case Money:
		return []string{c.Name + "_minor", c.Name + "_currency"}
	case Quantity:
		return []string{c.Name, c.Name + "_unit"}
	case AnyRef:
		return []string{c.Name + "_table", c.Name}
	}
	return []string{c.Name}
}

// checkNames refuses two columns that would share a name in SQL, where some kinds take two.
func checkNames(t *Table) error {
	taken := map[string]string{}
	for i := range t.Columns {
		c := &t.Columns[i]
		for _, part := range c.Parts() {
			if other, ok := taken[part]; ok {
				return fmt.Errorf("columns %s and %s would both be stored as %q: rename one of them", other, c.Name, part)
			}
			taken[part] = c.Name
		}
	}
	return nil
}

func (s *Schema) checkColumn(t *Table, c *Column) error {
	switch {
	case c.Kind < Text || c.Kind > Set:
		return fmt.Errorf("unknown kind %d", c.Kind)
	case c.Policy > Ask:
		return fmt.Errorf("unknown policy %d", c.Policy)
	case c.Kind == Ref && s.byName[c.Ref] == nil:
		return fmt.Errorf("refers to the unknown table %q", c.Ref)
	case c.Policy == Ladder && (c.Kind != Enum || len(c.Codes) == 0):
		return errors.New("a ladder needs an enum with its codes in order")
	case (c.Policy == Max || c.Policy == Min) && !(c.Kind == Integer || c.Kind == Decimal || c.Kind == Instant || c.Kind == Date):
		return fmt.Errorf("%s cannot order values of kind %s", c.Policy, c.Kind)
	case (c.Policy == Group) != (c.Group != ""):
		return errors.New("policy group and a group name go together")
	case c.Kind.Keyed() && c.Has(Immutable):
		return fmt.Errorf("kind %s cannot be immutable", c.Kind)
	case c.Has(Sealed) && (c.Kind.Keyed() || c.Kind == Ref || c.Kind == AnyRef):
		return fmt.Errorf("kind %s cannot be sealed: others must find the row by it, or merge parts of it", c.Kind)
	case c.Has(Sealed) && (c.Has(Searchable) || c.Has(Indexed)):
		return errors.New("what is sealed can be neither searched nor indexed: the index would tell it")
	case c.Has(Searchable) && !slices.Contains(searchable, c.Kind):
		return fmt.Errorf("kind %s cannot be searched", c.Kind)
	case t.Mode == Ledger && c.Kind.Keyed():
		return fmt.Errorf("a ledger row never changes: kind %s has no place in it", c.Kind)
	}
	for _, pair := range c.Asks {
		if c.Rank(pair[0]) < 0 || c.Rank(pair[1]) < 0 {
			return fmt.Errorf("asks about %v, which is not on the ladder", pair)
		}
	}
	return nil
}

func checkBuckets(t *Table) error {
	if len(t.Buckets) == 0 || len(t.Buckets) > MaxBuckets {
		return fmt.Errorf("%d buckets, want 1 to %d", len(t.Buckets), MaxBuckets)
	}
	for _, b := range t.Buckets {
		switch i := t.Column(b.From); {
		case b.Kind == SharedBucket:
			if b.From != "" || len(t.Buckets) > 1 {
				return errors.New("a row that everybody holds has no other bucket, and no column says so")
			}
		case b.From == "id":
		case i < 0 || t.Columns[i].Kind != Ref:
			return fmt.Errorf("bucket column %q is not a reference", b.From)
		case !t.Columns[i].Has(Immutable):
			return fmt.Errorf("bucket column %q must be immutable: a row cannot change its bucket", b.From)
		}
	}
	return nil
}

// checkReaders refuses a schema that would need a projection: a bucket is sent to everybody who holds it, so that what needs
// a right of its own cannot lie where other things lie too.
func (s *Schema) checkReaders() error {
	open := map[BucketKind]string{SharedBucket: "everybody"}
	for _, t := range s.Tables {
		for _, b := range t.Buckets {
			if !t.needsRight() && open[b.Kind] == "" {
				open[b.Kind] = "whoever may read " + t.Name
			}
		}
	}
	for _, t := range s.Tables {
		for _, b := range t.Buckets {
			if t.needsRight() && open[b.Kind] != "" {
				return fmt.Errorf("table %s: what needs a right would be sent to %s: give it a side table in a bucket of its own",
					t.Name, open[b.Kind])
			}
		}
	}
	return nil
}

func (t *Table) needsRight() bool {
	return slices.ContainsFunc(t.Columns, func(c Column) bool { return c.Has(NeedsRight) })
}

func (t *Table) lead(id ColumnID) {
	if t.leads == nil {
		t.leads = map[ColumnID]bool{}
	}
	t.leads[id] = true
}

func (s *Schema) checkGrant(t *Table, g Grant) error {
	if i := t.Column(g.To); i < 0 || t.Columns[i].Kind != Ref {
		return fmt.Errorf("%q is not a reference to a person", g.To)
	}
	if m := g.Group; m != nil {
		of := s.byName[m.Table]
		if of == nil || m.Group != "id" && of.Column(m.Group) < 0 || of.Column(m.Person) < 0 {
			return fmt.Errorf("members %v are not in the schema", *m)
		}
	}
	if i := t.Column(g.While); g.While != "" && (i < 0 || t.Columns[i].Kind != Enum || len(g.In) == 0) {
		return fmt.Errorf("%q is not an enum with codes to grant under", g.While)
	} else if g.While != "" && t.Columns[i].Has(Sealed) {
		return fmt.Errorf("%q is sealed: no hold can depend on it", g.While)
	}
	for _, p := range g.Paths {
		at := t
		for _, step := range p.Via {
			i := -1
			if at != nil {
				i = at.Column(step)
			}
			if i < 0 || at.Columns[i].Kind != Ref {
				return fmt.Errorf("path %v leaves the schema at %q", p.Via, step)
			}
			at.lead(at.Columns[i].ID)
			at = s.byName[at.Columns[i].Ref]
		}
		if err := s.checkBack(p, at); err != nil {
			return err
		}
	}
	return nil
}

// checkBack refuses a path whose way back from the table that it reaches is none.
func (s *Schema) checkBack(p Path, reached *Table) error {
	if p.Back == nil {
		return nil
	}
	t := s.byName[p.Back.Table]
	if t == nil || reached == nil || t.Column(p.Back.Column) < 0 || t.Columns[t.Column(p.Back.Column)].Ref != reached.Name ||
		!slices.Contains(t.Buckets, Bucket{Kind: p.Kind, From: "id"}) {
		return fmt.Errorf("path %v does not lead back by %v to rows that have a bucket each", p.Via, *p.Back)
	}
	t.lead(t.Columns[t.Column(p.Back.Column)].ID)
	return nil
}
