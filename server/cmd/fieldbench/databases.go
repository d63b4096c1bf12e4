//go:build !device

package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"

	"fieldsync/server/store/postgres"
)

// databases makes an empty database for each of the bench's hubs on the server of -db, and drops them when it ends.
type databases struct {
	server postgres.Options
	made   []string
}

func openDatabases(ctx context.Context, p place) (func(context.Context, order) (answer, error), func() error, error) {
	d := &databases{server: postgres.Options{URL: p.db}}
	return d.obey, func() error { return d.drop(context.WithoutCancel(ctx)) }, nil
}

func (d *databases) obey(ctx context.Context, o order) (answer, error) {
	if o.Do != "database" {
		return answer{}, fmt.Errorf("unknown order %q", o.Do)
	}
	at, err := url.Parse(d.server.URL)
	if err != nil {
		return answer{}, fmt.Errorf("-db: %w", err)
	}
	name := fmt.Sprintf("fieldbench_%d_%d", os.Getpid(), len(d.made)+1)
	if err := d.say(ctx, "CREATE DATABASE "+name+" ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"); err != nil {
		return answer{}, fmt.Errorf("-db: %w", err)
	}
	d.made = append(d.made, name)
	at.Path = "/" + name
	return answer{Address: at.String()}, nil
}

func (d *databases) drop(ctx context.Context) (err error) {
	for _, name := range d.made {
		err = errors.Join(err, d.say(ctx, "DROP DATABASE "+name))
	}
	return err
}

// say executes a statement in the database that -db names.
func (d *databases) say(ctx context.Context, statement string) (err error) {
	conn, err := postgres.Connect(ctx, d.server)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	s, err := conn.PrepareContext(ctx, statement)
	if err == nil {
		//lint:ignore SA1019 it takes no arguments
		_, err = s.Exec(nil)
	}
	return err
}
