package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fieldsync/client"
	"fieldsync/server"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// grown is the schema after this one: jobs have one more column, which technicians write, and there are remarks on them.
func grown() *schema.Schema {
	s := aftersales.Schema
	next := s.Version + 1
	var tables []*schema.Table
	for _, t := range s.Tables {
		own := *t
		if t.Name == "job" {
			own.Columns = append(slices.Clone(t.Columns), schema.Column{ID: 999, Name: "of_tomorrow", Kind: schema.Text, Since: next})
			own.Rights = slices.Clone(t.Rights)
			own.Rights[0].Columns = append(slices.Clone(own.Rights[0].Columns), "of_tomorrow")
		}
		tables = append(tables, &own)
	}
	remark := &schema.Table{
		ID: 999, Name: "remark", Since: next, Buckets: []schema.Bucket{{Kind: aftersales.JobBucket, From: "job"}},
		Columns: []schema.Column{
			{ID: 1, Name: "job", Kind: schema.Ref, Ref: "job", Flags: schema.Required | schema.Immutable},
			{ID: 2, Name: "text", Kind: schema.Text},
		},
		Rights: []schema.Right{{Name: aftersales.RightWork, Insert: true}},
	}
	return schema.Must(schema.New(s.Name, next, append(tables, remark)...))
}

// Every third phone of the rehearsal runs the app of the version before: what it does not know is done without, and said;
// nothing is lost, and every phone holds what it knows of what it should.
func TestARehearsalHasOlderApps(t *testing.T) {
	t.Parallel()
	s, data := grown(), t.TempDir()
	backup := aDayOf(t, s, data, []string{"Li Wei", "Wang Fang", "Sam Taylor"})
	rehearse := func(troubles ...string) *Rehearsed {
		t.Helper()
		o := rehearseOptions{of: backup, seed: 1, trouble: map[string]bool{}, schema: s}
		for _, name := range troubles {
			o.trouble[name] = true
		}
		r, err := (&app{data: data, out: io.Discard, err: io.Discard}).playAgain(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if r.Phones != 3 || r.Changes != 9 || r.Lost > 0 || !r.Converged || r.Refused > 0 {
			t.Errorf("with %v: %+v", troubles, r)
		}
		return r
	}
	if r := rehearse(); len(r.Impossible) > 0 || r.Older != nil {
		t.Errorf("without older apps: %+v", r)
	}
	r := rehearse(troubleApps)
	if r.Older == nil || r.Older.Version != s.Version-1 || r.Older.Latest != s.Version || !slices.Equal(r.Older.Phones, []string{"Wang Fang"}) {
		t.Errorf("older is %+v", r.Older)
	}
	var told []string
	for _, q := range r.Impossible {
		told = append(told, fmt.Sprintf("%s: %s (%s)", q.Who, q.Says, q.Code))
	}
	want := []string{
		"Wang Fang: the older app does not know job.of_tomorrow: the rest was recorded (older_app)",
		"Wang Fang: the older app does not know job.of_tomorrow: nothing of it was recorded (older_app)",
		"Wang Fang: the older app does not know remark: nothing of it was recorded (older_app)",
	}
	if !slices.Equal(told, want) {
		t.Errorf("it is said that\n%s\nnot that\n%s", strings.Join(told, "\n"), strings.Join(want, "\n"))
	}
	if r.Applied+r.Merged != 7 {
		t.Errorf("%d and %d of what phones wrote were taken", r.Applied, r.Merged)
	}
	rehearse(troubles...)
	var said strings.Builder
	(&app{out: &said}).sayRehearsed(r)
	for _, line := range []string{
		"Older apps: this program's as it was a version ago, on the phones of Wang Fang.",
		fmt.Sprintf(" They know version %d of what phones hold, the others version %d.\n", s.Version-1, s.Version),
		"  Wang Fang: row.edit at ", ": the older app does not know job.of_tomorrow: the rest was recorded (older_app)\n", "Nothing was lost, and every phone",
	} {
		if !strings.Contains(said.String(), line) {
			t.Errorf("%q is not said:\n%s", line, said.String())
		}
	}
}

// aDayOf makes a hub in the folder, with a job for each of the people, and returns a backup of it from before they wrote, on
// their phones, three things each: a note with what came with the last version, that alone, and a remark.
func aDayOf(t *testing.T, s *schema.Schema, data string, people []string) (backup string) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	core, err := server.OpenCore(t.Context(), server.CoreOptions{
		Path: filepath.Join(data, database), Schema: s, Rules: server.Rules(), Log: slog.New(slog.DiscardHandler),
	})
	must(err)
	web := httptest.NewServer(core.Handler())
	c := &company{house: &house{core: core}, branch: branchID("N")}
	must(c.setUp(t.Context()))
	var phones []*client.Client
	for _, name := range people {
		person, code, err := c.hire(t.Context(), name, c.branch)
		must(err)
		must(c.do(t.Context(), aftersales.CauseCreate, func(tx aftersales.Tx) error {
			job, err := aftersales.CreateJob(tx, aftersales.JobInput{Branch: c.branch, Title: "Pump leaks"})
			if err == nil {
				_, err = aftersales.AssignJob(tx, aftersales.AssignInput{Job: job, Person: person})
			}
			return err
		}))
		p, err := client.Open(t.Context(), client.Options{Path: filepath.Join(t.TempDir(), "replica.db"), Schema: s})
		must(err)
		must(errors.Join(p.Enrol(t.Context(), web.URL, code, name), p.SyncOnce(t.Context())))
		phones = append(phones, p)
	}
	backup = filepath.Join(data, "morning.db")
	_, err = core.Store.Backup(t.Context(), backup)
	must(err)
	for _, p := range phones {
		jobs, err := p.Jobs().List(t.Context(), client.JobFilter{})
		must(err)
		job := jobs[0].Job.ID
		for _, do := range []func(client.Tx) error{
			func(tx client.Tx) error {
				return tx.Update("job", job, record.Values{"note": record.Text("call first"), "of_tomorrow": record.Text("seen")})
			},
			func(tx client.Tx) error {
				return tx.Update("job", job, record.Values{"of_tomorrow": record.Text("done")})
			},
			func(tx client.Tx) error {
				return tx.Insert("remark", tx.NewID(), record.Values{"job": record.Ref(job), "text": record.Text("oiled")})
			},
		} {
			must(p.Update(t.Context(), aftersales.CauseEdit, do))
		}
		must(errors.Join(p.SyncOnce(t.Context()), p.Close()))
	}
	must(core.Close(0))
	web.CloseClientConnections()
	web.Close()
	return backup
}
