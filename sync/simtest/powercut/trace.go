package powercut

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// traced are the system calls that change files or their names, or make that durable.
const traced = "open,openat,creat,write,writev,pwrite64,pwritev,pwritev2,copy_file_range,sendfile,fallocate,truncate,ftruncate," +
	"fsync,fdatasync,sync_file_range,rename,renameat,renameat2,link,linkat,unlink,unlinkat"

// mostData is how many bytes of a write strace writes down.
const mostData = "1048576"

// Record runs the command, which works in the folder and nowhere else, under strace and returns what it did there. What it
// prints is kept in between. Files are named by absolute paths, and written at their end or at a place. The test is skipped where strace is not installed.
func Record(t testing.TB, folder string, command *exec.Cmd) *History {
	t.Helper()
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace is not installed")
	}
	log := filepath.Join(t.TempDir(), "strace")
	asked := []string{strace, "-f", "-y", "-xx", "-s", mostData, "-e", "signal=none", "-e", "trace=" + traced, "-o", log, command.Path}
	command.Args = append(asked, command.Args[1:]...)
	command.Path = strace
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	f, err := os.Open(log)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	h, err := parse(f, folder)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// parse reads the log of strace.
func parse(log io.Reader, folder string) (*History, error) {
	p := parser{History: &History{folder: folder}, begun: map[string]started{}}
	for in := bufio.NewReader(log); ; {
		line, err := in.ReadString('\n')
		if errors.Is(err, io.EOF) {
			return p.History, nil
		}
		if err == nil {
			err = p.line(strings.TrimSpace(line))
		}
		if err != nil {
			return nil, fmt.Errorf("%.200s: %w", line, err)
		}
	}
}

type parser struct {
	*History
	begun map[string]started // calls that have not come back, by thread
}

// started is a call that others ran beside.
type started struct {
	text  string
	after int // how many events there had been when it began
}

// line takes "THREAD CALL(ARGUMENTS) = RESULT", which may come in two parts.
func (p *parser) line(line string) error {
	thread, call, _ := strings.Cut(line, " ")
	call = strings.TrimSpace(call)
	if text, ok := strings.CutSuffix(call, " <unfinished ...>"); ok {
		p.begun[thread] = started{text, len(p.events)}
		return nil
	}
	after := len(p.events)
	if strings.HasPrefix(call, "<... ") {
		_, rest, _ := strings.Cut(call, " resumed>")
		call, after = p.begun[thread].text+rest, p.begun[thread].after
		delete(p.begun, thread)
	}
	name, rest, ok := strings.Cut(call, "(")
	end := strings.LastIndex(rest, ") ")
	if !ok || end < 0 {
		return nil // the end of a thread, or of the program
	}
	_, result, _ := strings.Cut(rest[end:], "= ")
	returned, err := strconv.ParseInt(strings.FieldsFunc(result, func(r rune) bool { return r == '<' || r == ' ' })[0], 10, 64)
	if err != nil || returned < 0 {
		return nil // it changed nothing
	}
	return p.call(name, strings.Split(rest[:end], ", "), returned, after)
}

// call takes one call that went well.
func (p *parser) call(name string, args []string, returned int64, after int) (err error) {
	e := event{after: after}
	switch name {
	case "open", "openat":
		return p.opened(name, args)
	case "write", "pwrite64":
		e.kind, e.at, e.path, e.data = wrote, atEnd, described(args[0]), text(args[1])
		if strings.HasPrefix(args[0], "1<") && !p.inside(e.path) {
			e.kind = said
		}
		if int64(len(e.data)) < returned {
			return errors.New("strace did not write down all of it")
		}
		e.data = e.data[:returned]
		if name == "pwrite64" {
			e.at, err = strconv.ParseInt(args[3], 10, 64)
		}
	case "ftruncate":
		e.kind, e.path = truncated, described(args[0])
		e.at, err = strconv.ParseInt(args[1], 10, 64)
	case "fsync", "fdatasync":
		e.kind, e.path = synced, described(args[0])
	case "rename":
		e.kind, e.path, e.to = renamed, named(args[0]), named(args[1])
	case "renameat", "renameat2":
		e.kind, e.path, e.to = renamed, named(args[1]), named(args[3])
	case "link":
		e.kind, e.path, e.to = linked, named(args[0]), named(args[1])
	case "linkat":
		e.kind, e.path, e.to = linked, named(args[1]), named(args[3])
	case "unlink":
		e.kind, e.path = removed, named(args[0])
	case "unlinkat":
		e.kind, e.path = removed, named(args[1])
	default:
		return p.unknown(name, args)
	}
	if err != nil {
		return err
	}
	return p.add(e)
}

// opened takes a file that was made, or emptied.
func (p *parser) opened(name string, args []string) error {
	path, flags := args[0], args[1]
	if name == "openat" {
		path, flags = args[1], args[2]
	}
	e := event{path: named(path), after: len(p.events)}
	if strings.Contains(flags, "O_CREAT") {
		e.kind = made
		if err := p.add(e); err != nil {
			return err
		}
	}
	if strings.Contains(flags, "O_TRUNC") {
		e.kind = truncated
		return p.add(e)
	}
	return nil
}

// unknown refuses a call that would change files of the folder in a way that is not followed here.
func (p *parser) unknown(name string, args []string) error {
	for _, a := range args {
		if p.inside(described(a)) || p.inside(named(a)) {
			return fmt.Errorf("powercut does not know what %s does", name)
		}
	}
	return nil
}

// add keeps what concerns the folder, and what was said. What SQLite shares between processes in memory is made anew by
// whoever opens the database first.
func (p *parser) add(e event) error {
	if e.kind != said && !filepath.IsAbs(e.path) && !strings.Contains(e.path, ":[") { // pipes and sockets are "pipe:[7]"
		return fmt.Errorf("powercut follows absolute paths only, not %q", e.path)
	}
	if e.kind == said || p.inside(e.path) && !strings.HasSuffix(e.path, "-shm") {
		p.events = append(p.events, e)
	}
	return nil
}

func (h *History) inside(path string) bool {
	return path == h.folder || strings.HasPrefix(path, h.folder+"/")
}

// described returns the path of an argument such as 5<\x2f\x74>, named that of "\x2f\x74".
func described(arg string) string {
	_, path, _ := strings.Cut(arg, "<")
	return string(text(`"` + strings.TrimSuffix(path, ">") + `"`))
}

func named(arg string) string { return filepath.Clean(string(text(arg))) }

// text returns what stands in an argument between quotation marks, every byte of it as \xNN; nil where there is none.
func text(arg string) []byte {
	arg, ok := strings.CutPrefix(arg, `"`)
	arg, whole := strings.CutSuffix(arg, `"`)
	if !ok || !whole {
		return nil
	}
	b, err := hex.DecodeString(strings.ReplaceAll(arg, `\x`, ""))
	if err != nil {
		return nil
	}
	return b
}
