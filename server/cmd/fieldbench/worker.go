package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"

	"fieldsync/sync/record"
)

// Hub, devices and the bare table are processes of their own, so that memory and time are theirs alone. A
// worker takes orders, one JSON object a line, on its standard input, and answers each with one line.

// order is what a worker is told to do.
type order struct {
	Do     string
	Server string    `json:",omitempty"` // where to enrol
	Proxy  string    `json:",omitempty"` // where to find the hub afterwards
	Code   string    `json:",omitempty"`
	Person record.ID `json:",omitzero"`
	Row    record.ID `json:",omitzero"`
	Count  int       `json:",omitempty"`
	Seed   uint64    `json:",omitempty"`
	// Of a crowd: how many connect at the same time, and for how long they work.
	AtOnce, Seconds int `json:",omitempty"`

	Trusted []byte `json:",omitempty"` // the hub's certificate, PEM; none for a hub without TLS
}

// answer is what it says when it is done.
type answer struct {
	Error   string      `json:",omitempty"`
	Address string      `json:",omitempty"`
	Code    string      `json:",omitempty"`
	Rows    []record.ID `json:",omitempty"`
	Count   int         `json:",omitempty"`
	Nanos   int64       `json:",omitempty"` // how long it took
	At      int64       `json:",omitempty"` // when it happened, in ns since 1970: all workers share one clock
	Bytes   int64       `json:",omitempty"` // of a database file
	Pending int         `json:",omitempty"`
	Refused int         `json:",omitempty"`
	PeakKiB int64       `json:",omitempty"` // the largest resident set so far
	KiB     int64       `json:",omitempty"` // the resident set now
	Waits   waits       `json:",omitzero"`
	Reading waits       `json:",omitzero"`  // of the office's pages, without their changes
	Ready   int64       `json:",omitempty"` // when work was possible: how long it took until the first class was there, in ns
	Used    used        `json:",omitzero"`
	Trusted []byte      `json:",omitempty"` // the certificate of a hub that speaks TLS, PEM
}

// waits is how long many things took, in ms.
type waits struct{ P50, P95, P99 float64 }

func waitsOf(millis []float64) waits {
	if len(millis) == 0 {
		return waits{}
	}
	return waits{percentile(millis, 50), percentile(millis, 95), percentile(millis, 99)}
}

// place is what every worker is started with.
type place struct {
	dir     string
	profile string
	tls     bool
	device  string // the program that devices are, see deviceProgram; "" for this one
	db      string // where a hub has its rows in PostgreSQL; "" for a file in dir
	source
}

func (p place) args() []string {
	return []string{"-dir", p.dir, "-profile", p.profile, "-data", p.data, "-rows", strconv.Itoa(p.rows),
		"-seed", strconv.FormatUint(p.seed, 10), "-tls=" + strconv.FormatBool(p.tls), "-db", p.db}
}

func parsePlace(role string, args []string) (p place, err error) {
	flags := flag.NewFlagSet(role, flag.ContinueOnError)
	flags.StringVar(&p.dir, "dir", ".", "folder of the database")
	flags.StringVar(&p.profile, "profile", "", "folder for CPU profiles")
	flags.StringVar(&p.data, "data", "", "rows as JSON lines")
	flags.IntVar(&p.rows, "rows", 0, "how many rows")
	flags.Uint64Var(&p.seed, "seed", 1, "of the rows that are made")
	flags.BoolVar(&p.tls, "tls", false, "a hub speaks TLS")
	flags.StringVar(&p.db, "db", "", "a hub's database in PostgreSQL")
	return p, flags.Parse(args)
}

// opener opens what a worker is, and returns how it obeys and how it ends.
type opener = func(context.Context, place) (obey func(context.Context, order) (answer, error), stop func() error, err error)

// roles are what a process of this program can be instead of the bench itself; those of the hub's side stand in hubRoles.
var roles = map[string]opener{
	deviceRole:      openDevice,
	searchRole:      openSearching,
	readerRole:      openReader,
	"swarm-process": openSwarm,
	"table-process": openTable,
}

