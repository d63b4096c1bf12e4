//go:build !device

package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"fieldsync/server"
	"fieldsync/server/hub"
	"fieldsync/server/store"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/sqlrow"
	"fieldsync/sync/wire"
)

// hubRoles are the roles of the hub's side, which a device's program does without.
var hubRoles = map[string]opener{"hub-process": openHub, "catalogue-process": openCatalogue, "crowd-process": openCrowdHub,
	databasesRole: openDatabases}

// hubProcess is a hub with the bench's rows, on a database of its own.
type hubProcess struct {
	place
	core *server.Core
	web  *http.Server
	addr string

	trusted  []byte       // its certificate, PEM; none without TLS
	segments atomic.Int64 // that were asked for
	handles  int          // that were open before anybody came
}

func openHub(ctx context.Context, p place) (func(context.Context, order) (answer, error), func() error, error) {
	return openHubOf(ctx, p, benchSchema)
}

// openCrowdHub opens a hub of people who each have a few jobs.
func openCrowdHub(ctx context.Context, p place) (func(context.Context, order) (answer, error), func() error, error) {
	return openHubOf(ctx, p, crowdSchema)
}

// openCatalogue opens a hub whose jobs everybody holds.
func openCatalogue(ctx context.Context, p place) (func(context.Context, order) (answer, error), func() error, error) {
	return openHubOf(ctx, p, catalogueSchema)
}

func openHubOf(
	ctx context.Context, p place, s *schema.Schema,
) (func(context.Context, order) (answer, error), func() error, error) {
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	options := server.CoreOptions{Path: filepath.Join(p.dir, "hub.db"), Database: p.db, Schema: s, SegmentRows: 1, Log: log}
	core, err := server.OpenCore(ctx, options)
	if err != nil {
		return nil, nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, errors.Join(err, core.Close(0))
	}
	h := &hubProcess{place: p, core: core, addr: listener.Addr().String()}
	if p.tls {
		var own *tls.Config
		if own, h.trusted, err = selfSigned(); err != nil {
			return nil, nil, errors.Join(err, core.Close(0))
		}
		listener = tls.NewListener(listener, own)
	}
	h.web = &http.Server{Handler: h.counting(core.Handler()), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = h.web.Serve(listener) }() // ends with close
	return h.obey, h.close, nil
}

// counting counts the segments that are asked for.
func (h *hubProcess) counting(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, wire.SegmentPath) {
			h.segments.Add(1)
		}
		next.ServeHTTP(w, r)
	})
}

// makeSegment returns when there is a segment of the catalogue.
func (h *hubProcess) makeSegment(ctx context.Context) error {
	for begun := time.Now(); time.Since(begun) < 10*patience; time.Sleep(time.Millisecond) {
		if h.core.Segments().Ready(ctx, schema.ClassLibrary, catalogueSchema.Version) {
			return nil
		}
	}
	return errors.New("the segment did not get ready")
}

func (h *hubProcess) close() error {
	err := h.core.Close(0)
	return errors.Join(err, h.web.Close())
}

func (h *hubProcess) obey(ctx context.Context, o order) (answer, error) {
	switch o.Do {
	case "address":
		return answer{Address: h.addr, Trusted: h.trusted}, nil
	case "fill":
		return answer{}, h.fill(ctx, o.Person)
	case "code":
		code, _, err := h.core.Devices.NewCode(ctx, o.Person)
		return answer{Code: code}, err
	case "edit":
		return h.edit(ctx, o)
	case "jobs":
		ids, err := h.jobs(ctx)
		return answer{Count: len(ids)}, err
	case "crowd":
		return answer{}, h.enrol(ctx, crowd(o.Count, o.Seed))
	case "memory":
		return h.memory()
	case "alone":
		return answer{}, h.alone()
	case "office":
		return h.office(ctx, o)
	case "segment":
		return answer{}, h.makeSegment(ctx)
	case "served":
		return answer{Count: int(h.segments.Swap(0))}, nil
	}
	return answer{}, fmt.Errorf("unknown order %q", o.Do)
}

// importRows is how many rows are inserted in one commit.
const importRows = 500

// fill puts the rows on an empty hub, in the order of their ids, and lets the person cover every technician.
func (h *hubProcess) fill(ctx context.Context, person record.ID) error {
	jobs, err := h.load()
	if err != nil {
		return err
	}
	err = h.core.Store.Write(ctx, func(tx *store.Tx) error {
		return tx.AddPerson(store.Person{ID: person, Login: "dispatcher", Name: "Dispatcher", Active: true})
	})
	if err != nil {
		return err
	}
	if err := h.do(ctx, "crew.import", func(o *hub.Office) error { return cover(o, person, jobs) }); err != nil {
		return err
	}
	for from := 0; from < len(jobs); from += importRows {
		part := jobs[from:min(from+importRows, len(jobs))]
		err := h.do(ctx, "job.import", func(o *hub.Office) error {
			tx := server.Bind(o, record.ID{})
			for i := range part {
				if err := tx.Insert("job", part[i].ID, part[i].values()); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// cover inserts the technicians of the jobs and the person, and gives him the jobs of each.
func cover(o *hub.Office, person record.ID, jobs []job) error {
	tx := server.Bind(o, record.ID{})
	if err := tx.Insert("technician", person, record.Values{"name": record.Text("Dispatcher")}); err != nil {
		return err
	}
	known := map[record.ID]bool{}
	for i := range jobs {
		id := jobs[i].TechnicianID
		if known[id] {
			continue
		}
		known[id] = true
		name := record.Values{"name": record.Text(fmt.Sprint("Technician ", len(known)))}
		if err := tx.Insert("technician", id, name); err != nil {
			return err
		}
		covers := record.Values{"person": record.Ref(person), "technician": record.Ref(id)}
		if err := tx.Insert("cover", tx.NewID(), covers); err != nil {
			return err
		}
	}
	return nil
}

func (h *hubProcess) do(ctx context.Context, cause string, command func(*hub.Office) error) error {
	_, err := h.core.Hub.Do(ctx, record.ID{}, nil, cause, command)
	return err
}

// edit changes so many jobs in the office, each in a commit of its own, spread over the table.
func (h *hubProcess) edit(ctx context.Context, o order) (answer, error) {
	ids, err := h.jobs(ctx)
	if err != nil {
		return answer{}, err
	}
	m := newMaker(o.Seed)
	for _, id := range spread(ids, o.Count) {
		values := m.edit()
		err := h.do(ctx, "job.edit", func(o *hub.Office) error {
			return server.Bind(o, record.ID{}).Update("job", id, values)
		})
		if err != nil {
			return answer{}, err
		}
	}
	return answer{Count: o.Count}, nil
}

// jobs returns the ids of the jobs there are, in order.
func (h *hubProcess) jobs(ctx context.Context) (ids []record.ID, err error) {
	return sqlrow.IDs(h.core.Store.Query(ctx, "SELECT id FROM job ORDER BY id"))
}
