package main

import (
	"context"
	"errors"
	"io"
	"strings"

	"fieldsync/server"
	"fieldsync/server/importer"
	"fieldsync/server/store"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// company is the demo's: a hub on an embedded database, served on a port of its own.
type company struct {
	*house
	addr   string
	branch record.ID // the first
	clerk  record.ID // in whose name the office works; zero: the hub's
	leave  context.CancelFunc
	left   chan error
}

// openCompany opens the hub in the folder, sets the company up if it is new, and serves it at the address until close.
func openCompany(ctx context.Context, dir, address string, o server.Options) (*company, error) {
	listener, err := listen(ctx, address, "-addr")
	if err != nil {
		return nil, err
	}
	h, err := openServing(ctx, dir, o)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	c := &company{house: h, addr: listener.Addr().String(), branch: branchID("N"), left: make(chan error, 1)}
	if err := c.setUp(ctx); err != nil {
		return nil, errors.Join(err, h.close(), listener.Close())
	}
	var serving context.Context
	serving, c.leave = context.WithCancel(context.WithoutCancel(ctx))
	go func() { c.left <- h.hub.Serve(serving, listener) }()
	return c, nil
}

func (c *company) url() string { return "http://" + c.addr }

func (c *company) close() error {
	c.leave()
	return errors.Join(<-c.left, c.house.close())
}

// hire adds a technician with a van, and returns the code that enrols his phone.
func (c *company) hire(ctx context.Context, name string, branch record.ID) (person record.ID, code string, err error) {
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
	err = c.do(ctx, aftersales.CauseCreate, func(tx aftersales.Tx) error {
		if known, err := tx.Row("person", person); err != nil || known != nil {
			return err
		}
		return addTechnician(tx, aftersales.PersonInput{ID: person, Branch: branch, Name: name})
	})
	if err != nil {
		return person, "", err
	}
	code, _, err = c.core.Devices.NewCode(ctx, person)
	return person, code, err
}

// addTechnician makes the row of a technician, and his van.
func addTechnician(tx aftersales.Tx, in aftersales.PersonInput) error {
	in.Technician = true
	person, err := aftersales.CreatePerson(tx, in)
	if err != nil {
		return err
	}
	_, err = aftersales.CreateLocation(tx, aftersales.LocationInput{
		Branch: in.Branch, Code: "VAN-" + in.Name, Name: "Van of " + in.Name, Holder: person,
	})
	return err
}

// importJobs takes the jobs of a CSV file in, and reports progress.
func (c *company) importJobs(ctx context.Context, from io.Reader, progress func(done int)) (importer.Summary, error) {
	rows, err := importer.Open(importer.Jobs, from, importer.Options{})
	if err != nil {
		return importer.Summary{}, err
	}
	sink := &counting{server.NewRowSink(ctx, c.core, server.Taking{Sheet: importer.Jobs, Branch: c.branch, System: "import"}), 0, progress}
	return importer.Run(ctx, rows, sink, importer.Reporter{})
}

// jobs returns the ids of the jobs there are, in order.
func (c *company) jobs(ctx context.Context) ([]record.ID, error) {
	return c.ids(ctx, "SELECT id FROM job WHERE _del = 0 ORDER BY id")
}
