package systemtest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"fieldsync/server"
	"fieldsync/server/store"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// shop is a world with a small company in it, and Li, who works from the command line.
type shop struct {
	*world
	program string   // the built fieldtech
	data    string   // Li's folder
	env     []string // of the program, beside the test's own

	li, branch, customer, unit record.ID
	lift, pump, fan            record.ID // jobs
	seal, belt                 record.ID // parts
}

// TestFieldtech builds the program once, and plays its stories with it.
func TestFieldtech(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "fieldtech")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, module+"/client/cmd/fieldtech")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for name, story := range map[string]func(*shop){
		"a day without a network":                    dayWithoutNetwork,
		"a refusal is read, sent again and given up": refusalIsSettled,
		"watch follows what happens until Ctrl-C":    watchFollows,
		"wrong names and wrong states are refused":   wrongNames,
		"commands at the same time take turns":       takeTurns,
		"photos are sent through kills":              photosAreSentThroughKills,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			story(newShop(t, program))
		})
	}
}

func newShop(t testing.TB, program string) *shop {
	t.Helper()
	s := &shop{world: newWorld(t), program: program, data: filepath.Join(t.TempDir(), "li"), li: server.NewID()}
	s.office("company.setup", s.furnish)
	s.office("job.create", s.plan)
	return s
}

// furnish makes the branch, Li with his van, a customer with a machine, and two parts.
func (s *shop) furnish(tx aftersales.Tx) (err error) {
	makeRow := func(id *record.ID) func(record.ID, error) {
		return func(made record.ID, failed error) { *id, err = made, errors.Join(err, failed) }
	}
	var ignored record.ID
	makeRow(&s.branch)(aftersales.CreateBranch(tx, aftersales.BranchInput{
		Code: "B1", Name: "North", Zone: "Asia/Taipei", Currency: "TWD"}))
	makeRow(&s.li)(aftersales.CreatePerson(tx, aftersales.PersonInput{
		ID: s.li, Branch: s.branch, Name: "李小龍", Technician: true}))
	makeRow(&ignored)(aftersales.CreateLocation(tx, aftersales.LocationInput{Branch: s.branch, Name: "Van 7", Holder: s.li}))
	makeRow(&s.customer)(aftersales.CreateParty(tx, aftersales.PartyInput{Branch: s.branch, Name: "大華物業管理"}))
	makeRow(&s.unit)(aftersales.CreateUnit(tx, aftersales.UnitInput{
		Branch: s.branch, Name: "Elevator 3", Serial: "KX-90-17", Party: s.customer}))
	makeRow(&s.seal)(aftersales.CreatePart(tx, aftersales.PartInput{
		Code: "SEAL-40", Barcode: "690001", Name: map[string]string{"en": "seal 40 mm", "zh-Hant": "密封圈"}}))
	makeRow(&s.belt)(aftersales.CreatePart(tx, aftersales.PartInput{Code: "BELT-9", Unit: "m"}))
	return err
}

// plan gives Li three jobs: one for today, one for next week, one for some day.
func (s *shop) plan(tx aftersales.Tx) error {
	hour := time.Hour.Milliseconds()
	for _, job := range []struct {
		id *record.ID
		in aftersales.JobInput
	}{
		{&s.lift, aftersales.JobInput{Number: "J-100", Title: "電梯異音", Unit: s.unit, PlanStart: tx.Now() - hour, PlanEnd: tx.Now()}},
		{&s.pump, aftersales.JobInput{Number: "J-101", Title: "Pump leaks", PlanStart: tx.Now() + 7*24*hour, PlanEnd: tx.Now() + 8*24*hour}},
		{&s.fan, aftersales.JobInput{Number: "K-1", Title: "Fan is loud"}},
	} {
		job.in.Branch = s.branch
		id, err := aftersales.CreateJob(tx, job.in)
		if err != nil {
			return err
		}
		if _, err := aftersales.AssignJob(tx, aftersales.AssignInput{Job: id, Person: s.li}); err != nil {
			return err
		}
		*job.id = id
	}
	return nil
}

// code returns an enrolment code for somebody, who can sign in from then on.
func (s *shop) code(person record.ID, login string) string {
	s.t.Helper()
	err := s.core.Store.Write(s.t.Context(), func(tx *store.Tx) error {
		return tx.AddPerson(store.Person{ID: person, Login: login, Name: login, Active: true})
	})
	if err != nil {
		s.t.Fatal(err)
	}
	code, _, err := s.core.Devices.NewCode(s.t.Context(), person)
	if err != nil {
		s.t.Fatal(err)
	}
	return code
}

