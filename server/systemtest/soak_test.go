package systemtest

import (
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var (
	soakFor  = flag.Duration("soak", 0, "for how long the devices work without a fault; .ci/soak says it")
	soakRate = flag.Float64("rate", 100, "how many changes a second they make together")
)

// TestSoak has devices work, as in TestFaults but with nothing going wrong, and looks at what the hub and a device take of
// the machine: it must not go on growing. It runs by name: .ci/soak.
func TestSoak(t *testing.T) {
	if *soakFor == 0 {
		t.Skip("it runs by name: .ci/soak")
	}
	program := filepath.Join(t.TempDir(), "fieldsyncd")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "fieldsync/server/cmd/fieldsyncd").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	d := newDay(t, program, rand.New(rand.NewPCG(*faultSeed, 6)), false, false)
	for _, h := range d.hands {
		h.rate = *soakRate / float64(len(d.hands))
	}
	d.work()
	const looks = 30
	var taken []use
	fmt.Printf("%8s %10s %10s %14s %8s %10s %12s %12s %8s %10s %12s\n", "s", "hub, MiB", "heap, MiB", "database, MiB", "handles", "goroutines",
		"its WAL, MiB", "device, MiB", "handles", "goroutines", "its WAL, MiB")
	for n := range looks {
		time.Sleep(*soakFor / looks)
		u := d.use()
		taken = append(taken, u)
		fmt.Printf("%8.0f %10.1f %10.1f %14.1f %8.0f %10.0f %12.1f %12.1f %8.0f %10.0f %12.1f\n", (*soakFor * time.Duration(n+1) / looks).Seconds(),
			u[hubMemory], d.gauge("go_memstats_heap_inuse_bytes")/mib, size(filepath.Join(d.nodes[0].data, "hub.db")), u[hubHandles], u[hubGoroutines],
			u[hubWAL], u[deviceMemory], u[deviceHandles], u[deviceGoroutines], u[deviceWAL])
	}
	for what, limit := range flat {
		before, after := most(taken[looks/3:2*looks/3], what), most(taken[2*looks/3:], what)
		if after > before*limit.part+limit.more {
			t.Errorf("%s goes on growing: %.1f at most in the second third, %.1f in the last", limit.name, before, after)
		}
	}
	d.rest()
	d.settle()
	d.isLevel()
	fmt.Printf("%d changes\n", d.lostNothing())
	d.close()
}

// use is what is taken of the machine, by its kinds.
type use [8]float64

const (
	hubMemory = iota // MiB
	hubHandles
	hubGoroutines
	hubWAL // MiB
	deviceMemory
	deviceHandles
	deviceGoroutines
	deviceWAL
)

// flat says by how much the most of the last third may be more than that of the second: caches fill, and rows are added.
var flat = [8]struct {
	name       string
	part, more float64
}{
	hubMemory: {"the hub's memory", 1.15, 8}, hubHandles: {"the hub's handles", 1, 8}, hubGoroutines: {"the hub's goroutines", 1, 30},
	hubWAL: {"the hub's WAL", 1.15, 8}, deviceMemory: {"a device's memory", 1.15, 8}, deviceWAL: {"a device's WAL", 1.15, 8},
	deviceHandles: {"a device's handles", 1, 8}, deviceGoroutines: {"a device's goroutines", 1, 30},
}

func most(taken []use, what int) (most float64) {
	for _, u := range taken {
		most = max(most, u[what])
	}
	return most
}

const mib = 1 << 20

// use looks at the hub and at the first of the devices.
func (d *day) use() (u use) {
	d.t.Helper()
	node, device := d.nodes[0], d.hands[0]
	u[hubMemory], u[deviceMemory] = d.memory(node.now().process), d.memory(device.now().Cmd)
	u[hubHandles], u[hubGoroutines] = d.handles(node.now().process), d.gauge("go_goroutines")
	u[deviceHandles] = d.handles(device.now().Cmd)
	u[deviceGoroutines] = float64(device.must(map[string]any{"Do": "status"}).Goroutines)
	u[hubWAL], u[deviceWAL] = size(filepath.Join(node.data, "hub.db-wal")), size(filepath.Join(device.dir, "replica.db-wal"))
	return u
}

// handles returns how many handles a process has open.
func (d *day) handles(c *exec.Cmd) float64 {
	d.t.Helper()
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", c.Process.Pid))
	if err != nil {
		d.t.Fatal(err)
	}
	return float64(len(open))
}

// memory returns what of a process is in memory, in MiB.
func (d *day) memory(c *exec.Cmd) float64 {
	d.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.Process.Pid))
	if err != nil {
		d.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	var kib float64
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		d.t.Fatal(err)
	}
	return kib / 1024
}

// gauge returns what the hub says of itself.
func (d *day) gauge(name string) (n float64) {
	d.t.Helper()
	r, err := http.NewRequestWithContext(d.t.Context(), http.MethodGet, d.nodes[0].now().url+"/metrics", nil)
	if err != nil {
		d.t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	said, err := io.ReadAll(answer.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(said), "\n"+name+" ")
	if _, err := fmt.Sscan(rest, &n); err != nil {
		d.t.Fatalf("the metrics do not say it: %v", err)
	}
	return n
}

// size returns a file's, in MiB; 0 where there is none.
func size(name string) float64 {
	info, err := os.Stat(name)
	if err != nil {
		return 0
	}
	return float64(info.Size()) / mib
}
