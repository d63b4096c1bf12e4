package systemtest

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"fieldsync/client"
	"fieldsync/server"
	"fieldsync/server/auth"
	"fieldsync/server/hub"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/wire"
)

func TestNobodyAcknowledgesForSomebodyElse(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	li, person := c.technician("li")
	mallory := c.rogue("mallory")
	c.employ(person, mallory.person)
	job := c.job("pump", person)
	sync(t, li)
	err := li.Update(t.Context(), "row.edit", func(tx client.Tx) error {
		return tx.Update("job", job, record.Values{"note": record.Text("done before I heard")})
	})
	if err != nil {
		t.Fatal(err)
	}
	c.takeAway(job)
	mallory.enter(nil)
	await[wire.Page](mallory)
	mallory.send(wire.Ack{K: c.head(), Pages: 1, Actor: c.actorOf(person), Written: 0})
	mallory.ended()
	sync(t, li)
	if s, err := li.Status(t.Context()); err != nil || s.Refused != 0 || c.noteOnHub(job) != "done before I heard" {
		t.Fatalf("somebody else's acknowledgement has cost Li his work: %+v %v", s, err)
	}
}

func TestNobodyHasSeenWhatIsNotWritten(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	mallory := c.rogue("mallory")
	c.employ(mallory.person)
	job := c.job("pump", mallory.person)
	mallory.enter(nil)
	future := clock.VectorOf(clock.Dot{Actor: c.actorOf(record.ID{}), Counter: 1 << 40})
	mallory.judged(mallory.note(job, "for ever", future))
	c.officeNote(job, "the office's word")
	if got := c.noteOnHub(job); got != "the office's word" {
		t.Fatalf("the note is %q: a claim to have seen the future has silenced the office", got)
	}
}

func TestInventedWritersDoNotSpoilARow(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	mallory := c.rogue("mallory")
	c.employ(mallory.person)
	job := c.job("pump", mallory.person)
	mallory.enter(nil)
	for round := range 3 {
		var dots []clock.Dot
		for i := range 4000 {
			dots = append(dots, clock.Dot{Actor: clock.Actor(1<<50 + round*4000 + i), Counter: 7})
		}
		context, err := clock.NewVector(dots)
		if err != nil {
			t.Fatal(err)
		}
		mallory.judged(mallory.note(job, fmt.Sprint("round ", round), context))
	}
	if n := c.row("job", job).Vector.Len(); n > 3 {
		t.Fatalf("the row has %d writers", n)
	}
	c.officeNote(job, "still here")
}

func TestARowDoesNotGrowWithoutEnd(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	mallory := c.rogue("mallory")
	c.employ(mallory.person)
	job := c.job("pump", mallory.person)
	mallory.enter(nil)
	refused := 0
	for round := range 3 {
		values := record.Values{}
		for i := range 100 {
			values[fmt.Sprintf("fields.%d-%d", round, i)] = record.Text(strings.Repeat("x", 500))
		}
		if v := mallory.judged(mallory.change(record.Update, "job", job, clock.Vector{}, values)); v.Outcome == wire.Quarantined {
			refused++
			if v.Code != fault.TooLarge {
				t.Fatalf("refused with %s", v.Code)
			}
		}
	}
	if size := len(c.row("job", job).Get("fields").Text()); size > record.MaxMap || refused == 0 {
		t.Fatalf("the fields take %d bytes, %d writes were refused", size, refused)
	}
}

func TestSiblingsDoNotPileUp(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	mallory := c.rogue("mallory")
	c.employ(mallory.person)
	job := c.job("pump", mallory.person)
	mallory.enter(nil)
	start := time.Now()
	for range 3 {
		var sets []*record.ChangeSet
		for i := range 100 {
			sets = append(sets, mallory.note(job, fmt.Sprint("blind ", i, " ", mallory.pushed), clock.Vector{}))
		}
		mallory.judged(sets...)
	}
	for _, cell := range c.row("job", job).Meta.Cells {
		if len(cell.Others) > 100 {
			t.Fatalf("%d values stand beside each other in one cell; it took %s", len(cell.Others), time.Since(start))
		}
	}
}

