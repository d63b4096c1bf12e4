package simtest

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Template returns what copies a database that create makes, with the files beside it, to a path of a test's own, and
// returns that path. A new database is hundreds of tables and indexes, and the race detector makes each of them slow:
// so each kind is made once a test binary, and every story begins with a copy.
func Template(create func(path string) error) func(t testing.TB, path string) string {
	original := sync.OnceValues(func() (map[string][]byte, error) {
		dir, err := os.MkdirTemp("", "fieldsync")
		if err != nil {
			return nil, err
		}
		defer func() { _ = os.RemoveAll(dir) }()
		path := filepath.Join(dir, "template.db")
		if err := create(path); err != nil {
			return nil, err
		}
		return filesOf(path)
	})
	return func(t testing.TB, path string) string {
		t.Helper()
		files, err := original()
		if err != nil {
			t.Fatal(err)
		}
		for suffix, content := range files {
			if err := os.WriteFile(path+suffix, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return path
	}
}

// filesOf returns the files whose names begin with the path, by how they go on: the database itself, its key.
func filesOf(path string) (map[string][]byte, error) {
	names, err := filepath.Glob(path + "*")
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, name := range names {
		if info, err := os.Stat(name); err != nil || !info.Mode().IsRegular() {
			continue
		}
		if files[strings.TrimPrefix(name, path)], err = os.ReadFile(name); err != nil {
			return nil, err
		}
	}
	return files, nil
}
