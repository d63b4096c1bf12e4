package server

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Who renews a certificate writes one file after the other; the hub takes the new pair when it fits, and goes on with
// the old one meanwhile.
func TestACertificateIsRenewedWhileTheHubRuns(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	o := Options{Certificate: filepath.Join(folder, "cert.pem"), Key: filepath.Join(folder, "key.pem")}
	if _, err := o.transport(slog.New(slog.DiscardHandler)); err == nil {
		t.Error("a hub starts without its certificate")
	}
	certificate, key := selfSigned(t, 1)
	put(t, o.Certificate, certificate)
	put(t, o.Key, key)
	how, err := o.transport(slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	shown := func() int64 {
		c, err := how.tls.GetCertificate(nil)
		if err != nil {
			t.Fatal(err)
		}
		return c.Leaf.SerialNumber.Int64()
	}
	certificate, key = selfSigned(t, 2)
	put(t, o.Certificate, append(certificate, '\n'))
	if n := shown(); n != 1 {
		t.Errorf("between two files certificate %d is shown", n)
	}
	put(t, o.Key, append(key, '\n'))
	if n := shown(); n != 2 {
		t.Errorf("after both certificate %d is shown", n)
	}
	if err := os.Remove(o.Key); err != nil {
		t.Fatal(err)
	}
	if n := shown(); n != 2 {
		t.Errorf("without a key certificate %d is shown", n)
	}
}

func put(t *testing.T, file string, body []byte) {
	t.Helper()
	if err := os.WriteFile(file, body, 0o600); err != nil {
		t.Fatal(err)
	}
}

func selfSigned(t *testing.T, serial int64) (certificate, secret []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{SerialNumber: big.NewInt(serial), NotAfter: time.Now().Add(time.Hour)}
	body, err := x509.CreateCertificate(rand.Reader, about, about, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: body}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func TestPlainHTTPIsSentOnAndTakesNothing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		method, path, to string
		status           int
	}{
		{http.MethodGet, "/jobs?q=1", "https://hub.example.com/jobs?q=1", http.StatusMovedPermanently},
		{http.MethodPost, "/jobs?q=1", "", http.StatusBadRequest},
		{http.MethodGet, "/api/v1/jobs", "", http.StatusBadRequest}, // a program is to notice that it shows its token to everybody
		{http.MethodGet, "/files/00", "", http.StatusBadRequest},
		{http.MethodGet, "/segments/2", "", http.StatusBadRequest},
		{http.MethodGet, "/sync", "", http.StatusBadRequest},
	} {
		w := httptest.NewRecorder()
		toTLS(w, httptest.NewRequest(c.method, "http://hub.example.com:80"+c.path, nil))
		if w.Code != c.status || w.Header().Get("Location") != c.to {
			t.Errorf("%s %s: %d %s", c.method, c.path, w.Code, w.Header().Get("Location"))
		}
	}
}

// What TLS 1.2 may speak here keeps no key and authenticates what it encrypts; nothing older is spoken.
func TestOnlyStrongSuitesAreSpoken(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	body, secret := selfSigned(t, 1)
	o := Options{Certificate: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")}
	put(t, o.Certificate, body)
	put(t, o.Key, secret)
	for name, o := range map[string]Options{"files": o, "ACME": {ACME: &ACME{Names: []string{"hub.example.com"}, Cache: dir}}} {
		made, err := o.transport(slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		if made.tls.MinVersion != tls.VersionTLS12 || len(made.tls.CipherSuites) == 0 {
			t.Errorf("%s: from %s on, %d suites", name, tls.VersionName(made.tls.MinVersion), len(made.tls.CipherSuites))
		}
		for _, id := range made.tls.CipherSuites {
			if s := tls.CipherSuiteName(id); !strings.HasPrefix(s, "TLS_ECDHE_") || !strings.Contains(s, "GCM") && !strings.Contains(s, "POLY1305") {
				t.Errorf("%s: %s", name, s)
			}
		}
	}
}