func TestChecksumsOfOthersAreNobodysBusiness(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	mallory, wang := c.rogue("mallory"), c.rogue("wang")
	c.employ(mallory.person, wang.person)
	theirs := c.job("secret", wang.person)
	mallory.enter(nil)
	for last := false; !last; {
		p := await[wire.Page](mallory)
		last = p.To >= mallory.head && p.Last && p.Class > 0
		mallory.send(wire.Ack{Class: p.Class, K: p.To, Pages: 1})
		if last {
			break
		}
	}
	mallory.send(wire.Verify{Buckets: []record.Bucket{{Kind: aftersales.JobBucket, ID: theirs}, record.PersonBucket(wang.person)}})
	if sums := await[wire.Sums](mallory); len(sums.Sums) != 0 {
		t.Fatalf("the hub tells about buckets of others: %+v", sums)
	}
	many := binary.AppendUvarint([]byte{byte(wire.KindVerify), 0}, 50_000)
	many = append(many, make([]byte, 50_000*17)...)
	mallory.write(frame(frameBinary, many))
	mallory.refused(fault.TooLarge)
}

// nonsense is bytes that a device may send in any state.
func nonsense() map[string][]byte {
	huge := binary.BigEndian.AppendUint64([]byte{0x80 | frameBinary, 0x80 | 127}, 1<<40)
	return map[string][]byte{
		"text":                        frame(frameText, []byte("hello")),
		"an empty message":            frame(frameBinary, nil),
		"one byte":                    frame(frameBinary, []byte{byte(wire.KindHello)}),
		"an unknown kind":             frame(frameBinary, []byte{33, 0, 1, 2, 3}),
		"unknown flags":               frame(frameBinary, []byte{byte(wire.KindAck), 254, 1}),
		"compressed what never is":    frame(frameBinary, []byte{byte(wire.KindHello), 1, 1}),
		"a lie about the size":        frame(frameBinary, []byte{byte(wire.KindPush), 1, 0xff, 0xff, 0xff, 0xff, 7, 1, 2}),
		"a list of 2^31 change sets":  frame(frameBinary, append([]byte{byte(wire.KindPush), 0, 4}, 0xff, 0xff, 0xff, 0xff, 7)),
		"bytes after the end":         frame(frameBinary, []byte{byte(wire.KindBye), 0, 9}),
		"a frame of a terabyte":       append(huge, 0, 0, 0, 0),
		"an unmasked frame":           {0x80 | frameBinary, 2, byte(wire.KindBye), 0},
		"reserved bits":               {0xf0 | frameBinary, 0x80, 0, 0, 0, 0},
		"an opcode that is not there": frame(11, []byte("x")),
		"a ping that is too long":     frame(framePing, make([]byte, 300)),
	}
}

// messagesOutOfPlace are well-formed, and nothing that a device may send before it is known, or ever.
func messagesOutOfPlace() []wire.Message {
	return []wire.Message{
		wire.Push{Actor: 4}, wire.Ack{}, wire.Verify{}, wire.Witness{}, wire.Proof{Signature: []byte("x")},
		wire.Welcome{}, wire.Page{}, wire.Verdicts{}, wire.Sums{}, wire.Challenge{}, wire.Refusal{}, wire.Goodbye{},
	}
}