// ran is how a run of the program ended.
type ran struct {
	exit     int
	out, err string
}

func (s *shop) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(s.t.Context(), s.program, args...)
	cmd.Env = append(os.Environ(), "FIELDTECH_DATA="+s.data, "LC_ALL=zh_TW.UTF-8", "TZ=Asia/Taipei")
	cmd.Env = append(cmd.Env, s.env...)
	return cmd
}

func (s *shop) run(args ...string) ran {
	s.t.Helper()
	var out, errs bytes.Buffer
	cmd := s.command(args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		s.t.Fatal(err)
	}
	return ran{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

// done runs a command that must succeed, and returns what it prints.
func (s *shop) done(args ...string) string {
	s.t.Helper()
	r := s.run(args...)
	if r.exit != 0 || r.err != "" {
		s.t.Fatalf("fieldtech %s: %+v", strings.Join(args, " "), r)
	}
	return r.out
}

// refused runs a command that must fail with the code.
func (s *shop) refused(code string, args ...string) string {
	s.t.Helper()
	r := s.run(append(args, "-json")...)
	var said struct{ Code, Message string }
	if err := json.Unmarshal([]byte(r.err), &said); r.exit != 1 || err != nil || said.Code != code || r.out != "" {
		s.t.Fatalf("fieldtech %s: %+v, want the code %s", strings.Join(args, " "), r, code)
	}
	return said.Message
}

// lines runs a command with -json and returns what it prints, an object a line.
func (s *shop) lines(args ...string) (objects []map[string]any) {
	s.t.Helper()
	decoder := json.NewDecoder(strings.NewReader(s.done(append(args, "-json")...)))
	for {
		var object map[string]any
		err := decoder.Decode(&object)
		if errors.Is(err, io.EOF) {
			return objects
		}
		if err != nil {
			s.t.Fatalf("fieldtech %s: %v", strings.Join(args, " "), err)
		}
		objects = append(objects, object)
	}
}

func (s *shop) object(args ...string) map[string]any {
	s.t.Helper()
	objects := s.lines(args...)
	if len(objects) != 1 {
		s.t.Fatalf("fieldtech %s prints %d objects", strings.Join(args, " "), len(objects))
	}
	return objects[0]
}

func (s *shop) column(key string, args ...string) (values []string) {
	s.t.Helper()
	for _, object := range s.lines(args...) {
		value, _ := object[key].(string)
		values = append(values, value)
	}
	return values
}

func (s *shop) wantColumn(want []string, key string, args ...string) {
	s.t.Helper()
	if got := s.column(key, args...); !slices.Equal(got, want) {
		s.t.Fatalf("fieldtech %s has %s %q, want %q", strings.Join(args, " "), key, got, want)
	}
}

func (s *shop) wants(text string, parts ...string) {
	s.t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			s.t.Fatalf("%q is missing in\n%s", part, text)
		}
	}
}

// enrolled enrols Li's computer and fetches his work.
func (s *shop) enrolled() {
	s.t.Helper()
	s.done("enrol", s.url, s.code(s.li, "li"), "-name", "Li's laptop")
	s.done("sync", "-within", patience.String())
}

