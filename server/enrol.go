package server

import (
	"encoding/json"
	"errors"
	"net/http"

	"fieldsync/server/auth"
	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// Enrolment is what a device sends to POST /enrol: the code that its person was given, the public half of the Ed25519
// key it has just made (base64 in JSON), what its person calls it, and whose work is on it already, if anybody's.
type Enrolment struct {
	Code   string    `json:"code"`
	Key    []byte    `json:"key"`
	Name   string    `json:"name"`
	Person record.ID `json:"person,omitzero"`
}

// Enrolled answers an Enrolment: who the device is from now on, whose, and of which hub.
type Enrolled struct {
	Device   record.ID `json:"device"`
	Person   record.ID `json:"person"`
	Name     string    `json:"name"` // the person's
	Language string    `json:"language"`
	Hub      record.ID `json:"hub"`
	Company  string    `json:"company"`
	Now      int64     `json:"now"` // the hub's clock, ms since 1970 UTC
	// Actor is the incarnation that the device writes under until a Welcome says otherwise: what it does before it has met
	// the hub is numbered, and can be brought by a parcel.
	Actor clock.Actor `json:"actor,string"`
	// ParcelKey is what the device encrypts unsent work to that it hands over by other ways: see package parcel.
	ParcelKey []byte `json:"parcel_key,omitempty"`
}

// refusal is what a program gets instead of an answer.
type refusal struct {
	Code    fault.Code `json:"code"`
	Message string     `json:"message"`
}

const maxEnrolment = 8 << 10

// enrolling stands for the login where codes are guessed: no login has a space in it.
const enrolling = "an enrolment"

// enrol admits a device. Attempts are slowed down by address: codes are not to be guessed.
func (s *Server) enrol(w http.ResponseWriter, r *http.Request) {
	address, now := auth.Address(r, s.options.Proxies), s.parts.Now()
	wait, err := s.guesses.Wait(r.Context(), enrolling, address, now)
	if err == nil && wait > 0 {
		err = fault.New(auth.Throttled, "Too many attempts. Wait a little, then try again.")
	}
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	var e Enrolment
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxEnrolment)).Decode(&e); err != nil {
		s.refuse(w, r, fault.Wrap(fault.Malformed, "Send an object with code, key and name.", err))
		return
	}
	answer, err := s.enrolDevice(r, e)
	if err != nil {
		if fault.CodeOf(err) == auth.BadCode {
			err = errors.Join(err, s.guesses.Failed(r.Context(), enrolling, address, now))
			s.parts.Log.Warn("enrolment refused", "code", auth.BadCode, "from", address)
		}
		s.refuse(w, r, err)
		return
	}
	s.parts.Log.Info("device enrolled", "device", answer.Device, "person", answer.Person, "from", address)
	reply(w, http.StatusCreated, answer)
}

func (s *Server) enrolDevice(r *http.Request, e Enrolment) (*Enrolled, error) {
	d, err := s.devices.Enrol(r.Context(), e.Code, e.Key, e.Name, e.Person)
	if err != nil {
		return nil, err
	}
	p, err := s.people.Person(r.Context(), d.Person)
	if err != nil || p == nil {
		return nil, errors.Join(errors.New("server: an enrolled device's person is unknown"), err)
	}
	return &Enrolled{
		Device: d.ID, Person: d.Person, Name: p.Name, Language: p.Language, Hub: s.parts.Hub,
		Company: s.options.Company, Now: s.parts.Now().UnixMilli(), Actor: d.Actor, ParcelKey: s.parts.ParcelKey,
	}, nil
}

// statuses says what a code is in HTTP for programs; what is no *fault.Error is 500, any other code 422.
var statuses = map[fault.Code]int{
	fault.Malformed:   http.StatusBadRequest,
	auth.BadCode:      http.StatusForbidden,
	fault.Unauthentic: http.StatusUnauthorized,
	auth.Throttled:    http.StatusTooManyRequests,
	fault.Overloaded:  http.StatusServiceUnavailable,
	fault.Internal:    http.StatusInternalServerError,
}

func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var f *fault.Error
	if !errors.As(err, &f) {
		f = fault.Wrap(fault.Internal, "Something is wrong with the server. Try again later.", err)
	}
	status, ok := statuses[f.Code]
	if !ok {
		status = http.StatusUnprocessableEntity
	}
	if status >= 500 {
		s.parts.Log.Error("request failed", "path", r.URL.Path, "code", f.Code, "err", err)
	}
	reply(w, status, refusal{f.Code, f.Message})
}

func reply(w http.ResponseWriter, status int, answer any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer) // a peer that left does not hear it
}