func TestNonsenseEndsTheConnectionAndNothingElse(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	li, person := c.technician("li")
	mallory := c.rogue("mallory")
	c.employ(person, mallory.person)
	job := c.job("pump", person)
	sync(t, li)
	before := c.head()
	for name, bytes := range nonsense() {
		mallory.dial().write(bytes)
		if code := mallory.ended(); code != "" && code != fault.Malformed && code != fault.TooLarge {
			t.Errorf("%s, from a stranger: %s", name, code)
		}
		mallory.enter(nil).write(bytes)
		if code := mallory.ended(); code != "" && code != fault.Malformed && code != fault.TooLarge {
			t.Errorf("%s: %s", name, code)
		}
	}
	for _, m := range messagesOutOfPlace() {
		mallory.dial().send(m)
		mallory.refused(fault.Malformed)
	}
	for _, m := range messagesOutOfPlace()[4:] {
		mallory.enter(nil).send(m)
		mallory.refused(fault.Malformed)
	}
	mallory.enter(nil).send(mallory.hello())
	mallory.refused(fault.Malformed)
	if after := c.head(); after != before {
		t.Fatalf("nonsense has committed something: %d, was %d", after, before)
	}
	c.officeNote(job, "all is well")
	sync(t, li)
	if got := c.jobOn(li, job).Note; got != "all is well" {
		t.Fatalf("Li's phone shows %q", got)
	}
}

// bomb is a push of a few KiB that unpacks to size bytes, and claims another size.
func bomb(t testing.TB, size, claim int) []byte {
	t.Helper()
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	head := binary.AppendUvarint([]byte{byte(wire.KindPush), 1}, uint64(claim))
	return encoder.EncodeAll(make([]byte, size), head)
}

func TestABombIsNotUnpacked(t *testing.T) {
	c := newCompany(t)
	mallory := c.rogue("mallory")
	honest, liar := bomb(t, 256<<20, 256<<20), bomb(t, 256<<20, 4<<20)
	before := allocated()
	mallory.enter(nil).write(frame(frameBinary, honest))
	mallory.refused(fault.TooLarge)
	mallory.enter(nil).write(frame(frameBinary, liar))
	mallory.refused(fault.Malformed)
	if grown := allocated() - before; grown > 32<<20 {
		t.Fatalf("%d MiB were allocated", grown>>20)
	}
}

// allocated returns how many bytes the process has ever allocated.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

func TestNobodyComesInWithSomebodyElsesKey(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	mallory, wang := c.rogue("mallory"), c.rogue("wang")
	wang.enter(nil)
	if len(wang.token) == 0 {
		t.Fatal("Wang has no token")
	}

	h := mallory.hello()
	h.Token = wang.token
	mallory.dial().send(h)
	proof := wire.Proof{Signature: ed25519.Sign(mallory.key, wire.ChallengeText(await[wire.Challenge](mallory).Nonce))}
	mallory.send(proof) // Wang's token is nothing in Mallory's hands: he must prove himself
	await[wire.Welcome](mallory)

	mallory.dial().send(mallory.hello())
	await[wire.Challenge](mallory)
	mallory.send(proof) // of another challenge
	mallory.refused(fault.Unauthentic)

	h = mallory.hello()
	h.Device = wang.device
	mallory.dial().send(h)
	mallory.send(wire.Proof{Signature: ed25519.Sign(mallory.key, wire.ChallengeText(await[wire.Challenge](mallory).Nonce))})
	mallory.refused(fault.Unauthentic)

	for _, signature := range [][]byte{nil, make([]byte, 64), make([]byte, 200)} {
		mallory.dial().send(mallory.hello())
		await[wire.Challenge](mallory)
		mallory.send(wire.Proof{Signature: signature})
		mallory.refused(fault.Unauthentic)
	}
	h.Device = record.ID{1}
	mallory.dial().send(h)
	await[wire.Challenge](mallory) // who is unknown hears the same
	mallory.send(proof)
	mallory.refused(fault.Unauthentic)
}

