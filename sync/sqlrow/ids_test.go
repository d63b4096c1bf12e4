package sqlrow

import (
	"database/sql"
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"fieldsync/sync/record"
)

func TestIDsOfAQuery(t *testing.T) {
	t.Parallel()
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "ids.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	one, two := record.ID{15: 1}, record.ID{15: 2}
	ask := func(query string, args ...any) ([]record.ID, error) {
		return IDs(db.QueryContext(t.Context(), query, args...))
	}
	for _, c := range []struct {
		query string
		args  []any
		want  []record.ID
	}{
		{"SELECT ?1 WHERE 0", []any{one[:]}, nil},
		{"SELECT ?2 UNION ALL SELECT ?1", []any{one[:], two[:]}, []record.ID{two, one}},
		{"SELECT NULL UNION ALL SELECT ?1", []any{one[:]}, []record.ID{{}, one}},
	} {
		if got, err := ask(c.query, c.args...); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v, want %v", c.query, got, err, c.want)
		}
	}
	for _, query := range []string{"SELECT 'short'", "SELECT 7", "SELECT ?1 UNION ALL SELECT 'short'"} {
		if got, err := ask(query, one[:]); !errors.Is(err, ErrNoID) || got != nil {
			t.Errorf("%s: %v, %v", query, got, err)
		}
	}
	for _, query := range []string{"SELECT", "SELECT ?1, ?1"} {
		if got, err := ask(query, one[:]); err == nil || got != nil {
			t.Errorf("%s: %v, %v", query, got, err)
		}
	}
	if n := db.Stats().InUse; n != 0 {
		t.Errorf("the rows of %d queries are open", n)
	}
}
