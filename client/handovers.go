package client

import (
	"context"
	"crypto/ed25519"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// Give takes a part out of the user's van for a colleague, and returns the half whose Code he shows: as a QR code, or to
// type. It is signed with the device's key; neither phone needs a network.
func (p Parts) Give(ctx context.Context, in aftersales.GiveInput) (aftersales.HandOver, error) {
	if seed := p.c.account.get().Key; len(seed) == ed25519.SeedSize {
		in.Key = ed25519.NewKeyFromSeed(seed)
	}
	return half(ctx, p.c, aftersales.CauseHandOverGive, aftersales.GivePart, in)
}

// Take takes what a colleague's code gives into the user's van.
func (p Parts) Take(ctx context.Context, in aftersales.TakeInput) (aftersales.HandOver, error) {
	return half(ctx, p.c, aftersales.CauseHandOverTake, aftersales.TakePart, in)
}

// CancelHandOver takes back what the user gave and nobody took.
func (p Parts) CancelHandOver(ctx context.Context, give record.ID) (aftersales.HandOver, error) {
	return half(ctx, p.c, aftersales.CauseHandOverCancel, aftersales.CancelHandOver, give)
}

// HandOvers returns the halves of hand-overs from and to the user, oldest first.
func (p Parts) HandOvers(ctx context.Context) ([]aftersales.HandOver, error) {
	return see(ctx, p.c, func(tx Tx) ([]aftersales.HandOver, error) { return aftersales.HandOversOf(tx, tx.Author()) })
}

func half[In any](
	ctx context.Context, c *Client, cause string, command func(Tx, In) (aftersales.HandOver, error), in In,
) (h aftersales.HandOver, err error) {
	err = c.Update(ctx, cause, func(tx Tx) (err error) {
		h, err = command(tx, in)
		return err
	})
	return h, err
}

// Ask asks the store for a part, and returns the request's id.
func (p Parts) Ask(ctx context.Context, in aftersales.AskPartInput) (record.ID, error) {
	return add(ctx, p.c, aftersales.CausePartAsk, aftersales.AskPart, in)
}

// Shortfalls returns what the user's van lacks. Codes: aftersales.NoVan.
func (p Parts) Shortfalls(ctx context.Context) ([]aftersales.Shortfall, error) {
	return see(ctx, p.c, func(tx Tx) ([]aftersales.Shortfall, error) {
		van, err := aftersales.VanOf(tx, tx.Author())
		if err != nil {
			return nil, err
		}
		return aftersales.Shortfalls(tx, van.ID)
	})
}

// Book returns what became of each part in the user's van from a moment until another (ms UTC, exclusive; 0: no end).
// Codes: aftersales.NoVan.
func (p Parts) Book(ctx context.Context, from, until int64) ([]aftersales.BookLine, error) {
	return see(ctx, p.c, func(tx Tx) ([]aftersales.BookLine, error) {
		van, err := aftersales.VanOf(tx, tx.Author())
		if err != nil {
			return nil, err
		}
		return aftersales.Book(tx, van.ID, from, until)
	})
}

// FindPerson returns the colleague that a person means: by name or number, else by how one of them or the id begins.
// Codes: fault.UnknownRow, Ambiguous.
func (c *Client) FindPerson(ctx context.Context, said string) (record.ID, error) {
	return c.resolve(ctx, naming{"person", "name, number", "colleague"}, said)
}