func TestAbsurdHellosShowNothing(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	mallory, wang := c.rogue("mallory"), c.rogue("wang")
	c.employ(mallory.person, wang.person)
	secret := c.job("secret", wang.person)
	wang.enter(nil)
	mallory.enter(nil)
	position := func(bucket record.Bucket, to uint64) []byte {
		b := append([]byte{0, 0}, bucket.Bytes()...)
		b = append(b, make([]byte, 16)...)
		for _, n := range []uint64{0, to, 0, 0, 0} {
			b = binary.AppendUvarint(b, n)
		}
		return b
	}
	for name, change := range map[string]func(*wire.Hello){
		"cursors beyond the head":    func(h *wire.Hello) { h.Cursors = allCursors(1 << 40) },
		"cursors beyond all numbers": func(h *wire.Hello) { h.Cursors = allCursors(math.MaxUint64) },
		"an epoch from the future":   func(h *wire.Hello) { h.Epoch = math.MaxUint32 },
		"somebody else's actor":      func(h *wire.Hello) { h.Actor = wang.actor },
		"an actor that is not there": func(h *wire.Hello) { h.Actor = math.MaxUint64 },
		"the office's actor":         func(h *wire.Hello) { h.Actor = c.actorOf(record.ID{}) },
		"huge counters":              func(h *wire.Hello) { h.Written, h.Pending = math.MaxUint64, math.MaxUint32 },
		"times before time":          func(h *wire.Hello) { h.Now, h.Oldest = math.MinInt64, math.MinInt64 },
		"times after time":           func(h *wire.Hello) { h.Now, h.Oldest = math.MaxInt64, math.MaxInt64 },
		"a schema of another age":    func(h *wire.Hello) { h.Schema = math.MaxInt32 },
		"no schema":                  func(h *wire.Hello) { h.Schema = 0 },
		"a place in somebody's bucket": func(h *wire.Hello) {
			h.Resume = position(record.Bucket{Kind: aftersales.JobBucket, ID: secret}, c.head())
		},
		"a place in the future": func(h *wire.Hello) { h.Resume = position(record.Bucket{Kind: aftersales.JobBucket, ID: secret}, 1<<40) },
		"a place that is none":  func(h *wire.Hello) { h.Resume = []byte{0, 255, 3, 9, 9, 9} },
		"a place of no class":   func(h *wire.Hello) { h.Resume = []byte{200} },
	} {
		// He has no dictionary of another schema's, so whatever he claims he reads with his own.
		mallory.actor, mallory.token = 0, nil
		mallory.enter(change)
		if mallory.actor == wang.actor || mallory.actor == 0 {
			t.Errorf("%s: the hub lets him write as %v", name, mallory.actor)
		}
		for _, row := range mallory.takePages() {
			if row == secret {
				t.Errorf("%s: the hub shows what is not his", name)
			}
		}
	}
	devices, err := c.devices()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := json.Marshal(devices); err != nil {
		t.Fatalf("the office can no longer list its devices: %v", err)
	}
}

func TestAPushIsTakenOnceInOrderAndInOnesOwnNameOnly(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	mallory, wang := c.rogue("mallory"), c.rogue("wang")
	c.employ(mallory.person, wang.person)
	job := c.job("pump", mallory.person, wang.person)
	wang.enter(nil)
	mallory.enter(nil)

	first := mallory.note(job, "one", clock.Vector{})
	if v := mallory.judged(first); v.Outcome != wire.Applied && v.Outcome != wire.Merged {
		t.Fatalf("an honest write is %+v", v)
	}
	mallory.push(first, first)
	mallory.refused(fault.Malformed)
	mallory.enter(nil)
	again := mallory.judged(first)
	if again.Counter != 1 || again.Outcome == wire.Quarantined {
		t.Fatalf("a replayed write is %+v", again)
	}
	after := c.head()
	third := *first
	third.Dot.Counter = 3
	if v := mallory.judged(&third); v.Outcome != wire.Gap || v.Seq != 2 {
		t.Fatalf("a write out of order is %+v", v)
	}
	other := *first
	other.Cause = "another"
	if v := mallory.judged(&other); v.Outcome != wire.Forked {
		t.Fatalf("another write under the same number is %+v", v)
	}
	if c.head() != after {
		t.Fatal("what was only repeated has committed something")
	}

	theirs := *first
	theirs.Dot = clock.Dot{Actor: wang.actor, Counter: 1}
	mallory.push(&theirs)
	mallory.refused(fault.NotAllowed)
	mallory.enter(nil)
	mallory.send(wire.Push{Actor: wang.actor, Changes: []wire.Pushed{{Encoded: theirs.AppendBinary(nil)}}})
	mallory.refused(fault.NotAllowed)
	mallory.enter(nil)
	mixed := *first
	mixed.Dot.Counter = 2
	mallory.push(&mixed, &theirs)
	mallory.refused(fault.NotAllowed)
	mallory.enter(nil)
	mallory.send(wire.Push{Actor: mallory.actor, Changes: []wire.Pushed{{Encoded: []byte("no change set")}}})
	mallory.refused(fault.Malformed)
	if c.head() != after || c.noteOnHub(job) != "one" {
		t.Fatal("a refused push has committed something")
	}
}

