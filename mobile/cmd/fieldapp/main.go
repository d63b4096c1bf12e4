// Command fieldapp is the Go half of the Android app: a program that the app starts and speaks with, a line at a time, over
// its standard input and output. The app in Java shows what it serves, and tells it what only Android knows.
//
//	fieldapp DIRECTORY
//
// What it is told, one word and its values a line:
//
//	zone Asia/Taipei          the phone's time zone          \
//	name fieldsync 1.0        what the office sees as the app  | before open
//	roots FILE                PEM of the company's authority   |
//	lease 14                  days without the hub             |
//	key 1 BASE64              a key of the phone's keystore   /
//	open                      opens the replica and serves the app
//	network metered 192.0.2.1 how the phone is connected now, and the network's name servers: free, metered or unknown
//	front, back               the person looks at the app, or does not: there is a connection, or none
//	sync 540000               send and fetch once, within so many ms
//	destroyed 1 BASE64        the keys are destroyed, and this is the new one
//
// What it tells:
//
//	url http://127.0.0.1:…    to show; it carries the secret of this launch
//	status {…}                the JSON of mobile.Client.Status, at once and whenever it changes
//	synced [CODE: message]    what sync was told to do is done, or why not
//	failed CODE: message      something else that it was told could not be done
//	destroy                   the office wipes the phone: destroy the keys, and say so
//	wiped                     nothing is left: start the program anew
//
// When its input ends, the app is gone: what is being written is finished, and the program ends.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"

	"fieldsync/mobile"
)

func main() {
	if len(os.Args) != 2 || strings.HasPrefix(os.Args[1], "-") {
		fmt.Fprintln(os.Stderr, "usage: fieldapp DIRECTORY; the Android app runs it, and speaks with it over standard input and output")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "fieldapp:", err)
		os.Exit(1)
	}
}

// run does what it is told until the input ends.
func run(directory string, in io.Reader, out io.Writer) error {
	p := &program{config: mobile.NewConfig(directory), out: out}
	p.keys = keys{program: p, known: map[int64][]byte{}, destroyed: make(chan struct{}, 1)}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		p.obey(lines.Text())
	}
	return errors.Join(lines.Err(), p.close())
}

// program is the running half.
type program struct {
	config *mobile.Config
	keys   keys
	beside sync.WaitGroup // what goes on while the next line is read

	mu      sync.Mutex
	opening bool
	client  *mobile.Client // nil before it is open

	writing sync.Mutex
	out     io.Writer
}

// told are the words that the program understands, with what their line has after them.
var told = map[string]func(p *program, values string) error{
	"zone":    func(p *program, v string) error { p.config.Zone = v; return nil },
	"name":    func(p *program, v string) error { p.config.App = v; return nil },
	"roots":   (*program).trust,
	"lease":   (*program).lease,
	"key":     func(p *program, v string) error { return p.keys.take(v) },
	"open":    (*program).open,
	"network": (*program).network,
	"front":   opened(func(p *program, _ string) error { return p.connect() }),
	"back":    opened(func(p *program, _ string) error { return p.current().Disconnect() }),
	"sync":    opened((*program).sync),

	"destroyed": func(p *program, v string) error { return p.keys.renew(v) },
}

func (p *program) obey(line string) {
	word, values, _ := strings.Cut(strings.TrimSpace(line), " ")
	do, known := told[word]
	err := errors.New("invalid_value: this is not understood: " + word)
	if known {
		err = do(p, values)
	}
	p.failed(err)
}

func (p *program) failed(err error) {
	if err != nil {
		p.tell("failed", err.Error())
	}
}

// tell writes a line. Nobody reads it any more where it cannot be written: then the input ends too.
func (p *program) tell(word, values string) {
	p.writing.Lock()
	defer p.writing.Unlock()
	_, _ = io.WriteString(p.out, strings.Join(strings.Fields(word+" "+values), " ")+"\n")
}

// opened refuses what needs a replica before there is one.
func opened(do func(*program, string) error) func(*program, string) error {
	return func(p *program, values string) error {
		if p.current() == nil {
			return errors.New("closed: nothing is open yet")
		}
		return do(p, values)
	}
}

func (p *program) trust(file string) error {
	pem, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("no_file: %w", err)
	}
	p.config.Roots = string(pem)
	return nil
}

func (p *program) lease(days string) (err error) {
	if p.config.LeaseDays, err = strconv.Atoi(days); err != nil {
		return errors.New("invalid_value: a lease is a number of days: " + days)
	}
	return nil
}

func (p *program) current() *mobile.Client {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.client
}

// open opens beside what else is told: a wipe that was interrupted goes on first, and asks for the keys' end.
func (p *program) open(string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.opening {
		return errors.New("invalid_value: it is open already")
	}
	p.opening = true
	config := *p.config
	p.beside.Go(func() { p.failed(p.opens(&config)) })
	return nil
}

func (p *program) opens(config *mobile.Config) error {
	client, err := mobile.Open(config, p.keystore())
	if err != nil {
		return err
	}
	p.mu.Lock()
	p.client = client
	servers := p.config.DNS // of a network that the phone has come into meanwhile
	p.mu.Unlock()
	if err := client.SetDNS(servers); err != nil {
		return err
	}
	url, err := client.StartApp()
	if err != nil {
		return err
	}
	p.tell("url", url)
	_, err = client.WatchStatus(p)
	return err
}

// OnStatus passes on how the replica stands.
func (p *program) OnStatus(status string) error {
	p.tell("status", status)
	return nil
}

func (p *program) network(values string) error {
	words := strings.Fields(values)
	if len(words) == 0 {
		return errors.New(`invalid_value: a network is "free", "metered" or "unknown"`)
	}
	servers := strings.Join(words[1:], " ")
	p.mu.Lock()
	p.config.DNS = servers
	p.mu.Unlock()
	client := p.current()
	if client == nil {
		return nil
	}
	if err := client.SetDNS(servers); err != nil {
		return err
	}
	return client.SetNetwork(words[0])
}

// connect keeps a connection, where there is somebody to connect for.
func (p *program) connect() error {
	text, err := p.current().Status()
	var status struct{ Enrolled bool }
	if err = errors.Join(err, json.Unmarshal([]byte(text), &status)); err != nil || !status.Enrolled {
		return err // who is not enrolled sees the way to do it, and the page connects then
	}
	return p.current().Connect()
}

// sync goes on beside what else is told: the app may come back to the front meanwhile.
func (p *program) sync(within string) error {
	ms, err := strconv.ParseInt(within, 10, 64)
	if err != nil || ms <= 0 {
		return errors.New("invalid_value: a time is a number of ms: " + within)
	}
	p.beside.Go(func() {
		why := ""
		if err := p.current().SyncOnce(ms); err != nil {
			why = err.Error()
		}
		p.tell("synced", why)
	})
	return nil
}

// close ends calls that wait for the network or for the app, and closes the files.
func (p *program) close() (err error) {
	p.keys.forget()
	early := p.current()
	if early != nil {
		err = early.Close()
	}
	p.beside.Wait()
	if late := p.current(); late != early {
		err = late.Close()
	}
	return err
}
