package server

import (
	"encoding/json"

	"fieldsync/server/store"
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