func TestLiesInsideAChangeSetAreRefusedOrCutDown(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	mallory, wang := c.rogue("mallory"), c.rogue("wang")
	c.employ(mallory.person, wang.person)
	mine, theirs := c.job("mine", mallory.person), c.job("theirs", wang.person)
	wang.enter(nil)
	mallory.enter(nil)
	refusedOfWang := wang.note(mine, "not his", clock.Vector{})
	if v := wang.judged(refusedOfWang); v.Outcome != wire.Quarantined || v.Code != fault.NotAllowed {
		t.Fatalf("a write into somebody else's job is %+v", v)
	}
	for name, lie := range map[string]struct {
		change func(*record.ChangeSet)
		code   fault.Code // "" is accepted
	}{
		"somebody else's job":           {func(cs *record.ChangeSet) { cs.Rows[0].ID = theirs }, fault.NotAllowed},
		"somebody else's job at K 0":    {func(cs *record.ChangeSet) { cs.Rows[0].ID, cs.K = theirs, 0 }, fault.NotAllowed},
		"K beyond the head":             {func(cs *record.ChangeSet) { cs.K = math.MaxUint64 }, ""},
		"an epoch from the future":      {func(cs *record.ChangeSet) { cs.Epoch = math.MaxUint32 }, ""},
		"a stamp at the end of time":    {func(cs *record.ChangeSet) { cs.Stamp, cs.Offset = math.MaxUint64, math.MaxInt64 }, ""},
		"a stamp before time":           {func(cs *record.ChangeSet) { cs.Stamp, cs.Offset = 0, math.MinInt64 }, ""},
		"replaces what is not there":    {func(cs *record.ChangeSet) { cs.Amends = clock.Dot{Actor: 77, Counter: 9} }, fault.Invalid},
		"replaces what was accepted":    {func(cs *record.ChangeSet) { cs.Amends = clock.Dot{Actor: c.actorOf(record.ID{}), Counter: 1} }, fault.Invalid},
		"replaces what is not his":      {func(cs *record.ChangeSet) { cs.Amends = refusedOfWang.Dot }, fault.NotAllowed},
		"replaces itself":               {func(cs *record.ChangeSet) { cs.Amends = cs.Dot }, fault.Invalid},
		"settles what is not there":     {func(cs *record.ChangeSet) { cs.Rows[0].Cells[0].Settles = []clock.Dot{{Actor: 5, Counter: 5}} }, ""},
		"an unknown table":              {func(cs *record.ChangeSet) { cs.Rows[0].Table = 9999 }, fault.Invalid},
		"an unknown column":             {func(cs *record.ChangeSet) { cs.Rows[0].Cells[0].Column = 9999 }, fault.Invalid},
		"a key where there is none":     {func(cs *record.ChangeSet) { cs.Rows[0].Cells[0].Key = "k" }, fault.Invalid},
		"a number for a text":           {func(cs *record.ChangeSet) { cs.Rows[0].Cells[0].Value = record.Number(4) }, fault.Invalid},
		"a row that is not there":       {func(cs *record.ChangeSet) { cs.Rows[0].ID = record.ID{9} }, fault.UnknownRow},
		"a row that is there, made new": {func(cs *record.ChangeSet) { cs.Rows[0].Op = record.Insert }, fault.Exists},
		"a delete that is not his":      {func(cs *record.ChangeSet) { cs.Rows[0].Op, cs.Rows[0].Cells = record.Delete, nil }, fault.NotAllowed},
		"the same row twice":            {func(cs *record.ChangeSet) { cs.Rows = append(cs.Rows, cs.Rows[0]) }, fault.Invalid},
		"no rows":                       {func(cs *record.ChangeSet) { cs.Rows = nil }, ""},
	} {
		cs := mallory.note(mine, name, clock.Vector{})
		lie.change(cs)
		v := mallory.judged(cs)
		if accepted := v.Outcome != wire.Quarantined; accepted != (lie.code == "") || v.Code != lie.code {
			t.Errorf("%s: %d %s %s", name, v.Outcome, v.Code, v.Message)
		}
	}
	if got := c.noteOnHub(theirs); got != "" {
		t.Fatalf("somebody else's job has the note %q", got)
	}
	row := c.row("job", mine)
	for _, cell := range row.Meta.Cells {
		if ahead := time.Until(cell.Shown.Eff.Time()); ahead > time.Minute {
			t.Fatalf("a value counts as written in %s", ahead)
		}
	}
}

