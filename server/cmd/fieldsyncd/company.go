package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"fieldsync/server"
	"fieldsync/server/hub"
	"fieldsync/server/importer"
	"fieldsync/server/store"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// company is the demo's: a hub on an embedded database, served on a port of its own.
type company struct {
	core   *server.Core
	web    *http.Server
	addr   string
	branch record.ID
}

// openCompany opens the hub in the folder and sets the company up if it is new.
func openCompany(ctx context.Context, dir, address string, log *slog.Logger) (*company, error) {
	core, err := server.OpenCore(ctx, server.CoreOptions{
		Path: filepath.Join(dir, "hub.db"), Schema: aftersales.Schema, Rules: server.Rules(), Log: log,
	})
	if err != nil {
		return nil, err
	}
	c := &company{core: core, branch: aftersales.NamedID("demo", "branch")}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("cannot listen on %s: choose another with -addr (%w)", address, err), core.Close(0))
	}
	c.addr = listener.Addr().String()
	c.web = &http.Server{Handler: core.Handler(), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = c.web.Serve(listener) }() // ends with close
	if err := c.setUp(); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

func (c *company) url() string { return "http://" + c.addr }

func (c *company) close() error {
	err := c.core.Close(0)
	return errors.Join(err, c.web.Close())
}

// do runs a command of the office in the hub's name.
func (c *company) do(cause string, command func(aftersales.Tx) error) error {
	_, err := c.core.Hub.Do(context.Background(), record.ID{}, nil, cause, func(o *hub.Office) error {
		return command(server.Bind(o, record.ID{}))
	})
	return err
}

var demoParts = []struct{ code, en, hans, hant string }{
	{"SEAL-40", "Shaft seal 40 mm", "轴封 40 毫米", "軸封 40 毫米"},
	{"BRG-6204", "Ball bearing 6204", "深沟球轴承 6204", "深溝滾珠軸承 6204"},
	{"FLT-OIL", "Oil filter", "机油滤芯", "機油濾芯"},
	{"HOSE-12", "Hydraulic hose 12 mm", "液压软管 12 毫米", "液壓軟管 12 毫米"},
	{"FUSE-16", "Fuse 16 A", "保险丝 16 安", "保險絲 16 安"},
	{"LAMP-24", "Work light 24 V", "工作灯 24 伏", "工作燈 24 伏"},
}

func (c *company) setUp() error {
	known := false
	err := c.do(aftersales.CauseSetUp, func(tx aftersales.Tx) error {
		row, err := tx.Row("branch", c.branch)
		if known = row != nil; err != nil || known {
			return err
		}
		if err := aftersales.SetUp(tx); err != nil {
			return err
		}
		if _, err := aftersales.CreateBranch(tx, aftersales.BranchInput{
			ID: c.branch, Code: "N", Name: "Northern branch", Zone: "Asia/Taipei", Currency: "TWD",
		}); err != nil {
			return err
		}
		for _, p := range demoParts {
			in := aftersales.PartInput{Code: p.code, Name: map[string]string{"en": p.en, "zh-Hans": p.hans, "zh-Hant": p.hant}}
			if _, err := aftersales.CreatePart(tx, in); err != nil {
				return err
			}
		}
		return nil
	})
	return err
}

// hire adds a technician with a van, and returns the code that enrols his phone.
func (c *company) hire(ctx context.Context, name string) (person record.ID, code string, err error) {
	person = aftersales.NamedID("demo", "person", name)
	err = c.core.Store.Write(ctx, func(tx *store.Tx) error {
		if known, err := tx.Person(person); err != nil || known != nil {
			return err
		}
		login := strings.ToLower(strings.ReplaceAll(name, " ", "."))
		return tx.AddPerson(store.Person{ID: person, Login: login, Name: name, Roles: []string{"technician"}, Active: true})
	})
	if err != nil {
		return person, "", err
	}
	err = c.do(aftersales.CauseCreate, func(tx aftersales.Tx) error {
		if known, err := tx.Row("person", person); err != nil || known != nil {
			return err
		}
		in := aftersales.PersonInput{ID: person, Branch: c.branch, Name: name, Technician: true}
		if _, err := aftersales.CreatePerson(tx, in); err != nil {
			return err
		}
		_, err := aftersales.CreateLocation(tx, aftersales.LocationInput{
			Branch: c.branch, Code: "VAN-" + name, Name: "Van of " + name, Holder: person,
		})
		return err
	})
	if err != nil {
		return person, "", err
	}
	code, _, err = c.core.Devices.NewCode(ctx, person)
	return person, code, err
}

// importJobs takes the jobs of a CSV file in, and reports progress.
func (c *company) importJobs(ctx context.Context, path string, progress func(done int)) (importer.Summary, error) {
	f, err := os.Open(path)
	if err != nil {
		return importer.Summary{}, fmt.Errorf("the file cannot be read: %w", err)
	}
	defer func() { _ = f.Close() }()
	return c.importFrom(ctx, f, progress)
}

func (c *company) importFrom(ctx context.Context, r io.Reader, progress func(done int)) (importer.Summary, error) {
	sink := &counting{server.NewJobSink(ctx, c.core, c.branch, "import"), 0, progress}
	return importer.Run(ctx, r, importer.Options{}, sink, importer.Reporter{})
}

type counting struct {
	*server.JobSink
	done     int
	progress func(int)
}

func (s *counting) Put(row importer.JobRow) error {
	err := s.JobSink.Put(row)
	s.done++
	s.progress(s.done)
	return err
}

// jobs returns the ids of the jobs there are, in order.
func (c *company) jobs(ctx context.Context) (ids []record.ID, err error) {
	rows, err := c.core.Store.Query(ctx, "SELECT id FROM job WHERE _del = 0 ORDER BY id")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var id []byte
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, record.ID(id))
	}
	return ids, rows.Err()
}
