package notify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// config is how an operator writes down by what ways notices leave.
type config struct {
	Mail *struct {
		Server   string `json:"server"` // host:port
		From     string `json:"from"`
		User     string `json:"user"`
		Password string `json:"password"`
		Plain    bool   `json:"plain"` // without TLS too
	} `json:"mail"`
	SMS *struct {
		URL    string            `json:"url"`
		Header map[string]string `json:"header"`
		Body   string            `json:"body"`
		Accept string            `json:"accept"`
	} `json:"sms"`
	DingTalk map[string]Robot `json:"dingtalk"`
	WeCom    map[string]Robot `json:"wecom"`
	Feishu   map[string]Robot `json:"feishu"`
	Webhook  map[string]Hook  `json:"webhook"`
}

// Configure reads, from JSON, the channels that a hub has:
//
//	{"mail": {"server": "mail.example.com:587", "from": "Service <service@example.com>", "user": "u", "password": "p"},
//	 "sms": {"url": "https://sms.example.com/?to={to}", "header": {"Content-Type": "application/json"}, "body": "..."},
//	 "dingtalk": {"night": {"URL": "https://...", "Secret": "..."}}, "webhook": {"crm": {"URL": "...", "Secret": "..."}}}
//
// The error says what is wrong, for who wrote it.
func Configure(body []byte, client *http.Client, now func() time.Time) (map[string]Channel, error) {
	var c config
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return nil, fmt.Errorf("the channels of notices cannot be read: %w", err)
	}
	channels := map[string]Channel{}
	if m := c.Mail; m != nil {
		channels["mail"] = &Mail{Server: m.Server, From: m.From, User: m.User, Password: m.Password, Plain: m.Plain}
	}
	if s := c.SMS; s != nil {
		sms := &SMS{Client: client, URL: s.URL, Body: s.Body, Accept: s.Accept}
		for name, value := range s.Header {
			if sms.Header == nil {
				sms.Header = http.Header{}
			}
			sms.Header.Set(name, value)
		}
		channels["sms"] = sms
	}
	for kind, robots := range map[string]map[string]Robot{DingTalk: c.DingTalk, WeCom: c.WeCom, Feishu: c.Feishu} {
		if len(robots) > 0 {
			channels[kind] = &Robots{Client: client, Kind: kind, Robots: robots, Now: now}
		}
	}
	if len(c.Webhook) > 0 {
		channels["webhook"] = &Webhooks{Client: client, Hooks: c.Webhook, Now: now}
	}
	return channels, nil
}
