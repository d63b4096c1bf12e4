package server

import (
	"strings"
	"testing"

	"fieldsync/server/auth"
	"fieldsync/sync/record"
)

// A query is cut down to the branches whatever tables it names, and however it begins; nobody's is, who may in all.
func TestAQueryIsCutDown(t *testing.T) {
	t.Parallel()
	in := auth.Branches{IDs: []record.ID{{0xab}}}
	for _, c := range []struct{ query, begins string }{
		{"SELECT count(*) FROM job j", `WITH "job" AS NOT MATERIALIZED (SELECT * FROM main."job" WHERE branch IS NULL OR branch IN (x'ab00`},
		{"WITH x AS (SELECT 1) SELECT * FROM x, job", `WITH "job" AS NOT`},
		{"WITH RECURSIVE x AS (SELECT 1) SELECT * FROM x, job", `WITH RECURSIVE "job" AS NOT`},
		{"SELECT name FROM branch", `WITH "branch" AS NOT MATERIALIZED (SELECT * FROM main."branch" WHERE id IS NULL OR id IN (x'ab`},
		{"SELECT n FROM _conflict", "SELECT n FROM _conflict"},
	} {
		if got := within(c.query, in); !strings.HasPrefix(got, c.begins) || !strings.HasSuffix(got, strings.TrimPrefix(strings.TrimPrefix(c.query, "WITH "), "RECURSIVE ")) {
			t.Errorf("%s became %s", c.query, got)
		}
		if got := within(c.query, auth.Branches{All: true}); got != c.query {
			t.Errorf("%s became %s", c.query, got)
		}
	}
}