func TestNotHavingHeardEndsWithTheGrace(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	mallory, wang := c.rogue("mallory"), c.rogue("wang")
	c.employ(mallory.person, wang.person)
	mallory.enter(nil)
	job := server.NewID()
	found := mallory.change(record.Insert, "job", job, clock.Vector{}, record.Values{"title": record.Text("found on site")})
	found.K = 0
	if v := mallory.judged(found); v.Outcome == wire.Quarantined {
		t.Fatalf("a job that was found is %s: %s", v.Code, v.Message)
	}
	c.office("job.assign", func(tx aftersales.Tx) error {
		_, err := aftersales.AssignJob(tx, aftersales.AssignInput{Job: job, Person: wang.person})
		return err
	})
	unheard := func() wire.Verdict {
		cs := mallory.note(job, "as if it were mine", clock.Vector{})
		cs.K = 0
		return mallory.judged(cs)
	}
	if v := unheard(); v.Outcome == wire.Quarantined {
		t.Fatalf("who has not heard that it went to somebody else is refused: %s", v.Code)
	}
	c.wait(judge.DefaultGrace + time.Hour)
	mallory.token = nil
	mallory.enter(nil)
	if v := unheard(); v.Outcome != wire.Quarantined {
		t.Fatalf("who has not heard in a month still writes: %+v", v)
	}
}

func TestADeviceThatIsShutOut(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	lost, stolen := c.rogue("lost"), c.rogue("stolen")
	c.employ(lost.person, stolen.person)
	job := c.job("pump", lost.person, stolen.person)
	lost.enter(nil)
	stolen.enter(nil)
	c.shutOut(lost.device, auth.Revoked)
	c.shutOut(stolen.device, auth.HardRevoked)
	start := time.Now()
	lost.ended()
	stolen.ended()
	if took := time.Since(start); took > patience {
		t.Fatalf("they were on for another %s", took)
	}

	lost.dial().send(lost.hello())
	lost.send(wire.Proof{Signature: ed25519.Sign(lost.key, wire.ChallengeText(await[wire.Challenge](lost).Nonce))})
	lost.refused(fault.Revoked)

	stolen.token = nil
	unsent := func(n uint32) func(*wire.Hello) { return func(h *wire.Hello) { h.Pending = n } }
	stolen.enter(unsent(2))
	if v := stolen.judged(stolen.note(job, "from a thief", clock.Vector{})); v.Outcome != wire.Quarantined || v.Code != fault.Revoked {
		t.Fatalf("what a stolen phone sends is %+v", v)
	}
	c.officeNote(job, "secret")
	for {
		m, err := stolen.receive(time.Second)
		if err != nil {
			break
		}
		t.Fatalf("a stolen phone is sent a %T", m)
	}
	stolen.send(wire.Verify{Buckets: []record.Bucket{record.Shared}})
	stolen.refused(fault.Malformed)

	stolen.token = nil
	stolen.enter(unsent(1))
	if v := stolen.judged(stolen.note(job, "from a thief again", clock.Vector{})); v.Code != fault.Revoked {
		t.Fatalf("what a stolen phone sends is %+v", v)
	}
	stolen.refused(fault.Revoked) // nothing is left to deliver
}

