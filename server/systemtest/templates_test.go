package systemtest

import (
	"context"
	"log/slog"

	"fieldsync/client"
	"fieldsync/server"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/simtest"
)

// What a story begins with: the hub's database, the same with the office's lists, and a phone's replica.
var (
	emptyHub = simtest.Template(func(path string) error {
		core, err := server.OpenCore(context.Background(), server.CoreOptions{
			Path: path, Schema: aftersales.Schema, Rules: server.Rules(), Log: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			return err
		}
		return core.Close(0)
	})
	emptyOffice = simtest.Template(func(path string) error {
		srv, err := server.Open(context.Background(), path, server.Options{Company: "Nobody", Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			return err
		}
		return srv.Close()
	})
	emptyPhone = simtest.Template(func(path string) error {
		c, err := client.Open(context.Background(), client.Options{Path: path})
		if err != nil {
			return err
		}
		return c.Close()
	})
)
