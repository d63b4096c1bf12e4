package systemtest

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
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
	for round := range 8 {
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
	for range 20 {
		var sets []*record.ChangeSet
		for i := range 100 {
			sets = append(sets, mallory.note(job, fmt.Sprint("blind ", i, " ", mallory.pushed), clock.Vector{}))
		}
		mallory.judged(sets...)
	}
	for _, cell := range c.row("job", job).Meta.Cells {
		if len(cell.Others) > 300 {
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

var _ = []any{ed25519.Sign, rand.Reader, binary.BigEndian, math.MaxInt64, runtime.NumGoroutine}
