package systemtest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// getsItsCertificate has the hub ask a certificate authority, which looks whether the name is the hub's; asked for
// another name the hub answers nothing, and started again it needs no authority.
func getsItsCertificate(t *testing.T, i *installation) {
	const name = "hub.example.com"
	a := newAuthority(t)
	i.env = []string{"SSL_CERT_FILE=" + a.file}
	asking := []string{"-acme", name, "-acme-directory", "https://" + a.address + "/dir"}
	at, stop := i.serve(asking...)
	hub := hostOf(t, at)
	a.start(hub)

	var issued *x509.Certificate
	soon(t, "a certificate", func() bool {
		issued = certificateFor(hub, name, nil)
		return issued != nil
	})
	if _, err := issued.Verify(x509.VerifyOptions{DNSName: name, Roots: a.roots(), Intermediates: a.between(hub, name)}); err != nil {
		t.Error(err)
	}
	if certificateFor(hub, "other.example.com", nil) != nil {
		t.Error("the hub has a certificate for a name that is not its own")
	}
	stop()
	a.stop()
	at, stop = i.serve(asking...)
	defer stop()
	if again := certificateFor(hostOf(t, at), name, nil); again == nil || !again.Equal(issued) {
		t.Error("the certificate was not kept")
	}
}

func hostOf(t *testing.T, at string) string {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil || u.Scheme != "https" {
		t.Fatalf("the hub is at %s: %v", at, err)
	}
	return u.Host
}

// certificateFor returns what a peer shows for a name, nil if there is no connection; also the others of its chain,
// where that is wanted. Whether it is to be trusted is the caller's to check.
func certificateFor(address, name string, chain *[]*x509.Certificate) *x509.Certificate {
	c, err := tls.Dial("tcp", address, &tls.Config{ServerName: name, InsecureSkipVerify: true})
	if err != nil {
		return nil
	}
	defer func() { _ = c.Close() }()
	shown := c.ConnectionState().PeerCertificates
	if chain != nil {
		*chain = shown[1:]
	}
	return shown[0]
}

// authority is a certificate authority in a process of its own, which finds every name on this machine.
type authority struct {
	t                   *testing.T
	program             string
	file, keyFile       string // of the certificate by which it answers
	address, management string
	names               net.Listener
	process             *exec.Cmd
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	tools := filepath.Join("..", "..", ".ci", "tools", "go.mod")
	out, err := exec.CommandContext(t.Context(), "go", "tool", "-modfile="+tools, "-n", "pebble").Output()
	if err != nil {
		t.Skipf("the certificate authority cannot be built here: %v", err)
	}
	folder := t.TempDir()
	a := &authority{
		t: t, program: strings.TrimSpace(string(out)), file: filepath.Join(folder, "cert.pem"), keyFile: filepath.Join(folder, "key.pem"),
		address: freeAddress(t), management: freeAddress(t),
	}
	a.certify()
	if a.names, err = (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.names.Close() })
	go answerNames(a.names)
	return a
}

// freeAddress returns one at which nobody listens now.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// certify makes the certificate by which the authority itself is known.
func (a *authority) certify() {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	self := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	body, err := x509.CreateCertificate(rand.Reader, self, self, key.Public(), key)
	if err != nil {
		a.t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{a.file: {Type: "CERTIFICATE", Bytes: body}, a.keyFile: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			a.t.Fatal(err)
		}
	}
}

// start runs the authority, which looks for every name at the hub's port.
func (a *authority) start(hub string) {
	a.t.Helper()
	at, err := net.ResolveTCPAddr("tcp", hub)
	if err != nil {
		a.t.Fatal(err)
	}
	body, err := json.Marshal(map[string]any{"pebble": map[string]any{
		"listenAddress": a.address, "managementListenAddress": a.management, "certificate": a.file, "privateKey": a.keyFile,
		"httpPort": 1, "tlsPort": at.Port, "keyAlgorithm": "ecdsa", "profiles": map[string]any{"default": map[string]any{"validityPeriod": 7776000}},
	}})
	if err != nil {
		a.t.Fatal(err)
	}
	config := filepath.Join(filepath.Dir(a.file), "authority.json")
	if err := os.WriteFile(config, body, 0o600); err != nil {
		a.t.Fatal(err)
	}
	a.process = exec.CommandContext(context.WithoutCancel(a.t.Context()), a.program, "-config", config, "-dnsserver", a.names.Addr().String())
	a.process.Env = append(os.Environ(), "PEBBLE_VA_NOSLEEP=1")
	if err := a.process.Start(); err != nil {
		a.t.Fatal(err)
	}
	a.t.Cleanup(a.stop)
	soon(a.t, "the authority", func() bool { return certificateFor(a.address, "", nil) != nil })
}

func (a *authority) stop() {
	if a.process != nil {
		_ = a.process.Process.Kill()
		_ = a.process.Wait() // killed
		a.process = nil
	}
}

// roots are what the authority signs by.
func (a *authority) roots() *x509.CertPool {
	a.t.Helper()
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(a.read(a.file))
	c := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}}}
	defer c.CloseIdleConnections()
	r, err := c.Get("https://" + a.management + "/roots/0")
	if err != nil {
		a.t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(body)
	return roots
}

func (a *authority) read(file string) []byte {
	a.t.Helper()
	body, err := os.ReadFile(file)
	if err != nil {
		a.t.Fatal(err)
	}
	return body
}

// between are the certificates that the hub shows between its own and the root.
func (a *authority) between(hub, name string) *x509.CertPool {
	var chain []*x509.Certificate
	certificateFor(hub, name, &chain)
	pool := x509.NewCertPool()
	for _, c := range chain {
		pool.AddCert(c)
	}
	return pool
}

// answerNames says of every name that it is on this machine (DNS over TCP, RFC 7766).
func answerNames(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go answerName(c)
	}
}

func answerName(c net.Conn) {
	defer func() { _ = c.Close() }()
	var size uint16
	if binary.Read(c, binary.BigEndian, &size) != nil {
		return
	}
	body := make([]byte, size)
	var asked dnsmessage.Message
	if _, err := io.ReadFull(c, body); err != nil || asked.Unpack(body) != nil || len(asked.Questions) == 0 {
		return
	}
	q := asked.Questions[0]
	answer := dnsmessage.Message{Header: dnsmessage.Header{ID: asked.ID, Response: true}, Questions: asked.Questions}
	if q.Type == dnsmessage.TypeA {
		answer.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
			Body:   &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}},
		}}
	}
	if body, err := answer.Pack(); err == nil {
		_, _ = c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(body))), body...)) // who asked asks again
	}
}
