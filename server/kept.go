package server

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"

	"fieldsync/server/store"
	"fieldsync/sync/fault"
)

// What is small, seldom changes and is nobody's row (roles, programs, views of lists, columns of imports) is kept as
// settings of the store, as JSON.

// readKept reads such a value from what the store says of its setting; the zero value where there is none.
func readKept[T any](kept string, err error) (value T, _ error) {
	if err != nil || kept == "" {
		return value, err
	}
	return value, json.Unmarshal([]byte(kept), &value)
}

// changeKept changes the value, and returns the text that it is kept as.
func changeKept[T any](tx *store.Tx, setting string, change func(T) (T, error)) (string, error) {
	value, err := readKept[T](tx.Setting(setting))
	if err != nil {
		return "", err
	}
	if value, err = change(value); err != nil {
		return "", err
	}
	kept, err := json.Marshal(value)
	if err != nil {
		return "", err
	}
	return string(kept), tx.PutSetting(setting, string(kept))
}

// challengeSetting is where the store keeps the secret by which every node knows the challenges of the others: no passkey is
// made of it, so that whoever has the database signs nobody in.
const challengeSetting = "challenge_key"

// keptSecret returns a secret of the hub's, of so many bytes, and makes it the first time.
func keptSecret(ctx context.Context, s *store.Store, setting string, size int) (secret []byte, err error) {
	err = s.Write(ctx, func(tx *store.Tx) error {
		kept, err := tx.Setting(setting)
		if err != nil {
			return err
		}
		if kept == "" {
			secret = make([]byte, size)
			_, _ = rand.Read(secret) // crypto/rand never fails: it ends the program instead
			return tx.PutSetting(setting, base64.StdEncoding.EncodeToString(secret))
		}
		secret, err = base64.StdEncoding.DecodeString(kept)
		if err != nil {
			err = fault.Wrap(fault.Internal, "the secret "+setting+" is damaged in the database", err)
		}
		return err
	})
	return secret, err
}
