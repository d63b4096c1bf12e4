package systemtest

import (
	"encoding/binary"
	"encoding/pem"
	"errors"
	"net"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"testing"

	"fieldsync/client"
	"fieldsync/client/link"
	"fieldsync/server"
	"fieldsync/server/store"
	"fieldsync/sync/fault"
)

// names is a name server that calls every name this machine.
func names(t *testing.T) (address string) {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	go func() {
		for {
			b := make([]byte, 512)
			n, from, err := conn.ReadFrom(b)
			if err != nil {
				return
			}
			_, _ = conn.WriteTo(named(b[:n]), from)
		}
	}()
	return conn.LocalAddr().String()
}

// named answers a question for an address of version 4 with 127.0.0.1, and any other with nothing.
func named(question []byte) []byte {
	end := 12
	for end < len(question) && question[end] != 0 {
		end += int(question[end]) + 1
	}
	end += 5 // the root label, type and class
	if end > len(question) {
		return nil
	}
	answer := append([]byte(nil), question[:end]...)
	binary.BigEndian.PutUint16(answer[2:], 0x8180) // a response, recursion desired and available
	binary.BigEndian.PutUint16(answer[10:], 0)     // without the extensions of the question
	if binary.BigEndian.Uint16(question[end-4:]) != 1 {
		return answer
	}
	binary.BigEndian.PutUint16(answer[6:], 1)
	return append(answer, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1)
}

// A hub whose certificate the company signed itself, under a name that only the company's name server knows: its phones
// are told both, and enrol, sync and send photos; others do not get there.
func TestAHubOfACompanysOwnAuthority(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	srv := httptest.NewTLSServer(w.core.Handler())
	t.Cleanup(srv.Close)
	roots := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw})
	at, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	hub := "https://example.com:" + at.Port() // what the certificate is made out to

	person := server.NewID()
	if err := w.core.Store.Write(t.Context(), func(tx *store.Tx) error {
		return tx.AddPerson(store.Person{ID: person, Login: "li", Name: "li", Active: true})
	}); err != nil {
		t.Fatal(err)
	}
	enrol := func(r client.Reach) (*client.Client, error) {
		t.Helper()
		code, _, err := w.core.Devices.NewCode(t.Context(), person)
		if err != nil {
			t.Fatal(err)
		}
		c, err := client.Open(t.Context(), client.Options{Path: filepath.Join(t.TempDir(), "li.db"), Reach: r})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c, c.Enrol(t.Context(), hub, code, "phone")
	}
	dns := []string{"127.0.0.1:1", names(t)} // the first one is out of order
	if _, err := enrol(client.Reach{DNS: dns}); fault.CodeOf(err) != link.NoNetwork {
		t.Errorf("without the company's certificate: %v", err)
	}
	phone, err := enrol(client.Reach{Roots: roots, DNS: dns[:1]})
	if fault.CodeOf(err) != link.NoNetwork {
		t.Errorf("while its only name server is out of order: %v", err)
	}
	if err := phone.SetDNS([]string{"hub.example.com"}); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("a name server that is no address: %v", err)
	}
	if err := phone.SetDNS(dns); err != nil { // it came into another network
		t.Fatal(err)
	}
	code, _, err := w.core.Devices.NewCode(t.Context(), person)
	if err := errors.Join(err, phone.Enrol(t.Context(), hub, code, "phone")); err != nil {
		t.Fatal(err)
	}
	job := w.pumpLeaks(person)
	sync(t, phone)
	photo := photoOf(t, 9, 300)
	w.attach(phone, job, "photo", photo)
	sync(t, phone)
	if !w.hubHas(photo) {
		t.Error("the photo did not get there")
	}
	if _, err := client.Open(t.Context(), client.Options{
		Path: filepath.Join(t.TempDir(), "x.db"), Reach: client.Reach{Roots: []byte("no certificate")},
	}); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("roots that are none: %v", err)
	}
}
