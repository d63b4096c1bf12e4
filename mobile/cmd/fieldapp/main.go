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
//
// What it tells:
//
//	url http://127.0.0.1:…    to show; it carries the secret of this launch
//	status {…}                the JSON of mobile.Client.Status, at once and whenever it changes
//	synced [CODE: message]    what sync was told to do is done, or why not
//	failed CODE: message      something else that it was told could not be done
//
// When its input ends, the app is gone: what is being written is finished, and the program ends.
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
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
	p := &program{config: mobile.NewConfig(directory), keys: keys{}, out: out}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		p.obey(lines.Text())
	}
	return errors.Join(lines.Err(), p.close())
}

// program is the running half.
type program struct {
	config  *mobile.Config
	keys    keys
	client  *mobile.Client // nil before it is told to open
	syncing sync.WaitGroup

	writing sync.Mutex
	out     io.Writer
}

// told are the words that the program understands, with what their line has after them.
var told = map[string]func(p *program, values string) error{
	"zone":    func(p *program, v string) error { p.config.Zone = v; return nil },
	"name":    func(p *program, v string) error { p.config.App = v; return nil },
	"roots":   (*program).trust,
	"lease":   (*program).lease,
	"key":     (*program).key,
	"open":    (*program).open,
	"network": (*program).network,
	"front":   opened(func(p *program, _ string) error { return p.connect() }),
	"back":    opened(func(p *program, _ string) error { return p.client.Disconnect() }),
	"sync":    opened((*program).sync),
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
	_, _ = io.WriteString(p.out, strings.TrimSpace(word+" "+values)+"\n")
}

// opened refuses what needs a replica before there is one.
func opened(do func(*program, string) error) func(*program, string) error {
	return func(p *program, values string) error {
		if p.client == nil {
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

func (p *program) key(values string) error {
	name, secret, _ := strings.Cut(values, " ")
	number, err := strconv.ParseInt(name, 10, 64)
	if err != nil {
		return errors.New("invalid_value: a key has a number: " + name)
	}
	if p.keys[number], err = base64.StdEncoding.DecodeString(secret); err != nil {
		return errors.New("invalid_value: a key is in base64") // what it is stays unsaid
	}
	return nil
}

func (p *program) open(string) (err error) {
	if p.client != nil {
		return errors.New("invalid_value: it is open already")
	}
	if p.client, err = mobile.Open(p.config, p.keystore()); err != nil {
		return err
	}
	url, err := p.client.StartApp()
	if err != nil {
		return err
	}
	p.tell("url", url)
	_, err = p.client.WatchStatus(p)
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
	if p.client == nil {
		p.config.DNS = servers
		return nil
	}
	return errors.Join(p.client.SetDNS(servers), p.client.SetNetwork(words[0]))
}

// connect keeps a connection, where there is somebody to connect for.
func (p *program) connect() error {
	text, err := p.client.Status()
	var status struct{ Enrolled bool }
	if err = errors.Join(err, json.Unmarshal([]byte(text), &status)); err != nil || !status.Enrolled {
		return err // who is not enrolled sees the way to do it, and the page connects then
	}
	return p.client.Connect()
}

// sync goes on beside what else is told: the app may come back to the front meanwhile.
func (p *program) sync(within string) error {
	ms, err := strconv.ParseInt(within, 10, 64)
	if err != nil || ms <= 0 {
		return errors.New("invalid_value: a time is a number of ms: " + within)
	}
	p.syncing.Go(func() {
		why := ""
		if err := p.client.SyncOnce(ms); err != nil {
			why = err.Error()
		}
		p.tell("synced", why)
	})
	return nil
}

// close ends calls that wait for the network, and closes the files.
func (p *program) close() error {
	if p.client == nil {
		return nil
	}
	err := p.client.Close()
	p.syncing.Wait()
	return err
}

// keys are those of the phone's keystore, as the app took them out.
type keys map[int64][]byte

// keystore is nil without keys: they lie in a file beside the database then.
func (p *program) keystore() mobile.Keystore {
	if len(p.keys) == 0 {
		return nil
	}
	return p.keys
}

// Newest returns the highest number.
func (k keys) Newest() (int64, error) {
	return slices.Max(slices.Collect(maps.Keys(k))), nil
}

// Key returns the key with that number.
func (k keys) Key(number int64) ([]byte, error) {
	key, known := k[number]
	if !known {
		return nil, fmt.Errorf("the app gave no key with the number %d", number)
	}
	return key, nil
}