func dayWithoutNetwork(s *shop) {
	code := s.code(s.li, "li")
	s.refused("bad_code", "enrol", s.url, "WRONG")
	if got := s.object("enrol", s.url, code); got["person"] != s.li.String() || got["server"] != s.url || got["data"] != s.data {
		s.t.Fatalf("enrolled as %v", got)
	}
	s.wants(s.done("jobs"), "No open jobs here", "fieldtech sync")
	s.wants(s.done("status"), "nothing yet: fieldtech sync")
	if got := s.object("sync", "-within", patience.String()); got["level"] != true || got["pending"] != 0.0 || got["refused"] != 0.0 {
		s.t.Fatalf("the first sync says %v", got)
	}
	if got := s.object("status"); got["complete"] != true || got["name"] != "李小龍" || got["pending"] != 0.0 {
		s.t.Fatalf("the status is %v", got)
	}

	s.wantColumn([]string{"J-100", "J-101", "K-1"}, "number", "jobs")
	s.wantColumn([]string{"J-100"}, "number", "jobs", "-today")
	s.wantColumn([]string{"J-100"}, "number", "jobs", "-find", "物業 90-17")
	s.wants(s.done("jobs", "-today"), "NUMBER", "J-100", "planned", "大華物業管理", "電梯異音")
	s.wants(s.done("show", "J-100"), "電梯異音", "大華物業管理", "KX-90-17", s.lift.String())
	s.wants(s.done("part", "search", "密封"), "SEAL-40", "密封圈", "690001")

	s.offline()
	s.refused("no_network", "sync")
	s.wants(s.done("accept", "J-100"), "J-100: planned, visit accepted. 1 change to send.")
	s.done("travel", "J-100")
	s.done("arrive", s.lift.String()) // by its id
	s.done("pause", "J-100")
	s.done("resume", "J-100")
	s.done("part", "use", "J-100", "690001", "2", "-note", "both sides")
	s.done("part", "use", "J-100", "belt", "1.5")
	s.done("part", "return", "J-100", "SEAL", "-condition", "defective", "-tag", "T-9")
	if r := s.run("photo", "J-100", s.t.TempDir()); r.exit != 2 || !strings.Contains(r.err, "is a folder") {
		s.t.Errorf("a folder as a photo: %+v", r)
	}
	if slip := s.done("slip", "J-100"); !regexp.MustCompile(`part +SEAL-40 +1 pcs +return`).MatchString(slip) {
		s.t.Errorf("the slip does not say what was taken back: %s", slip)
	}
	s.done("note", "J-100", "客戶", "rings at 9")
	completed := s.object("complete", "J-100", "-finding", "軸承磨損", "-summary", "bearing replaced", "-meter", "10422")
	if completed["did"] != "job.complete" || completed["state"] != "done" || completed["visit"] != "completed" || completed["pending"] != 10.0 {
		s.t.Fatalf("completing says %v", completed)
	}
	s.done("noaccess", "J-101", "-reason", "gate locked")
	s.done("decline", "K-1", "-reason", "needs a crane")
	s.wantColumn(slices.Repeat([]string{"waiting"}, 12), "state", "outbox")
	s.wants(s.done("outbox"), "part.use", "movement 2 pcs SEAL-40 of J-100")
	s.wants(s.done("status"), "12 changes")
	s.wantColumn([]string{"J-101"}, "number", "jobs") // what he gave back is his no more
	s.wants(s.done("part", "stock"), "BELT-9", "-1.5 m", "SEAL-40", "-2 pcs", "1 pcs defective")
	if moves := s.lines("part", "ledger"); len(moves) != 3 {
		s.t.Fatalf("the ledger has %v", moves)
	}

	if got := s.object("sync", "-server", s.url, "-within", patience.String()); got["sent"] != 12.0 || got["pending"] != 0.0 || got["refused"] != 0.0 {
		s.t.Fatalf("the second sync says %v", got)
	}
	s.wants(s.done("outbox"), "Nothing waits, and nothing was refused.")
	s.wantColumn(slices.Repeat([]string{"accepted"}, 12), "state", "outbox", "-all")
	if there := s.jobOnHub(s.lift); there.State != aftersales.JobDone || there.Finding != "軸承磨損" || there.Meter != 10422 {
		s.t.Fatalf("on the hub the repair is %+v", there)
	}
	if there := s.jobOnHub(s.fan); there.State != aftersales.JobNew {
		s.t.Fatalf("the declined job is %+v", there)
	}
	s.wantColumn([]string{"J-101"}, "number", "jobs")
	s.wants(s.done("show", "J-100", "-json"), `"text":"客戶 rings at 9"`, `"summary":"bearing replaced"`, `"tag":"T-9"`)
}

// offline points Li's computer to where no hub is.
func (s *shop) offline() { s.refused("no_network", "sync", "-server", "http://127.0.0.1:1") }

func wrongNames(s *shop) {
	s.enrolled()
	s.wants(s.refused("ambiguous", "accept", "J-10"), "J-100", "J-101")
	s.refused("unknown_row", "accept", "J-7")
	s.refused("unknown_row", "part", "use", "J-100", "none")
	s.refused("wrong_state", "resume", "J-100")
	s.refused("missing_reason", "decline", "J-100")
	s.refused("unknown_code", "noaccess", "J-100", "-reason", "closed", "-code", "no such code")
	s.refused("bad_quantity", "part", "use", "J-100", "BELT-9", "0")
	s.refused("missing_text", "note", "J-100", " ")
	s.refused("unknown_row", "outbox", "resend", "d1:1")
	if r := s.run("accept", "J-10"); r.exit != 1 || !strings.HasPrefix(r.err, "fieldtech: \"J-10\" may be J-100, J-101") ||
		strings.Count(r.err, "\n") != 1 {
		s.t.Fatalf("an ambiguity is told as %+v", r)
	}
	s.wantColumn(nil, "state", "outbox", "-all")
}

