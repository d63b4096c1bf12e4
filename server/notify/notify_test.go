package notify

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"fieldsync/sync/record"
)

var monday = time.Date(2025, 10, 13, 1, 2, 3, 0, time.UTC)

func now() time.Time { return monday }

func message(channel, address string) Message {
	return Message{ID: record.ID{1}, Channel: channel, Address: address, Event: "job.assigned", Text: `Job "7": 噪音`, At: monday}
}

// desk is an outbox in memory that tries three times.
type desk struct {
	waiting  []Message
	outcomes []Outcome
	broken   error
}

func (d *desk) Due(context.Context, time.Time, int) ([]Message, error) { return d.waiting, nil }

func (d *desk) Record(_ context.Context, id record.ID, o Outcome) error {
	if d.broken != nil {
		return d.broken
	}
	d.outcomes = append(d.outcomes, o)
	d.waiting = d.waiting[1:]
	return nil
}

type channelFunc func(Message) error

func (f channelFunc) Send(_ context.Context, m Message) error { return f(m) }

func sender(d *desk, channels map[string]Channel) *Sender {
	return &Sender{Outbox: d, Channels: channels, Now: now, Timeout: time.Second, Log: slog.New(slog.DiscardHandler)}
}

func TestOneThatFailsHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	d := &desk{waiting: []Message{message("bad", ""), message("no", ""), message("none", ""), message("good", "")}}
	s := sender(d, map[string]Channel{
		"bad":  channelFunc(func(Message) error { return errors.New("later") }),
		"no":   channelFunc(func(Message) error { return &Refused{"never"} }),
		"good": channelFunc(func(Message) error { return nil }),
	})
	sent, err := s.Round(t.Context())
	if err != nil || sent != 1 || len(d.outcomes) != 4 {
		t.Fatalf("%d sent, %v: %+v", sent, err, d.outcomes)
	}
	for i, want := range []Outcome{{Detail: "later"}, {Final: true, Detail: "never"}, {Final: true}, {Sent: true}} {
		if got := d.outcomes[i]; got.Sent != want.Sent || got.Final != want.Final || !strings.Contains(got.Detail, want.Detail) {
			t.Errorf("message %d: %+v, want %+v", i, got, want)
		}
	}
}

// The log says why a notice did not leave, and not whom it was for, though servers repeat it.
func TestTheLogNamesNobody(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"Anna Berg <anna@example.com>", "anna@example.com", "+49 30 123456"} {
		var logged strings.Builder
		s := sender(&desk{waiting: []Message{message("mail", address)}}, map[string]Channel{"mail": channelFunc(func(m Message) error {
			return &Refused{"550 " + m.Address + ": user unknown"}
		})})
		s.Log = slog.New(slog.NewTextHandler(&logged, nil))
		if _, err := s.Round(t.Context()); err != nil {
			t.Fatal(err)
		}
		if said := logged.String(); !strings.Contains(said, "user unknown") || strings.Contains(said, "nna") || strings.Contains(said, "123") {
			t.Errorf("of %s the log says %s", address, said)
		}
	}
}

// Servers say back whom they do not know, and what they were sent: neither is kept, nor in the log.
func TestWhatServersSayBackOfSomebodyIsNotKept(t *testing.T) {
	t.Parallel()
	d := &desk{waiting: []Message{message("mail", "Wang <Wang.Li@Example.com>"), message("sms", "+8613812345678"), message("dingtalk", "night")}}
	var log strings.Builder
	s := sender(d, map[string]Channel{
		"mail": channelFunc(func(Message) error { return &Refused{"550 5.1.1 <wang.li@example.com>: unknown, Wang.Li@Example.com"} }),
		"sms": channelFunc(func(m Message) error {
			return errors.New(`{"to":"8613812345678","content":"` + inJSON(m.Text) + `"} is too long`)
		}),
		"dingtalk": channelFunc(func(Message) error { return &Refused{"there is no robot called night"} }),
	})
	s.Log = slog.New(slog.NewTextHandler(&log, nil))
	if _, err := s.Round(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"550 5.1.1 <…>: unknown, …", `{"to":"…","content":"…"} is too long`, "there is no robot called night"} {
		if got := d.outcomes[i].Detail; got != want || !strings.Contains(log.String(), strconv.Quote(want)) {
			t.Errorf("%q is kept, and logged %s, want %q", got, &log, want)
		}
	}
}

// What was sent and could not be written down is sent again: twice is better than never.
func TestWhatIsNotWrittenDownIsSentAgain(t *testing.T) {
	t.Parallel()
	sent := 0
	d := &desk{waiting: []Message{message("good", "")}, broken: errors.New("disk full")}
	s := sender(d, map[string]Channel{"good": channelFunc(func(Message) error { sent++; return nil })})
	if _, err := s.Round(t.Context()); err == nil {
		t.Fatal("the disk was full and nobody said so")
	}
	d.broken = nil
	if _, err := s.Round(t.Context()); err != nil || sent != 2 {
		t.Fatalf("sent %d times, %v", sent, err)
	}
}

// other is a server of somebody else's, which keeps what it was sent.
type other struct {
	*httptest.Server
	path   *url.URL
	header http.Header
	body   []byte
}

