package main

import (
	"context"
	"crypto/rand"

	"fieldsync/sync/sqlrow"
)

func keyAddCommand() *command {
	return &command{
		Name: "key add", Brief: "make a new key for what is stored encrypted",
		About: `
The hub uses it from its next start on. What older keys encrypted stays readable by them: they stay in the key
file, of which you keep a copy apart from the backups. With -json it prints {"key_file":…}.`,
		Example: "fieldsyncd key add",
		Do: func(_ context.Context, a *app, _ []string) error {
			unlock, err := lockFolder(a.data, false)
			if err != nil {
				return err
			}
			defer unlock()
			if err := sqlrow.RotateKeyFile(a.keys(), rand.Reader); err != nil {
				return err
			}
			return a.answer(struct {
				Path string `json:"key_file"`
			}{a.keys()}, func() { a.say("%s has a new key: start the hub again, and keep a copy of the file.\n", a.keys()) })
		},
	}
}
