package server

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"fieldsync/server/hub"
	"fieldsync/server/notify"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// simulators stand in for everybody whom notices leave for: a mail server, a provider of text messages, three chats, and a
// program. They are down, take what they are sent, or refuse it for good.
type simulators struct {
	mu    sync.Mutex
	state string // "down", "takes", "refuses"
	heard map[string][]string
	web   *httptest.Server
	mail  net.Listener
}

func newSimulators(t *testing.T) *simulators {
	t.Helper()
	s := &simulators{state: "down", heard: map[string][]string{}}
	s.web = httptest.NewServer(s)
	t.Cleanup(s.web.Close)
	var err error
	if s.mail, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.mail.Close() })
	go func() {
		for {
			conn, err := s.mail.Accept()
			if err != nil {
				return
			}
			go s.postman(conn)
		}
	}()
	return s
}

func (s *simulators) are(state string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = state
}

// takes notes what came by a channel, and says how the other side stands.
func (s *simulators) takes(channel, said string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == "takes" {
		s.heard[channel] = append(s.heard[channel], said)
	}
	return s.state
}

// ServeHTTP is all that hears by HTTP: a chat says no in an answer of 200, as chats do.
func (s *simulators) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	channel := strings.Trim(r.URL.Path, "/")
	body, _ := io.ReadAll(r.Body)
	state := s.takes(channel, string(body))
	chat := channel == "dingtalk" || channel == "wecom" || channel == "feishu"
	switch {
	case state == "refuses":
		http.Error(w, "no such <address>", http.StatusNotFound)
	case state == "down" && chat:
		_, _ = io.WriteString(w, `{"errcode": 130101, "errmsg": "send too fast"}`)
	case state == "down":
		http.Error(w, "busy", http.StatusServiceUnavailable)
	default:
		_, _ = io.WriteString(w, `{"errcode": 0, "code": 0, "status": "OK"}`)
	}
}

// postman is a mail server for one letter.
func (s *simulators) postman(conn net.Conn) {
	defer conn.Close()
	say := func(line string) { _, _ = io.WriteString(conn, line+"\r\n") }
	say("220 here")
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		switch verb, _, _ := strings.Cut(lines.Text(), " "); verb {
		case "RCPT":
			say(map[string]string{"down": "451 try later", "takes": "250 fine", "refuses": "550 nobody of that name"}[s.stands()])
		case "DATA":
			say("354 go on")
			head := true
			var text strings.Builder
			for lines.Scan() && lines.Text() != "." {
				if !head {
					text.WriteString(lines.Text())
				}
				head = head && lines.Text() != ""
			}
			letter, _ := base64.StdEncoding.DecodeString(text.String())
			s.takes("mail", string(letter))
			say("250 taken")
		default:
			say("250 fine")
		}
	}
}

func (s *simulators) stands() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

// channels are those that an operator writes down, all of them.
func (s *simulators) channels(t *testing.T) map[string]notify.Channel {
	t.Helper()
	robot := func(kind string) string {
		return fmt.Sprintf(`%q: {"night": {"URL": %q, "Secret": "key"}}`, kind, s.web.URL+"/"+kind+"?access_token=x")
	}
	channels, err := NoticeChannels([]byte(fmt.Sprintf(`{"mail": {"server": %q, "from": "Service <service@example.com>"},
		"sms": {"url": %q, "header": {"Content-Type": "application/json"}, "body": "{\"to\": \"{to}\", \"text\": \"{text}\"}", "accept": "OK"},
		%s, %s, %s, "webhook": {"crm": {"URL": %q, "Secret": "key"}}}`,
		s.mail.Addr(), s.web.URL+"/sms", robot("dingtalk"), robot("wecom"), robot("feishu"), s.web.URL+"/webhook")))
	if err != nil {
		t.Fatal(err)
	}
	return channels
}

// leaving are the channels by which notices leave the hub.
var leaving = aftersales.NoticeChannels[1:]

