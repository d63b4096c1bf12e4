package main

import (
	"context"

	"fieldsync/server/auth"
	"fieldsync/server/store"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// demoDesk are the people in the demo's office. The first does what nobody else of them is named for.
var demoDesk = []struct {
	login, name, branch string
	role                auth.Role
}{
	{"zhou.min", "周敏", "N", auth.Dispatcher},
	{"karen.holt", "Karen Holt", "S", auth.Dispatcher},
	{"chen.mei-ling", "陳美玲", "N", auth.Auditor},
}

// Who does what at the desk.
const (
	dispatcher = 0
	auditor    = 2
)

// atDesk is who works at the n-th place of the office.
func atDesk(n int) record.ID { return aftersales.NamedID("demo", "person", demoDesk[n].name) }

// staff gives the office its people, and has the first of them do what is done from now on.
func (c *company) staff(ctx context.Context) error {
	for n, d := range demoDesk {
		err := c.core.Store.Write(ctx, func(tx *store.Tx) error {
			if known, err := tx.Person(atDesk(n)); err != nil || known != nil {
				return err
			}
			return tx.AddPerson(store.Person{ID: atDesk(n), Login: d.login, Name: d.name, Roles: []string{string(d.role)}, Active: true})
		})
		if err == nil {
			err = c.do(ctx, aftersales.CauseCreate, func(tx aftersales.Tx) error {
				if known, err := tx.Row("person", atDesk(n)); err != nil || known != nil {
					return err
				}
				_, err := aftersales.CreatePerson(tx, aftersales.PersonInput{ID: atDesk(n), Branch: branchID(d.branch), Name: d.name})
				return err
			})
		}
		if err != nil {
			return err
		}
	}
	c.clerk = atDesk(dispatcher)
	return nil
}

// do runs a command of the office, in the name of who works there; in the hub's while nobody does.
func (c *company) do(ctx context.Context, cause string, command func(aftersales.Tx) error) error {
	return c.doAs(ctx, c.clerk, cause, command)
}
