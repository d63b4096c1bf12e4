//go:build !device

package main

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"fieldsync/server"
	"fieldsync/server/hub"
	"fieldsync/server/store"
	"fieldsync/sync/record"
)

// What a hub process does for the scenarios with many devices.

// enrolAtOnce is how many devices are enrolled, with their people and jobs, in one commit.
const enrolAtOnce = 100

// enrol makes the devices known, each with the key that it will sign with, and gives each one's person his jobs. They are
// not enrolled by codes: that is not what is measured.
func (h *hubProcess) enrol(ctx context.Context, all []who) error {
	jobs := generate(len(all)*crowdJobs, h.seed+1<<32) // others than the bench's own
	for from := 0; from < len(all); from += enrolAtOnce {
		part := all[from:min(from+enrolAtOnce, len(all))]
		if err := h.core.Store.Write(ctx, func(tx *store.Tx) error { return introduce(tx, part) }); err != nil {
			return err
		}
		its := jobs[from*crowdJobs:]
		if err := h.do(ctx, "job.import", func(o *hub.Office) error { return assign(o, part, its) }); err != nil {
			return err
		}
	}
	return nil
}

func introduce(tx *store.Tx, part []who) error {
	for _, w := range part {
		err := tx.AddPerson(store.Person{ID: w.person, Login: w.person.String(), Name: "Technician", Active: true})
		if err == nil {
			err = tx.AddDevice(store.Device{ID: w.device, Person: w.person, Name: "bench", PublicKey: w.key.Public().(ed25519.PublicKey)})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// assign makes each of them a technician, and gives him the next few jobs.
func assign(o *hub.Office, part []who, jobs []job) error {
	tx := server.Bind(o, record.ID{})
	for i, w := range part {
		if err := tx.Insert("technician", w.person, record.Values{"name": record.Text(w.person.String())}); err != nil {
			return err
		}
		covers := record.Values{"person": record.Ref(w.person), "technician": record.Ref(w.person)}
		if err := tx.Insert("cover", tx.NewID(), covers); err != nil {
			return err
		}
		for _, j := range jobs[i*crowdJobs : (i+1)*crowdJobs] {
			j.TechnicianID = w.person
			if err := tx.Insert("job", j.ID, j.values()); err != nil {
				return err
			}
		}
	}
	return nil
}

// memory gives back what is not used, and returns what this process has left.
func (h *hubProcess) memory() (answer, error) {
	runtime.GC() // twice: what pools hold goes with the second
	debug.FreeOSMemory()
	return answer{KiB: memory("VmRSS:"), PeakKiB: peakKiB()}, nil
}

// fewHandles is how many more handles than in the beginning a hub may have that nobody is connected to.
const fewHandles = 16

// alone returns when the connections of those who have left have ended here too; the first time nobody has come yet. Otherwise
// their memory would count as the hub's own.
func (h *hubProcess) alone() error {
	if h.handles == 0 {
		h.handles = handles()
	}
	for begun := time.Now(); handles() > h.handles+fewHandles; time.Sleep(10 * time.Millisecond) {
		if time.Since(begun) > patience {
			return fmt.Errorf("%d handles are open, and %d were in the beginning", handles(), h.handles)
		}
	}
	return nil
}

// handles returns how many handles this process has open; 0 where the system does not tell.
func handles() int {
	open, _ := os.ReadDir("/proc/self/fd")
	return len(open)
}

// officePause is how long the office reads what it was shown.
const officePause = 50 * time.Millisecond

// office has somebody look at the latest jobs in a state, out of all, change the first of them, and go on to the next state,
// for so long. It returns how long each page took to read, and how long with its change committed.
func (h *hubProcess) office(ctx context.Context, o order) (answer, error) {
	m := newMaker(o.Seed)
	var read, took []float64
	for begun := time.Now(); time.Since(begun) < time.Duration(o.Seconds)*time.Second; time.Sleep(officePause) {
		asked := time.Now()
		ids, err := h.page(ctx, pick(m, statuses))
		read = append(read, millis(time.Since(asked)))
		if err == nil && len(ids) > 0 {
			err = h.do(ctx, "job.edit", func(o *hub.Office) error {
				return server.Bind(o, record.ID{}).Update("job", ids[0], m.edit())
			})
		}
		if err != nil {
			return answer{}, err
		}
		took = append(took, millis(time.Since(asked)))
	}
	return answer{Count: len(took), Waits: waitsOf(took), Reading: waitsOf(read)}, nil
}

// page reads what a list of fifty jobs shows, and returns which they are.
func (h *hubProcess) page(ctx context.Context, status string) (ids []record.ID, err error) {
	rows, err := h.core.Store.Query(ctx, "SELECT id, customer_name, address, fault, notes FROM job"+
		" WHERE status = ? ORDER BY updated_at DESC LIMIT 50", status)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var id []byte
		var shown [4]sql.NullString
		if err := rows.Scan(&id, &shown[0], &shown[1], &shown[2], &shown[3]); err != nil {
			return nil, err
		}
		ids = append(ids, record.ID(id))
	}
	return ids, rows.Err()
}
