package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// mostAnswer is how much of an answer is read, in bytes.
const mostAnswer = 4 << 10

// post sends a body, and returns the answer. Answers that say "not this way" are refusals; those that say "not now",
// and silence, are not.
func post(ctx context.Context, client *http.Client, to string, header http.Header, body []byte) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return nil, &Refused{"the address of the channel is no URL"}
	}
	r.Header = header
	answer, err := client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("no answer: %w", withoutURL(err))
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(io.LimitReader(answer.Body, mostAnswer))
	switch code := answer.StatusCode; {
	case code/100 == 2:
		return said, err
	case code == http.StatusRequestTimeout || code == http.StatusTooManyRequests || code >= 500:
		return nil, fmt.Errorf("%s: %s", answer.Status, said)
	default:
		return nil, &Refused{fmt.Sprintf("%s: %s", answer.Status, said)}
	}
}

// withoutURL keeps what is wrong and leaves the URL out, which holds the robot's token.
func withoutURL(err error) error {
	if e, ok := err.(*url.Error); ok {
		return e.Err
	}
	return err
}

func jsonHeader() http.Header {
	return http.Header{"Content-Type": {"application/json; charset=utf-8"}}
}

// SMS sends text messages through any provider that takes them by HTTP. In URL and Body, {to}, {text} and {id} stand
// for what is sent: escaped for a query in the URL, and in the body as its Type has it.
type SMS struct {
	Client *http.Client
	URL    string
	Header http.Header // Authorization, Content-Type
	Body   string      // `{"phone": "{to}", "content": "{text}"}`
	Accept string      // what the answer holds if the message was taken; "" for any
}

// Send sends the message.
func (s *SMS) Send(ctx context.Context, m Message) error {
	header := s.Header.Clone()
	if header == nil {
		header = jsonHeader()
	}
	escape := url.QueryEscape
	if strings.Contains(header.Get("Content-Type"), "json") {
		escape = inJSON
	}
	said, err := post(ctx, s.Client, fill(s.URL, m, url.QueryEscape), header, []byte(fill(s.Body, m, escape)))
	if err == nil && !strings.Contains(string(said), s.Accept) {
		err = fmt.Errorf("the provider did not take it: %s", said)
	}
	return err
}

func fill(template string, m Message, escape func(string) string) string {
	return strings.NewReplacer("{to}", escape(m.Address), "{text}", escape(m.Text), "{id}", escape(m.ID.String())).Replace(template)
}

// inJSON escapes a text for the inside of a JSON string.
func inJSON(s string) string {
	b, _ := json.Marshal(s) // a string always can be
	return string(b[1 : len(b)-1])
}

// Robot is that of a chat group.
type Robot struct {
	URL    string // as the chat gives it, token and all
	Secret string // "" for a robot that asks for no signature
}

// Robots send to the robots of one kind of chat, by their names.
type Robots struct {
	Client *http.Client
	Kind   string // DingTalk, WeCom or Feishu
	Robots map[string]Robot
	Now    func() time.Time
}

// The kinds of chat.
const (
	DingTalk = "dingtalk"
	WeCom    = "wecom"
	Feishu   = "feishu"
)

// Send sends the message.
func (s *Robots) Send(ctx context.Context, m Message) error {
	robot, ok := s.Robots[m.Address]
	if !ok {
		return &Refused{"there is no robot called " + m.Address}
	}
	to, body := robot.URL, map[string]any{"msgtype": "text", "text": map[string]string{"content": m.Text}}
	switch now := s.Now(); {
	case s.Kind == Feishu:
		body = map[string]any{"msg_type": "text", "content": map[string]string{"text": m.Text}}
		if robot.Secret != "" {
			stamp := strconv.FormatInt(now.Unix(), 10)
			body["timestamp"], body["sign"] = stamp, sign(stamp+"\n"+robot.Secret, "")
		}
	case s.Kind == DingTalk && robot.Secret != "":
		stamp := strconv.FormatInt(now.UnixMilli(), 10)
		to += "&timestamp=" + stamp + "&sign=" + url.QueryEscape(sign(robot.Secret, stamp+"\n"+robot.Secret))
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		return &Refused{err.Error()}
	}
	said, err := post(ctx, s.Client, to, jsonHeader(), encoded)
	if err != nil {
		return err
	}
	return taken(said)
}

// sign returns the HMAC-SHA-256 of the text, in base64.
func sign(key, text string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// taken reads the answer of a chat: 200 with a code that is not zero means that it did not take the message.
func taken(said []byte) error {
	var answer struct {
		ErrCode int    `json:"errcode"`
		ErrMsg  string `json:"errmsg"`
		Code    int    `json:"code"`
		Msg     string `json:"msg"`
	}
	if err := json.Unmarshal(said, &answer); err != nil {
		return fmt.Errorf("an answer that is not the chat's: %s", said)
	}
	if answer.ErrCode != 0 || answer.Code != 0 {
		return fmt.Errorf("the chat did not take it: %d %s%s", answer.ErrCode+answer.Code, answer.ErrMsg, answer.Msg)
	}
	return nil
}
