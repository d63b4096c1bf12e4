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
	if err := postgres.Say(ctx, d.server, "CREATE DATABASE "+name+" ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"); err != nil {
		return answer{}, fmt.Errorf("-db: %w", err)
	}
	d.made = append(d.made, name)
	at.Path = "/" + name
	return answer{Address: at.String()}, nil
}

func (d *databases) drop(ctx context.Context) (err error) {
	for _, name := range d.made {
		err = errors.Join(err, postgres.Say(ctx, d.server, "DROP DATABASE "+name))
	}
	return err
}