// roleOf returns the role of that name, nil where there is none.
func roleOf(name string) opener {
	if open := hubRoles[name]; open != nil {
		return open
	}
	return roles[name]
}

// work serves orders until the input ends.
func work(ctx context.Context, role string, args []string, in io.Reader, out io.Writer) (err error) {
	p, err := parsePlace(role, args)
	if err != nil {
		return err
	}
	if p.profile != "" {
		done, err := profile(p.profile, role)
		if err != nil {
			return err
		}
		defer done()
	}
	obey, stop, err := roleOf(role)(ctx, p)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	lines, answers := bufio.NewScanner(in), json.NewEncoder(out)
	for lines.Scan() {
		var o order
		if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
			return err
		}
		a, err := answer{Used: usedSoFar()}, error(nil)
		if o.Do != "used" {
			a, err = obey(ctx, o)
		}
		if err != nil {
			a.Error = err.Error()
		}
		if err := answers.Encode(a); err != nil {
			return err
		}
	}
	return lines.Err()
}

// profile writes a CPU profile of this process until done is called, and one of what it has allocated.
func profile(dir, role string) (done func(), err error) {
	name := filepath.Join(dir, fmt.Sprintf("%s-%d", role, os.Getpid()))
	cpu, err := os.Create(name + ".cpu")
	if err != nil {
		return nil, fmt.Errorf("-profile: %w", err)
	}
	if err := pprof.StartCPUProfile(cpu); err != nil {
		return nil, err
	}
	return func() {
		pprof.StopCPUProfile()
		runtime.GC() // what was allocated since the last collection is not in the profile yet
		_ = cpu.Close()
		if heap, err := os.Create(name + ".mem"); err == nil {
			_ = pprof.Lookup("allocs").WriteTo(heap, 0)
			_ = heap.Close()
		}
	}, nil
}

// worker is a process of this program, as the bench that started it sees it.
type worker struct {
	role    string
	process *exec.Cmd
	in      io.WriteCloser
	lines   *bufio.Scanner
}

func startWorker(ctx context.Context, role string, p place) (*worker, error) {
	program, err := programOf(role, p)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return nil, err
	}
	w := &worker{role: role, process: exec.CommandContext(ctx, program, append([]string{role}, p.args()...)...)}
	w.process.Stderr = os.Stderr
	if w.in, err = w.process.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := w.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	w.lines = bufio.NewScanner(out)
	w.lines.Buffer(nil, 16<<20)
	return w, w.process.Start()
}

// tell gives an order and returns what the worker answers when it has carried it out.
func (w *worker) tell(o order) (a answer, err error) {
	if err := w.order(o); err != nil {
		return a, err
	}
	return w.answer(o)
}

// order gives an order, whose answer is asked for later.
func (w *worker) order(o order) error {
	if err := json.NewEncoder(w.in).Encode(o); err != nil {
		return fmt.Errorf("%s ended early: %w", w.role, err)
	}
	return nil
}

// answer returns what the worker answers when it has carried out the order that it was given last.
func (w *worker) answer(o order) (a answer, err error) {
	if !w.lines.Scan() {
		return a, fmt.Errorf("%s ended early: %w", w.role, errors.Join(w.lines.Err(), io.EOF))
	}
	if err := json.Unmarshal(w.lines.Bytes(), &a); err != nil {
		return a, err
	}
	if a.Error != "" {
		return a, fmt.Errorf("%s, %s: %s", w.role, o.Do, a.Error)
	}
	return a, nil
}

// stop lets the process finish what it does.
func (w *worker) stop() error {
	_ = w.in.Close()
	if err := w.process.Wait(); err != nil {
		return fmt.Errorf("%s: %w", w.role, err)
	}
	return nil
}

// peakKiB returns the largest resident set that this process ever had, in KiB; 0 where the system does not tell.
// A process's rusage would not do: it begins with what its parent had when it forked.
func peakKiB() int64 { return memory("VmHWM:") }

// memory returns a line of what the system says of this process, in KiB.
func memory(line string) int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for said := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(said, line); ok {
			n, _ := strconv.ParseInt(strings.Fields(value)[0], 10, 64) // "  12345 kB"
			return n
		}
	}
	return 0
}
