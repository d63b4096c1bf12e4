package server

import (
	"context"
	"slices"
	"time"

	"fieldsync/server/api"
	"fieldsync/server/auth"
	"fieldsync/server/hub"
	"fieldsync/server/store"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/clock"
	"fieldsync/sync/record"
)

// apiEngine is the hub as programs see it.
type apiEngine struct{ *Core }

var _ api.Engine = apiEngine{}

func (e apiEngine) Do(ctx context.Context, by api.Author, seen map[record.Key]clock.Vector, cause string, command func(api.Tx) error) error {
	_, err := e.Hub.DoAs(ctx, by.Person, by.Program, seen, cause, func(o *hub.Office) error {
		return command(calls{bind(ctx, o, by.Person), o, by})
	})
	return err
}

// calls is a transaction in which what a program was answered is noted, whatever branches it is bound to.
type calls struct {
	aftersales.Tx
	office *hub.Office
	by     api.Author
}

func (c calls) Saw(k record.Key, v clock.Vector) { c.office.Saw(k, v) }

func (c calls) Insert(table string, id record.ID, values record.Values) error {
	if table == "api_call" {
		return Bind(c.office, c.by.Person).Insert(table, id, values)
	}
	return c.Tx.Insert(table, id, values)
}

// programsSetting is where the store keeps programs, as JSON.
const programsSetting = "programs"

// programStore is the store as the manager of programs sees it.
type programStore struct {
	*store.Store
	now func() time.Time
}

func (s programStore) Programs(ctx context.Context) (list []auth.Program, err error) {
	err = s.Read(ctx, func(v *store.View) error {
		list, err = readKept[[]auth.Program](v.Setting(programsSetting))
		return err
	})
	return list, err
}

func (s programStore) ChangePrograms(ctx context.Context, change func([]auth.Program) ([]auth.Program, error)) error {
	return s.Write(ctx, func(tx *store.Tx) error {
		kept, err := changeKept(tx, programsSetting, func(was []auth.Program) ([]auth.Program, error) {
			now, err := change(slices.Clone(was))
			if err == nil {
				err = s.noteEnded(was, now)
			}
			return now, err
		})
		if err != nil {
			return err
		}
		_, err = tx.Audit(deed(ctx, s.Store, s.now(), "programs_change", record.ID{}, store.AuditValue{Column: "programs", Text: kept}))
		return err
	})
}

// noteEnded writes down which programs are shut out, for a backup that still knows them.
func (s programStore) noteEnded(was, now []auth.Program) error {
	for _, p := range was {
		if !p.Revoked.IsZero() || slices.ContainsFunc(now, func(q auth.Program) bool { return q.ID == p.ID && q.Revoked.IsZero() }) {
			continue
		}
		if err := s.NoteStanding(store.Standing{Of: ofProgram, ID: p.ID, As: isOut}); err != nil {
			return err
		}
	}
	return nil
}
