package hub

import (
	"context"

	"fieldsync/sync/clock"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
	"fieldsync/sync/session"
	"fieldsync/sync/wire"
)

// keep keeps what a device held of rows that this hub lost when it was restored: in quarantine, for the office. A person
// who had no device before the restore cannot have held any.
func (h *Hub) keep(ctx context.Context, author judge.Author, rows []wire.Rows) (session.Event, error) {
	answer := session.Kept{}
	actor, err := h.witnessFor(ctx, author)
	if err != nil {
		return nil, err
	}
	if actor == 0 {
		for _, batch := range rows {
			answer.Kept.Count += uint64(len(batch.Rows))
		}
		return answer, nil
	}
	var news *judge.News
	err = h.Store.WriteInLine(ctx, func(tx Tx) error {
		b, err := h.batch(tx)
		if err != nil {
			return err
		}
		if answer.Kept, err = b.Testify(author, actor, rows); err != nil {
			return err
		}
		err = b.Flush()
		news = b.News()
		return err
	})
	if err == nil && news != nil {
		h.Log.Warn("a device held what this server lost; the office decides", "device", author.Device.String(), "rows", news.Head-news.Since)
		h.committed(news, nil)
	}
	return answer, err
}

// witnessFor returns the incarnation of the hub under which it keeps what the device held, handed out when it is first
// needed in this epoch; 0 for a person who had no device before it.
func (h *Hub) witnessFor(ctx context.Context, author judge.Author) (clock.Actor, error) {
	h.officeMu.Lock()
	defer h.officeMu.Unlock()
	if a := h.office[[2]record.ID{{}, author.Device}]; a != 0 {
		return a, nil
	}
	var found clock.Actor
	earlier := false
	err := h.Store.Read(ctx, func(v View) error {
		own, err := v.ActorsOf(author.Person)
		for _, a := range own {
			earlier = earlier || a.Actor.Epoch() < h.Epoch && a.Actor.Side() == clock.SideDevice
		}
		if err != nil {
			return err
		}
		hubs, err := v.ActorsOf(record.ID{})
		for _, a := range hubs {
			if a.Device == author.Device && a.Actor.Epoch() == h.Epoch {
				found = a.Actor
			}
		}
		return err
	})
	if err == nil && found == 0 && earlier {
		err = h.Store.Write(ctx, func(tx Tx) (err error) {
			found, err = tx.NewActor(record.ID{}, author.Device, clock.SideHub)
			return err
		})
	}
	if err == nil && found != 0 {
		h.office[[2]record.ID{{}, author.Device}] = found
	}
	return found, err
}
