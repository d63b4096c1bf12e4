package systemtest

import (
	"bufio"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"fieldsync/server"
	"fieldsync/server/auth"
	"fieldsync/server/store"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

// rogue is a device whose owner does as he likes with it: it is enrolled, and it sends what no client would. Its
// WebSocket is written out here, so that broken frames can be sent too.
type rogue struct {
	t      testing.TB
	w      *world
	codec  *wire.Codec
	person record.ID
	device record.ID
	key    ed25519.PrivateKey

	socket net.Conn
	in     *bufio.Reader
	token  []byte
	actor  clock.Actor
	epoch  uint32
	head   uint64
	pushed uint64 // the highest counter written

	pages   uint32                 // that came on this connection
	reached [schema.Classes]uint64 // the commit that they brought each class to
}

// rogue enrols a device for a new person.
func (w *world) rogue(login string) *rogue {
	w.t.Helper()
	person := server.NewID()
	err := w.core.Store.Write(w.t.Context(), func(tx *store.Tx) error {
		return tx.AddPerson(store.Person{ID: person, Login: login, Name: login, Active: true})
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return w.rogueOf(person)
}

func (w *world) rogueOf(person record.ID) *rogue {
	w.t.Helper()
	code, _, err := w.core.Devices.NewCode(w.t.Context(), person)
	if err != nil {
		w.t.Fatal(err)
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		w.t.Fatal(err)
	}
	d, err := w.core.Devices.Enrol(w.t.Context(), code, public, "phone", record.ID{})
	if err != nil {
		w.t.Fatal(err)
	}
	codec, err := wire.NewCodec(aftersales.Schema)
	if err != nil {
		w.t.Fatal(err)
	}
	return &rogue{t: w.t, w: w, codec: codec, person: person, device: d.ID, key: private}
}

// dial opens a socket up to the end of the WebSocket's handshake.
func (r *rogue) dial() *rogue {
	r.t.Helper()
	u, err := url.Parse(r.w.url)
	if err != nil {
		r.t.Fatal(err)
	}
	if r.socket, err = net.Dial("tcp", u.Host); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = r.socket.Close() })
	if _, err = io.WriteString(r.socket, r.upgrade(u.Host)); err != nil {
		r.t.Fatal(err)
	}
	r.in = bufio.NewReader(r.socket)
	answer, err := http.ReadResponse(r.in, nil)
	if err != nil || answer.StatusCode != http.StatusSwitchingProtocols {
		r.t.Fatalf("the hub does not upgrade: %v %v", answer, err)
	}
	return r
}

func (r *rogue) upgrade(host string) string {
	return "GET /sync HTTP/1.1\r\nHost: " + host + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + base64.StdEncoding.EncodeToString(make([]byte, 16)) +
		"\r\nSec-WebSocket-Protocol: " + wire.Subprotocol + "\r\n\r\n"
}

func (r *rogue) hangUp() { _ = r.socket.Close() }

// The opcodes of frames.
const (
	frameText   = 1
	frameBinary = 2
	frameClose  = 8
	framePing   = 9
)

// frame returns one whole frame as a client sends it, masked with zeros.
func frame(opcode byte, payload []byte) []byte {
	b := []byte{0x80 | opcode}
	switch n := len(payload); {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	return append(append(b, 0, 0, 0, 0), payload...)
}

// write sends bytes as they are, and reports whether the hub took them.
func (r *rogue) write(b []byte) bool {
	_ = r.socket.SetWriteDeadline(time.Now().Add(patience))
	_, err := r.socket.Write(b)
	return err == nil
}

func (r *rogue) encode(m wire.Message) []byte {
	r.t.Helper()
	b, err := r.codec.Encode(nil, m)
	if err != nil {
		r.t.Fatalf("%T: %v", m, err)
	}
	return b
}

func (r *rogue) send(m wire.Message) bool { return r.write(frame(frameBinary, r.encode(m))) }

var errHungUp = errors.New("the hub hung up")

// receive returns the next message. The error is errHungUp, or that of a hub that is silent for so long.
func (r *rogue) receive(within time.Duration) (wire.Message, error) {
	r.t.Helper()
	_ = r.socket.SetReadDeadline(time.Now().Add(within))
	for {
		opcode, payload, err := r.readFrame()
		var slow net.Error
		switch {
		case errors.As(err, &slow) && slow.Timeout():
			return nil, err
		case err != nil || opcode == frameClose:
			return nil, errHungUp
		case opcode == frameBinary:
			m, err := r.codec.Decode(payload, wire.MaxMessage)
			if err != nil {
				r.t.Fatalf("the hub sends what cannot be read: %v", err)
			}
			r.follow(m)
			return m, nil
		}
	}
}

// follow notes how far a page brings its class.
func (r *rogue) follow(m wire.Message) {
	if p, ok := m.(wire.Page); ok {
		if r.pages++; p.Last {
			r.reached[p.Class] = max(r.reached[p.Class], p.To)
		}
	}
}

func (r *rogue) readFrame() (opcode byte, payload []byte, err error) {
	var head [2]byte
	if _, err = io.ReadFull(r.in, head[:]); err != nil {
		return 0, nil, err
	}
	size := uint64(head[1] & 127)
	switch size {
	case 126:
		var n [2]byte
		_, err = io.ReadFull(r.in, n[:])
		size = uint64(binary.BigEndian.Uint16(n[:]))
	case 127:
		var n [8]byte
		_, err = io.ReadFull(r.in, n[:])
		size = binary.BigEndian.Uint64(n[:])
	}
	if err != nil {
		return 0, nil, err
	}
	payload = make([]byte, size)
	_, err = io.ReadFull(r.in, payload)
	return head[0] & 15, payload, err
}

// patience is how long a test waits for what must come: a bound for what never does, not a promise of speed. What is
// promised in seconds (a revoked phone is off within 5) holds on a machine that does nothing else meanwhile.
const patience = 3 * time.Minute

// await returns the next message of that type; others that come before it are passed over.
func await[M wire.Message](r *rogue) M {
	r.t.Helper()
	for {
		m, err := r.receive(patience)
		if err != nil {
			r.t.Fatalf("the hub sends no %T: %v", *new(M), err)
		}
		if wanted, ok := m.(M); ok {
			return wanted
		}
		if refusal, ok := m.(wire.Refusal); ok {
			r.t.Fatalf("the hub sends no %T: %s: %s", *new(M), refusal.Code, refusal.Message)
		}
	}
}

// ended reads on until the hub has ended the connection, and returns the code it gave, "" if none.
func (r *rogue) ended() (code fault.Code) {
	r.t.Helper()
	for {
		m, err := r.receive(patience)
		if errors.Is(err, errHungUp) {
			return code
		}
		if err != nil {
			r.t.Fatalf("the hub keeps the connection: %v", err)
		}
		if refusal, ok := m.(wire.Refusal); ok {
			code = refusal.Code
		}
	}
}

// refused is ended with the code that must have been given.
func (r *rogue) refused(want fault.Code) {
	r.t.Helper()
	if got := r.ended(); got != want {
		r.t.Fatalf("the hub refuses with %q, want %q", got, want)
	}
}

func (r *rogue) hello() wire.Hello {
	return wire.Hello{
		Device: r.device, Token: r.token, Schema: aftersales.Schema.Version, Epoch: r.epoch, Actor: r.actor,
		Written: r.pushed, Now: time.Now().UnixMilli(), App: "rogue",
	}
}

// enter connects and proves itself, with a Hello that may have been changed.
func (r *rogue) enter(change func(*wire.Hello)) *rogue {
	r.t.Helper()
	r.come(change)
	r.welcomed(await[wire.Welcome](r))
	return r
}

// come connects and says who it is.
func (r *rogue) come(change func(*wire.Hello)) {
	r.t.Helper()
	r.dial()
	h := r.hello()
	if change != nil {
		change(&h)
	}
	r.send(h)
	if len(h.Token) == 0 {
		r.send(wire.Proof{Signature: ed25519.Sign(r.key, wire.ChallengeText(await[wire.Challenge](r).Nonce))})
	}
}

// enterFull enters a hub whose disk is full. That writes a little, which is lost where it shares a commit with what needs
// room: the device hears so, and comes again.
func (r *rogue) enterFull() {
	r.t.Helper()
	soon(r.t, "the device is let in", func() bool {
		r.come(nil)
		m, err := r.receive(patience)
		if err != nil {
			r.t.Fatal(err)
		}
		w, in := m.(wire.Welcome)
		if in {
			r.welcomed(w)
		} else if refusal, _ := m.(wire.Refusal); refusal.Code != fault.HubFull {
			r.t.Fatalf("while the disk is full the hub answers %+v", m)
		}
		return in
	})
}

func (r *rogue) welcomed(w wire.Welcome) {
	if len(w.Token) > 0 {
		r.token = w.Token
	}
	if w.Actor != 0 {
		r.actor, r.pushed = w.Actor, 0
	}
	r.epoch, r.head = w.Epoch, w.Head
	r.pages, r.reached = 0, [schema.Classes]uint64{}
}

// change returns the next change set of the device, with one row in it.
func (r *rogue) change(op record.Op, table string, id record.ID, context clock.Vector, values record.Values) *record.ChangeSet {
	r.t.Helper()
	c, err := record.NewChange(op, aftersales.Schema.Table(table), id, values)
	if err != nil {
		r.t.Fatal(err)
	}
	c.Context = context
	r.pushed++
	return &record.ChangeSet{
		Dot: clock.Dot{Actor: r.actor, Counter: r.pushed}, Stamp: clock.StampAt(time.Now().UnixMilli()), Epoch: r.epoch,
		K: r.head, Cause: "rogue", Rows: []record.RowChange{c},
	}
}

func (r *rogue) note(job record.ID, text string, context clock.Vector) *record.ChangeSet {
	r.t.Helper()
	return r.change(record.Update, "job", job, context, record.Values{"note": record.Text(text)})
}

// push sends change sets in one message.
func (r *rogue) push(sets ...*record.ChangeSet) bool {
	p := wire.Push{Actor: r.actor}
	for _, cs := range sets {
		p.Changes = append(p.Changes, wire.Pushed{Encoded: cs.AppendBinary(nil)})
	}
	return r.send(p)
}

// judged sends change sets and returns the verdict of the first.
func (r *rogue) judged(sets ...*record.ChangeSet) wire.Verdict {
	r.t.Helper()
	for _, cs := range sets {
		numberAsItsOwn(cs)
	}
	r.push(sets...)
	return await[wire.Verdicts](r).Verdicts[0]
}

// numberAsItsOwn gives what the change set makes a number of its own, as every app does.
func numberAsItsOwn(cs *record.ChangeSet) {
	for i := range cs.Rows {
		t := aftersales.Schema.TableByID(cs.Rows[i].Table)
		for j := 0; t != nil && j < len(cs.Rows[i].Cells); j++ {
			w := &cs.Rows[i].Cells[j]
			if at := t.ColumnByID(w.Column); at >= 0 && t.Columns[at].Name == "number" && t.Columns[at].Kind == schema.Text {
				w.Value = record.Text(fmt.Sprintf("X-%s-%d-%d", cs.Dot.Actor, cs.Dot.Counter, i))
			}
		}
	}
}

// takePages takes and acknowledges pages until every class has come as far as the hub was when it welcomed the device.
func (r *rogue) takePages() (rows []record.ID) {
	r.t.Helper()
	for slices.Min(r.reached[:]) < r.head {
		p := await[wire.Page](r)
		for _, batch := range p.Rows {
			for _, row := range batch.Rows {
				rows = append(rows, row.ID)
			}
		}
		r.send(wire.Ack{Class: p.Class, Pages: r.pages})
	}
	return rows
}

// company is a world with a branch and jobs in it.
type company struct {
	*world
	branch record.ID
}

func newCompany(t testing.TB) *company {
	t.Helper()
	c := &company{world: newWorld(t)}
	c.found()
	return c
}

// found makes the branch.
func (c *company) found() {
	c.t.Helper()
	c.office("branch.create", func(tx aftersales.Tx) (err error) {
		c.branch, err = aftersales.CreateBranch(tx, aftersales.BranchInput{Code: "B1", Name: "North", Zone: "Asia/Taipei", Currency: "TWD"})
		return err
	})
}

// employ makes the people technicians of the branch.
func (c *company) employ(people ...record.ID) {
	c.t.Helper()
	c.office("person.create", func(tx aftersales.Tx) error {
		for _, id := range people {
			in := aftersales.PersonInput{ID: id, Branch: c.branch, Name: id.String(), Technician: true}
			if _, err := aftersales.CreatePerson(tx, in); err != nil {
				return err
			}
		}
		return nil
	})
}

// job makes a job and assigns it to the people.
func (c *company) job(title string, people ...record.ID) record.ID {
	c.t.Helper()
	id := server.NewID()
	c.office("job.create", func(tx aftersales.Tx) error {
		if _, err := aftersales.CreateJob(tx, aftersales.JobInput{ID: id, Branch: c.branch, Title: title}); err != nil {
			return err
		}
		for _, p := range people {
			if _, err := aftersales.AssignJob(tx, aftersales.AssignInput{Job: id, Person: p}); err != nil {
				return err
			}
		}
		return nil
	})
	return id
}

// takeAway takes the job from everybody who has it.
func (c *company) takeAway(job record.ID) {
	c.t.Helper()
	c.office("job.unassign", func(tx aftersales.Tx) error {
		given, err := aftersales.Assignments(tx, job)
		for _, a := range given {
			if err = aftersales.Unassign(tx, aftersales.UnassignInput{Assignment: a.ID, Reason: "somebody else goes"}); err != nil {
				return err
			}
		}
		return err
	})
}

// officeNote is what the office writes into a job.
func (c *company) officeNote(job record.ID, text string) {
	c.t.Helper()
	c.office("row.edit", func(tx aftersales.Tx) error {
		return tx.Update("job", job, record.Values{"note": record.Text(text)})
	})
}

func (c *company) row(table string, id record.ID) (row *record.Row) {
	c.t.Helper()
	err := c.core.Store.Read(c.t.Context(), func(v *store.View) (err error) {
		row, err = v.Row(record.Key{Table: aftersales.Schema.Table(table).ID, ID: id})
		return err
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return row
}

func (c *company) noteOnHub(job record.ID) string { return c.row("job", job).Get("note").Text() }

// actorOf returns the latest incarnation of the person's devices or, for the zero person, of the hub.
func (c *company) actorOf(person record.ID) (actor clock.Actor) {
	c.t.Helper()
	err := c.core.Store.Read(c.t.Context(), func(v *store.View) error {
		actors, err := v.ActorsOf(person)
		for _, a := range actors {
			actor = max(actor, a.Actor)
		}
		return err
	})
	if err != nil || actor == 0 {
		c.t.Fatalf("no actor of %v: %v", person, err)
	}
	return actor
}

func (c *company) head() (head uint64) {
	c.t.Helper()
	err := c.core.Store.Read(c.t.Context(), func(v *store.View) (err error) {
		head, err = v.Head()
		return err
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return head
}

var allCursors = func(at uint64) (c [schema.Classes]uint64) {
	for i := range c {
		c[i] = at
	}
	return c
}

func (c *company) shutOut(device record.ID, to auth.Standing) {
	c.t.Helper()
	if err := c.core.Devices.SetStanding(c.t.Context(), device, to); err != nil {
		c.t.Fatal(err)
	}
}

// limitDisk lets the hub's database grow to so many pages, and no smaller than it is. The limit holds though the commit
// fails that it shares with somebody who meets a full disk; it is asked for again where that was over before its turn came.
func (c *company) limitDisk(pages int) {
	c.t.Helper()
	soon(c.t, "the limit holds", func() (holds bool) {
		err := c.core.Store.Write(c.t.Context(), func(tx *store.Tx) error {
			err := tx.Prepare(fmt.Sprintf("PRAGMA max_page_count = %d", pages))
			holds = err == nil
			return err
		})
		if err != nil && fault.CodeOf(err) != store.DiskFull {
			c.t.Fatal(err)
		}
		return holds
	})
}
