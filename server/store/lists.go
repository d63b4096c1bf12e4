package store

import (
	"bufio"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// Three lists stand beside the database, since a backup that is put in its place must not undo them: what was erased, who
// was shut out, and which numbers of series without gaps were given. Each is text, a line at a time, that is only ever added
// to. Every backup has a copy of them beside it.
const (
	erasures  = ".erased"
	standings = ".standings"
	numbers   = ".numbers"
)

// lists are the ends of their names.
var lists = []string{erasures, standings, numbers}

// addLines writes lines down durably. The first begins anew, behind whatever a full disk or a crash has cut off.
func (s *Store) addLines(list string, lines []string) (err error) {
	f, err := os.OpenFile(s.options.Path+list, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err = f.WriteString("\n" + strings.Join(lines, "\n") + "\n"); err == nil {
		err = f.Sync()
	}
	return err
}

// linesOf returns what stands in a list, for whoever understands it: an empty line is nothing, and so is one that was cut
// off. No list is an empty one.
func linesOf(path string) (lines []string, err error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	all := bufio.NewScanner(f)
	for all.Scan() {
		lines = append(lines, all.Text())
	}
	return lines, all.Err()
}

// latestOf returns what lines say that are understood, the latest word on each key, in the order of the first words.
func latestOf[T any, K comparable](lines []string, parse func(string) (T, bool), keyOf func(T) K) (latest []T) {
	at := map[K]int{}
	for _, line := range lines {
		noted, ok := parse(line)
		if !ok {
			continue
		}
		n, known := at[keyOf(noted)]
		if known {
			latest[n] = noted
			continue
		}
		at[keyOf(noted)] = len(latest)
		latest = append(latest, noted)
	}
	return latest
}

// copyLists puts copies of the lists beside a backup.
func (s *Store) copyLists(backup string) error {
	for _, list := range lists {
		text, err := os.ReadFile(s.options.Path + list)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = replaceFile(backup+list, text)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// BringLists takes the lists that lie beside a backup to the database that is to stand at path: those of another machine,
// whose folder is lost. What is known there already stays, and as the later one it decides.
func BringLists(backup, path string) error {
	for _, list := range lists {
		brought, err := linesOf(backup + list)
		if err != nil {
			return err
		}
		if len(brought) == 0 {
			continue
		}
		here, err := linesOf(path + list)
		if err == nil {
			err = replaceFile(path+list, []byte(strings.Join(append(brought, here...), "\n")+"\n"))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// repeated is the file <path>.repeated: what of the lists is done in the database. It stands beside them, since each of
// several nodes has lists of its own.
type repeated struct {
	Database string `json:"database"`
	Epoch    uint32 `json:"epoch"`
	Erased   int64  `json:"erased"` // bytes of the list of erasures
}

func (s *Store) toRepeat() (repeated, error) {
	info, err := os.Stat(s.options.Path + erasures)
	if errors.Is(err, fs.ErrNotExist) {
		return repeated{Database: s.identity.id.String(), Epoch: s.identity.epoch}, nil
	}
	if err != nil {
		return repeated{}, err
	}
	return repeated{s.identity.id.String(), s.identity.epoch, info.Size()}, nil
}

// Repeated reports whether all that the lists say is done in the database, since its epoch began: an erasure that a crash
// has interrupted is not.
func (s *Store) Repeated() (bool, error) {
	want, err := s.toRepeat()
	if err != nil {
		return false, err
	}
	text, err := os.ReadFile(s.options.Path + ".repeated")
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	var done repeated
	if err == nil && json.Unmarshal(text, &done) != nil {
		return false, nil // it is done once more
	}
	return done == want, err
}

// NoteRepeated notes that it is.
func (s *Store) NoteRepeated() error {
	done, err := s.toRepeat()
	if err != nil {
		return err
	}
	text, err := json.Marshal(done)
	if err != nil {
		return err
	}
	return replaceFile(s.options.Path+".repeated", append(text, '\n'))
}

// Standing says that a device, a person or a program was shut out, or let in again.
type Standing struct {
	Of string // "device", "person" or "program"
	ID record.ID
	As int // as whoever notes it numbers it
}

// NoteStanding writes a standing down before the database has it. The code is DiskFull where it cannot be.
func (s *Store) NoteStanding(of string, id record.ID, as int) error {
	err := s.addLines(standings, []string{of + " " + id.String() + " " + strconv.Itoa(as)})
	if err != nil {
		return fault.Wrap(DiskFull, "The list of who was shut out cannot be written. Nothing was changed; try again.", err)
	}
	return nil
}

// Standings returns the latest standing that was noted of each, in the order in which they were first noted.
func (s *Store) Standings() ([]Standing, error) {
	lines, err := linesOf(s.options.Path + standings)
	return latestOf(lines, parseStanding, func(s Standing) Standing { return Standing{Of: s.Of, ID: s.ID} }), err
}

func parseStanding(line string) (s Standing, ok bool) {
	words := strings.Fields(line)
	if len(words) != 3 {
		return s, false
	}
	id, err := record.ParseID(words[1])
	as, e := strconv.Atoi(words[2])
	return Standing{Of: words[0], ID: id, As: as}, err == nil && e == nil
}
