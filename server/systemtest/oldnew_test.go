package systemtest

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fieldsync/client"
	"fieldsync/server"
	"fieldsync/server/store"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/device"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"

	"github.com/google/go-cmp/cmp"
)

// What older versions left: for each version of the protocol a folder testdata/oldnew/fsN with
//
//	before.tar.zst    the hub's folder and a device's, as they were before they met
//	conversation.txt  what they then said to each other: see conversation
//	after.txt         what the device held afterwards: its work, and what became of what it had written
//
// A folder is made once, by the last program that speaks the version, and never again after its release. Until then a
// change of the wire or of the stores that needs no migration makes it anew: go test ./server/systemtest -run TestRecordings -record
const recordings = "testdata/oldnew"

var recordAnew = flag.Bool("record", false, "make the recording of this version of the protocol anew")

// TestRecordings holds this program against every version before it, and against itself: devices that stayed as they were
// meet today's hub, and today's device opens their files and hears the hub of their days.
func TestRecordings(t *testing.T) {
	t.Parallel()
	if *recordAnew {
		makeRecording(t)
	}
	folders, err := filepath.Glob(filepath.Join(recordings, "*"))
	if err != nil || !slices.Contains(folders, filepath.Join(recordings, wire.Subprotocol)) {
		t.Fatalf("nothing is recorded of %s: %v %v", wire.Subprotocol, folders, err)
	}
	for _, folder := range folders {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			t.Parallel()
			r := readRecording(t, folder)
			for name, test := range map[string]func(*testing.T, *recording){
				"a device of old speaks to this hub":         speaksToThisHub,
				"this device has the file, and hears of old": hearsTheHubOfOld,
				"both files meet as they are":                meet(aftersales.Schema, aftersales.Schema),
				"both files meet, the hub knows more":        meet(nextSchema(), aftersales.Schema),
				"both files meet, the device knows more":     meet(aftersales.Schema, nextSchema()),
			} {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					test(t, r)
				})
			}
		})
	}
}

// nextSchema is the schema after this one: jobs have one more column.
func nextSchema() *schema.Schema {
	s := aftersales.Schema
	var tables []*schema.Table
	for _, t := range s.Tables {
		own := *t
		if t.Name == "job" {
			own.Columns = append(slices.Clone(t.Columns), schema.Column{ID: 999, Name: "of_tomorrow", Kind: schema.Text, Since: s.Version + 1})
		}
		tables = append(tables, &own)
	}
	return schema.Must(schema.New(s.Name, s.Version+1, tables...))
}

type recording struct {
	before []byte
	after  string
	conversation
}

