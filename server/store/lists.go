package store

import (
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
// off. A line may have any length. No list is an empty one.
func linesOf(path string) ([]string, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return strings.FieldsFunc(string(text), func(r rune) bool { return r == '\n' || r == '\r' }), err
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
	Erased   int64  `json:"erased"` // bytes of the list of erasures, up to which each is done
}

// Repeated reports whether all that the lists say was done in the database since its epoch began, and whether every
// erasure is: not where one has failed, or a crash has interrupted it.
func (s *Store) Repeated() (epoch, erasures bool, err error) {
	want, err := s.wholly()
	if err != nil {
		return false, false, err
	}
	done, err := s.done()
	return done.of(want), done == want, err
}

// NoteRepeated notes that all of it is: at the start, where nothing else is being erased.
func (s *Store) NoteRepeated() error {
	all, err := s.wholly()
	if err != nil {
		return err
	}
	return s.noteDone(all)
}

// wholly returns the note that everything is done.
func (s *Store) wholly() (repeated, error) {
	size, err := sizeOf(s.options.Path + erasures)
	return repeated{s.identity.id.String(), s.identity.epoch, size}, err
}

// of reports whether both are about one history.
func (r repeated) of(other repeated) bool {
	return r.Database == other.Database && r.Epoch == other.Epoch
}

// done returns the note, none where it cannot be read as one: then everything is done once more.
func (s *Store) done() (done repeated, err error) {
	text, err := os.ReadFile(s.options.Path + ".repeated")
	if errors.Is(err, fs.ErrNotExist) {
		return repeated{}, nil
	}
	if err == nil && json.Unmarshal(text, &done) != nil {
		done = repeated{}
	}
	return done, err
}

func (s *Store) noteDone(done repeated) error {
	text, err := json.Marshal(done)
	if err != nil {
		return err
	}
	return replaceFile(s.options.Path+".repeated", append(text, '\n'))
}

// sizeOf returns 0 for no file.
func sizeOf(path string) (int64, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// Standing says that a device, a person or a program was shut out, or let in again.
type Standing struct {
	Of string // "device", "person" or "program"; whatever else whoever notes it calls it, without blanks
	ID record.ID
	As int // as whoever notes it numbers it
}

// NoteStanding writes a standing down: before the database has it where somebody is shut out, and only once it has it where
// he is let in. So wherever the process dies, or the commit fails, the list shuts out whom the database may have shut out;
// one too many is seen by whoever looks after the hub, and let in again. The code is DiskFull where it cannot be written.
func (s *Store) NoteStanding(who Standing) error {
	err := s.addLines(standings, []string{who.Of + " " + who.ID.String() + " " + strconv.Itoa(who.As)})
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
