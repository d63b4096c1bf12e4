package systemtest

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	gosync "sync"
	"syscall"
	"testing"
	"time"

	"fieldsync/client"
	"fieldsync/server"
	"fieldsync/server/hub"
	"fieldsync/server/store"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
	"fieldsync/sync/wire"

	"github.com/google/go-cmp/cmp"
)

// TestFieldsyncd runs the program as its users do: built, in processes of its own, with exit codes.
func TestFieldsyncd(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "fieldsyncd")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "fieldsync/server/cmd/fieldsyncd").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for name, test := range map[string]func(*testing.T, *installation){
		"plays the whole story":                                   playsTheStory,
		"runs the live demo until it is stopped":                  runsTheDemo,
		"shows the office and two phones side by side":            showsSideBySide,
		"shows every page of the office":                          showsEveryPage,
		"answers a senseless command line in one line":            refusesNonsense,
		"explains every command":                                  explainsItself,
		"imports a file twice and doubles nothing":                importsTwice,
		"restores a backup, and devices bring back what it lacks": restores,
		"verifies, and finds a damaged row":                       findsDamage,
		"keeps files through a kill, a backup and a lost disk":    keepsFiles,
		"plays a day again under bad conditions":                  rehearses,
		"keeps files in a bucket likewise":                        keepsFilesInABucket,
		"shuts a device out of a running hub":                     revokes,
		"moves to PostgreSQL and back":                            movesToPostgreSQL,
		"serves a folder once":                                    servesOnce,
		"keeps what every restore replaced":                       keepsWhatWasReplaced,
		"takes in what a phone sent before it was forgotten":      takesInFromAStranger,
		"gets its certificate from an authority":                  getsItsCertificate,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, &installation{t: t, program: program, data: filepath.Join(t.TempDir(), "data")})
		})
	}
}

// installation is the program with a hub's folder.
type installation struct {
	t       *testing.T
	program string
	data    string
	db      string // postgres://…, where the database is not in the folder
	files   string // s3://…, where the files are not in the folder
	env     []string
}

// result is what a command left behind.
type result struct {
	code     int
	out, err string
}

// command returns a process that outlives the test's context: what the test starts it also stops.
func (i *installation) command(args ...string) *exec.Cmd {
	c := exec.CommandContext(context.WithoutCancel(i.t.Context()), i.program, args...)
	c.Env = slices.Concat(os.Environ(), []string{"FIELDSYNC_DATA=" + i.data, "FIELDSYNC_DB=" + i.db, "FIELDSYNC_FILES=" + i.files}, i.env)
	return c
}

// run carries out one command line.
func (i *installation) run(args ...string) result {
	i.t.Helper()
	c := i.command(args...)
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Run(); err != nil && c.ProcessState == nil {
		i.t.Fatal(err)
	}
	return result{c.ProcessState.ExitCode(), out.String(), errs.String()}
}

// must is run for a command that has to succeed; what it prints as JSON goes to answer.
func (i *installation) must(answer any, args ...string) {
	i.t.Helper()
	r := i.run(append(args, "-json")...)
	if r.code != 0 {
		i.t.Fatalf("fieldsyncd %s exits %d: %s", strings.Join(args, " "), r.code, r.err)
	}
	if answer == nil {
		return
	}
	if err := json.Unmarshal([]byte(r.out), answer); err != nil {
		i.t.Fatalf("fieldsyncd %s prints %q: %v", strings.Join(args, " "), r.out, err)
	}
}

// serve starts the hub and returns where it is, and what stops it.
func (i *installation) serve(more ...string) (url string, stop func()) {
	i.t.Helper()
	s := i.begin(more...)
	return s.url, s.stop
}

// serving is the program while it serves.
type serving struct {
	t       *testing.T
	url     string
	process *exec.Cmd
	log     spoken
	ended   bool
}

// spoken is what a process says, to be read also while it speaks.
type spoken struct {
	mu   gosync.Mutex
	text []byte
}