func readRecording(t *testing.T, folder string) *recording {
	t.Helper()
	file := func(name string) []byte {
		content, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	c, err := parseConversation(string(file("conversation.txt")))
	if err != nil {
		t.Fatal(err)
	}
	return &recording{before: file("before.tar.zst"), after: string(file("after.txt")), conversation: *c}
}

// hubAt opens a hub on the files in the folder, which believes that it is that time; zero is now.
func hubAt(t testing.TB, dir string, s *schema.Schema, at time.Time) (core *server.Core, url string, closed func()) {
	t.Helper()
	now := time.Now
	if !at.IsZero() {
		now = func() time.Time { return at }
	}
	core, err := server.OpenCore(context.WithoutCancel(t.Context()), server.CoreOptions{
		Path: filepath.Join(dir, "hub.db"), Schema: s, Rules: server.Rules(), Log: slog.New(slog.DiscardHandler), Now: now,
	})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(core.Handler())
	return core, web.URL, func() {
		if err := core.Close(0); err != nil {
			t.Error(err)
		}
		web.CloseClientConnections()
		web.Close()
	}
}

func phoneAt(t testing.TB, dir string, s *schema.Schema) *client.Client {
	t.Helper()
	c, err := client.Open(t.Context(), client.Options{Path: filepath.Join(dir, "li.db"), Schema: s, App: "fieldsync"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if c.Recovered() != nil {
		t.Fatalf("the file of old counts as damaged: %+v", c.Recovered())
	}
	return c
}

// speaksToThisHub says what the device of old said to a hub of today on the hub's files of old: it is answered alike.
func speaksToThisHub(t *testing.T, r *recording) {
	_, address, closed := hubAt(t, unpack(t, r.before), aftersales.Schema, r.at)
	t.Cleanup(closed)
	old := &rogue{t: t, w: &world{t: t, url: address}}
	var err error
	if old.codec, err = wire.NewCodec(aftersales.Schema); err != nil {
		t.Fatal(err)
	}
	old.dial()
	heard, wanted := map[wire.Kind]int{}, map[wire.Kind]int{}
	var answers []said
	listen := func(enough func() bool) {
		for !enough() {
			_ = old.socket.SetReadDeadline(time.Now().Add(patience))
			opcode, payload, err := readFrame(old.in)
			if err != nil || opcode == frameClose {
				t.Fatalf("the hub of today hangs up on a device of old after %v of %v: %v", heard, wanted, err)
			}
			if opcode == frameBinary {
				heard[wire.Kind(payload[0])]++
				answers = append(answers, said{message: payload})
			}
		}
	}
	then := contents(t, old.codec, r.said)
	for _, s := range r.said {
		if !s.device {
			wanted[s.kind()]++
			continue
		}
		listen(func() bool { return covers(heard, wanted) })
		if s.kind() == wire.KindBye && !slices.Equal(then, contents(t, old.codec, answers)) {
			break
		}
		if !old.write(frame(frameBinary, s.message)) {
			t.Fatal("the hub of today does not listen to a device of old")
		}
	}
	if d := cmp.Diff(then, contents(t, old.codec, answers)); d != "" {
		t.Errorf("the hub of today answers a device of old otherwise (-then +now): %s", d)
	}
}

// contents sums up what a hub said: what became of each change set, which buckets came and went, and how each row was in
// the end. What a hub chooses by chance, such as the ids of notices, is not compared.
func contents(t *testing.T, codec *wire.Codec, all []said) (lines []string) {
	t.Helper()
	rows := map[string]string{}
	keep := func(batches []wire.Rows) {
		for _, b := range batches {
			table := aftersales.Schema.TableByID(b.Table)
			for _, row := range b.Rows {
				for i, id := range b.Columns {
					if at := table.ColumnByID(id); at >= 0 && working(table.Name) {
						rows[fmt.Sprintf("%s/%s.%s", table.Name, row.ID, table.Columns[at].Name)] = textOf(&table.Columns[at], row.Values[i])
					}
				}
			}
		}
	}
	for _, s := range all {
		if s.device {
			continue
		}
		m, err := codec.Decode(s.message, wire.MaxMessage)
		if err != nil {
			t.Fatalf("%x: %v", s.message[:2], err)
		}
		switch m := m.(type) {
		case wire.Verdicts:
			for _, v := range m.Verdicts {
				lines = append(lines, fmt.Sprintf("%d: %d times outcome %d, code %q, hash %x", v.Counter, v.Count, v.Outcome, v.Code, v.Hash))
			}
			keep(m.Rows)
		case wire.Page:
			for _, b := range m.Leave {
				lines = append(lines, fmt.Sprintf("left %v", b))
			}
			for _, b := range m.Enter {
				lines = append(lines, fmt.Sprintf("entered %v", b))
			}
			keep(m.Rows)
		case wire.Refusal:
			lines = append(lines, fmt.Sprintf("refused: %s", m.Code))
		}
	}
	for name, value := range rows {
		lines = append(lines, name+" = "+value)
	}
	slices.Sort(lines)
	return lines
}

// working reports whether rows of the table are about work: what the story of a recording changes.
func working(table string) bool {
	return slices.Contains([]string{"job", "assignment", "visit", "comment", "slip", "time_mark"}, table)
}

// textOf writes a value so that a difference can be read.
func textOf(c *schema.Column, v record.Value) string {
	switch {
	case c.Kind == schema.Ref && !v.IsNull():
		return v.Ref().String()
	case v.Shape() == record.ShapeNumber:
		return fmt.Sprint(v.Number())
	case v.Shape() == record.ShapeText:
		return fmt.Sprintf("%q", v.Text())
	}
	return fmt.Sprintf("%x", v.AppendBinary(nil))
}

// hearsTheHubOfOld opens the device's file of old and has it hear what the hub of old said: it holds the same afterwards.
func hearsTheHubOfOld(t *testing.T, r *recording) {
	phone := phoneAt(t, unpack(t, r.before), aftersales.Schema)
	hub := httptest.NewServer(&reciter{conversation: &r.conversation, t: t})
	t.Cleanup(hub.Close)
	t.Cleanup(hub.CloseClientConnections)
	if err := phone.Move(hub.URL); err != nil {
		t.Fatal(err)
	}
	sync(t, phone)
	r.isAsThen(t, phone)
}

// meet returns what brings device and hub of old together as programs of today, each with its schema.
func meet(hubs, devices *schema.Schema) func(*testing.T, *recording) {
	return func(t *testing.T, r *recording) {
		dir := unpack(t, r.before)
		core, address, closed := hubAt(t, dir, hubs, time.Time{})
		t.Cleanup(closed)
		phone := phoneAt(t, dir, devices)
		if err := phone.Move(address); err != nil {
			t.Fatal(err)
		}
		sync(t, phone)
		r.isAsThen(t, phone)
		visits := jobsOf(t, phone)
		if len(visits) == 0 {
			t.Fatal("the phone has no jobs")
		}
		for _, job := range visits {
			update(t, phone, aftersales.CauseJobNote, func(tx aftersales.Tx) error {
				_, err := aftersales.AddNote(tx, job, "written by a later program")
				return err
			})
		}
		sync(t, phone)
		if status, err := phone.Status(t.Context()); err != nil || status.Pending != 0 || status.Refused != 1 {
			t.Errorf("the device goes on badly: %+v %v", status, err)
		}
		if report, err := core.Store.Verify(t.Context()); err != nil || !report.OK() {
			t.Errorf("the hub is not whole: %+v %v", report, err)
		}
	}
}

// jobsOf returns the jobs on the device.
func jobsOf(t *testing.T, phone *client.Client) (jobs []record.ID) {
	t.Helper()
	err := phone.Each(t.Context(), func(row *record.Row) error {
		if row.Table.Name == "job" {
			jobs = append(jobs, row.ID)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return jobs
}

// isAsThen compares what the device holds with what it held when the recording was made.
func (r *recording) isAsThen(t *testing.T, phone *client.Client) {
	t.Helper()
	if d := cmp.Diff(strings.Split(r.after, "\n"), strings.Split(holdings(t, phone), "\n")); d != "" {
		t.Errorf("the device holds something else (-then +now): %s", d)
	}
}

// holdings says, a line each, what work the device holds, and what became of what it wrote.
func holdings(t *testing.T, phone *client.Client) string {
	t.Helper()
	var lines []string
	err := phone.Each(t.Context(), func(row *record.Row) error {
		if !working(row.Table.Name) {
			return nil
		}
		for i, v := range row.Cols {
			if !v.IsNull() {
				c := &row.Table.Columns[i]
				lines = append(lines, fmt.Sprintf("%s/%s.%s = %s", row.Table.Name, row.ID, c.Name, textOf(c, v)))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for state, name := range map[device.State]string{
		device.Pending: "waits", device.Accepted: "was accepted", device.Refused: "was refused", device.Closed: "was closed",
	} {
		list, err := phone.Outbox(t.Context(), state)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range list {
			lines = append(lines, strings.TrimSpace(fmt.Sprintf("%v %s %s %s", one.Identity(), one.Cause, name, one.Code)))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n") + "\n"
}

// makeRecording plays the story that is recorded: a technician works without a network, on a job of his own, on one that the
// office changes meanwhile and on one that is taken from him; something that he writes is not his to say; then both meet.
func makeRecording(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	emptyHub(t, filepath.Join(dir, "hub.db"))
	li := playUpToTheMeeting(t, dir)
	before := pack(t, dir)
	_, address, closed := hubAt(t, dir, aftersales.Schema, time.Time{})
	at, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	way := recorded(t, at.Host)
	phone := phoneAt(t, dir, aftersales.Schema)
	if err := phone.Move(way.url); err != nil {
		t.Fatal(err)
	}
	c := conversation{at: time.Now()}
	sync(t, phone)
	after := holdings(t, phone)
	if err := phone.Close(); err != nil {
		t.Fatal(err)
	}
	closed()
	c.said = way.heard()
	for _, told := range []string{"was accepted", "was refused not_allowed", li.String()} {
		if !strings.Contains(after, told) {
			t.Fatalf("%q is not in:\n%s", told, after)
		}
	}
	folder := filepath.Join(recordings, wire.Subprotocol)
	if err := os.MkdirAll(folder, 0o750); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"before.tar.zst": before, "conversation.txt": []byte(c.String()), "after.txt": []byte(after),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// playUpToTheMeeting makes the files of a hub and a device that both have something to say, and returns who has the device.
func playUpToTheMeeting(t *testing.T, dir string) record.ID {
	t.Helper()
	core, address, closed := hubAt(t, dir, aftersales.Schema, time.Time{})
	defer closed()
	c := &company{world: &world{t: t, core: core, path: filepath.Join(dir, "hub.db"), url: address}}
	c.office("set up", func(tx aftersales.Tx) error { return aftersales.SetUp(tx) })
	c.found()
	li := server.NewID()
	err := core.Store.Write(t.Context(), func(tx *store.Tx) error {
		return tx.AddPerson(store.Person{ID: li, Login: "li", Name: "李娜", Active: true})
	})
	if err != nil {
		t.Fatal(err)
	}
	c.employ(li)
	own, shared, lost := c.job("Pump leaks", li), c.job("循环泵压力不足", li), c.job("Door sticks", li)
	code, _, err := core.Devices.NewCode(t.Context(), li)
	if err != nil {
		t.Fatal(err)
	}
	phone := phoneAt(t, dir, aftersales.Schema)
	if err := phone.Enrol(t.Context(), address, code, "Li's phone"); err != nil {
		t.Fatal(err)
	}
	sync(t, phone)
	repair(t, phone, own)
	set := func(job record.ID, column, value string) {
		update(t, phone, aftersales.CauseEdit, func(tx aftersales.Tx) error {
			return tx.Update("job", job, record.Values{column: record.Text(value)})
		})
	}
	set(shared, "note", "the valve is new")
	set(shared, "title", "which is the office's to say")
	set(lost, "note", "oiled it, without hearing that it went to a colleague")
	c.office(aftersales.CauseEdit, func(tx aftersales.Tx) error {
		return tx.Update("job", shared, record.Values{"note": record.Text("the customer is in from two")})
	})
	c.takeAway(lost)
	c.job("Fan rattles", li)
	if err := phone.Close(); err != nil {
		t.Fatal(err)
	}
	return li
}
