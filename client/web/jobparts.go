package web

import (
	"cmp"
	"slices"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// The ways of a part at a job.
const (
	wayUse  = "use"  // out of the van, into the machine
	wayGood = "good" // left over, back into the van
	wayOld  = "old"  // the defective one, which must come back
)

// way says what a way is called on its pages.
type way struct {
	Name  string // as URLs have it
	Title string
	Do    string // the button
	cause string
	move  func(aftersales.Tx, aftersales.MoveInput) (record.ID, error)
}

var ways = map[string]way{
	wayUse:  {wayUse, "Use a part", "Use it", aftersales.CausePartUse, aftersales.UsePart},
	wayGood: {wayGood, "Bring back a good part", "Into my van", aftersales.CausePartReturn, aftersales.ReturnPart},
	wayOld:  {wayOld, "Take back an old part", "Into my van, defective", aftersales.CausePartReturn, aftersales.ReturnPart},
}

func (v *request) way() (way, error) {
	w, ok := ways[v.r.PathValue("way")]
	if !ok {
		return w, fault.New(fault.UnknownRow, "there is nothing at this address")
	}
	return w, nil
}

// jobPartsPage is what moved at a job.
type jobPartsPage struct {
	frame
	stand
	Lines []partLine
	Rest  rest
}

type partLine struct {
	aftersales.Movement
	Code string
	Name map[string]string
	Out  bool // to the customer
}

// jobParts shows the parts of a job.
func (v *request) jobParts() error {
	p := jobPartsPage{frame: v.frame("Parts")}
	p.Live = true
	err := v.view(func(tx client.Tx) (err error) {
		if p.stand, err = v.stand(tx); err != nil {
			return err
		}
		for _, m := range p.Movements {
			if m.Quantity.Amount == 0 {
				continue
			}
			part, err := rowAs(tx, "part", m.Part, aftersales.PartOf)
			if err != nil {
				return err
			}
			p.Lines = append(p.Lines, partLine{m, part.Code, part.Name, m.To == aftersales.VirtualLocation(aftersales.LocationCustomer)})
		}
		return nil
	})
	if err != nil {
		return err
	}
	p.Lines, p.Rest, err = latest(v, p.Lines, func(l partLine) string { return v.lang.label(l.Name) + l.Code + l.Note })
	if err != nil {
		return err
	}
	p.Back = p.URL()
	return v.show("jobparts", p)
}

// pickPage offers parts to choose from.
type pickPage struct {
	frame
	stand
	Way   way
	Query string
	Found []pickLine
	Ready bool // the search finds everything
}

// pickLine is a part with how much of it is in the van.
type pickLine struct {
	aftersales.Part
	Have aftersales.Quantity
	URL  string
}

const maxPicks = 30

// pickPart offers what is in the van, or what the search finds: by code, barcode, name or model.
func (v *request) pickPart() error {
	p := pickPage{Query: v.form("q")}
	var err error
	if p.Way, err = v.way(); err != nil {
		return err
	}
	p.frame = v.frame(p.Way.Title)
	status, err := v.client.Status(v.ctx())
	if err != nil {
		return err
	}
	p.Ready = status.SearchReady
	found, exact, err := v.partsFound(p.Query)
	if err != nil {
		return err
	}
	err = v.view(func(tx client.Tx) (err error) {
		if p.stand, err = v.stand(tx); err != nil {
			return err
		}
		if p.Query == "" {
			p.Found, err = v.likelyParts(tx, p.stand, p.Way.Name)
		} else {
			p.Found, err = v.partLines(tx, found)
		}
		return err
	})
	if err != nil {
		return err
	}
	for i := range p.Found {
		p.Found[i].URL = p.URL() + "/parts/" + p.Way.Name + "/" + p.Found[i].ID.String()
	}
	if exact && len(p.Found) == 1 && v.r.Header.Get("Sec-Fetch-Mode") == "navigate" {
		return v.redirect(p.Found[0].URL) // a whole code, typed or scanned, with Enter
	}
	p.Back = p.URL() + "/parts"
	return v.show("pick", p)
}

// partsFound returns the parts that the search finds; exact says that the query is a whole code or barcode.
func (v *request) partsFound(query string) (ids []record.ID, exact bool, err error) {
	if query == "" {
		return nil, false, nil
	}
	hits, err := v.client.Search(v.ctx(), query, client.SearchOptions{Tables: []string{"part"}, Limit: maxPicks})
	for _, hit := range hits {
		if hit.Exact {
			return []record.ID{hit.ID}, true, err
		}
		ids = append(ids, hit.ID)
	}
	return ids, false, err
}

// partLines returns the parts with how much of each is in the van.
func (v *request) partLines(tx client.Tx, ids []record.ID) (list []pickLine, err error) {
	have, err := v.inVan(tx)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		part, err := rowAs(tx, "part", id, aftersales.PartOf)
		if err != nil {
			return nil, err
		}
		if !part.ID.IsZero() && part.ArchivedAt == 0 {
			list = append(list, pickLine{Part: part, Have: have[id]})
		}
	}
	return list, nil
}

// inVan returns what can be used of what lies in the user's van; nothing where he has none.
func (v *request) inVan(tx client.Tx) (map[record.ID]aftersales.Quantity, error) {
	have := map[record.ID]aftersales.Quantity{}
	van, err := aftersales.VanOf(tx, v.me)
	if fault.CodeOf(err) == aftersales.NoVan {
		return have, nil
	}
	if err != nil {
		return nil, err
	}
	stock, err := aftersales.StockAt(tx, van.ID)
	for _, s := range stock {
		have[s.Part.ID] = s.Usable()
	}
	return have, err
}