func (s *spoken) Write(said []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text = append(s.text, said...)
	return len(said), nil
}

func (s *spoken) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.text)
}

// begin starts the hub. The test ends it.
func (i *installation) begin(more ...string) *serving {
	i.t.Helper()
	s, err := i.try(more...)
	if err != nil {
		i.t.Fatal(err)
	}
	i.t.Cleanup(s.stop)
	return s
}

// try starts the hub, and returns when it serves or has ended.
func (i *installation) try(more ...string) (*serving, error) {
	s := &serving{t: i.t, process: i.command(append([]string{"serve", "-addr", "127.0.0.1:0", "-json"}, more...)...)}
	s.process.Stderr = &s.log
	out, err := s.process.StdoutPipe()
	if err == nil {
		err = s.process.Start()
	}
	if err != nil {
		return nil, err
	}
	var said struct{ URL string }
	if err := json.NewDecoder(out).Decode(&said); err != nil {
		_ = s.process.Wait()
		return nil, fmt.Errorf("the hub does not say where it is: %w: %s", err, s.log.String())
	}
	s.url = said.URL
	return s, nil
}

// stop has the hub end as an operator does; once more does nothing.
func (s *serving) stop() {
	if s.ended {
		return
	}
	s.ended = true
	if err := errors.Join(s.process.Process.Signal(syscall.SIGTERM), s.process.Wait()); err != nil {
		s.t.Errorf("the hub did not end well: %v: %s", err, s.log.String())
	}
}

// kill ends the hub at whatever it does.
func (s *serving) kill() {
	s.ended = true
	_ = s.process.Process.Kill() // that it was killed is what Wait says
	_ = s.process.Wait()
}

