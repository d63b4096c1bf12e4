package server

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"fieldsync/server/admin"
	"fieldsync/server/store"
	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
)

// errCursor answers an address of a page that no page of ours leads to.
var errCursor = fault.New(admin.BadForm, "This link to a page of the list is damaged. Open the list again.")

func (r reader) History(rows []record.Key, cursor string, limit int) (events []admin.Event, next string, err error) {
	before, err := parsePosition(cursor)
	if err != nil {
		return nil, "", err
	}
	entries, err := r.view.History(rows, before, limit+1)
	if err != nil {
		return nil, "", err
	}
	return r.events(entries, limit, record.MaxRows)
}

func (r reader) Journal(f admin.JournalFilter, cursor string, limit int) (events []admin.Event, next string, err error) {
	before, err := parsePosition(cursor)
	if err != nil {
		return nil, "", err
	}
	j := store.Journal{Row: f.Row, Person: f.Person, Device: f.Device, Since: clock.StampAt(max(0, f.From)), Until: clock.StampAt(max(0, f.To))}
	entries, err := r.view.Journal(j, before, limit+1)
	if err != nil {
		return nil, "", err
	}
	rows := record.MaxRows
	if f.FirstRows > 0 {
		rows = f.FirstRows
	}
	return r.events(entries, limit, rows)
}

func (r reader) Refused(open bool, device record.ID, cursor string, limit int) (events []admin.Event, total int, next string, err error) {
	from, err := parsePosition(cursor)
	if err != nil {
		return nil, 0, "", err
	}
	list := r.view.RefusedClosed
	if open {
		list = r.view.RefusedOpen
	}
	if !r.in.All {
		return r.someRefused(func(from store.Position) ([]*judge.Entry, error) {
			entries, _, err := list(device, from, seenAtOnce)
			return entries, err
		}, from, limit)
	}
	entries, total, err := list(device, from, limit+1)
	if err != nil {
		return nil, 0, "", err
	}
	events, next, err = r.events(entries, limit, record.MaxRows)
	return events, total, next, err
}

// seenAtOnce is how many rows are looked at together for those that somebody of some branches may see.
const seenAtOnce = 500

// someRefused is Refused for who may see only some of them: the others neither count nor push his out of sight.
func (r reader) someRefused(list func(store.Position) ([]*judge.Entry, error), from store.Position, limit int) (events []admin.Event, total int, next string, err error) {
	for more := true; more; {
		entries, err := list(from)
		if err != nil {
			return nil, 0, "", err
		}
		for _, e := range entries {
			from = store.Position{Seq: e.Seq, Dot: e.Dot}
			event, err := r.event(e, record.MaxRows)
			if err != nil {
				return nil, 0, "", err
			}
			if event == nil {
				continue
			}
			if total++; total <= limit {
				events = append(events, *event)
			}
		}
		more = len(entries) == seenAtOnce
	}
	if total > limit {
		next = positionOf(&events[limit-1].Entry)
	}
	return events, total, next, nil
}

func positionOf(e *judge.Entry) string {
	return fmt.Sprintf("%d.%d.%d", e.Seq, uint64(e.Dot.Actor), e.Dot.Counter)
}

// events returns the first of the entries, of each no more than so many rows, and the cursor of the page that the others
// begin.
func (r reader) events(entries []*judge.Entry, limit, rows int) (events []admin.Event, next string, err error) {
	if len(entries) > limit {
		entries = entries[:limit]
		next = positionOf(entries[limit-1])
	}
	for _, e := range entries {
		event, err := r.event(e, rows)
		if err != nil {
			return nil, "", err
		}
		if event != nil {
			events = append(events, *event)
		}
	}
	return events, next, nil
}