func TestTheSecondConnectionOfADeviceReplacesTheFirst(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	mallory := c.rogue("mallory")
	c.employ(mallory.person)
	job := c.job("pump", mallory.person)
	mallory.enter(nil)
	first := *mallory
	mallory.enter(nil)
	first.ended()
	if v := mallory.judged(mallory.note(job, "second", clock.Vector{})); v.Outcome == wire.Quarantined {
		t.Fatalf("the second connection is %+v", v)
	}
}

// One address opens so many connections that say nothing, and no more; devices that have shown who they are do not count,
// and whoever was one too many comes in as soon as another has gone.
func TestOneAddressOpensSoManyConnections(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	c.core.Hub.Unproven = 3
	mallory, li := c.rogue("mallory"), c.rogue("li")
	c.employ(mallory.person, li.person)
	for range 5 {
		li.enter(nil)
	}
	silent := make([]rogue, 3)
	for i := range silent {
		silent[i] = *mallory.dial()
	}
	turnedAway := func() bool {
		r, err := http.Get(c.url + "/sync")
		if err != nil {
			t.Fatal(err)
		}
		_ = r.Body.Close()
		return r.StatusCode == http.StatusServiceUnavailable && r.Header.Get("Retry-After") != ""
	}
	if !turnedAway() {
		t.Error("one address opens any number of connections")
	}
	silent[0].hangUp()
	soon(t, "there is room again", func() bool { return !turnedAway() })
	li.enter(nil)
	if v := li.judged(li.note(c.job("pump", li.person), "from the same address", clock.Vector{})); v.Outcome == wire.Quarantined {
		t.Errorf("the note is %+v", v)
	}
}

func TestAckLiesChangeNothing(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	mallory := c.rogue("mallory")
	c.employ(mallory.person)
	c.job("pump", mallory.person)
	mallory.enter(nil).send(wire.Ack{Pages: math.MaxUint32})
	mallory.refused(fault.Malformed)
	mallory.enter(nil)
	await[wire.Page](mallory)
	mallory.send(wire.Ack{Pages: 1, K: math.MaxUint64, Actor: mallory.actor, Written: math.MaxUint64})
	mallory.send(wire.Ack{Pages: 0, Actor: mallory.actor})
	mallory.refused(fault.Malformed)
}

// The tests below count what the whole process uses, so nothing runs beside them.

func TestFloodsAreDroppedAndLeaveNothingBehind(t *testing.T) {
	c := newCompany(t)
	li, person := c.technician("li")
	c.employ(person)
	shared := c.job("pump", person)
	sync(t, li)
	floods := map[string]func(*rogue, record.ID){
		"10,000 pushes, and nothing is read": func(r *rogue, job record.ID) {
			for i := range 10_000 {
				if !r.push(r.note(job, fmt.Sprint(i), clock.Vector{})) {
					return
				}
			}
		},
		"pages are not acknowledged and not read": func(r *rogue, job record.ID) {
			for i := range 300 {
				c.officeNote(job, fmt.Sprint("edit ", i))
			}
		},
		"large pages are not read": func(r *rogue, job record.ID) {
			noise := make([]byte, 64_000)
			for range 135 { // some 40 KB each, however well it is packed
				scribble(noise)
				c.office("comment.add", func(tx aftersales.Tx) error {
					_, err := aftersales.AddNote(tx, job, string(noise))
					return err
				})
			}
			for i := range 300 {
				c.officeNote(job, fmt.Sprint("edit ", i))
			}
		},
		"messages cut off in the middle": func(r *rogue, job record.ID) {
			whole := frame(frameBinary, r.encode(wire.Push{Actor: r.actor}))
			r.write(whole[:len(whole)-1])
		},
		"connections that say nothing": func(r *rogue, _ record.ID) {
			for range 50 {
				r.dial()
			}
		},
	}
	for name, flood := range floods {
		t.Run(name, func(t *testing.T) {
			mallory := c.rogue(name)
			c.employ(mallory.person)
			job := c.job(name, mallory.person)
			sync(t, li)
			goroutines, memory := runtime.NumGoroutine(), inUse()
			mallory.enter(nil)
			flood(mallory, job)
			if n := runtime.NumGoroutine() - goroutines; n > 120 {
				t.Errorf("%d goroutines more", n)
			}
			if grown := inUse() - memory; grown > 64<<20 {
				t.Errorf("%d MiB more", grown>>20)
			}
			c.officeNote(shared, name)
			sync(t, li)
			if got := c.jobOn(li, shared).Note; got != name {
				t.Errorf("meanwhile Li's phone shows %q", got)
			}
			mallory.hangUp()
			soon(t, "goroutines are as few as before", func() bool { return runtime.NumGoroutine() <= goroutines+60 })
		})
	}
}