// A notice walks each way out of the hub: the other side is down and it is tried again, each time twice as late; taken, it is
// sent once; refused for good or tried too often it is given up, says why, and goes once more when somebody asks.
func TestANoticeWalksEveryChannel(t *testing.T) {
	t.Parallel()
	others := newSimulators(t)
	k := newKept(t, filepath.Join(t.TempDir(), "hub.db"))
	k.do(aftersales.SetUp)
	k.founded()
	k.do(func(tx aftersales.Tx) error {
		rules := []aftersales.NoticeRule{}
		for _, channel := range leaving {
			rule := aftersales.NoticeRule{Event: aftersales.NoticeAssigned, To: aftersales.ToAddress, Channel: channel, Address: "night"}
			switch channel {
			case aftersales.ChannelMail, aftersales.ChannelSMS:
				rule.To, rule.Address = aftersales.ToConcerned, ""
			case aftersales.ChannelWebhook:
				rule.Address = "crm"
			}
			rules = append(rules, rule)
		}
		_, err := aftersales.PublishPolicy(tx, aftersales.PolicyInput{Kind: aftersales.PolicyNotice, Body: aftersales.NoticePolicy{Attempts: 3, RetrySeconds: 60, Rules: rules}})
		return err
	})
	k.do(func(tx aftersales.Tx) error {
		if err := tx.Update("person", k.li, record.Values{"email": record.Text("li@example.com"), "phone": record.Text("+8613800138000")}); err != nil {
			return err
		}
		return aftersales.SetReach(tx, k.li, "zh-Hans", "")
	})
	sender := k.sender(others.channels(t))
	round := func(want int) {
		t.Helper()
		if sent, err := sender.Round(t.Context()); err != nil || sent != want {
			t.Fatalf("%d sent, %v, want %d", sent, err, want)
		}
	}
	assign := func(id byte) {
		k.do(func(tx aftersales.Tx) error {
			if _, err := aftersales.CreateJob(tx, aftersales.JobInput{ID: record.ID{id}, Branch: k.branch, Title: `Pump "7" leaks`}); err != nil {
				return err
			}
			_, err := aftersales.AssignJob(tx, aftersales.AssignInput{Job: record.ID{id}, Person: k.li})
			return err
		})
	}
	all := len(leaving)

	// Down, and again after a minute, and after two more; then they take it.
	assign(7)
	round(0)
	k.stand(t, 7, aftersales.AttemptFailed, 1, 60_000)
	round(0)
	k.today.Add(61_000)
	round(0)
	k.stand(t, 7, aftersales.AttemptFailed, 2, 120_000)
	k.today.Add(61_000)
	round(0)
	k.stand(t, 7, aftersales.AttemptFailed, 2, 120_000)
	k.today.Add(61_000)
	others.are("takes")
	round(all)
	round(0)
	k.stand(t, 7, aftersales.AttemptSent, 3, 0)
	others.tookOnce(t)

	// Down three times: given up, until somebody asks for it.
	others.are("down")
	assign(8)
	for range 3 {
		round(0)
		k.today.Add(3_600_000)
	}
	k.stand(t, 8, aftersales.AttemptGivenUp, 3, 0)
	round(0)
	others.are("takes")
	k.retry(t, 8)
	k.today.Add(1000)
	round(all)
	k.stand(t, 8, aftersales.AttemptSent, 5, 0) // the asking is one of them

	// What is refused for good is not tried again; a chat knows no such answer.
	others.are("refuses")
	assign(9)
	round(0)
	k.stand(t, 9, aftersales.AttemptGivenUp, 1, 0)
}

// tookOnce checks that each of them took the text once, in the language of whom it is for.
func (s *simulators) tookOnce(t *testing.T) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, channel := range leaving {
		if len(s.heard[channel]) != 1 {
			t.Errorf("by %s it was taken %d times: %q", channel, len(s.heard[channel]), s.heard[channel])
			continue
		}
		said, want := s.heard[channel][0], "Job "
		if channel == aftersales.ChannelMail || channel == aftersales.ChannelSMS {
			want = "已派给您"
		}
		var body any
		if channel != aftersales.ChannelMail && json.Unmarshal([]byte(said), &body) != nil {
			t.Errorf("%s was sent no JSON: %s", channel, said)
		}
		if !strings.Contains(said, want) || !strings.Contains(strings.ReplaceAll(said, `\"`, `"`), `Pump "7" leaks`) {
			t.Errorf("%s was sent %s", channel, said)
		}
	}
}

// noticesOf are the notices about a job that leave the hub.
func (k *kept) noticesOf(t *testing.T, job byte) (list []aftersales.Notice) {
	t.Helper()
	id := record.ID{job}
	ids, err := k.ids(t.Context(), "SELECT id FROM notice WHERE about = ? AND channel <> 'app' AND _del = 0", id[:])
	if err != nil {
		t.Fatal(err)
	}
	err = k.Hub.View(t.Context(), func(v hub.View) error {
		for _, id := range ids {
			row, err := aftersales.Look(v).Row("notice", id)
			if err != nil {
				return err
			}
			list = append(list, aftersales.NoticeOf(row))
		}
		return nil
	})
	if err != nil || len(list) != len(leaving) {
		t.Fatalf("%d notices: %v", len(list), err)
	}
	return list
}

// stand checks how each notice about a job stands: its last try, how many there were, and how much later the next one comes.
func (k *kept) stand(t *testing.T, job byte, state string, tries int, wait int64) {
	t.Helper()
	for _, n := range k.noticesOf(t, job) {
		err := k.Hub.View(t.Context(), func(v hub.View) error {
			made, err := aftersales.NoticeAttempts(aftersales.Look(v), n.ID)
			if err != nil {
				return err
			}
			last := aftersales.NoticeAttempt{}
			if len(made) > 0 {
				last = made[len(made)-1]
			}
			if len(made) != tries || last.State != state || wait > 0 && last.NextAt-last.Occurred != wait || state != aftersales.AttemptSent && last.Detail == "" {
				t.Errorf("by %s: %d tries, the last %+v; want %d, %s, the next after %d ms", n.Channel, len(made), last, tries, state, wait)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// retry asks for each notice about a job once more, as the button of the page does.
func (k *kept) retry(t *testing.T, job byte) {
	t.Helper()
	for _, n := range k.noticesOf(t, job) {
		k.do(func(tx aftersales.Tx) error { return aftersales.RetryNotice(tx, n.ID) })
	}
}
