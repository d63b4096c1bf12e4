package auth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// Program is one that works with the hub by a token, in the name of a person: it may what its token says, and never what
// its person may not. Its writes are told apart from his by an incarnation of its own.
type Program struct {
	ID      record.ID
	Name    string
	Person  record.ID
	May     []Permission
	Hash    Hash // of the token
	Made    time.Time
	Expires time.Time // zero: never
	Revoked time.Time // zero: it is good
}

// Good reports whether the token lets anybody in at the time.
func (p *Program) Good(at time.Time) bool {
	return p.Revoked.IsZero() && (p.Expires.IsZero() || at.Before(p.Expires))
}

// ProgramStore keeps programs.
type ProgramStore interface {
	// Programs returns all there ever were, oldest first.
	Programs(context.Context) ([]Program, error)
	// ChangePrograms lets change return another list, and keeps it, in one transaction.
	ChangePrograms(ctx context.Context, change func([]Program) ([]Program, error)) error
}

// Programs makes tokens and recognises them.
type Programs struct {
	store  ProgramStore
	people *People
	random io.Reader
	now    func() time.Time
}

// NewPrograms returns the manager of the programs in the store.
func NewPrograms(store ProgramStore, people *People, random io.Reader, now func() time.Time) *Programs {
	return &Programs{store, people, random, now}
}

// tokenPrefix lets people, and scanners of source code, see what it is.
const tokenPrefix = "fsk_"

// All returns the programs there ever were, oldest first.
func (s *Programs) All(ctx context.Context) ([]Program, error) { return s.store.Programs(ctx) }

// Make returns the token of a new program, which is kept only as a hash. The error is a *fault.Error with the code
// fault.Invalid, or BeyondOwn for what its person may not himself.
func (s *Programs) Make(ctx context.Context, by *Person, name string, may []string, expires time.Time) (string, error) {
	name = strings.TrimSpace(name)
	if name == "" || utf8.RuneCountInString(name) > 60 {
		return "", fault.New(fault.Invalid, "A program needs a name of up to 60 characters.")
	}
	allowed, err := parsePermissions(may)
	if err != nil {
		return "", err
	}
	if len(allowed) < 2 {
		return "", fault.New(fault.Invalid, "Choose what the program may do.")
	}
	if slices.ContainsFunc(allowed, func(p Permission) bool { return !by.May(p) }) {
		return "", errBeyond
	}
	secret := make([]byte, 32)
	if _, err := io.ReadFull(s.random, secret); err != nil {
		return "", fmt.Errorf("auth: making a token: %w", err)
	}
	id, err := newID(s.random, s.now())
	if err != nil {
		return "", err
	}
	token := tokenPrefix + base64.RawURLEncoding.EncodeToString(secret)
	made := Program{ID: id, Name: name, Person: by.ID, May: allowed, Hash: sha256.Sum256([]byte(token)), Made: s.now(), Expires: expires}
	return token, s.store.ChangePrograms(ctx, func(list []Program) ([]Program, error) { return append(list, made), nil })
}

// Revoke ends a program; once more is no matter. The error is a *fault.Error with the code UnknownOne.
func (s *Programs) Revoke(ctx context.Context, id record.ID) error {
	return s.store.ChangePrograms(ctx, func(list []Program) ([]Program, error) {
		i := slices.IndexFunc(list, func(p Program) bool { return p.ID == id })
		if i < 0 {
			return nil, fault.New(UnknownOne, "There is no such program.")
		}
		if list[i].Revoked.IsZero() {
			list[i].Revoked = s.now()
		}
		return list, nil
	})
}

// Bearer returns the program of a token, and its person with no more rights than the token gives; nil for a token that is
// unknown, expired or revoked, and for one whose person is no longer active.
func (s *Programs) Bearer(ctx context.Context, token string) (*Program, *Person, error) {
	if !strings.HasPrefix(token, tokenPrefix) {
		return nil, nil, nil
	}
	list, err := s.store.Programs(ctx)
	if err != nil {
		return nil, nil, err
	}
	hash := Hash(sha256.Sum256([]byte(token))) // of a secret too long to be guessed: how long a comparison takes tells nothing
	i := slices.IndexFunc(list, func(p Program) bool { return p.Hash == hash })
	if i < 0 || !list[i].Good(s.now()) {
		return nil, nil, nil
	}
	person, err := s.people.Person(ctx, list[i].Person)
	if err != nil || person == nil || !person.Active {
		return nil, nil, err
	}
	return &list[i], person.Limited(list[i].May), nil
}
