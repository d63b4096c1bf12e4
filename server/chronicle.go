package server

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"fieldsync/server/admin"
	"fieldsync/server/store"
)

// chronicle is the deeds and the chain as the office's pages see them.
type chronicle struct {
	*Core
	busy    atomic.Bool
	ctx     context.Context // of the process: following the chain outlives the request that asked for it
	stop    context.CancelFunc
	follows sync.WaitGroup
}

func newChronicle(core *Core) *chronicle {
	c := &chronicle{Core: core}
	c.ctx, c.stop = context.WithCancel(context.Background())
	return c
}

// close ends what goes on in the background.
func (c *chronicle) close() {
	c.stop()
	c.follows.Wait()
}

var _ admin.Chronicle = (*chronicle)(nil)

// chainSetting is where the store keeps what following the chain found last, as JSON.
const chainSetting = "chain_checked"

func (c *chronicle) Deeds(ctx context.Context, f admin.DeedFilter, before uint64, limit int) (list []admin.DeedEntry, err error) {
	err = c.Store.Read(ctx, func(v *store.View) error {
		found, err := v.AuditBy(before, f.Actions, f.Person, limit)
		for _, e := range found {
			d := admin.DeedEntry{N: e.N, At: e.At, Person: e.Person, Action: e.Action}
			if !e.Row.ID.IsZero() {
				d.About = e.Row.ID
			}
			for _, value := range e.Values {
				d.Values = append(d.Values, admin.DeedValue{Column: value.Column, Text: value.Text})
			}
			list = append(list, d)
		}
		return err
	})
	return list, err
}

func (c *chronicle) Chain(ctx context.Context) (state admin.ChainState, err error) {
	err = c.Store.Read(ctx, func(v *store.View) error {
		if state, err = readKept[admin.ChainState](v.Setting(chainSetting)); err != nil {
			return err
		}
		state.Head, err = v.Head()
		return err
	})
	state.Running = c.busy.Load()
	return state, err
}

// Follow follows the chain from its beginning, in the background; where that is under way it does nothing.
func (c *chronicle) Follow() {
	if !c.busy.CompareAndSwap(false, true) {
		return
	}
	c.follows.Go(func() {
		defer c.busy.Store(false)
		if err := c.follow(c.ctx); err != nil && c.ctx.Err() == nil {
			c.log.Error("the chain of the audit could not be followed", "error", err)
		}
	})
}

func (c *chronicle) follow(ctx context.Context) error {
	report, head, err := c.Store.VerifyChain(ctx)
	if err != nil {
		return err
	}
	if !report.OK() {
		c.log.Error("the chain of the audit is broken", "problems", report.Found)
	}
	return c.Store.Write(ctx, func(tx *store.Tx) error {
		_, err := changeKept(tx, chainSetting, func(admin.ChainState) (admin.ChainState, error) {
			return admin.ChainState{
				At: c.now().UTC().Truncate(time.Second), Upto: head, Deeds: report.Audit, End: fmt.Sprintf("%x", report.End[:]),
				Found: report.Found, Problems: report.Problems,
			}, nil
		})
		return err
	})
}
