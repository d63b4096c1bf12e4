package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"mime"
	"net"
	"net/mail"
	"net/netip"
	"net/smtp"
	"net/textproto"
	"time"
)

// Mail sends by a mail server, by TLS: a server that offers none, and is not on this machine, is sent nothing unless Plain
// permits it.
type Mail struct {
	Server   string // host:port
	Plain    bool   // what is sent may be read on the way
	From     string
	User     string // "" for a server that asks for nobody
	Password string
	TLS      *tls.Config // nil: the server's name is checked as usual
}

// Send sends the message.
func (s *Mail) Send(ctx context.Context, m Message) error {
	to, err := mail.ParseAddress(m.Address)
	if err != nil {
		return &Refused{"this is no mail address"}
	}
	from, err := mail.ParseAddress(s.From)
	if err != nil {
		return &Refused{"the sender's is no mail address"}
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.Server)
	if err != nil {
		return fmt.Errorf("the mail server does not answer: %w", err)
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return err
		}
	}
	return final(s.deliver(conn, from, to, m))
}

func (s *Mail) deliver(conn net.Conn, from, to *mail.Address, m Message) error {
	host, _, err := net.SplitHostPort(s.Server)
	if err != nil {
		return err
	}
	c, err := smtp.NewClient(conn, host)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }() // after Quit there is nothing left to go wrong
	if err := s.greet(c, host, onThisMachine(conn)); err != nil {
		return err
	}
	if err := c.Mail(from.Address); err != nil {
		return err
	}
	if err := c.Rcpt(to.Address); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(letter(from, to, m)); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	_ = c.Quit() // it has the letter: how it says goodbye does not matter
	return nil
}

func onThisMachine(conn net.Conn) bool {
	to, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	return err == nil && to.Addr().Unmap().IsLoopback()
}

var errNoTLS = errors.New("the mail server offers no TLS, so what it is sent could be read on the way; \"plain\": true permits it")

func (s *Mail) greet(c *smtp.Client, host string, near bool) error {
	ok, _ := c.Extension("STARTTLS")
	if !ok && !near && !s.Plain {
		return errNoTLS
	}
	if ok {
		config := s.TLS
		if config == nil {
			config = &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
		}
		if err := c.StartTLS(config); err != nil {
			return err
		}
	}
	if s.User == "" {
		return nil
	}
	return c.Auth(smtp.PlainAuth("", s.User, s.Password, host))
}

// letter writes the message as RFC 5322 has it, in UTF-8 and base64. Its id is the notice's: one that comes twice is
// shown once.
func letter(from, to *mail.Address, m Message) []byte {
	var b bytes.Buffer
	subject := m.Subject
	if subject == "" {
		subject = m.Text
	}
	fmt.Fprintf(&b, "From: %s\r\nTo: %s\r\nSubject: %s\r\nDate: %s\r\nMessage-ID: <%s@fieldsync>\r\n", from, to,
		mime.BEncoding.Encode("utf-8", subject), m.At.Format(time.RFC1123Z), m.ID)
	b.WriteString("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n")
	text := base64.StdEncoding.EncodeToString([]byte(m.Text))
	for len(text) > 76 {
		b.WriteString(text[:76] + "\r\n")
		text = text[76:]
	}
	b.WriteString(text + "\r\n")
	return b.Bytes()
}

// final makes a refusal of what a mail server says for good: codes from 500 on.
func final(err error) error {
	var said *textproto.Error
	if errors.As(err, &said) && said.Code >= 500 {
		return &Refused{said.Error()}
	}
	return err
}
