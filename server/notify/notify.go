// Package notify sends notices by the channels that leave the hub: mail, text messages, the robots of chat groups,
// webhooks. What there is to send, and what became of it, is the outbox's: nothing is kept here, so that a process that
// dies between sending and writing that down sends once more, and never not at all.
package notify

import (
	"context"
	"errors"
	"log/slog"
	"net/mail"
	"strings"
	"time"

	"fieldsync/sync/record"
)

// Message is one notice, on its way.
type Message struct {
	ID      record.ID // the same for each try: a receiver can tell a repetition by it
	Channel string
	Address string // of the channel: a mail address, a telephone, the name of a robot or of a webhook
	Event   string
	Subject string
	Text    string
	At      time.Time // when what it tells of happened
	// What it is about, for programs: the name that the API has for the kind of row ("jobs"), "" if it has none, and the row.
	Resource string
	Row      record.ID
}

// Outcome is what became of a try to send a message.
type Outcome struct {
	Sent   bool
	Final  bool   // it failed, and trying again makes no sense
	Gone   bool   // it failed, and nothing is to be sent to the address again
	Detail string // what the other side said
}

// Outbox is where messages wait.
type Outbox interface {
	// Due returns messages that are to be sent, or tried again, by now: at most limit, the oldest first.
	Due(ctx context.Context, now time.Time, limit int) ([]Message, error)
	// Record writes down what became of a try; how often there is another is the outbox's to say.
	Record(ctx context.Context, id record.ID, o Outcome) error
}

// Channel sends messages. An error that is a *Refused is final; any other is tried again.
type Channel interface {
	Send(ctx context.Context, m Message) error
}

// Refused says that a message will not be taken, however often it is sent.
type Refused struct{ Detail string }

// Error returns what the other side said.
func (r *Refused) Error() string { return r.Detail }

// Sender sends what is due.
type Sender struct {
	Outbox   Outbox
	Channels map[string]Channel // by name; a message for another is given up
	Now      func() time.Time
	Timeout  time.Duration // for one message
	Halts    bool          // one that fails ends the round: all go to one address, which does not answer
	Log      *slog.Logger
}

// atOnce is how many messages a round takes from the outbox at a time.
const atOnce = 100

// Round sends everything that is due, and returns how many messages left. One that fails holds up no other. The error
// is the outbox's: what was sent and could not be written down is sent again.
func (s *Sender) Round(ctx context.Context) (sent int, err error) {
	for {
		due, err := s.Outbox.Due(ctx, s.Now(), atOnce)
		if err != nil || len(due) == 0 {
			return sent, err
		}
		for _, m := range due {
			outcome := s.try(ctx, m)
			if ctx.Err() != nil {
				return sent, ctx.Err() // it was interrupted, not refused
			}
			if err := s.Outbox.Record(ctx, m.ID, outcome); err != nil {
				return sent, err
			}
			if outcome.Sent {
				sent++
			} else if s.Halts {
				return sent, nil
			}
		}
		if len(due) < atOnce {
			return sent, nil
		}
	}
}

func (s *Sender) try(ctx context.Context, m Message) Outcome {
	channel := s.Channels[m.Channel]
	if channel == nil {
		return Outcome{Final: true, Detail: "the channel " + m.Channel + " is not set up"}
	}
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	err := channel.Send(ctx, m)
	if err == nil {
		return Outcome{Sent: true}
	}
	var refused *Refused
	var gone *Gone
	final, detail := errors.As(err, &refused), m.unsaid(err.Error())
	s.Log.Warn("a notice did not leave", "notice", m.ID, "channel", m.Channel, "final", final, "error", detail)
	return Outcome{Final: final, Gone: errors.As(err, &gone), Detail: detail}
}

// unsaid returns what the other side said without the text and the address that it says back, as mail servers do: it goes to the
// log, and stays when whom the message was for is erased.
func (m *Message) unsaid(detail string) string {
	if m.Channel != "mail" && m.Channel != "sms" {
		return detail // the others name a robot, which is nobody
	}
	personal := []string{m.Text, inJSON(m.Text), m.Address, strings.TrimPrefix(m.Address, "+")}
	if a, err := mail.ParseAddress(m.Address); err == nil {
		personal = append(personal, a.Address)
	}
	var pairs []string
	for _, text := range personal {
		if text != "" {
			pairs = append(pairs, text, "…", strings.ToLower(text), "…")
		}
	}
	return strings.NewReplacer(pairs...).Replace(detail)
}

// Run sends what is due every so often until ctx ends.
func (s *Sender) Run(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if _, err := s.Round(ctx); err != nil && ctx.Err() == nil {
			s.Log.Error("notices could not be sent; they wait", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
