package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"fieldsync/mobile"
)

// keys are those of the phone's keystore, as the app took them out.
type keys struct {
	program   *program
	destroyed chan struct{} // the app has destroyed them, and given a new one

	mu    sync.Mutex
	known map[int64][]byte
}

// keystore is nil without keys: they lie in a file beside the database then.
func (p *program) keystore() mobile.Keystore {
	p.keys.mu.Lock()
	defer p.keys.mu.Unlock()
	if len(p.keys.known) == 0 {
		return nil
	}
	return &p.keys
}

// take learns a key, "1 BASE64".
func (k *keys) take(values string) error {
	number, key, err := parseKey(values)
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.known[number] = key
	return nil
}

// renew forgets the keys that were destroyed, for the new one.
func (k *keys) renew(values string) error {
	number, key, err := parseKey(values)
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.known = map[int64][]byte{number: key}
	select {
	case k.destroyed <- struct{}{}:
	default: // nobody had asked
	}
	return nil
}

func parseKey(values string) (number int64, key []byte, err error) {
	name, secret, _ := strings.Cut(values, " ")
	if number, err = strconv.ParseInt(name, 10, 64); err != nil {
		return 0, nil, errors.New("invalid_value: a key has a number: " + name)
	}
	if key, err = base64.StdEncoding.DecodeString(secret); err != nil {
		return 0, nil, errors.New("invalid_value: a key is in base64") // what it is stays unsaid
	}
	return number, key, nil
}

// Newest returns the highest number.
func (k *keys) Newest() (int64, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Max(slices.Collect(maps.Keys(k.known))), nil
}

// Key returns the key with that number.
func (k *keys) Key(number int64) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	key, known := k.known[number]
	if !known {
		return nil, fmt.Errorf("the app gave no key with the number %d", number)
	}
	return key, nil
}

// destroyWithin is how long the app has to destroy the keys.
const destroyWithin = time.Minute

// Destroy has the app destroy the keys where they are kept. What is wiped then is looked after beside it.
func (k *keys) Destroy() error {
	k.program.tell("destroy", "")
	done := false
	select {
	case _, done = <-k.destroyed:
	case <-time.After(destroyWithin):
	}
	if !done {
		return errors.New("the app has not destroyed the keys")
	}
	if client := k.program.current(); client != nil {
		go k.program.wiped(client) // it ends with the program at the latest
	}
	return nil
}

// forget lets nobody wait any more for an app that is gone.
func (k *keys) forget() { close(k.destroyed) }

// wiped says that nothing is left on the phone, as soon as the client says so.
func (p *program) wiped(client *mobile.Client) {
	for {
		_, err := client.Status()
		switch {
		case err == nil:
			time.Sleep(100 * time.Millisecond)
		case strings.HasPrefix(err.Error(), "wiped: "):
			p.tell("wiped", "")
			return
		default:
			return // it was closed
		}
	}
}