// likelyParts returns what is probably meant before anything is typed: what is in the van, or was used at the job.
func (v *request) likelyParts(tx client.Tx, s stand, way string) ([]pickLine, error) {
	var ids []record.ID
	for _, m := range s.Movements {
		if m.Quantity.Amount != 0 && !slices.Contains(ids, m.Part) {
			ids = append(ids, m.Part)
		}
	}
	if way == wayUse {
		have, err := v.inVan(tx)
		if err != nil {
			return nil, err
		}
		ids = ids[:0]
		for id := range have {
			ids = append(ids, id)
		}
	}
	list, err := v.partLines(tx, ids)
	slices.SortFunc(list, func(a, b pickLine) int { return cmp.Compare(a.Code, b.Code) })
	return list[:min(len(list), maxPicks)], err
}

// movePage asks how many of a part.
type movePage struct {
	frame
	stand
	Way     way
	Part    aftersales.Part
	Have    aftersales.Quantity
	Serials []string // of those in the van
	Price   aftersales.PricedLine
}

// movePart asks how many, and which.
func (v *request) movePart() error {
	p := movePage{}
	var err error
	if p.Way, err = v.way(); err != nil {
		return err
	}
	p.frame = v.frame(p.Way.Title)
	id, err := parseID(v.r.PathValue("part"))
	if err != nil {
		return err
	}
	if err := v.view(func(tx client.Tx) error { return p.read(v, tx, id) }); err != nil {
		return err
	}
	p.Back = p.URL() + "/parts/" + p.Way.Name
	return v.show("move", p)
}

func (p *movePage) read(v *request, tx client.Tx, id record.ID) (err error) {
	if p.stand, err = v.stand(tx); err != nil {
		return err
	}
	if p.Part, err = rowAs(tx, "part", id, aftersales.PartOf); err != nil {
		return err
	}
	if p.Part.ID.IsZero() {
		return fault.New(aftersales.UnknownPart, "the catalogue does not have this part")
	}
	have, err := v.inVan(tx)
	if err != nil {
		return err
	}
	p.Have = have[id]
	if p.Serials, err = v.serials(tx, id); err != nil || p.Way.Name != wayUse {
		return err
	}
	p.Price, err = v.partPrice(tx, p.stand, id, aftersales.One)
	return err
}

// serials returns the serial numbers of a part in the user's van.
func (v *request) serials(tx client.Tx, part record.ID) (list []string, err error) {
	van, err := aftersales.VanOf(tx, v.me)
	if fault.CodeOf(err) == aftersales.NoVan {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	held, err := aftersales.Serials(tx, van.ID)
	for _, h := range held {
		if h.Part == part {
			list = append(list, h.Serial)
		}
	}
	return list, err
}

func (v *request) partPrice(tx client.Tx, s stand, part record.ID, amount int64) (aftersales.PricedLine, error) {
	line := aftersales.ChargeLine{Kind: aftersales.ChargeParts, Part: part, Quantity: aftersales.Quantity{Amount: amount}}
	e, err := v.entitled(tx, s, []aftersales.ChargeLine{line})
	if err != nil {
		return aftersales.PricedLine{}, err
	}
	return e.Lines[0], nil
}

// noCurrency is that of a part that has no price, where the company has no currency either.
const noCurrency = "XXX"

// doMovePart moves a part. What is used is charged at once, by the policies in force.
func (v *request) doMovePart() error {
	w, err := v.way()
	if err != nil {
		return err
	}
	in, err := v.moveInput(w)
	if err != nil {
		return err
	}
	err = v.once("movement", w.cause, func(tx client.Tx) error {
		movement, err := w.move(tx, in)
		if err != nil || w.Name != wayUse {
			return err
		}
		return v.chargePart(tx, in, movement)
	})
	if err != nil {
		return err
	}
	return v.redirect(jobURL(in.Job) + "/parts")
}

func (v *request) moveInput(w way) (in aftersales.MoveInput, err error) {
	if in.Job, err = v.path(); err != nil {
		return in, err
	}
	if in.Part, err = parseID(v.r.PathValue("part")); err != nil {
		return in, err
	}
	if in.Quantity, err = v.quantity("quantity"); err != nil {
		return in, err
	}
	in.Serial, in.Note = cmp.Or(v.form("serial"), v.form("other")), v.form("note")
	if w.Name == wayOld {
		in.Condition, in.Tag = aftersales.Defective, v.form("tag")
	}
	return in, nil
}

// chargePart writes what a part that was used costs; nothing where no price is known: the price page asks for it.
func (v *request) chargePart(tx client.Tx, in aftersales.MoveInput, movement record.ID) error {
	s, err := v.stand(tx)
	if err != nil {
		return err
	}
	priced, err := v.partPrice(tx, s, in.Part, in.Quantity.Amount)
	if err != nil || priced.UnitPrice.Currency == noCurrency || priced.UnitPrice.Minor == 0 {
		return err
	}
	_, err = aftersales.AddCharge(tx, aftersales.ChargeInput{
		Job: in.Job, Visit: s.Visit.ID, Movement: movement,
		ChargeLine: aftersales.ChargeLine{Kind: aftersales.ChargeParts, Part: in.Part, Quantity: in.Quantity},
	})
	return err
}