// scribble fills a text with what nobody can pack and no search finds: letters would keep the index busy, not the
// connection.
func scribble(text []byte) {
	const signs = `!"#$%&'()*+,-./:;<=>?@[]^{|}~_` + "`\\"
	_, _ = rand.Read(text)
	for i, b := range text {
		text[i] = signs[b%32]
	}
}

func inUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse)
}

func TestAHubThatClosesWaitsForNobody(t *testing.T) {
	c := newCompany(t)
	goroutines := runtime.NumGoroutine()
	for i := range 5 {
		c.rogue(fmt.Sprint("silent ", i)).dial()
		c.rogue(fmt.Sprint("live ", i)).enter(nil)
	}
	coming := c.rogue("coming")
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				if socket, err := net.Dial("tcp", strings.TrimPrefix(c.url, "http://")); err == nil {
					_, _ = socket.Write([]byte(coming.upgrade("hub")))
					_ = socket.Close()
				}
			}
		}
	}()
	start := time.Now()
	c.core.Hub.Close(time.Millisecond)
	if took := time.Since(start); took > patience {
		t.Fatalf("closing took %s", took)
	}
	close(stop)
	<-stopped
	late := c.rogue("late")
	late.dial()
	late.ended()
	soon(t, "goroutines are as few as before", func() bool { return runtime.NumGoroutine() <= goroutines+8 })
}

func TestAFullDiskIsNobodysFault(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	mallory := c.rogue("mallory")
	c.employ(mallory.person)
	job := c.job("pump", mallory.person)
	mallory.enter(nil)
	c.limitDisk(1)
	cs := mallory.change(record.Update, "job", job, clock.Vector{}, record.Values{
		"note": record.Text(strings.Repeat("n", 60_000)), "finding": record.Text(strings.Repeat("f", 60_000)),
	})
	for range 5 {
		mallory.push(cs)
		mallory.refused(fault.HubFull)
		mallory.enterFull()
	}
	c.limitDisk(1 << 30)
	if v := mallory.judged(cs); v.Outcome == wire.Quarantined {
		t.Fatalf("once there is space again the write is %s: %s", v.Code, v.Message)
	}
}

func TestWhatAnotherProcessCommitsIsToldThoughADeviceRepeatsItself(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	mallory := c.rogue("mallory")
	c.employ(mallory.person)
	job := c.job("pump", mallory.person)
	mallory.enter(nil)
	cs := mallory.note(job, "mine", clock.Vector{})
	mallory.judged(cs)
	mallory.takePages()

	other, err := server.OpenCore(t.Context(), server.CoreOptions{
		Path: c.path, Schema: aftersales.Schema, Rules: server.Rules(), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close(0) }()
	_, err = other.Hub.Do(t.Context(), record.ID{}, nil, "row.edit", func(o *hub.Office) error {
		return server.Bind(o, record.ID{}).Update("job", job, record.Values{"title": record.Text("from elsewhere")})
	})
	if err != nil {
		t.Fatal(err)
	}
	mallory.push(cs) // commits nothing, and must not pass for the other's commit
	await[wire.Page](mallory)
}
