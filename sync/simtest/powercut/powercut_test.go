package powercut

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// hexed returns what strace prints of a text.
func hexed(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		fmt.Fprintf(&b, `\x%02x`, c)
	}
	return b.String()
}

func parsed(t *testing.T, lines ...string) *History {
	t.Helper()
	log := strings.Join(lines, "\n") + "\n"
	for _, text := range []string{"/d/new", "/d/a", "/d/b", "/d", "/elsewhere", "one", "two"} {
		log = strings.ReplaceAll(log, "{"+text+"}", hexed(text))
	}
	h, err := parse(strings.NewReader(log), "/d")
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func want(t *testing.T, what string, found Folder, want string) {
	t.Helper()
	if got := fmt.Sprintf("%q", map[string][]byte(found)); got != want {
		t.Errorf("%s: found %s, want %s", what, got, want)
	}
}

// After a kill all is there; without power only what was made durable, names as well as contents.
func TestWhatIsFound(t *testing.T) {
	t.Parallel()
	h := parsed(t,
		`7  openat(AT_FDCWD<{/d}>, "{/d/new}", O_WRONLY|O_CREAT|O_CLOEXEC, 0600) = 5<{/d/new}>`,
		`7  write(5<{/d/new}>, "{one}", 3) = 3`,
		`7  fsync(5<{/d/new}>) = 0`,
		`7  write(5<{/elsewhere}>, "{two}", 3) = 3`,
		`7  renameat(AT_FDCWD<{/d}>, "{/d/new}", AT_FDCWD<{/d}>, "{/d/a}") = 0`,
		`7  fsync(6<{/d}>) = 0`,
		`7  write(1<{/elsewhere}>, "{one}", 3) = 3`,
		`7  pwrite64(5<{/d/a}>, "{two}", 3, 1) = 3`,
		`7  unlinkat(AT_FDCWD<{/d}>, "{/d/b}", 0) = -1 ENOENT (No such file or directory)`,
		`7  fdatasync(5<{/d/a}> <unfinished ...>`,
		`8  unlink("{/d/a}" <unfinished ...>`,
		`7  <... fdatasync resumed>) = 0`,
		`8  <... unlink resumed>) = 0`,
		`7  +++ exited with 0 +++`)
	if h.Moments() != 10 {
		t.Fatalf("%d moments", h.Moments())
	}
	want(t, "killed at first", h.Killed(0), "map[]")
	want(t, "killed after the write", h.Killed(2), `map["new":"one"]`)
	want(t, "without power before the name is durable", h.PowerCut(4, nil), "map[]")
	want(t, "without power after it", h.PowerCut(5, nil), `map["a":"one"]`)
	want(t, "killed after the second write", h.Killed(7), `map["a":"otwo"]`)
	want(t, "without power after the second write", h.PowerCut(7, nil), `map["a":"one"]`)
	want(t, "without power after the last sync", h.PowerCut(8, nil), `map["a":"otwo"]`)
	want(t, "killed in the end", h.Killed(9), "map[]")
	want(t, "without power in the end", h.PowerCut(9, nil), `map["a":"otwo"]`)
	if before, after := h.Said(5), h.Said(6); before[0] != "" || after[0] != "one" {
		t.Errorf("said %q and %q", before, after)
	}
}

// A sync covers what was there when it began, and nothing that came beside it.
func TestASyncCoversWhatWasThereWhenItBegan(t *testing.T) {
	t.Parallel()
	h := parsed(t,
		`7  open("{/d/a}", O_RDWR|O_CREAT, 0644) = 5<{/d/a}>`,
		`7  fsync(6<{/d}>) = 0`,
		`7  fsync(5<{/d/a}> <unfinished ...>`,
		`8  pwrite64(5<{/d/a}>, "{two}", 3, 0) = 3`,
		`7  <... fsync resumed>) = 0`)
	want(t, "killed", h.Killed(4), `map["a":"two"]`)
	want(t, "without power", h.PowerCut(4, nil), `map["a":""]`)
}

// What was not durable comes in parts, and out of order: each part is found sooner or later.
func TestPartsAreFound(t *testing.T) {
	t.Parallel()
	h := &History{folder: "/d", events: []event{
		{kind: made, path: "/d/a"}, {kind: synced, path: "/d", after: 1},
		{kind: wrote, path: "/d/a", data: []byte(strings.Repeat("1", 2*sector)), after: 2},
		{kind: wrote, path: "/d/a", at: 2 * sector, data: []byte("2"), after: 3},
	}}
	seen := map[string]bool{}
	for seed := range uint64(300) {
		content := h.PowerCut(4, rand.New(rand.NewPCG(seed, 1)))["a"]
		shape := ""
		for at := 0; at < len(content); at += sector {
			shape += string('0' + content[at]%'0')
		}
		seen[shape] = true
	}
	for _, shape := range []string{"", "1", "01", "11", "002", "102", "012", "112"} {
		if !seen[shape] {
			t.Errorf("never found %q among %v", shape, seen)
		}
	}
}

// What is not followed is an error, not a disk that looks better than it is.
func TestWhatIsNotFollowedIsAnError(t *testing.T) {
	t.Parallel()
	for _, line := range []string{`7  fallocate(5<` + hexed("/d/a") + `>, 0, 0, 9) = 0`, `7  write(5<` + hexed("/d/a") + `>, "` + hexed("two") + `"..., 9) = 9`} {
		if _, err := parse(strings.NewReader(line+"\n"), "/d"); err == nil {
			t.Errorf("%s was taken", line)
		}
	}
}

// A real program, in a shell: what is recorded of it is what it left.
func TestRecord(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	script := "cd %s; echo one >$PWD/new; echo two >>$PWD/new; mv $PWD/new $PWD/a; echo three >$PWD/b; rm $PWD/b; echo done"
	h := Record(t, folder, exec.Command("sh", "-c", fmt.Sprintf(script, folder)))
	left, err := os.ReadFile(filepath.Join(folder, "a"))
	if err != nil {
		t.Fatal(err)
	}
	end := h.Moments() - 1
	if found := h.Killed(end); len(found) != 1 || string(found["a"]) != string(left) || h.Said(end)[0] != "done" {
		t.Errorf("recorded %q, %q was left; said %q", found, left, h.Said(end))
	}
}
