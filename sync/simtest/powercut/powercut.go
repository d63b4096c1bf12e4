// Package powercut finds out what a program leaves on the disk when it is killed, or the power goes, at any moment. It has
// strace write down what a program does to its files, once, and makes of that, for every moment between two system calls, the
// folder that would be found afterwards: after a kill with everything that was written; after a power cut with what was made
// durable, and of the rest whatever part the disk got to, in whatever order, sectors of a write torn from one another.
package powercut

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// History is what a program did to the files of one folder, in order.
type History struct {
	folder string
	events []event
}

type kind uint8

const (
	made      kind = iota // a file: there from now on, if it was not
	wrote                 // data, at a place
	truncated             // to a length
	renamed
	linked
	removed
	synced // a file or the folder: what was done to it before is durable
	said   // data, to whoever listens
)

type event struct {
	kind     kind
	path, to string
	at       int64
	data     []byte
	after    int // how many events there had been when the call began: what a sync covers
}

// atEnd is where a write goes that has no place of its own.
const atEnd = -1

// Moments returns how many moments there are: at moment n the first n events have happened. Moment 0 is before all.
func (h *History) Moments() int { return len(h.events) + 1 }

// Said returns the lines that the program had printed by that moment.
func (h *History) Said(moment int) []string {
	var out []byte
	for _, e := range h.events[:moment] {
		if e.kind == said {
			out = append(out, e.data...)
		}
	}
	return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
}

// Folder is what is found: the content of each file, by its name.
type Folder map[string][]byte

// Lay writes the files into a folder.
func (f Folder) Lay(t testing.TB, folder string) {
	t.Helper()
	for name, content := range f {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// Killed returns the folder after the program was killed at that moment: the system has all that it wrote.
func (h *History) Killed(moment int) Folder {
	d := h.replay(moment)
	found := Folder{}
	for path, f := range d.names {
		found[h.name(path)] = f.now
	}
	return found
}

// PowerCut returns the folder after the power went at that moment. What was made durable is there; of what was written since
// chance keeps some sectors and not others, of names that were made, changed and taken away since the first few. Where chance is
// nil nothing of all that is kept.
func (h *History) PowerCut(moment int, chance *rand.Rand) Folder {
	d := h.replay(moment)
	if chance != nil {
		for _, e := range d.renames[:chance.IntN(len(d.renames)+1)] {
			e.apply(d.safe)
		}
	}
	found := Folder{}
	for _, path := range slices.Sorted(maps.Keys(d.safe)) {
		found[h.name(path)] = d.safe[path].torn(chance)
	}
	return found
}

func (h *History) name(path string) string { return strings.TrimPrefix(path, h.folder+"/") }

// disk is the folder as programs see it, and as it is without power.
type disk struct {
	names, safe map[string]*file
	renames     []naming // that are not durable yet
}

// file is one file, whatever it is called.
type file struct {
	now, safe []byte
	pending   []event // changes that are not durable yet
}

// naming is a change of a name.
type naming struct {
	event
	file  *file
	index int
}

func (h *History) replay(moment int) *disk {
	d := &disk{names: map[string]*file{}, safe: map[string]*file{}}
	for i, e := range h.events[:moment] {
		f := d.names[e.path]
		switch {
		case e.kind == synced && e.path == h.folder:
			d.keepNames(e.after)
		case e.kind == synced && f != nil:
			f.keep(e.after)
		case e.kind == made && f == nil:
			d.rename(naming{e, &file{}, i})
		case e.kind == renamed || e.kind == linked || e.kind == removed:
			d.rename(naming{e, f, i})
		case (e.kind == wrote || e.kind == truncated) && f != nil:
			if e.at == atEnd {
				e.at = int64(len(f.now))
			}
			e.after = i
			f.now = e.change(f.now, nil)
			f.pending = append(f.pending, e)
		}
	}
	return d
}

func (d *disk) rename(n naming) {
	n.apply(d.names)
	d.renames = append(d.renames, n)
}

// keepNames makes durable what the folder was told before a sync began.
func (d *disk) keepNames(before int) {
	for len(d.renames) > 0 && d.renames[0].index < before {
		d.renames[0].apply(d.safe)
		d.renames = d.renames[1:]
	}
}

func (n naming) apply(names map[string]*file) {
	switch n.kind {
	case made:
		names[n.path] = n.file
	case linked:
		names[n.to] = n.file
	case renamed:
		delete(names, n.path)
		names[n.to] = n.file
	case removed:
		delete(names, n.path)
	}
}

// keep makes durable what was done to the file before a sync began.
func (f *file) keep(before int) {
	for len(f.pending) > 0 && f.pending[0].after < before {
		f.safe = f.pending[0].change(f.safe, nil)
		f.pending = f.pending[1:]
	}
}

// torn returns the file's content after a power cut.
func (f *file) torn(chance *rand.Rand) []byte {
	content := bytes.Clone(f.safe)
	if chance == nil {
		return content
	}
	for _, e := range f.pending {
		content = e.change(content, chance)
	}
	return content
}

// sector is what a disk writes as a whole.
const sector = 512

// change returns the content after the event; where chance is given, after as much of it as the disk got to: all, nothing, or
// each sector as it comes.
func (e event) change(content []byte, chance *rand.Rand) []byte {
	const all, nothing = 0, 1
	luck := all
	if chance != nil {
		luck = chance.IntN(3)
	}
	if luck == nothing {
		return content
	}
	if e.kind == truncated {
		return sized(content, e.at)
	}
	for from := int64(0); from < int64(len(e.data)); {
		place := e.at + from
		to := min(from+sector-place%sector, int64(len(e.data)))
		if luck == all || chance.IntN(2) == 0 {
			content = sized(content, max(int64(len(content)), e.at+to))
			copy(content[place:], e.data[from:to])
		}
		from = to
	}
	return content
}

// sized returns the content at that length, with zeros where there was none.
func sized(content []byte, length int64) []byte {
	if length <= int64(len(content)) {
		return content[:length:length]
	}
	return append(content, make([]byte, length-int64(len(content)))...)
}
