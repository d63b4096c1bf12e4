package web

import (
	"slices"
	"strings"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// entitled decides what the job's customer may have, and prices lines.
func (v *request) entitled(tx client.Tx, s stand, lines []aftersales.ChargeLine) (aftersales.Entitlement, error) {
	return aftersales.Entitle(tx, s.Unit.ID, aftersales.Work{
		Branch: s.Job.Branch, Party: s.Job.Party, Site: s.Job.Site, Cause: s.Job.CauseCode, Lines: lines,
	}, tx.Now())
}

// coverPage says what the customer pays for, and why.
type coverPage struct {
	frame
	stand
	Cover  aftersales.Entitlement
	Kinds  []coverLine
	Prices []serviceLine
}

// coverLine is who pays for one kind of line, or for what of it has rules of its own.
type coverLine struct {
	Kind string
	Only map[string]string // the label of the service or category of parts, where it is not all of the kind
	aftersales.Cover
}

// serviceLine is what one unit of a service costs the customer.
type serviceLine struct {
	aftersales.PricedLine
	Label map[string]string
}

var coverKinds = []string{
	aftersales.ChargeParts, aftersales.ChargeLabour, aftersales.ChargeTravel, aftersales.ChargeFreight,
}

// Lacks reports whether a connection could bring what is missing.
func (p coverPage) Lacks() bool { return notHere(p.Cover) }

// cover explains who pays.
func (v *request) cover() error {
	p := coverPage{frame: v.frame("Who pays")}
	err := v.view(func(tx client.Tx) (err error) {
		if p.stand, err = v.stand(tx); err != nil {
			return err
		}
		if p.Prices, err = v.services(tx, p.stand); err != nil {
			return err
		}
		if p.Cover, err = v.entitled(tx, p.stand, nil); err != nil {
			return err
		}
		if p.Cover.Why, err = v.called(tx, p.Cover.Why); err != nil {
			return err
		}
		p.Kinds, err = coverLines(tx, p.Cover)
		return err
	})
	if err != nil {
		return err
	}
	p.Back = p.URL()
	return v.show("cover", p)
}

// services returns what a unit of each of the company's services costs this customer.
func (v *request) services(tx client.Tx, s stand) (list []serviceLine, err error) {
	policy, _, err := aftersales.InForce[aftersales.PricePolicy](tx, aftersales.PolicyPrice, s.Job.Branch, tx.Now())
	if err != nil {
		return nil, err
	}
	label, err := labels(tx, aftersales.ListService)
	if err != nil {
		return nil, err
	}
	for _, service := range policy.Services {
		one := aftersales.ChargeLine{Service: service.Code, Quantity: aftersales.Quantity{Amount: aftersales.One}}
		e, err := v.entitled(tx, s, []aftersales.ChargeLine{one})
		if fault.CodeOf(err) == aftersales.UnknownCode {
			continue // a service that the company no longer has
		}
		if err != nil {
			return nil, err
		}
		list = append(list, serviceLine{e.Lines[0], label(service.Code)})
	}
	return list, nil
}

// labels returns what says how the codes of a list are called; one that the list lacks is called by itself.
func labels(tx client.Tx, list string) (func(code string) map[string]string, error) {
	codes, err := aftersales.Codes(tx, list, true)
	of := map[string]map[string]string{}
	for _, c := range codes {
		of[c.Code] = c.Label
	}
	return func(code string) map[string]string {
		if label := of[code]; label != nil {
			return label
		}
		return map[string]string{"en": code}
	}, err
}

// called returns the reasons with the causes and exclusions in them as the company's lists call them. Reasons do not say of
// which of the two lists a code is.
func (v *request) called(tx client.Tx, why []aftersales.Reason) ([]aftersales.Reason, error) {
	codes, err := aftersales.Codes(tx, aftersales.ListExclusion, true)
	if err != nil {
		return nil, err
	}
	causes, err := aftersales.Codes(tx, aftersales.ListCause, true)
	codes = append(codes, causes...)
	said := slices.Clone(why)
	for i, r := range said {
		at, coded := codedReasons[r.Code]
		if !coded || at >= len(r.Args) {
			continue
		}
		is := slices.IndexFunc(codes, func(c aftersales.Code) bool { return c.Code == r.Args[at] })
		if is >= 0 {
			said[i].Args = slices.Clone(r.Args)
			said[i].Args[at] = v.lang.label(codes[is].Label)
		}
	}
	return said, err
}

// codedReasons are the reasons with a cause or an exclusion among their args, and at which place.
var codedReasons = map[string]int{aftersales.WhyExcluded: 0, aftersales.WhyContractExcl: 1}

// coverLines says who pays, kind by kind, and below each what differs.
func coverLines(tx client.Tx, d aftersales.Entitlement) (lines []coverLine, err error) {
	service, err := labels(tx, aftersales.ListService)
	if err != nil {
		return nil, err
	}
	category, err := labels(tx, aftersales.ListPartCategory)
	if err != nil {
		return nil, err
	}
	for _, kind := range coverKinds {
		lines = append(lines, coverLine{Kind: kind, Cover: withoutSaying(d.Cover[kind])})
		for _, s := range d.Special {
			only := category(s.PartCategory)
			if s.Service != "" {
				only = service(s.Service)
			}
			if s.Kind == kind {
				lines = append(lines, coverLine{kind, only, withoutSaying(s.Cover)})
			}
		}
	}
	return lines, nil
}

// withoutSaying leaves out of the reasons that the customer pays: the line itself says so.
func withoutSaying(c aftersales.Cover) aftersales.Cover {
	c.Why = slices.DeleteFunc(slices.Clone(c.Why), func(r aftersales.Reason) bool { return r.Code == aftersales.WhyCustomerPays })
	return c
}

// readyPage says what is missing on the phone before driving off.
type readyPage struct {
	frame
	stand
	Items []readyItem
}

// readyItem is one thing that a job may need.
type readyItem struct {
	What   string // as the words have it
	Lacks  bool   // it should be here and is not
	Asked  bool   // what lacks was asked of the store: no network brings it
	Count  int    // how many there are; 0 where that says nothing
	Detail string // why it lacks, or what it is
	URL    string // where it is, "" where no page shows it
}

// ready shows what the phone has for a job.
func (v *request) ready() error {
	p := readyPage{frame: v.frame("Ready to leave?")}
	err := v.view(func(tx client.Tx) (err error) {
		if p.stand, err = v.stand(tx); err != nil {
			return err
		}
		p.Items, err = v.readyItems(tx, p.stand, p.Bar)
		return err
	})
	if err != nil {
		return err
	}
	photos, err := v.photosReady(p.Job.ID)
	if err != nil {
		return err
	}
	p.Items, p.Back, p.Live = append(p.Items, photos), p.URL(), true
	return v.show("ready", p)
}

// Fetched reports whether a network brings something of what is missing.
func (p readyPage) Fetched() bool {
	return slices.ContainsFunc(p.Items, func(i readyItem) bool { return i.Lacks && !i.Asked })
}

// Awaited reports whether something is missing that the store has been asked for.
func (p readyPage) Awaited() bool {
	return slices.ContainsFunc(p.Items, func(i readyItem) bool { return i.Asked })
}

// lacking counts what is missing.
func lacking(items []readyItem) (n int) {
	for _, item := range items {
		if item.Lacks {
			n++
		}
	}
	return n
}

// readyItems looks for what the job needs. That there is none of something says nothing before all of its kind has come: it is
// missing until then.
func (v *request) readyItems(tx client.Tx, s stand, b bar) (items []readyItem, err error) {
	for _, one := range []struct {
		look func(client.Tx, stand) (readyItem, error)
		of   schema.Class
	}{
		{v.machineReady, schema.ClassWork}, {v.warrantyReady, schema.ClassWork}, {v.pricesReady, schema.ClassStock},
		{v.manualReady, schema.ClassLibrary}, {v.checklistReady, schema.ClassWork}, {v.partsReady, schema.ClassStock},
	} {
		item, err := one.look(tx, s)
		if err != nil {
			return nil, err
		}
		if b.Cursors[one.of] == 0 && !item.Lacks {
			item.Lacks, item.Detail = true, v.say("Not all of it has come yet: stay connected until it has.")
		}
		items = append(items, item)
	}
	return items, nil
}

func (v *request) machineReady(tx client.Tx, s stand) (readyItem, error) {
	item := readyItem{What: "The machine and its history"}
	switch {
	case s.Job.Unit.IsZero():
		item.Detail = v.say("The job names no machine.")
		return item, nil
	case s.Unit.ID.IsZero():
		item.Lacks, item.Detail = true, v.say("It is not on this phone yet: connect once.")
		return item, nil
	}
	lines, err := aftersales.History(tx, s.Unit.ID)
	item.Count, item.Detail = len(lines), s.Unit.Name
	return item, err
}

func (v *request) warrantyReady(tx client.Tx, s stand) (readyItem, error) {
	item := readyItem{What: "The terms of the warranty"}
	if s.Job.Unit.IsZero() {
		return item, nil
	}
	e, err := v.entitled(tx, s, nil)
	switch {
	case len(e.Versions) == 0 || notHere(e):
		item.Lacks, item.Detail = true, v.say("Something that decides about it is not on this phone yet: connect once.")
	case e.Unsure:
		item.Detail = v.say("The office does not know all that decides about it: see who pays.")
	}
	return item, err
}

// notHere reports whether an answer lacks something that this phone could fetch. What nobody has entered, no connection brings.
func notHere(e aftersales.Entitlement) bool {
	return slices.ContainsFunc(e.Why, func(r aftersales.Reason) bool {
		return r.Code == aftersales.WhyModelNotHere || r.Code == aftersales.WhyContractNotHere
	})
}

func (v *request) pricesReady(tx client.Tx, s stand) (readyItem, error) {
	item := readyItem{What: "The price list"}
	p, _, err := aftersales.InForce[aftersales.PricePolicy](tx, aftersales.PolicyPrice, s.Job.Branch, tx.Now())
	if p.Currency == "" {
		item.Lacks, item.Detail = true, v.say("No prices are on this phone yet: connect once, or ask the office.")
	}
	return item, err
}

func (v *request) manualReady(tx client.Tx, s stand) (readyItem, error) {
	item := readyItem{What: "The manual"}
	switch {
	case s.Unit.Product.IsZero():
		item.Detail = v.say("No model is known, so there is no manual.")
		return item, nil
	}
	product, err := tx.Row("product", s.Unit.Product)
	if err != nil {
		return item, err
	}
	if product == nil {
		item.Lacks, item.Detail = true, v.say("It is not on this phone yet: connect once.")
		return item, nil
	}
	list, err := aftersales.DocumentsOf(tx, s.Unit.Product)
	if item.Count = len(list); item.Count == 0 {
		item.Detail = v.say("The office has none for this model.")
	}
	item.URL = s.URL() + "/manuals"
	for _, d := range list {
		if state := v.client.Knowledge().File(d).State; state == client.FileAway || state == client.FileFetching {
			item.Lacks, item.Detail = true, v.say("A file is not on this phone yet: fetch it.")
		}
	}
	return item, err
}

func (v *request) checklistReady(tx client.Tx, s stand) (readyItem, error) {
	item := readyItem{What: "The checklist"}
	if s.Visit.ID.IsZero() {
		return item, nil
	}
	filled, err := aftersales.Filling(tx, s.Visit.ID)
	if item.Count = len(filled); item.Count == 0 {
		item.Detail = v.say("Nothing is asked at this job.")
	}
	return item, err
}

// partsReady looks for parts that were asked for and are not in the van yet.
func (v *request) partsReady(tx client.Tx, s stand) (readyItem, error) {
	item := readyItem{What: "The parts"}
	var waits []string
	rows, err := tx.Refs("part_request", "job", s.Job.ID)
	for _, row := range rows {
		r := aftersales.PartRequestOf(row)
		part, err := rowAs(tx, "part", r.Part, aftersales.PartOf)
		if err != nil {
			return item, err
		}
		item.Count++
		if r.State == aftersales.PartAsked || r.State == aftersales.PartApproved {
			item.Lacks, item.Asked = true, true
			waits = append(waits, part.Code+", "+v.lang.quantity(r.Quantity)+": "+v.lang.Name("part_request.state."+r.State))
		}
	}
	item.Detail = strings.Join(waits, " · ")
	if err == nil && item.Count == 0 {
		item.Detail = v.say("None was asked for.")
	}
	return item, err
}

// photosReady looks for pictures that the phone knows of and does not have.
func (v *request) photosReady(job record.ID) (readyItem, error) {
	item := readyItem{What: "The photos"}
	list, err := v.client.JobFiles(v.ctx(), job)
	away := 0
	for _, file := range list {
		item.Count++
		if file.State == client.FileAway {
			away++
		}
	}
	if away > 0 {
		item.Lacks, item.Detail = true, v.say("%d are not on this phone yet.", away)
	}
	return item, err
}