func elsewhere(t *testing.T, status int, answer string) *other {
	o := &other{}
	o.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.path, o.header = r.URL, r.Header
		o.body, _ = io.ReadAll(r.Body)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(o.Close)
	return o
}

func TestTextMessages(t *testing.T) {
	t.Parallel()
	o := elsewhere(t, 200, `{"code": "OK"}`)
	s := &SMS{Client: o.Client(), URL: o.URL + "/send?to={to}", Body: `{"text": "{text}", "id": "{id}"}`, Accept: `"OK"`}
	if err := s.Send(t.Context(), message("sms", "+86 139")); err != nil {
		t.Fatal(err)
	}
	var got map[string]string
	if err := json.Unmarshal(o.body, &got); err != nil || got["text"] != `Job "7": 噪音` || o.path.Query().Get("to") != "+86 139" {
		t.Fatalf("it got %s at %s", o.body, o.path)
	}
	s.Accept = "sent"
	if err := s.Send(t.Context(), message("sms", "1")); err == nil {
		t.Fatal("the provider did not take it, and nobody said so")
	}
	form := &SMS{Client: o.Client(), URL: o.URL, Body: "to={to}&text={text}",
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}}
	if err := form.Send(t.Context(), message("sms", "+86")); err != nil {
		t.Fatal(err)
	}
	if v, err := url.ParseQuery(string(o.body)); err != nil || v.Get("to") != "+86" || v.Get("text") != `Job "7": 噪音` {
		t.Fatalf("it got %s", o.body)
	}
}

func TestRobots(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind, holds, path string
	}{
		{DingTalk, `"content"`, "sign="}, {WeCom, `"content"`, ""}, {Feishu, `"sign"`, ""},
	} {
		o := elsewhere(t, 200, `{"errcode": 0, "code": 0}`)
		s := &Robots{Client: o.Client(), Kind: c.kind, Now: now, Robots: map[string]Robot{"night": {o.URL + "/robot?token=secret", "key"}}}
		if err := s.Send(t.Context(), message(c.kind, "night")); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(o.body), c.holds) || !strings.Contains(string(o.body), "噪音") || !strings.Contains(o.path.RawQuery, c.path) {
			t.Errorf("%s got %s at %s", c.kind, o.body, o.path)
		}
		var refused *Refused
		if err := s.Send(t.Context(), message(c.kind, "day")); !errors.As(err, &refused) {
			t.Errorf("a robot that there is not: %v", err)
		}
	}
	o := elsewhere(t, 200, `{"errcode": 130101, "errmsg": "too fast"}`)
	s := &Robots{Client: o.Client(), Kind: DingTalk, Now: now, Robots: map[string]Robot{"a": {URL: o.URL}}}
	if err := s.Send(t.Context(), message(DingTalk, "a")); err == nil || !strings.Contains(err.Error(), "too fast") {
		t.Fatalf("it said: %v", err)
	}
	o.Close()
	if err := s.Send(t.Context(), message(DingTalk, "a")); err == nil || strings.Contains(err.Error(), o.URL) {
		t.Fatalf("the error tells the robot's address: %v", err)
	}
}

func TestWebhooksAreSignedAndAnswersUnderstood(t *testing.T) {
	t.Parallel()
	for status, final := range map[int]bool{500: false, 503: false, 429: false, 408: false, 404: true, 400: true, 302: true} {
		o := elsewhere(t, status, "no")
		s := &Webhooks{Client: o.Client(), Hooks: map[string]Hook{"crm": {o.URL, "key"}}, Now: now}
		err := s.Send(t.Context(), message("webhook", "crm"))
		var refused *Refused
		if err == nil || errors.As(err, &refused) != final {
			t.Errorf("%d: %v, final %v", status, err, !final)
		}
	}
	o := elsewhere(t, 204, "")
	s := &Webhooks{Client: o.Client(), Hooks: map[string]Hook{"crm": {o.URL, "whsec_a2V5"}}, Now: now}
	if err := s.Send(t.Context(), message("webhook", "crm")); err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, []byte("key"))
	mac.Write([]byte(o.header.Get("webhook-id") + "." + o.header.Get("webhook-timestamp") + "." + string(o.body)))
	if got, want := o.header.Get("webhook-signature"), "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)); got != want {
		t.Fatalf("signed %q, want %q", got, want)
	}
	if id := o.header.Get("webhook-id"); id != (record.ID{1}).String() || o.header.Get("webhook-timestamp") != strconv.FormatInt(monday.Unix(), 10) {
		t.Fatalf("sent as %q at %q", id, o.header.Get("webhook-timestamp"))
	}
}

// A webhook that somebody set up on a page is tried again whatever it answers, but where it says that it is gone.
func TestASubscriptionIsTriedAgain(t *testing.T) {
	t.Parallel()
	for status, gone := range map[int]bool{500: false, 404: false, 400: false, 302: false, 410: true} {
		o := elsewhere(t, status, "no")
		err := (&Subscription{Client: o.Client(), Hook: Hook{o.URL, "key"}, Now: now}).Send(t.Context(), message("webhook", ""))
		var refused *Refused
		var is *Gone
		if err == nil || errors.As(err, &refused) || errors.As(err, &is) != gone {
			t.Errorf("%d: %v", status, err)
		}
	}
}