func takeTurns(s *shop) {
	s.enrolled()
	const notes = 6
	ended := make(chan ran)
	for range notes {
		go func() { ended <- s.inTurn("note", "J-100", "me too") }()
	}
	for range notes {
		if r := <-ended; r.exit != 0 {
			s.t.Errorf("one ends with %+v", r)
		}
	}
	s.wantColumn(slices.Repeat([]string{"waiting"}, notes), "state", "outbox")
}

// inTurn runs a command again that waited for its turn for longer than a command does, as on a busy machine.
func (s *shop) inTurn(args ...string) (r ran) {
	for r = s.run(append(args, "-json")...); strings.Contains(r.err, `"in_use"`); r = s.run(append(args, "-json")...) {
		s.t.Log("its turn did not come in time:", r.err)
	}
	return r
}

func refusalIsSettled(s *shop) {
	s.enrolled()
	s.done("part", "use", "J-100", "SEAL-40")
	s.office("row.delete", func(tx aftersales.Tx) error { return tx.Delete("part", s.seal) })
	s.wants(s.done("sync", "-within", patience.String()), "put 1 change aside", "fieldtech outbox")
	s.wants(s.done("status"), "1 change: fieldtech outbox says why")
	refusedOnce := s.onlyRefused()

	s.done("outbox", "resend", refusedOnce)
	s.wantColumn([]string{"waiting"}, "state", "outbox")
	s.refused("unknown_row", "outbox", "resend", refusedOnce)
	s.done("sync", "-within", patience.String())
	refusedTwice := s.onlyRefused()
	if refusedTwice == refusedOnce {
		s.t.Fatal("what was sent again has the old name")
	}
	if got := s.object("outbox", "dismiss", refusedTwice); got["did"] != "dismissed" {
		s.t.Fatalf("dismissing says %v", got)
	}
	s.wantColumn(nil, "state", "outbox")
	s.wantColumn([]string{"closed", "closed"}, "state", "outbox", "-all")
}

// onlyRefused returns the name of the one change that was refused, as its part is unknown.
func (s *shop) onlyRefused() string {
	s.t.Helper()
	list := s.lines("outbox")
	if len(list) != 1 || list[0]["state"] != "refused" || list[0]["code"] != "unknown_part" || list[0]["message"] == "" ||
		!strings.Contains(fmt.Sprint(list[0]["about"]), "J-100") {
		s.t.Fatalf("the outbox is %v", list)
	}
	return list[0]["change"].(string)
}

func watchFollows(s *shop) {
	s.enrolled()
	watch := s.command("watch", "-json")
	out, err := watch.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	var errs bytes.Buffer
	watch.Stderr = &errs
	if err := watch.Start(); err != nil {
		s.t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	hear := func(what string, fits func(map[string]any) bool) {
		s.t.Helper()
		for lines.Scan() {
			var line map[string]any
			if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
				s.t.Fatal(err)
			}
			if fits(line) {
				return
			}
		}
		s.t.Fatalf("watch ended without %s: %s", what, &errs)
	}
	hear("a connection", func(line map[string]any) bool { return line["connection"] == "online" })
	s.office("job.note", func(tx aftersales.Tx) error {
		_, err := aftersales.AddNote(tx, s.pump, "bring a ladder")
		return err
	})
	hear("the note", func(line map[string]any) bool {
		return line["table"] == "comment" && line["job"] == "J-101" && line["name"] == "bring a ladder" && line["at"] != ""
	})

	s.wants(s.done("show", "J-101"), "bring a ladder") // reading goes on beside it
	s.refused("in_use", "note", "J-101", "ok")

	if err := watch.Process.Signal(os.Interrupt); err != nil {
		s.t.Fatal(err)
	}
	for lines.Scan() { // to the end, before Wait closes the pipe
	}
	if err := watch.Wait(); err != nil || errs.Len() > 0 {
		s.t.Fatalf("watch ends with %v: %s", err, &errs)
	}
	s.done("note", "J-101", "ok")
}
