package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// shell is the app's other half: it says lines, and hears some.
type shell struct {
	t     *testing.T
	say   io.WriteCloser
	heard *bufio.Scanner
	ended chan error
}

func start(t *testing.T, directory string) *shell {
	t.Helper()
	in, say, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	heard, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	s := &shell{t: t, say: say, heard: bufio.NewScanner(heard), ended: make(chan error, 1)}
	go func() {
		s.ended <- errors.Join(run(directory, in, out), out.Close(), in.Close())
	}()
	t.Cleanup(func() {
		_ = say.Close()
		for s.heard.Scan() { // its last words
		}
		if err := errors.Join(<-s.ended, heard.Close()); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (s *shell) tell(lines ...string) {
	s.t.Helper()
	for _, line := range lines {
		if _, err := io.WriteString(s.say, line+"\n"); err != nil {
			s.t.Fatal(err)
		}
	}
}

// hear waits for a line that begins with the word, and returns the rest of it.
func (s *shell) hear(word string) string {
	s.t.Helper()
	for s.heard.Scan() {
		if got, rest, _ := strings.Cut(s.heard.Text(), " "); got == word {
			return rest
		}
	}
	s.t.Fatalf("it ended without saying %q", word)
	return ""
}

// The app is served to who has its address, in the phone's zone; what is not understood is said, and changes nothing.
func TestTheAppIsServedToTheShell(t *testing.T) {
	t.Parallel()
	s := start(t, t.TempDir())
	s.tell("front")
	if got := s.hear("failed"); !strings.HasPrefix(got, "closed: ") {
		t.Errorf("before there is a replica: %q", got)
	}
	s.tell("dance", "zone Asia/Taipei", "name shell test", "network free 192.0.2.1", "open")
	if got := s.hear("failed"); !strings.HasPrefix(got, "invalid_value: ") {
		t.Errorf("what nobody understands: %q", got)
	}
	url := s.hear("url")
	var status struct{ Enrolled bool }
	if err := json.Unmarshal([]byte(s.hear("status")), &status); err != nil || status.Enrolled {
		t.Errorf("status: %+v, %v", status, err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := http.Client{Jar: jar}
	for _, at := range []string{url, url[:strings.Index(url, "/enter")] + "/"} {
		page, err := browser.Get(at)
		if err != nil {
			t.Fatal(err)
		}
		_ = page.Body.Close()
		if page.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", at, page.Status)
		}
	}
	s.tell("front", "network metered 192.0.2.2 fe80::1%wlan0", "sync 60000")
	if got := s.hear("synced"); !strings.HasPrefix(got, "not_allowed: ") {
		t.Errorf("a sync of who is not enrolled: %q", got)
	}
	s.tell("network carrier pigeon", "open", "lease soon")
	for range 3 {
		if got := s.hear("failed"); !strings.HasPrefix(got, "invalid_value: ") {
			t.Errorf("what makes no sense: %q", got)
		}
	}
}

// Keys come from the phone's keystore: with them nothing of a key lies beside the replica, and without them it stays shut.
func TestKeysComeFromTheKeystore(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	key := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32)))
	s := start(t, folder)
	s.tell("key one "+key, "key 1 no-base64!", "key 1 "+key, "open")
	for range 2 {
		if got := s.hear("failed"); !strings.HasPrefix(got, "invalid_value: ") || strings.Contains(got, "no-base64") {
			t.Errorf("what is no key: %q", got)
		}
	}
	s.hear("url")
	if kept, err := filepath.Glob(filepath.Join(folder, "*.keys")); err != nil || len(kept) > 0 {
		t.Errorf("keys beside the replica: %v, %v", kept, err)
	}
	if _, err := os.Stat(filepath.Join(folder, "field.db")); err != nil {
		t.Error(err)
	}
}
