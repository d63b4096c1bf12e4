package client

import (
	"slices"
	"sync"

	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// Change says that the shown values of rows may have changed, whoever wrote them.
type Change struct {
	Rows []record.Key
	// Overflow says that there were more rows than are listed: look at everything.
	Overflow bool
}

// maxWatched bounds what waits for a watcher that does not look; past it the change only says that there was much.
const maxWatched = 4096

// watchers hears of commits. Nobody waits for a watcher.
type watchers struct {
	mu     sync.Mutex
	all    map[*watcher]bool
	closed bool
}

type watcher struct {
	all     bool
	tables  []schema.TableID // unless all
	out     chan Change
	waiting Change
	handing bool // run is about to hand over a change that came before
	ready   chan struct{}
	gone    chan struct{}
	once    sync.Once
}

// Watch returns a channel of what changes in the named tables, or in all when none is named. It is told after each
// commit, local or from the hub; what a slow reader has not taken is folded together. Stop ends it and closes the
// channel, as does Close.
func (c *Client) Watch(tables ...string) (changes <-chan Change, stop func()) {
	w := &watcher{
		all: len(tables) == 0, out: make(chan Change), ready: make(chan struct{}, 1), gone: make(chan struct{}),
	}
	for _, name := range tables {
		if t := c.Schema.Table(name); t != nil {
			w.tables = append(w.tables, t.ID)
		}
	}
	c.watch.add(w)
	go c.watch.run(w)
	return w.out, w.stop
}

func (w *watcher) stop() { w.once.Do(func() { close(w.gone) }) }

func (s *watchers) add(w *watcher) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		w.stop()
		return
	}
	if s.all == nil {
		s.all = map[*watcher]bool{}
	}
	s.all[w] = true
}

// run hands changes to the watcher until it is stopped.
func (s *watchers) run(w *watcher) {
	defer close(w.out)
	for {
		select {
		case <-w.gone:
			s.remove(w)
			return
		case <-w.ready:
		}
		change := s.next(w)
		if len(change.Rows) == 0 && !change.Overflow {
			continue // it went with the one before
		}
		select {
		case w.out <- change:
		case <-w.gone:
		}
		s.mu.Lock()
		w.handing = false
		s.mu.Unlock()
	}
}

// next takes what waits for the watcher.
func (s *watchers) next(w *watcher) Change {
	s.mu.Lock()
	defer s.mu.Unlock()
	change := w.waiting
	w.waiting = Change{}
	w.handing = len(change.Rows) > 0 || change.Overflow
	return change
}

func (s *watchers) remove(w *watcher) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, w)
}

func (s *watchers) tell(keys []record.Key) {
	if len(keys) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for w := range s.all {
		w.add(keys)
	}
}

// overflow tells who watches a table of which everybody holds rows of the class that there was much.
func (s *watchers) overflow(of *schema.Schema, class schema.Class) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for w := range s.all {
		watches := w.all || slices.ContainsFunc(w.tables, func(id schema.TableID) bool { return of.TableByID(id).Class == class })
		if watches {
			w.waiting = Change{Overflow: true}
			w.add(nil)
		}
	}
}

// add is called with the watchers' lock held. A watcher that is waiting for nothing else is told at once.
func (w *watcher) add(keys []record.Key) {
	n := len(w.waiting.Rows)
	idle := n == 0 && !w.waiting.Overflow && !w.handing
	for _, k := range keys {
		if w.all || slices.Contains(w.tables, k.Table) {
			w.waiting.Rows = append(w.waiting.Rows, k)
		}
	}
	if len(w.waiting.Rows) > maxWatched {
		w.waiting = Change{Rows: w.waiting.Rows[:0], Overflow: true}
	}
	if len(w.waiting.Rows) == n && !w.waiting.Overflow {
		return
	}
	if idle {
		select {
		case w.out <- w.waiting:
			w.waiting = Change{}
			return
		default: // it does something else
		}
	}
	select {
	case w.ready <- struct{}{}:
	default:
	}
}

func (s *watchers) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for w := range s.all {
		w.stop()
	}
}