// event returns nil for a change set of other branches than those of the request.
func (r reader) event(e *judge.Entry, rows int) (*admin.Event, error) {
	if !r.in.All {
		if ok, err := seesChange(r.view, r.in, changeOf(e)); !ok || err != nil {
			return nil, err
		}
	}
	change, n, err := record.ParseFirstRows(e.Encoded, rows)
	if err != nil {
		change = erased(e)
	}
	at, err := r.view.CommitTime(e.Seq)
	return &admin.Event{Entry: *e, Change: change, More: n - len(change.Rows), Received: at.Millis()}, err
}

// changeOf returns the change set of an entry, an empty one where it was erased.
func changeOf(e *judge.Entry) *record.ChangeSet {
	cs, err := record.ParseChangeSet(e.Encoded)
	if err != nil {
		return erased(e)
	}
	return cs
}

// erased is what is left of a change set whose bytes were erased.
func erased(e *judge.Entry) *record.ChangeSet { return &record.ChangeSet{Dot: e.Dot} }

func parsePosition(cursor string) (p store.Position, err error) {
	n, err := parseNumbers(cursor)
	return store.Position{Seq: n[0], Dot: clock.Dot{Actor: clock.Actor(n[1]), Counter: n[2]}}, err
}

// parseNumbers reads a cursor of three numbers with points between; all are 0 for "".
func parseNumbers(cursor string) (n [3]uint64, err error) {
	if cursor == "" {
		return n, nil
	}
	parts := strings.Split(cursor, ".")
	if len(parts) != len(n) {
		return n, errCursor
	}
	for i, part := range parts {
		if n[i], err = strconv.ParseUint(part, 10, 64); err != nil {
			return n, errCursor
		}
	}
	return n, nil
}

func (r reader) Entry(d clock.Dot) (*admin.Event, error) {
	e, err := r.view.Entry(d)
	if err != nil || e == nil {
		return nil, err
	}
	return r.event(e, record.MaxRows)
}

func (r reader) Conflicts(open bool, row record.Key, cursor string, limit int) (list []judge.Conflict, total int, next string, err error) {
	n, err := parseNumbers(cursor)
	if err != nil {
		return nil, 0, "", err
	}
	place := store.ConflictPlace{Ask: n[0] != 0, Seq: n[1], N: n[2]}
	if !r.in.All {
		return r.someConflicts(open, row, place, limit)
	}
	stored, total, err := r.view.ListConflicts(open, row, place, limit+1)
	if err != nil {
		return nil, 0, "", err
	}
	for _, c := range stored[:min(len(stored), limit)] {
		list = append(list, c.Conflict)
	}
	if len(stored) > limit {
		next = conflictPlaceOf(stored[limit-1])
	}
	return list, total, next, nil
}

// someConflicts is Conflicts for who may see the rows of some only: the others neither count nor push his out of sight.
func (r reader) someConflicts(open bool, row record.Key, place store.ConflictPlace, limit int) (list []judge.Conflict, total int, next string, err error) {
	last := ""
	for more := true; more; {
		stored, _, err := r.view.ListConflicts(open, row, place, seenAtOnce)
		if err != nil {
			return nil, 0, "", err
		}
		for _, c := range stored {
			place = c.Place()
			of, err := r.Row(c.Row)
			if err != nil {
				return nil, 0, "", err
			}
			if of == nil {
				continue
			}
			if total++; total <= limit {
				list, last = append(list, c.Conflict), conflictPlaceOf(c)
			}
		}
		more = len(stored) == seenAtOnce
	}
	if total > limit {
		next = last
	}
	return list, total, next, nil
}

func conflictPlaceOf(c store.Conflict) string {
	p := c.Place()
	return fmt.Sprintf("%d.%d.%d", map[bool]int{true: 1}[p.Ask], p.Seq, p.N)
}

func (r reader) Conflict(n uint64) (*judge.Conflict, time.Time, error) {
	stored, err := r.view.Conflict(n)
	if err != nil || stored == nil {
		return nil, time.Time{}, err
	}
	row, err := r.Row(stored.Row)
	if err != nil || row == nil && !r.in.All {
		return nil, time.Time{}, err
	}
	at, err := r.view.CommitTime(stored.Seq)
	return &stored.Conflict, at.Time(), err
}
