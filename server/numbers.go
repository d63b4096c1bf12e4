package server

import (
	"cmp"
	"context"
	"slices"

	"fieldsync/server/hub"
	"fieldsync/server/store"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/judge"
	"fieldsync/sync/record"
)

// numbering notes every number of a gapless series beside the database, before the commit that gives it: a restore must
// not give it again.
type numbering struct {
	judge.Rules
	store *store.Store
}

func (n numbering) Review(rows judge.Rows, cs *record.ChangeSet, author judge.Author) (judge.Decision, error) {
	d, err := n.Rules.Review(rows, cs, author)
	if err != nil || d.Refuse != nil || !author.Trusted { // a device gives none, and must not fill the list
		return d, err
	}
	var noted []store.Numbered
	for _, g := range aftersales.GivenIn(n.store.Schema(), cs) {
		noted = append(noted, store.Numbered{Series: g.Series, Branch: g.Branch, Position: g.Position, About: keyOf(g.About), Number: g.Number})
	}
	return d, n.store.NoteNumbers(noted)
}

func keyOf(r aftersales.Row) record.Key {
	if t := aftersales.Schema.Table(r.Table); t != nil {
		return record.Key{Table: t.ID, ID: r.ID}
	}
	return record.Key{}
}

// numbersAgain accounts for the numbers that a database that came back from a backup does not know: they are entered as
// lost, and their series go on above them.
func (c *Core) numbersAgain(ctx context.Context) error {
	if c.Store.Schema().Table("number_claim") == nil {
		return nil
	}
	noted, err := c.Store.NumbersGiven()
	if err != nil {
		return err
	}
	// The highest first, above which the series goes on: it is said once.
	slices.SortStableFunc(noted, func(a, b store.Numbered) int { return cmp.Compare(b.Position, a.Position) })
	for some := range slices.Chunk(noted, lostAtOnce) {
		if err := c.loseNumbers(ctx, some); err != nil {
			return err
		}
	}
	return nil
}

// lostAtOnce is how many numbers one change set enters as lost: it has a limit, and a restore may have lost any number.
const lostAtOnce = 500

func (c *Core) loseNumbers(ctx context.Context, noted []store.Numbered) error {
	given := make([]aftersales.GivenNumber, len(noted))
	for i, n := range noted {
		given[i] = aftersales.GivenNumber{Series: n.Series, Branch: n.Branch, Position: n.Position, Number: n.Number}
		if t := aftersales.Schema.TableByID(n.About.Table); t != nil {
			given[i].About = aftersales.Row{Table: t.Name, ID: n.About.ID}
		}
	}
	_, err := c.Hub.Do(ctx, record.ID{}, nil, aftersales.CauseNumberLost, func(o *hub.Office) error {
		return aftersales.LoseNumbers(Bind(o, record.ID{}), given)
	})
	return err
}
