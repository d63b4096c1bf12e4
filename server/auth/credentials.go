package auth

import (
	"context"
	"encoding/base32"
	"fmt"
	"io"
	"strings"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// once stands before the hash of a password that was printed once.
const once = "once:"

// Temporary reports whether the password was printed once and must be replaced at the first sign-in.
func (p *Person) Temporary() bool { return strings.HasPrefix(p.Hash, once) }

// check compares the password, behind the gate. Somebody unknown, inactive or without a password is compared with
// the decoy.
func (s *People) check(ctx context.Context, p *Person, password string) (ok, stale bool, err error) {
	leave, err := s.enter(ctx)
	if err != nil {
		return false, false, err
	}
	defer leave()
	if p == nil || !p.Active || p.Hash == "" {
		CheckPassword(s.decoy, password)
		return false, false, nil
	}
	ok, stale = CheckPassword(strings.TrimPrefix(p.Hash, once), password)
	return ok, stale, nil
}

// enter waits for a place behind the gate, to be left again. The error is a *fault.Error with the code fault.Overloaded.
func (s *People) enter(ctx context.Context) (leave func(), err error) {
	select {
	case s.gate <- struct{}{}:
		return func() { <-s.gate }, nil
	case <-ctx.Done():
		return nil, fault.Wrap(fault.Overloaded, "The server is busy. Try again in a moment.", ctx.Err())
	}
}

func (s *People) rehash(ctx context.Context, p *Person, password string) error {
	mark := ""
	if p.Temporary() {
		mark = once
	}
	hash, err := HashPassword(s.random, password, s.cost)
	if err != nil {
		return err
	}
	_, err = s.store.ChangePerson(ctx, p.ID, func(now *Person, _ everybody) error {
		if now.Hash == p.Hash { // else he was given another one meanwhile
			now.Hash = mark + hash
		}
		return nil
	})
	return err
}

func (s *People) setPassword(p *Person, password string) (err error) {
	if err = CheckNewPassword(p.Login, password, p.Name, s.company); err != nil {
		return err
	}
	p.Hash, err = HashPassword(s.random, password, s.cost)
	return err
}

// SetPassword replaces the person's password and ends his other sessions. The error is a *fault.Error with the code
// WeakPassword or UnknownOne.
func (s *People) SetPassword(ctx context.Context, id record.ID, password string) (*Person, error) {
	return s.replacePassword(ctx, id, password, "")
}

// replacePassword hashes the password before the transaction: others wait for that.
func (s *People) replacePassword(ctx context.Context, id record.ID, password, mark string) (*Person, error) {
	p, err := s.known(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := s.setPassword(p, password); err != nil {
		return nil, err
	}
	return s.change(ctx, id, func(now *Person, _ everybody) error {
		now.Hash = mark + p.Hash
		return nil
	})
}

// OneTimePassword gives the person a password that is to be read to him once; at his next sign-in he chooses his own.
func (s *People) OneTimePassword(ctx context.Context, id record.ID) (string, error) {
	printed, err := oneTimePassword(s.random)
	if err != nil {
		return "", err
	}
	_, err = s.replacePassword(ctx, id, printed, once)
	return printed, err
}

func oneTimePassword(random io.Reader) (string, error) {
	b := make([]byte, 10)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", fmt.Errorf("auth: making a password: %w", err)
	}
	s := strings.ToLower(base32.StdEncoding.EncodeToString(b))
	return s[:4] + "-" + s[4:8] + "-" + s[8:12] + "-" + s[12:], nil
}