// A redirect is an answer like any other that takes nothing: whoever gives it sends the hub nowhere.
func TestAWebhookFollowsNobodyElsewhere(t *testing.T) {
	t.Parallel()
	asked := 0
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer elsewhere.Close()
	leads := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	defer leads.Close()
	s := &Subscription{Client: Guarded(time.Second, func() bool { return true }), Hook: Hook{URL: leads.URL}, Now: now}
	if err := s.Send(t.Context(), message("webhook", "")); err == nil || asked > 0 {
		t.Errorf("%d came where it led, %v", asked, err)
	}
}

// Nobody reaches through a webhook what only the hub reaches.
func TestAWebhookStaysOutOfTheHouse(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"93.184.216.34": true, "2606:2800:220:1::1": true,
		"127.0.0.1": false, "::1": false, "10.1.2.3": false, "172.16.0.1": false, "192.168.1.1": false, "169.254.169.254": false,
		"0.0.0.0": false, "100.64.0.1": false, "::ffff:127.0.0.1": false, "::127.0.0.1": false, "fd00::1": false, "fe80::1%eth0": false,
		"224.0.0.1": false, "255.255.255.255": false, "64:ff9b::7f00:1": false, "2002:7f00:1::": false,
	} {
		if got := public(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s is of the internet: %v", address, got)
		}
	}
	o := elsewhere(t, 204, "")
	for _, allowed := range []bool{false, true} {
		client := Guarded(time.Minute, func() bool { return allowed })
		err := (&Subscription{Client: client, Hook: Hook{o.URL, "key"}, Now: now}).Send(t.Context(), message("webhook", ""))
		if (err == nil) != allowed || (o.body != nil) != allowed {
			t.Fatalf("allowed %v: %v", allowed, err)
		}
		client.CloseIdleConnections()
	}
}

// post office is a mail server that says what it is told to after each command.
func postOffice(t *testing.T, rcpt string) (address string, letters chan string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	letters = make(chan string, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		say := func(s string) { _, _ = io.WriteString(conn, s+"\r\n") }
		say("220 here")
		lines := bufio.NewScanner(conn)
		for lines.Scan() {
			switch verb, _, _ := strings.Cut(lines.Text(), " "); verb {
			case "RCPT":
				say(rcpt)
			case "DATA":
				say("354 go on")
				var letter strings.Builder
				for lines.Scan() && lines.Text() != "." {
					letter.WriteString(lines.Text() + "\n")
				}
				letters <- letter.String()
				say("250 taken")
			default:
				say("250 fine")
			}
		}
	}()
	return l.Addr().String(), letters
}

func TestMail(t *testing.T) {
	t.Parallel()
	address, letters := postOffice(t, "250 fine")
	s := &Mail{Server: address, From: "Service <service@example.com>"}
	if err := s.Send(t.Context(), message("mail", "chen@example.com")); err != nil {
		t.Fatal(err)
	}
	head, body, _ := strings.Cut(<-letters, "\n\n")
	text, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(body, "\n", ""))
	if err != nil || string(text) != `Job "7": 噪音` || !strings.Contains(head, "Message-ID: <01000000") || !strings.Contains(head, "Subject: =?utf-8?b?") {
		t.Fatalf("the letter is %s %q, %v", head, text, err)
	}
}

// far is a connection to another machine.
type far struct{ net.Conn }

func (far) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(198, 51, 100, 7), Port: 25} }

// A mail server elsewhere that offers no TLS, or from whose greeting somebody took it, is sent nothing.
func TestMailIsNotSentInTheClear(t *testing.T) {
	t.Parallel()
	from := &mail.Address{Address: "a@example.com"}
	for _, plain := range []bool{false, true} {
		address, letters := postOffice(t, "250 fine")
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		err = (&Mail{Server: address, Plain: plain}).deliver(far{conn}, from, from, message("mail", "b@example.com"))
		if errors.Is(err, errNoTLS) == plain || (len(letters) == 1) != plain {
			t.Errorf("permitted %v: %v, %d letters", plain, err, len(letters))
		}
	}
}

func TestMailThatIsNotTaken(t *testing.T) {
	t.Parallel()
	for said, final := range map[string]bool{"550 nobody of that name": true, "451 try later": false} {
		address, _ := postOffice(t, said)
		err := (&Mail{Server: address, From: "a@example.com"}).Send(t.Context(), message("mail", "b@example.com"))
		var refused *Refused
		if err == nil || errors.As(err, &refused) != final {
			t.Errorf("%s: %v", said, err)
		}
	}
	for _, to := range []string{"nonsense", "a@example.com\r\nBcc: everybody@example.com"} {
		var refused *Refused
		if err := (&Mail{Server: "127.0.0.1:1", From: "a@example.com"}).Send(t.Context(), message("mail", to)); !errors.As(err, &refused) {
			t.Errorf("to %q: %v", to, err)
		}
	}
}
