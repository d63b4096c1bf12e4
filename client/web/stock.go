package web

import (
	"cmp"
	"slices"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// stockPage is what lies in the user's van.
type stockPage struct {
	frame
	Van    aftersales.Location
	Stock  []aftersales.Stock
	Rest   rest
	Lacks  []aftersales.Shortfall
	Opened int // hand-overs that nobody is known to have taken
	NoVan  bool
}

// stock shows the van.
func (v *request) stock() error {
	p := stockPage{frame: v.frame("My van")}
	p.Tab, p.Live = "stock", true
	err := v.view(func(tx client.Tx) (err error) {
		if p.Van, err = aftersales.VanOf(tx, v.me); err != nil {
			return err
		}
		if p.Stock, err = aftersales.StockAt(tx, p.Van.ID); err != nil {
			return err
		}
		p.Lacks, err = aftersales.Shortfalls(tx, p.Van.ID)
		return err
	})
	if p.NoVan = fault.CodeOf(err) == aftersales.NoVan; p.NoVan {
		return v.show("stock", p)
	}
	if err != nil {
		return err
	}
	p.Stock, p.Rest, err = some(v, p.Stock, func(s aftersales.Stock) string { return v.lang.label(s.Part.Name) + s.Part.Code })
	if err != nil {
		return err
	}
	if p.Rest.Past {
		p.Back = stockURL
	}
	offers, err := v.offers()
	p.Opened = len(slices.DeleteFunc(offers, func(o offer) bool { return !o.Open }))
	return firstOf(err, v.show("stock", p))
}

// partPage is a part: what it is, what is in the van of it, and how it came there.
type partPage struct {
	frame
	Part    aftersales.Part
	Have    aftersales.Quantity // to be used
	Olds    aftersales.Quantity // defective ones beside them
	Serials []string
	Moves   []moveLine
	More    int
	People  []aftersales.Person
	Gives   int // hand-overs that the user has made, for the form to say which it knows of
}

// moveLine is a movement as the ledger of the van shows it.
type moveLine struct {
	aftersales.Movement
	In  bool
	Job aftersales.Job
}

const maxMoves = 50

// part shows a part with its ledger, the latest first.
func (v *request) part() error {
	id, err := v.path()
	if err != nil {
		return err
	}
	p := partPage{frame: v.frame("Part")}
	p.Tab, p.Back = "stock", stockURL
	people, err := v.colleagues()
	if err != nil {
		return err
	}
	err = v.view(func(tx client.Tx) (err error) {
		if p.People, err = those(tx, "person", people, aftersales.PersonOf); err != nil {
			return err
		}
		return p.read(v, tx, id)
	})
	if err != nil {
		return err
	}
	if p.Part.ID.IsZero() {
		return fault.New(fault.UnknownRow, "the catalogue does not have this part")
	}
	p.Title = p.Part.Code
	p.Gives, err = v.given()
	return firstOf(err, v.show("part", p))
}

func (p *partPage) read(v *request, tx client.Tx, id record.ID) (err error) {
	if id, err = aftersales.Survivor(tx, "part", id); err != nil {
		return err
	}
	if p.Part, err = rowAs(tx, "part", id, aftersales.PartOf); err != nil {
		return err
	}
	van, err := aftersales.VanOf(tx, v.me)
	if fault.CodeOf(err) == aftersales.NoVan {
		return nil
	}
	if err != nil {
		return err
	}
	if p.Serials, err = v.serials(tx, id); err != nil {
		return err
	}
	stock, err := aftersales.StockAt(tx, van.ID)
	if err != nil {
		return err
	}
	p.Have.Unit = p.Part.Unit
	for _, s := range stock {
		if s.Part.ID == id {
			p.Have, p.Olds = s.Usable(), s.Defective
		}
	}
	return p.ledger(tx, van.ID, id)
}

// ledger reads the movements of the part into and out of the van.
func (p *partPage) ledger(tx client.Tx, van, part record.ID) error {
	rows, err := tx.Refs("movement", "part", part)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if m := aftersales.MovementOf(row); m.To == van || m.From == van {
			p.Moves = append(p.Moves, moveLine{Movement: m, In: m.To == van})
		}
	}
	slices.SortFunc(p.Moves, func(a, b moveLine) int {
		return cmp.Or(cmp.Compare(b.Movement.Corrected, a.Movement.Corrected), slices.Compare(b.ID[:], a.ID[:]))
	})
	p.More = max(0, len(p.Moves)-maxMoves)
	p.Moves = p.Moves[:min(len(p.Moves), maxMoves)]
	for i := range p.Moves {
		if p.Moves[i].Job, err = rowAs(tx, "job", p.Moves[i].Movement.Job, aftersales.JobOf); err != nil {
			return err
		}
	}
	return nil
}

// count books the difference between what was counted and what should be there.
func (v *request) count() error {
	part, err := v.path()
	if err != nil {
		return err
	}
	counted, ok := amount(v.form("counted"), aftersales.QuantityScale)
	if !ok {
		return fault.New(aftersales.BadQuantity, "A quantity is a number like 2 or 1.5.")
	}
	van, err := v.client.Parts().Van(v.ctx())
	if err != nil {
		return err
	}
	// A second time there is no difference any more: nothing is booked twice.
	in := aftersales.CountInput{Location: van.ID, Part: part, Counted: counted, Note: v.form("note")}
	if _, err := v.client.Parts().Count(v.ctx(), in); err != nil {
		return err
	}
	return v.redirect(partURL(part))
}

func partURL(id record.ID) string { return "/parts/" + id.String() }

// ask asks the store for a part.
func (v *request) ask() (err error) {
	var in aftersales.AskPartInput
	if in.Part, err = v.path(); err != nil {
		return err
	}
	if in.Quantity, err = v.quantity("quantity"); err != nil {
		return err
	}
	err = v.once("part_request", aftersales.CausePartAsk, func(tx client.Tx) error {
		_, err := aftersales.AskPart(tx, in)
		return err
	})
	if err != nil {
		return err
	}
	return v.redirect(stockURL)
}
