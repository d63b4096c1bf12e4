package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Hook is an address of another system.
type Hook struct {
	URL    string
	Secret string // signs what is sent; one that begins with "whsec_" is the key in base64, any other the key itself
}

// Webhooks send to other systems, by their names, as Post does.
type Webhooks struct {
	Client *http.Client
	Hooks  map[string]Hook
	Now    func() time.Time
}

// Send sends the message. An answer that refuses it ends it: it is set up by who starts the hub, and nobody waits for it.
func (s *Webhooks) Send(ctx context.Context, m Message) error {
	hook, ok := s.Hooks[m.Address]
	if !ok {
		return &Refused{"there is no webhook called " + m.Address}
	}
	return hook.Post(ctx, s.Client, m, s.Now())
}

// Gone says that a webhook answered 410: it is there no more, and nothing is to be sent to it again.
type Gone struct{ Detail string }

// Error returns what the other side said.
func (g *Gone) Error() string { return g.Detail }

// Subscription sends to a webhook that somebody set up on a page, as Post does. Whatever answer but 2xx is no refusal:
// who has the other end mends it, and what waits is sent then. The error is a *Gone where it is there no more.
type Subscription struct {
	Client *http.Client
	Hook   Hook
	Now    func() time.Time
}

// Send sends the message.
func (s *Subscription) Send(ctx context.Context, m Message) error {
	err := s.Hook.Post(ctx, s.Client, m, s.Now())
	var refused *Refused
	switch {
	case !errors.As(err, &refused):
		return err
	case strings.HasPrefix(refused.Detail, "410 "):
		return &Gone{refused.Detail}
	}
	return errors.New(refused.Detail)
}

// Post sends the message as the Standard Webhooks have it: a JSON body with type, timestamp and data, and the headers
// webhook-id, the same for each try; webhook-timestamp, of this try, in seconds since 1970; and webhook-signature, "v1," and
// the base64 of the HMAC-SHA-256 of id.timestamp.body.
func (h Hook) Post(ctx context.Context, client *http.Client, m Message, now time.Time) error {
	data := map[string]any{"text": m.Text}
	if m.Resource != "" {
		data["resource"], data["id"] = m.Resource, m.Row.String()
	}
	body, err := json.Marshal(map[string]any{"type": m.Event, "timestamp": m.At.UTC().Format(time.RFC3339Nano), "data": data})
	if err != nil {
		return &Refused{err.Error()}
	}
	id, stamp := m.ID.String(), strconv.FormatInt(now.Unix(), 10)
	header := jsonHeader()
	header.Set("Webhook-Id", id)
	header.Set("Webhook-Timestamp", stamp)
	header.Set("Webhook-Signature", h.sign(id, stamp, body))
	_, err = post(ctx, client, h.URL, header, body)
	return err
}

// secretPrefix lets people, and scanners of source code, see what it is.
const secretPrefix = "whsec_"

// NewSecret returns the secret of a webhook, of random bytes.
func NewSecret(random []byte) string { return secretPrefix + base64.StdEncoding.EncodeToString(random) }

func (h Hook) sign(id, stamp string, body []byte) string {
	key := []byte(h.Secret)
	if encoded, ok := strings.CutPrefix(h.Secret, secretPrefix); ok {
		if decoded, err := base64.StdEncoding.DecodeString(encoded); err == nil {
			key = decoded
		}
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + stamp + "."))
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// Guarded returns a client that follows no redirect and asks no proxy, and that connects to addresses of the internet
// alone unless private permits others at the time: whoever may set up a webhook must not reach through the hub what only
// the hub reaches. What is checked is the address connected to, whatever the name resolved to before.
func Guarded(timeout time.Duration, private func() bool) *http.Client {
	dialer := &net.Dialer{Timeout: timeout, Control: func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil || !public(to.Addr()) && !private() {
			return fmt.Errorf("%s is an address of a network of your own, where webhooks may not go: the company's settings can permit it", to.Addr())
		}
		return nil
	}}
	return &http.Client{
		Timeout:       timeout,
		Transport:     &http.Transport{DialContext: dialer.DialContext, TLSHandshakeTimeout: timeout, MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// reserved are the networks that are not the internet's beside those that netip knows (RFC 6890), and those by which an
// IPv6 address means one of IPv4.
var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("192.88.99.0/24"), netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("100::/64"),
	netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"),
	netip.MustParsePrefix("fec0::/10"), netip.MustParsePrefix("::/96"),
}

// public reports whether an address is one of the internet's.
func public(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	for _, p := range reserved {
		if p.Contains(a) {
			return false
		}
	}
	return true
}