// beside opens the hub's database from this process, as any other command does, and closes it when do returns.
func (i *installation) beside(do func(*server.Core)) {
	i.t.Helper()
	core, err := server.OpenCore(i.t.Context(), server.CoreOptions{
		Path: filepath.Join(i.data, "hub.db"), Database: i.db, Files: i.files, Schema: aftersales.Schema, Rules: server.Rules(), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		i.t.Fatal(err)
	}
	do(core)
	if err := core.Close(0); err != nil {
		i.t.Fatal(err)
	}
}

// employ makes a technician with jobs, and returns the code for his phone.
func (i *installation) employ(login string, jobs int, url string) (code string) {
	i.t.Helper()
	var person struct{ ID string }
	i.must(&person, "person", "add", "Li Wei", "-login", login, "-van")
	i.beside(func(core *server.Core) {
		_, err := core.Hub.Do(i.t.Context(), record.ID{}, nil, aftersales.CauseCreate, func(o *hub.Office) error {
			return employed(server.Bind(o, record.ID{}), person.ID, jobs)
		})
		if err != nil {
			i.t.Fatal(err)
		}
	})
	var enrolment struct{ Code string }
	i.must(&enrolment, "device", "enrol", login, "-url", url)
	return enrolment.Code
}

func employed(tx aftersales.Tx, person string, jobs int) error {
	id, err := record.ParseID(person)
	if err != nil {
		return err
	}
	if _, err := aftersales.CreatePart(tx, aftersales.PartInput{Code: "SEAL", Name: map[string]string{"en": "Seal"}}); err != nil {
		return err
	}
	for n := range jobs {
		job, err := aftersales.CreateJob(tx, aftersales.JobInput{
			Branch: aftersales.NamedID("branch", "MAIN"), Title: fmt.Sprintf("pump %d leaks", n),
		})
		if err != nil {
			return err
		}
		if _, err := aftersales.AssignJob(tx, aftersales.AssignInput{Job: job, Person: id}); err != nil {
			return err
		}
	}
	return nil
}

// phone is one of the program's technician processes.
type phone struct {
	t     *testing.T
	in    io.WriteCloser
	lines *bufio.Scanner
	wait  func() error
	over  bool
}

type phoneAnswer struct {
	Done    bool
	Error   string
	Pending int
	Refused int
	Changes []string
	Rows    map[string]string
}

func (i *installation) phone() *phone {
	i.t.Helper()
	return i.phoneIn(i.t.TempDir())
}

// phoneIn starts a technician's process on the replica in the folder.
func (i *installation) phoneIn(dir string) *phone {
	i.t.Helper()
	c := i.command("technician", "-dir", dir)
	in, err := c.StdinPipe()
	if err != nil {
		i.t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		i.t.Fatal(err)
	}
	p := &phone{t: i.t, in: in, lines: bufio.NewScanner(out), wait: c.Wait}
	p.lines.Buffer(nil, 16<<20)
	i.t.Cleanup(p.end)
	return p
}

// end has the process end; once more does nothing.
func (p *phone) end() {
	if p.over {
		return
	}
	p.over = true
	if err := errors.Join(p.in.Close(), p.wait()); err != nil {
		p.t.Error(err)
	}
}

// do gives an order and waits until it is done.
func (p *phone) do(order map[string]any) (a phoneAnswer) {
	p.t.Helper()
	if err := json.NewEncoder(p.in).Encode(order); err != nil {
		p.t.Fatal(err)
	}
	for !a.Done {
		if !p.lines.Scan() {
			p.t.Fatalf("the technician's process ended: %v", p.lines.Err())
		}
		if err := json.Unmarshal(p.lines.Bytes(), &a); err != nil {
			p.t.Fatal(err)
		}
	}
	if a.Error != "" {
		p.t.Fatalf("%v: %s", order["Do"], a.Error)
	}
	return a
}

func (p *phone) sync(url string) {
	p.t.Helper()
	p.do(map[string]any{"Do": "sync", "Server": url, "Within": patience})
}

func playsTheStory(t *testing.T, i *installation) {
	args := []string{"demo", "-story", "-seed", "4"}
	want := 400
	if file := os.Getenv("FIELDSYNC_REAL_CSV"); file != "" {
		args, want = append(args, "-import", file), 5485
	}
	var told map[string]any
	i.must(&told, args...)
	keys := []string{"conflicts", "converged", "devices", "imported", "lost", "offline_changes", "quarantined", "seconds", "warnings"}
	if d := cmp.Diff(keys, slices.Sorted(maps.Keys(told))); d != "" {
		t.Errorf("the keys (-want +got): %s", d)
	}
	for key, least := range map[string]int{"imported": want, "warnings": 1, "devices": 8, "offline_changes": 500, "conflicts": 50, "quarantined": 4} {
		if n, ok := told[key].(float64); !ok || int(n) < least {
			t.Errorf("%s is %v, not at least %d", key, told[key], least)
		}
	}
	if told["lost"] != 0.0 || told["converged"] != true {
		t.Errorf("the story ends badly: %v", told)
	}
}

func runsTheDemo(t *testing.T, i *installation) {
	c := i.command("demo", "-addr", "127.0.0.1:0", "-json")
	c.Env = append(c.Env, "TMPDIR="+t.TempDir())
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	var said struct {
		URL, Login, Password, Replica string
		Jobs                          []string
	}
	if err := json.NewDecoder(out).Decode(&said); err != nil {
		t.Fatal(err)
	}
	if said.Login == "" || len(said.Password) < 10 || len(said.Jobs) == 0 {
		t.Errorf("the demo does not say what to type: %+v", said)
	}
	sam, err := client.Open(t.Context(), client.Options{Path: filepath.Join(said.Replica, "replica.db")})
	if err != nil {
		t.Fatal(err)
	}
	sync(t, sam)
	if status, err := sam.Status(t.Context()); err != nil || !status.Complete {
		t.Errorf("the replica to play with is not complete: %+v %v", status, err)
	}
	if err := sam.Close(); err != nil {
		t.Error(err)
	}
	if err := errors.Join(c.Process.Signal(os.Interrupt), c.Wait()); err != nil {
		t.Errorf("the demo does not end well: %v", err)
	}
	if _, err := os.Stat(filepath.Dir(said.Replica)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the demo leaves its folder behind: %v", err)
	}
}

func refusesNonsense(t *testing.T, i *installation) {
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	text := filepath.Join(t.TempDir(), "jobs.csv")
	if err := os.WriteFile(text, []byte("colour\nred\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, line := range [][]string{
		{}, {"nonsense"}, {"device"}, {"serve", "-colour"}, {"serve", "-zone", "Atlantis"}, {"serve", "-log", "loud"},
		{"serve", "-tls-cert", "a.pem"}, {"serve", "-proxies", "everybody"},
		{"serve", "-addr", taken.Addr().String()}, {"demo", "-addr", taken.Addr().String()}, {"serve", "-addr", "nowhere"},
		{"demo", "-story", "-technicians", "2"}, {"demo", "-import", "missing.csv"}, {"demo", "-addr", "127.0.0.1:0", "-import", text},
		{"import", "jobs"}, {"import", "jobs", "missing.csv"}, {"import", "jobs", t.TempDir()}, {"import", "jobs", text},
		{"import", "jobs", text, "-map", "smell=Nose"}, {"import", "jobs", text, "-currency", "beads"},
		{"person", "add", "Li"}, {"person", "add", "Li", "-login", "li", "-role", "king"},
		{"person", "add", "Li", "-login", "li", "-language", "klingon"}, {"device", "enrol", "li", "-url", "hub.example.com"},
		{"device", "enrol", "li", "-data", filepath.Join(t.TempDir(), "none")}, {"backup"}, {"verify", "-data", t.TempDir()},
		{"move", "-db", "postgres://127.0.0.1:1/none", "-data", filepath.Join(t.TempDir(), "none")},
		{"restore", "missing.db"}, {"restore", text},
	} {
		r := i.run(line...)
		if r.code != 2 || r.out != "" || strings.Count(strings.TrimPrefix(r.err, "A new hub was made in "+i.data+".\n"), "\n") != 1 {
			t.Errorf("fieldsyncd %q exits %d and prints %q, %q", line, r.code, r.out, r.err)
		}
	}
}

func explainsItself(t *testing.T, i *installation) {
	overview := i.run("-h")
	for _, name := range []string{"serve", "demo", "import jobs", "person add", "device enrol", "device revoke", "backup", "restore", "verify"} {
		if !strings.Contains(overview.out, "\n  "+name) {
			t.Errorf("the overview does not name %s", name)
		}
		r := i.run(append(strings.Fields(name), "-h")...)
		for _, part := range []string{"Usage:\n  fieldsyncd " + name, "\nFlags:\n", "\nExample:\n", "-data DIR", "-json"} {
			if r.code != 0 || !strings.Contains(r.out, part) {
				t.Errorf("fieldsyncd %s -h lacks %q", name, part)
			}
		}
	}
	if r := i.run("device", "-h"); r.code != 0 || !strings.Contains(r.out, "device revoke") || strings.Contains(r.out, "person add") {
		t.Errorf("fieldsyncd device -h exits %d and prints %q", r.code, r.out)
	}
	if r := i.run("help", "device", "enrol"); r.code != 0 || !strings.Contains(r.out, "fieldsyncd device enrol LOGIN") {
		t.Errorf("help prints %q", r.out)
	}
}

// The phone was enrolled after the backup: the hub that is restored does not know it. Enrolled again, it is another
// device, and what it had sent as the first is lost nowhere. The office is asked nothing about the key of the first, which
// the hub made by itself.
func takesInFromAStranger(t *testing.T, i *installation) {
	url, stop := i.serve()
	code := i.employ("li", 6, url)
	backup := filepath.Join(t.TempDir(), "backup.db")
	i.must(nil, "backup", backup)
	li := i.phone()
	li.do(map[string]any{"Do": "enrol", "Server": url, "Code": code, "Name": "Li's phone"})
	li.sync(url)
	li.do(map[string]any{"Do": "repair", "Jobs": 3})
	li.sync(url)
	li.do(map[string]any{"Do": "repair", "Jobs": 1})
	stop()
	i.must(nil, "restore", backup, "-force")

	url, stop = i.serve()
	var enrolment struct{ Code, URL string }
	if i.must(&enrolment, "device", "enrol", "li"); enrolment.URL != url {
		t.Errorf("the code is for %s, and the hub is at %s", enrolment.URL, url)
	}
	li.do(map[string]any{"Do": "enrol", "Server": url, "Code": enrolment.Code, "Name": "Li's phone"})
	li.sync(url)
	state := li.do(map[string]any{"Do": "state"})
	if state.Pending != 0 || len(state.Changes) < 12 {
		t.Errorf("the phone stands badly: %+v", state)
	}
	stop()
	i.beside(func(core *server.Core) { i.hasAll(core, state.Changes) })
	i.beside(i.asksNoKeys)
	i.must(nil, "verify")
}

// notesOnAll has somebody in the office write on every job that the phone holds.
func (i *installation) notesOnAll(p *phone, person record.ID) {
	i.t.Helper()
	rows := p.do(map[string]any{"Do": "rows"}).Rows
	i.beside(func(core *server.Core) {
		_, err := core.Hub.Do(i.t.Context(), person, nil, aftersales.CauseEdit, func(o *hub.Office) error {
			for name := range rows {
				id, is := strings.CutPrefix(name, "job/")
				if !is {
					continue
				}
				job, err := record.ParseID(id)
				if err == nil {
					err = server.Bind(o, person).Update("job", job, record.Values{"note": record.Text("call first")})
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			i.t.Fatal(err)
		}
	})
}

// A day since a backup is played again: as it was, nothing is asked that was not; under bad conditions nothing is lost. The
// hub itself is as before.
func rehearses(t *testing.T, i *installation) {
	url, stop := i.serve()
	code := i.employ("li", 6, url)
	other := i.employ("wang", 4, url)
	var boss struct{ ID record.ID }
	i.must(&boss, "person", "add", "Anna Berg", "-login", "anna", "-role", "administrator")
	backup := filepath.Join(t.TempDir(), "morning.db")
	i.must(nil, "backup", backup)
	if r := i.run("rehearse", backup); r.code != 0 || r.out != "Nobody has written anything since that backup: there is nothing to play again.\n" {
		t.Errorf("nothing is played again: %+v", r)
	}
	li, wang := i.phone(), i.phone()
	li.do(map[string]any{"Do": "enrol", "Server": url, "Code": code, "Name": "Li's phone"})
	wang.do(map[string]any{"Do": "enrol", "Server": url, "Code": other, "Name": "Wang's phone"})
	for range 3 {
		for _, p := range []*phone{li, wang} {
			p.sync(url)
			i.notesOnAll(p, boss.ID)
			p.do(map[string]any{"Do": "repair", "Jobs": 1})
			p.sync(url)
		}
	}
	wrote := len(li.do(map[string]any{"Do": "state"}).Changes) + len(wang.do(map[string]any{"Do": "state"}).Changes)

	type told struct {
		Phones, Changes, Office, Refused, Lost int
		Converged                              bool
		Asked, Impossible                      []struct{ Who, About, Code, Says string }
		OlderApp                               *struct{ Phones []string } `json:"older_app"`
	}
	var calm, rough, old told
	i.must(&calm, "rehearse", backup, "-without", "radio,duplicates,clocks,storage,apps")
	if calm.Phones != 2 || calm.Changes != wrote || calm.Office != 6 || calm.Refused > 0 || calm.Lost > 0 || !calm.Converged || len(calm.Impossible) > 0 {
		t.Errorf("of %d changes, without trouble: %+v", wrote, calm)
	}
	i.must(&rough, "rehearse", backup, "-seed", "3")
	if rough.Phones != 2 || rough.Changes != wrote || rough.Lost > 0 || !rough.Converged {
		t.Errorf("of %d changes, with trouble: %+v", wrote, rough)
	}
	stop()
	i.must(nil, "verify")
	// This program as the older one: what it does by orders is what phones do otherwise.
	i.must(&old, "rehearse", backup, "-without", "radio,duplicates,storage", "-old", i.program)
	if old.Phones != 2 || old.Changes != wrote || old.Lost > 0 || !old.Converged || len(old.Impossible) > 0 || old.OlderApp == nil || len(old.OlderApp.Phones) != 1 {
		t.Errorf("of %d changes, with a phone of a program of its own: %+v", wrote, old)
	}
	says := "Older apps: none. Version 1 of "
	if aftersales.Version > 1 {
		says = "Older apps: this program's"
	}
	if r := i.run("rehearse", backup, "-without", "radio"); r.code != 0 || !strings.Contains(r.out, says) {
		t.Errorf("where no older app is known: %+v", r)
	}
	for what, args := range map[string][]string{
		"a trouble that there is not":  {"-without", "luck"},
		"an older app that is none":    {"-old", "/bin/true"},
		"an older app that is nowhere": {"-old", filepath.Join(t.TempDir(), "fieldsyncd")},
		"an older app without":         {"-old", i.program, "-without", "apps"},
	} {
		if r := i.run(append([]string{"rehearse", backup}, args...)...); r.code != 2 {
			t.Errorf("%s: %+v", what, r)
		}
	}
}

func (i *installation) asksNoKeys(core *server.Core) {
	i.t.Helper()
	err := core.Store.Read(i.t.Context(), func(v *store.View) error {
		open, err := v.Quarantined(true, store.Position{}, 99)
		for _, e := range open {
			cs, err := record.ParseChangeSet(e.Encoded)
			if err != nil {
				return err
			}
			if t := aftersales.Schema.TableByID(cs.Rows[0].Table).Name; t == "device_key" || t == "approval_secret" {
				i.t.Errorf("waiting for the office: a row of %s, %s", t, e.Code)
			}
		}
		return err
	})
	if err != nil {
		i.t.Fatal(err)
	}
}

// Two hubs over one database would each keep house, and tell their own devices only.
func servesOnce(t *testing.T, i *installation) {
	_, stop := i.serve()
	if r := i.run("serve", "-addr", "127.0.0.1:0"); r.code != 2 || r.out != "" || !strings.Contains(r.err, "serves "+i.data+" already") {
		t.Errorf("a second hub exits %d and prints %q, %q", r.code, r.out, r.err)
	}
	stop()
	_, stop = i.serve()
	stop()
}

// What a restore replaces is kept under a name of its own, however soon the next restore follows; and each begins an
// epoch, though the database lacks nothing that its companions know of.
func keepsWhatWasReplaced(t *testing.T, i *installation) {
	i.must(nil, "person", "add", "Li Wei", "-login", "li")
	backup := filepath.Join(t.TempDir(), "backup.db")
	i.must(nil, "backup", backup)
	kept := map[string]bool{}
	for n := range 4 {
		var restored struct {
			Epoch, Commit int
			Replaced      string
		}
		i.must(&restored, "restore", backup, "-force")
		if restored.Epoch != n+1 || restored.Commit == 0 {
			t.Errorf("restore %d is of %+v", n+1, restored)
		}
		kept[restored.Replaced] = true
	}
	for path := range kept {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
	if len(kept) != 4 {
		t.Errorf("four restores kept %d databases", len(kept))
	}
}

func importsTwice(t *testing.T, i *installation) {
	file := filepath.Join(t.TempDir(), "jobs.csv")
	text := "When,Machine,What,Cost\n2026-01-05,EX-1,bucket stuck,12.50\n2026-01-05,EX-1,bucket stuck,12.50\n" +
		"2026-01-06,EX-2,斗杆漏油,to be agreed\n,EX-3,no date,1\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	type summary struct{ Imported, Known, Refused, Warnings int }
	line := []string{"import", "jobs", file, "-map", "date=When,asset=Machine,text=What", "-currency", "AUD"}
	var alone, served summary
	i.must(&alone, line...)
	i.serve()
	i.must(&served, line...)
	if d := cmp.Diff(summary{Imported: 3, Refused: 1, Warnings: 1}, alone); d != "" {
		t.Errorf("without a hub that runs (-want +got): %s", d)
	}
	if d := cmp.Diff(summary{Known: 3, Refused: 1, Warnings: 1}, served); d != "" {
		t.Errorf("again, beside a hub that runs (-want +got): %s", d)
	}
	if r := i.run(line...); !strings.Contains(r.err, "line 4, Cost: ") || !strings.Contains(r.err, "line 5: refused: ") {
		t.Errorf("the warnings do not name their lines: %q", r.err)
	}
}

func restores(t *testing.T, i *installation) {
	url, stop := i.serve()
	code := i.employ("li", 6, url)
	li := i.phone()
	li.do(map[string]any{"Do": "enrol", "Server": url, "Code": code, "Name": "Li's phone"})
	li.sync(url)

	copied := make(chan result)
	backup := filepath.Join(t.TempDir(), "backup.db")
	go func() { copied <- i.run("backup", backup, "-json") }()
	li.do(map[string]any{"Do": "repair", "Jobs": 3})
	li.sync(url)
	if r := <-copied; r.code != 0 {
		t.Fatalf("the backup failed: %s", r.err)
	}
	li.do(map[string]any{"Do": "repair", "Jobs": 2}) // the backup lacks these
	i.beside(i.retitles)                             // and this, of which the phone has a copy
	li.sync(url)
	stop()

	var restored struct {
		Epoch    int
		Replaced string
	}
	i.must(&restored, "restore", backup, "-force")
	if _, err := os.Stat(restored.Replaced); restored.Epoch != 1 || err != nil {
		t.Fatalf("restored: %+v %v", restored, err)
	}
	url, stop = i.serve()
	li.sync(url)
	state := li.do(map[string]any{"Do": "state"})
	if state.Pending != 0 || len(state.Changes) < 20 {
		t.Errorf("the phone stands badly: %+v", state)
	}
	for range 2 {
		i.must(nil, "backup", filepath.Join(t.TempDir(), "later.db"))
	}
	li.sync(url)
	if kept := li.do(map[string]any{"Do": "state"}).Changes; len(kept) != 0 {
		t.Errorf("two backups have everything, and the phone still keeps %d changes", len(kept))
	}
	stop()
	i.beside(func(core *server.Core) { i.hasAll(core, state.Changes) })
	i.beside(i.asksTheOffice)
	i.must(nil, "verify")
}

// retitles lets the office write the title of a job.
func (i *installation) retitles(core *server.Core) {
	i.t.Helper()
	ctx := i.t.Context()
	var job record.ID
	err := core.Store.Read(ctx, func(v *store.View) error {
		return v.Select(func(q *sqlrow.Rows) error { job = q.ID(0); return q.Err() }, "SELECT id FROM job ORDER BY id LIMIT 1")
	})
	if err == nil {
		_, err = core.Hub.Do(ctx, record.ID{}, nil, "row.edit", func(o *hub.Office) error {
			return o.Update(aftersales.Schema.Table("job"), job, record.Values{"title": record.Text("written after the backup")})
		})
	}
	if err != nil {
		i.t.Fatal(err)
	}
}

// asksTheOffice checks that what the office wrote, and only the phone still has, waits for the office.
func (i *installation) asksTheOffice(core *server.Core) {
	i.t.Helper()
	err := core.Store.Read(i.t.Context(), func(v *store.View) error {
		open, err := v.Quarantined(true, store.Position{}, 9)
		if err == nil && (len(open) != 1 || open[0].Code != fault.Witness || !bytes.Contains(open[0].Encoded, []byte("after the backup"))) {
			i.t.Errorf("waiting for the office: %+v", open)
		}
		return err
	})
	if err != nil {
		i.t.Fatal(err)
	}
}

// hasAll checks that the hub has judged every one of the changes.
func (i *installation) hasAll(core *server.Core, changes []string) {
	i.t.Helper()
	err := core.Store.Read(i.t.Context(), func(v *store.View) error {
		for part := range slices.Chunk(changes, 1000) {
			ids := make([]record.ID, len(part))
			for n, text := range part {
				if _, err := hex.Decode(ids[n][:], []byte(text)); err != nil {
					return err
				}
			}
			found, err := v.Identified(ids)
			if err != nil {
				return err
			}
			for n, id := range ids {
				if e := found[id]; e == nil || e.Outcome != wire.Applied && e.Outcome != wire.Merged {
					i.t.Errorf("the hub lacks the change %s", part[n])
				}
			}
		}
		return nil
	})
	if err != nil {
		i.t.Fatal(err)
	}
}

func findsDamage(t *testing.T, i *installation) {
	url, stop := i.serve()
	li := i.phone()
	li.do(map[string]any{"Do": "enrol", "Server": url, "Code": i.employ("li", 3, url), "Name": "Li's phone"})
	li.sync(url)
	li.do(map[string]any{"Do": "repair", "Jobs": 3})
	li.sync(url)
	stop()
	var report struct {
		OK       bool
		Rows     int
		Found    int
		Problems []string
	}
	i.must(&report, "verify")
	if !report.OK || report.Rows == 0 || report.Found != 0 {
		t.Fatalf("a sound database: %+v", report)
	}
	const aJob = " WHERE id = (SELECT min(id) FROM job)"
	holdsFrom := func(root string) string {
		return " WHERE until = 9223372036854775807 AND root = (SELECT " + root + "(root) FROM _hold)"
	}
	for _, c := range []struct{ spoil, want string }{
		{"UPDATE job SET _seq = _seq + 100000" + aJob, "is not in the feed"},
		{"UPDATE job SET title = title || '!'" + aJob, "title is not what"},
		{"DELETE FROM _hold WHERE root = (SELECT max(id) FROM assignment WHERE state = 'finished')", "what is not held by it"}, // which a phone finished
		{"UPDATE _hold SET until = since" + holdsFrom("max"), "what is not held by it"},
		{"UPDATE _hold SET person = zeroblob(16)" + holdsFrom("min"), "what is held by it"},
		{"UPDATE _hold SET root = zeroblob(16)" + holdsFrom("min"), "no such row"},
	} {
		db, err := sql.Open("sqlite", filepath.Join(i.data, "hub.db"))
		if err != nil {
			t.Fatal(err)
		}
		_, err = db.ExecContext(t.Context(), c.spoil)
		if err := errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
		known := slices.Clone(report.Problems)
		r := i.run("verify", "-json")
		if err := json.Unmarshal([]byte(r.out), &report); err != nil {
			t.Fatal(err)
		}
		fresh := slices.DeleteFunc(slices.Clone(report.Problems), func(p string) bool { return slices.Contains(known, p) })
		if found := strings.Join(fresh, "; "); r.code != 1 || report.OK || !strings.Contains(found, c.want) {
			t.Errorf("%s: verify exits %d and reports %+v", c.spoil, r.code, report)
		}
	}
}

func revokes(t *testing.T, i *installation) {
	url, _ := i.serve()
	code := i.employ("li", 1, url)
	li, err := client.Open(t.Context(), client.Options{Path: filepath.Join(t.TempDir(), "replica.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = li.Close() }()
	if err := li.Enrol(t.Context(), url, code, "Li's phone"); err != nil {
		t.Fatal(err)
	}
	if err := li.Connect(); err != nil {
		t.Fatal(err)
	}
	online := func(want bool) {
		t.Helper()
		for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
			s, err := li.Status(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if s.Online == want {
				return
			}
			if time.Since(began) > patience {
				t.Fatalf("after %s the phone is %+v", patience, s)
			}
		}
	}
	online(true)
	i.must(nil, "device", "revoke", "Li's phone")
	online(false)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := li.SyncOnce(ctx); err == nil {
		t.Error("the phone is let in again")
	}
}
