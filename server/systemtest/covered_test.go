package systemtest

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"fieldsync/server"
	"fieldsync/server/api"
	"fieldsync/server/store/postgres/pgtest"
)

// Every address of the API and every deed of the office is used by some test with success: what the bureaus answered so is
// noted in the file that FIELDSYNC_USED names, by as many processes as the tests are run in; one that is then to run no test
// (-run '^$') fails where something is left over. That every page opens is told where all links are followed (gallery_test.go).

func TestMain(m *testing.M) {
	code := pgtest.Main(m)
	if file := os.Getenv("FIELDSYNC_USED"); file != "" {
		if err := used.keep(file, flag.Lookup("test.run").Value.String() == "^$"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// used are the addresses of all bureaus.
var used = newUsage()

// usage is which addresses were answered with success.
type usage struct {
	*http.ServeMux // finds the pattern of a request
	answered       map[string]*atomic.Bool
}

func newUsage() *usage {
	u := &usage{http.NewServeMux(), map[string]*atomic.Bool{}}
	for _, rt := range api.Routes() {
		u.watch(rt.Method + " " + api.Prefix + rt.Path)
	}
	for _, p := range server.Pages {
		if p.Method == http.MethodPost {
			u.watch(p.Method + " " + p.Path)
		}
	}
	return u
}

func (u *usage) watch(pattern string) {
	u.Handle(pattern, http.NotFoundHandler())
	u.answered[pattern] = new(atomic.Bool)
}

// note serves, and notes what was answered with success: who is sent to sign in did nothing.
func (u *usage) note(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, pattern := u.Handler(r)
		seen := u.answered[pattern]
		if seen == nil {
			next.ServeHTTP(w, r)
			return
		}
		s := &statusOf{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(s, r)
		turnedAway := strings.HasPrefix(w.Header().Get("Location"), "/sign-in") && !strings.HasPrefix(r.URL.Path, "/sign-out")
		if s.status < http.StatusBadRequest && !turnedAway {
			seen.Store(true)
		}
	})
}

// statusOf is an answer whose status is remembered.
type statusOf struct {
	http.ResponseWriter
	status int
}

func (s *statusOf) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}

// Unwrap lets a page that goes on and on flush what it has.
func (s *statusOf) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// keep writes down what was used; at the end it fails for what nobody used.
func (u *usage) keep(file string, end bool) error {
	before, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	known := strings.Split(string(before), "\n")
	var left []string
	for pattern, seen := range u.answered {
		switch {
		case slices.Contains(known, pattern):
		case seen.Load():
			known = append(known, pattern)
		default:
			left = append(left, pattern)
		}
	}
	if slices.Sort(left); end && len(left) > 0 {
		return fmt.Errorf("no test uses with success:\n%s", strings.Join(left, "\n"))
	}
	return os.WriteFile(file, []byte(strings.Join(known, "\n")), 0o600)
}
