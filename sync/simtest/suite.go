package simtest

import (
	"errors"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// Reopener is what a store has besides if it can be closed and opened again, as after a restart.
type Reopener interface{ Reopen() error }

// The suites are stories of one transaction after another. What goes wrong inside one is an error of the
// transaction, so that the store under test can end it before the test does.

type failure struct{ error }

// must returns v, or makes the transaction fail with err.
func must[T any](v T, err error) T {
	do(err)
	return v
}

// do makes the transaction fail with err, unless it is nil.
func do(err error) {
	if err != nil {
		panic(failure{err})
	}
}

// attempt runs one transaction's story and returns what made it fail.
func attempt(story func()) (err error) {
	defer func() {
		switch f := recover().(type) {
		case nil:
		case failure:
			err = f.error
		default:
			panic(f)
		}
	}()
	story()
	return nil
}

// errChanged is why a story takes everything back.
var errChanged = errors.New("simtest: changed its mind")

// equal says that two things read back from stores are the same, whether or not a list is nil.
var equal = cmp.Options{
	cmpopts.EquateEmpty(),
	cmp.Comparer(func(a, b record.Value) bool { return a == b }),
	cmp.Comparer(func(a, b *schema.Table) bool { return a == b }),
}

// same fails the test, later, if got is not want.
func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if reflect.DeepEqual(got, want) {
		return // nearly always, and much faster than to find a difference
	}
	if diff := cmp.Diff(want, got, equal); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// empty reports whether an answer of a store says that there is nothing.
func empty(answer any) bool {
	v := reflect.ValueOf(answer)
	return v.IsZero() || v.Kind() == reflect.Slice && v.Len() == 0
}

// reopen restarts the store, where it can.
func reopen(t *testing.T, store any) {
	t.Helper()
	r, ok := store.(Reopener)
	if !ok {
		t.Skipf("%T cannot be reopened", store)
	}
	if err := r.Reopen(); err != nil {
		t.Fatal(err)
	}
}
