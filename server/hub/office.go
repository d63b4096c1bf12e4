package hub

import (
	"context"
	"errors"
	"maps"
	"slices"

	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// Office is a transaction of somebody who writes on the hub itself.
type Office struct {
	*record.Draft
	batch *judge.Batch
	dot   clock.Dot
	now   int64
	seen  map[record.Key]clock.Vector
}

// Saw says what the author had seen of a row, which is the context of what he writes of it.
func (o *Office) Saw(k record.Key, v clock.Vector) { o.seen[k] = v }

// Dot returns the dot that the transaction will carry.
func (o *Office) Dot() clock.Dot { return o.dot }

// Now returns when it happens, in ms since 1970 UTC.
func (o *Office) Now() int64 { return o.now }

// Head returns the hub's highest commit number.
func (o *Office) Head() uint64 { return o.batch.Head() }

// Dead reports whether the row was there once, and was deleted.
func (o *Office) Dead(k record.Key) (bool, error) {
	row, err := o.batch.Row(k)
	return row != nil && row.Deleted, err
}

// Called returns the living rows of the table whose column holds the text, with what others wrote before in the same group commit.
func (o *Office) Called(t *schema.Table, column, text string) ([]record.ID, error) {
	s, err := o.batch.Flushed()
	if err != nil {
		return nil, err
	}
	return s.(Tx).Called(t, column, text)
}

// Erased reports whether the row's personal values were erased: nothing more is to be written of whom it was about.
func (o *Office) Erased(k record.Key) (bool, error) { return o.batch.Erased(k) }

// Do runs the command in one durable transaction in the person's name and tells whom it concerns. The zero person is
// the hub itself. Seen holds the vectors of the rows as the author was shown them: those are the contexts of what is
// written; a row that is not in it counts as seen as it is now. Refusals are *fault.Error, and leave nothing behind.
func (h *Hub) Do(ctx context.Context, person record.ID, seen map[record.Key]clock.Vector, cause string,
	command func(*Office) error) (judge.Ruling, error) {
	return h.commit(ctx, person, h.command(person, seen, cause, command))
}

// DoAs is Do for a program, which writes in the person's name with an incarnation of its own.
func (h *Hub) DoAs(ctx context.Context, person, program record.ID, seen map[record.Key]clock.Vector, cause string,
	command func(*Office) error) (judge.Ruling, error) {
	return h.commitAs(ctx, person, program, h.command(person, seen, cause, command))
}

// commitAs is commit by a program of the person's, the zero id for his own hands.
func (h *Hub) commitAs(ctx context.Context, person, program record.ID, do func(*judge.Batch, *judge.Actor) (judge.Ruling, error)) (judge.Ruling, error) {
	actor, err := h.writer(ctx, person, program)
	if err != nil {
		return judge.Ruling{}, err
	}
	return h.commitBy(ctx, actor, do, func(Tx) error { return nil })
}

// command returns what a commit takes to run the command in the person's name.
func (h *Hub) command(person record.ID, seen map[record.Key]clock.Vector, cause string,
	command func(*Office) error) func(*judge.Batch, *judge.Actor) (judge.Ruling, error) {
	return func(b *judge.Batch, a *judge.Actor) (judge.Ruling, error) {
		office := &Office{
			Draft: record.NewDraft(b, h.Schema), batch: b, now: h.Now().UnixMilli(),
			dot: clock.Dot{Actor: a.Actor, Counter: a.Counter + 1}, seen: map[record.Key]clock.Vector{},
		}
		maps.Copy(office.seen, seen)
		if err := command(office); err != nil {
			return judge.Ruling{}, err
		}
		changes, err := withContexts(b, office.Staged(), office.seen)
		if err != nil || len(changes) == 0 {
			return judge.Ruling{}, err
		}
		return b.Commit(judge.Author{Person: person}, a.Actor, changes, cause)
	}
}

// DoAll runs commands in their order, each as DoAs does with a change set of its own (the zero program: as Do), in one
// durable transaction, for which it stands in line with the devices. A command that is refused with one of the codes (none are
// named: with any that says what is wrong with it) leaves nothing behind, and its error stands in its place; after any other
// error nothing of any of them is kept.
func (h *Hub) DoAll(ctx context.Context, person, program record.ID, cause string, commands []func(*Office) error,
	codes ...fault.Code) (refused []error, err error) {
	return h.doAll(ctx, person, program, cause, commands, nil, codes)
}

var errRehearsed = errors.New("hub: this was a rehearsal")

// Rehearse is DoAll of which nothing is kept and nobody is told: what came of the commands is what would come of them.
func (h *Hub) Rehearse(ctx context.Context, person, program record.ID, cause string, commands []func(*Office) error,
	codes ...fault.Code) (refused []error, err error) {
	return h.doAll(ctx, person, program, cause, commands, errRehearsed, codes)
}

// doAll runs the commands; the error end, if there is one, undoes them at last.
func (h *Hub) doAll(ctx context.Context, person, program record.ID, cause string, commands []func(*Office) error, end error,
	codes []fault.Code) (refused []error, err error) {
	actor, err := h.writer(ctx, person, program)
	if err != nil {
		return nil, err
	}
	var all []*judge.News
	err = h.Store.WriteInLine(ctx, func(tx Tx) error {
		refused, all = make([]error, len(commands)), nil
		for i, command := range commands {
			err := tx.Step(func() error {
				_, err := h.commitIn(tx, actor, &all, h.command(person, nil, cause, command))
				return err
			})
			if err != nil && !refuses(codes, fault.CodeOf(err)) {
				return err
			}
			refused[i] = err
		}
		return end
	})
	if errors.Is(err, errRehearsed) {
		return refused, nil
	}
	if err != nil {
		return nil, err
	}
	h.tell(all)
	return refused, nil
}

// refuses reports whether an error of the code is a refusal of the one command, and no trouble of the hub.
func refuses(codes []fault.Code, code fault.Code) bool {
	if len(codes) > 0 {
		return slices.Contains(codes, code)
	}
	return code != "" && code != fault.Internal && code != fault.Overloaded
}

func (h *Hub) tell(all []*judge.News) {
	for _, n := range all {
		h.committed(n, nil)
	}
	h.wake()
}

// withContexts stamps each change with what its author had seen of the row. A claim to have seen more than the row
// carries is cut down to it.
func withContexts(b *judge.Batch, staged []*record.Staged, seen map[record.Key]clock.Vector) ([]record.RowChange, error) {
	changes := make([]record.RowChange, 0, len(staged))
	for _, s := range staged {
		c := s.Change
		row, err := b.Row(c.Key())
		if err != nil {
			return nil, err
		}
		if row != nil {
			c.Context = row.Vector
			if shown, ok := seen[c.Key()]; ok {
				c.Context = shown.Meet(row.Vector)
			}
		}
		changes = append(changes, c)
	}
	return changes, nil
}

// Settle makes the chosen value of a conflict stand in place of all those that the author was shown, who writes by a program unless
// that is zero. The error has the
// code fault.Closed where none of them stands any more.
func (h *Hub) Settle(ctx context.Context, person, program record.ID, row record.Key, cell record.CellID, chosen clock.Dot,
	over []clock.Dot) (judge.Ruling, error) {
	return h.commitAs(ctx, person, program, func(b *judge.Batch, a *judge.Actor) (judge.Ruling, error) {
		value, err := standing(b, row, cell, chosen, over)
		if err != nil {
			return judge.Ruling{}, err
		}
		change := record.RowChange{
			Op: record.Update, Table: row.Table, ID: row.ID, Context: clock.VectorOf(over...),
			Cells: []record.CellWrite{{CellID: cell, Value: value, Settles: over}},
		}
		return b.Commit(judge.Author{Person: person}, a.Actor, []record.RowChange{change}, "conflict.settle")
	})
}

var errSettled = fault.New(fault.Closed, "this was settled in the meantime; look at it again")

// standing returns the value of the cell that carries the chosen dot.
func standing(b *judge.Batch, key record.Key, cell record.CellID, chosen clock.Dot, over []clock.Dot) (record.Value, error) {
	row, err := b.Row(key)
	if err != nil {
		return record.Null, err
	}
	if row == nil || row.Table.ColumnByID(cell.Column) < 0 {
		return record.Null, errSettled
	}
	i, ok := row.Meta.Find(cell)
	if !ok || !slices.Contains(over, chosen) {
		return record.Null, errSettled
	}
	c := row.Meta.Cells[i]
	if c.Shown.Dot == chosen && len(c.Others) > 0 {
		shown := row.Cols[row.Table.ColumnByID(cell.Column)]
		if cell.Key != "" {
			shown = shown.Cell(cell.Key)
		}
		return shown, nil
	}
	for _, o := range c.Others {
		if o.Dot == chosen {
			return o.Value, nil
		}
	}
	return record.Null, errSettled
}

// Release applies a quarantined change set, with its rows amended unless amended is nil.
func (h *Hub) Release(ctx context.Context, person, program record.ID, dot clock.Dot, amended []record.RowChange) (judge.Ruling, error) {
	return h.commitAs(ctx, person, program, func(b *judge.Batch, a *judge.Actor) (judge.Ruling, error) {
		return b.Release(judge.Author{Person: person}, a.Actor, dot, amended)
	})
}

// Erase clears the personal values of the rows and of everything kept about them, in one transaction.
func (h *Hub) Erase(ctx context.Context, person record.ID, rows []record.Key) error {
	_, err := h.commitWith(ctx, person, func(b *judge.Batch, a *judge.Actor) (judge.Ruling, error) {
		return b.Erase(judge.Author{Person: person}, a.Actor, rows)
	}, func(tx Tx) error { return tx.Redact(person, h.Now(), rows) })
	return err
}

// EndLate ends the holds that were opened by what somebody had lost, and whose grace is over, and tells whom it concerns.
func (h *Hub) EndLate(ctx context.Context) (n int, err error) {
	_, err = h.commit(ctx, record.ID{}, func(b *judge.Batch, _ *judge.Actor) (_ judge.Ruling, err error) {
		n, err = b.EndLate()
		return judge.Ruling{}, err
	})
	return n, err
}

// Dismiss closes a quarantined change set without applying it.
func (h *Hub) Dismiss(ctx context.Context, person, program record.ID, dot clock.Dot) (judge.Ruling, error) {
	return h.commitAs(ctx, person, program, func(b *judge.Batch, a *judge.Actor) (judge.Ruling, error) {
		return b.Dismiss(judge.Author{Person: person}, a.Actor, dot)
	})
}

func (h *Hub) commit(ctx context.Context, person record.ID, do func(*judge.Batch, *judge.Actor) (judge.Ruling, error)) (judge.Ruling, error) {
	return h.commitWith(ctx, person, do, func(Tx) error { return nil })
}

// commitWith runs do, and then also in the same transaction, behind what do has written.
func (h *Hub) commitWith(ctx context.Context, person record.ID, do func(*judge.Batch, *judge.Actor) (judge.Ruling, error),
	also func(Tx) error) (judge.Ruling, error) {
	actor, err := h.officeActor(ctx, person)
	if err != nil {
		return judge.Ruling{}, err
	}
	return h.commitBy(ctx, actor, do, also)
}

// commitBy is commitWith for an incarnation.
func (h *Hub) commitBy(ctx context.Context, actor clock.Actor, do func(*judge.Batch, *judge.Actor) (judge.Ruling, error),
	also func(Tx) error) (r judge.Ruling, err error) {
	var all []*judge.News
	err = h.Store.Write(ctx, func(tx Tx) error {
		if r, err = h.commitIn(tx, actor, &all, do); err != nil {
			return err
		}
		return also(tx)
	})
	if err == nil {
		h.tell(all)
	}
	return r, err
}

// commitIn runs do within the transaction, and adds what it commits to all.
func (h *Hub) commitIn(tx Tx, actor clock.Actor, all *[]*judge.News, do func(*judge.Batch, *judge.Actor) (judge.Ruling, error)) (judge.Ruling, error) {
	b, err := h.batch(tx)
	if err != nil {
		return judge.Ruling{}, err
	}
	known, err := tx.Actor(actor)
	if err != nil {
		return judge.Ruling{}, err
	}
	if known == nil {
		return judge.Ruling{}, fault.New(fault.Internal, "the server lost its place; try again")
	}
	r, err := do(b, known)
	if err == nil {
		err = b.Flush()
	}
	if err == nil {
		*all = append(*all, b.News())
	}
	return r, err
}

// officeActor returns the incarnation that the person writes with on the hub, handed out at his first write in this
// epoch.
func (h *Hub) officeActor(ctx context.Context, person record.ID) (clock.Actor, error) {
	return h.writer(ctx, person, record.ID{})
}

// writer returns the incarnation that a person writes with by a program, the zero id for his own hands.
func (h *Hub) writer(ctx context.Context, person, program record.ID) (clock.Actor, error) {
	h.officeMu.Lock()
	defer h.officeMu.Unlock()
	who := [2]record.ID{person, program}
	if a := h.office[who]; a != 0 {
		return a, nil
	}
	side := clock.SideOffice
	if person.IsZero() {
		side = clock.SideHub
	}
	var found clock.Actor
	err := h.Store.Read(ctx, func(v View) error {
		actors, err := v.ActorsOf(person)
		for _, a := range actors {
			if a.Actor.Epoch() == h.Epoch && a.Actor.Side() == side && a.Device == program {
				found = a.Actor
			}
		}
		return err
	})
	if err == nil && found == 0 {
		err = h.Store.Write(ctx, func(tx Tx) (err error) {
			found, err = tx.NewActor(person, program, side)
			return err
		})
	}
	if err == nil {
		h.office[who] = found
	}
	return found, err
}

// View runs read in one stable snapshot.
func (h *Hub) View(ctx context.Context, read func(View) error) error { return h.Store.Read(ctx, read) }
