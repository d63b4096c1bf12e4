package schema_test

import (
	"errors"
	"slices"
	"testing"

	"fieldsync/sync/schema"
)

// grown returns the world with what came with version 2: jobs that name a further person, who gets to hold the job and the
// site of it, and a right to write a column of it; and a table of sites.
func grown(t *testing.T) *schema.Schema {
	t.Helper()
	person, member, job, note, mark := world()
	site := &schema.Table{
		ID: 6, Name: "site", Since: 2, Buckets: []schema.Bucket{{Kind: 3, From: "id"}},
		Columns: []schema.Column{{ID: 1, Name: "name", Kind: schema.Text}},
	}
	job.Columns = append(job.Columns,
		schema.Column{ID: 7, Name: "helper", Kind: schema.Ref, Ref: "person", Since: 2},
		schema.Column{ID: 8, Name: "site", Kind: schema.Ref, Ref: "site", Since: 2},
		schema.Column{ID: 9, Name: "done_by", Kind: schema.Text, Since: 2},
		schema.Column{ID: 10, Name: "joined", Kind: schema.Ref, Ref: "job", Since: 2})
	job.Alias, job.Withheld = "joined", []string{"start", "joined"}
	job.Grants[0].Paths = append(job.Grants[0].Paths, schema.Path{Kind: 3, Via: []string{"site"}})
	job.Grants = append(job.Grants, schema.Grant{To: "helper", Right: "help", Paths: []schema.Path{{Kind: jobBucket}}})
	job.Rights[0].Columns = append(job.Rights[0].Columns, "done_by")
	job.Rights = append(job.Rights, schema.Right{Name: "help", Columns: []string{"done_by"}}, schema.Right{Name: "all"})
	return schema.Must(schema.New("grown", 2, person, member, job, note, mark, site))
}

func TestAnEarlierVersionKnowsNothingOfWhatCameLater(t *testing.T) {
	t.Parallel()
	s := grown(t)
	old, err := s.At(1)
	if err != nil {
		t.Fatal(err)
	}
	if old.Name != s.Name || old.Version != 1 || old.Table("site") != nil || len(old.Tables) != 5 {
		t.Errorf("%s of version %d has %d tables", old.Name, old.Version, len(old.Tables))
	}
	job := old.Table("job")
	for _, name := range []string{"helper", "site", "done_by", "joined"} {
		if job.Column(name) >= 0 {
			t.Errorf("it knows %s", name)
		}
	}
	if len(job.Columns) != 6 || job.Alias != "" || !slices.Equal(job.Withheld, []string{"start"}) {
		t.Errorf("a job has %d columns, the alias %q, and withholds %v", len(job.Columns), job.Alias, job.Withheld)
	}
	if len(job.Grants) != 1 || job.Grants[0].To != "assignee" || len(job.Grants[0].Paths) != 1 || job.Grants[0].Paths[0].Kind != jobBucket {
		t.Errorf("it gives %+v", job.Grants)
	}
	if help := job.Right("help"); !slices.Equal(job.Right("work").Columns, []string{"state", "reading"}) || help.Columns == nil || len(help.Columns) > 0 {
		t.Errorf("the right to work is to %v; to help, %v", job.Right("work").Columns, help.Columns)
	}
	if job.Right("all").Columns != nil {
		t.Error("who may write every column may no longer")
	}
	if job := s.Table("job"); len(job.Columns) != 10 || len(job.Grants) != 2 || len(job.Grants[0].Paths) != 2 || len(job.Withheld) != 2 {
		t.Errorf("the schema itself was changed: %+v", job)
	}
	if now, err := s.At(2); now != s || err != nil {
		t.Errorf("of its own version it is another: %v", err)
	}
	if _, err := s.At(0); !errors.Is(err, schema.ErrSchema) {
		t.Errorf("before the first version: %v", err)
	}
}

func TestWhatWasThereCannotHaveNamedWhatCameLater(t *testing.T) {
	t.Parallel()
	s := grown(t)
	s.Table("job").Columns[7].Since = 0 // the site of a job, and sites came later
	if _, err := s.At(1); !errors.Is(err, schema.ErrSchema) {
		t.Errorf("%v", err)
	}
}
