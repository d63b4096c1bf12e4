package client

import (
	"cmp"
	"context"
	"iter"
	"slices"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// Parts is typed access to the catalogue of spare parts and to where they lie. Quantities are in thousandths of the
// part's unit (aftersales.One).
type Parts struct{ c *Client }

// Parts returns typed access to parts and stock.
func (c *Client) Parts() Parts { return Parts{c} }

// Search returns the parts of the catalogue where each word of text stands somewhere in the code, the names in any
// language, the barcode or the models it fits, in the order of their codes; "" returns all that are in use. Words are
// found at any place, as in JobFilter.Text. It reads the whole catalogue.
func (p Parts) Search(ctx context.Context, text string) ([]aftersales.Part, error) {
	return list(p.Each(ctx, text))
}

// Each yields the parts of Search one by one, read in pages; an error ends the sequence.
func (p Parts) Each(ctx context.Context, text string) iter.Seq2[aftersales.Part, error] {
	return each(ctx, p.c, func(record.ID) ([]record.ID, error) {
		return p.c.find(ctx, partsQuery, wordsOf(text))
	}, rowAs("part", aftersales.PartOf))
}

var partsQuery = `SELECT id FROM part WHERE _del = 0 AND archived_at IS NULL AND merged_into IS NULL AND ` + contains(
	`code, barcode, (SELECT group_concat(value, char(10)) FROM json_each(part.name)),
	(SELECT group_concat(value, char(10)) FROM json_each(part.fits))`) + ` ORDER BY code, id`

// Find returns the part that a person means: by its code or barcode, else by how one of them or the id begins. Codes:
// fault.UnknownRow, Ambiguous.
func (p Parts) Find(ctx context.Context, said string) (record.ID, error) {
	return p.c.resolve(ctx, naming{"part", "code, barcode", "part"}, said)
}

// Get returns the part, or the one that stands for it; the zero Part if it is not here.
func (p Parts) Get(ctx context.Context, part record.ID) (aftersales.Part, error) {
	return see(ctx, p.c, func(tx Tx) (aftersales.Part, error) {
		row, err := standing(tx, "part", part)
		return aftersales.PartOf(row), err
	})
}

// Use takes a part from the user's van, or from where in says, to the customer. It returns the movement's id.
func (p Parts) Use(ctx context.Context, in aftersales.MoveInput) (record.ID, error) {
	return add(ctx, p.c, aftersales.CausePartUse, aftersales.UsePart, in)
}

// Return takes a part from the customer into the user's van: one left over, or an old one that must come back. It
// returns the movement's id.
func (p Parts) Return(ctx context.Context, in aftersales.MoveInput) (record.ID, error) {
	return add(ctx, p.c, aftersales.CausePartReturn, aftersales.ReturnPart, in)
}

// Transfer moves a part between two locations. It returns the movement's id.
func (p Parts) Transfer(ctx context.Context, in aftersales.MoveInput) (record.ID, error) {
	return add(ctx, p.c, aftersales.CausePartTransfer, aftersales.TransferPart, in)
}

// Scrap throws a part away. It returns the movement's id.
func (p Parts) Scrap(ctx context.Context, in aftersales.MoveInput) (record.ID, error) {
	return add(ctx, p.c, aftersales.CausePartScrap, aftersales.ScrapPart, in)
}

// Count books the difference between what was counted and what should lie there, and returns the difference.
func (p Parts) Count(ctx context.Context, in aftersales.CountInput) (difference int64, err error) {
	err = p.c.Update(ctx, aftersales.CausePartCount, func(tx Tx) (err error) {
		difference, err = aftersales.CountStock(tx, in)
		return err
	})
	return difference, err
}

// Correct replaces a movement by one of another quantity, and returns the new one's id.
func (p Parts) Correct(ctx context.Context, in aftersales.CorrectInput) (record.ID, error) {
	return add(ctx, p.c, aftersales.CausePartCorrect, aftersales.CorrectMovement, in)
}

// Van returns the location that the user takes parts from. Codes: aftersales.NoVan.
func (p Parts) Van(ctx context.Context) (aftersales.Location, error) {
	return see(ctx, p.c, func(tx Tx) (aftersales.Location, error) { return aftersales.VanOf(tx, tx.Author()) })
}

// Stock returns what lies in the user's van, by the parts' codes; less than nothing where more was taken than was
// known to be there. Codes: aftersales.NoVan.
func (p Parts) Stock(ctx context.Context) ([]aftersales.Stock, error) {
	return see(ctx, p.c, func(tx Tx) ([]aftersales.Stock, error) {
		van, err := aftersales.VanOf(tx, tx.Author())
		if err != nil {
			return nil, err
		}
		return aftersales.StockAt(tx, van.ID)
	})
}

// StockAt returns what lies at a location that the device holds, as Stock does for the van.
func (p Parts) StockAt(ctx context.Context, location record.ID) ([]aftersales.Stock, error) {
	return see(ctx, p.c, func(tx Tx) ([]aftersales.Stock, error) { return aftersales.StockAt(tx, location) })
}

// Ledger returns every movement into or out of the user's van, oldest first: those that a later one replaces too, as
// ledgers do. Codes: aftersales.NoVan.
func (p Parts) Ledger(ctx context.Context) ([]aftersales.Movement, error) {
	return see(ctx, p.c, func(tx Tx) ([]aftersales.Movement, error) {
		van, err := aftersales.VanOf(tx, tx.Author())
		if err != nil {
			return nil, err
		}
		return ledger(tx, van.ID)
	})
}

// LedgerAt returns the movements of a location that the device holds, as Ledger does for the van.
func (p Parts) LedgerAt(ctx context.Context, location record.ID) ([]aftersales.Movement, error) {
	return see(ctx, p.c, func(tx Tx) ([]aftersales.Movement, error) { return ledger(tx, location) })
}

func ledger(tx Tx, location record.ID) ([]aftersales.Movement, error) {
	moves := []aftersales.Movement{}
	for _, side := range []string{"from_location", "to_location"} {
		rows, err := tx.Refs("movement", side, location)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			moves = append(moves, aftersales.MovementOf(row))
		}
	}
	slices.SortFunc(moves, func(a, b aftersales.Movement) int {
		return cmp.Or(cmp.Compare(a.Corrected, b.Corrected), slices.Compare(a.ID[:], b.ID[:]))
	})
	return moves, nil
}
