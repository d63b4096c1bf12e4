package admin

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// intakeForm reads the form, which brings photos where some were chosen, and takes them in. They are named by rows only
// when the rest is saved: what no row names is thrown away in time.
//
// A file that is refused is no reason to lose what was typed: refused says why, and the rest is read.
func (o *Office) intakeForm(v *Visit) (files []aftersales.AttachmentInput, refused *fault.Error, err error) {
	if kind, _, _ := mime.ParseMediaType(v.r.Header.Get("Content-Type")); kind != "multipart/form-data" {
		return nil, nil, nil
	}
	form, err := v.multipart()
	if err != nil {
		return nil, nil, err
	}
	fields, size := url.Values{}, 0
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			v.r.PostForm = fields
			return files, refused, nil
		}
		if err != nil {
			return nil, nil, fault.Wrap(BadForm, "The form is too long or damaged. Go back and try again.", err)
		}
		if part.FileName() != "" {
			if o.Files == nil || fields.Has("look") || fields.Has("use") || refused != nil { // nothing is saved with it
				continue
			}
			in, err := o.photo(v, part)
			if f, status := statusOf(err); err != nil && status < 500 {
				refused = f
			} else if err != nil {
				return nil, nil, err
			}
			files = append(files, in)
			continue
		}
		text, err := io.ReadAll(io.LimitReader(part, maxForm))
		if size += len(text); err != nil || size >= maxForm {
			return nil, nil, fault.Wrap(BadForm, "The form is too long or damaged. Go back and try again.", err)
		}
		fields.Add(part.FormName(), string(text))
	}
}

func (o *Office) photo(v *Visit, part *multipart.Part) (in aftersales.AttachmentInput, err error) {
	in.Kind, in.Name = aftersales.AttachPhoto, part.FileName()
	h, size, mediaType, err := o.Files.Receive(v.r.Context(), v.Who.ID, in.Kind, part)
	in.SHA256, in.Size, in.MediaType = h.String(), size, mediaType
	return in, err
}

// intakeOrder is what the page asks for, read and ready for the commands.
type intakeOrder struct {
	draft, party, contact, site, unit, product record.ID
	handler, team                              record.ID
	page                                       *intakePage
	files                                      []aftersales.AttachmentInput
	do                                         string
}

// saveIntake makes all that the call brought in one change: the customer, the machine, the request with its call, and
// what becomes of it. What is refused is shown on the page, with all that was typed.
func (o *Office) saveIntake(v *Visit, page *intakePage, files []aftersales.AttachmentInput) error {
	order := &intakeOrder{page: page, files: files, do: v.form("do")}
	switch {
	case !knownOutcome(order.do):
		return errForm
	case order.do == "job" && !v.Who.May(auth.CreateJobs):
		return fault.New(NoRight, "Your roles do not include this. Ask an administrator if you need it.")
	}
	err := o.Engine.View(v.r.Context(), func(r Reader) error { return v.readIntake(r, order) })
	if err == nil && page.Problem == "" && len(page.Problems) == 0 {
		var to, notice string
		err = o.Engine.Do(v.r.Context(), v.author(), nil, aftersales.CauseRequestCreate, func(tx aftersales.Tx) (err error) {
			to, notice, err = order.save(tx)
			return err
		})
		if err == nil {
			return v.done(to, v.t(notice))
		}
	}
	if err != nil {
		f, status := statusOf(err)
		if status >= 500 {
			return err
		}
		page.problem(problemAt[f.Code], v.lang.refusal(f))
	}
	if len(files) > 0 {
		page.problem("files", v.t("Choose the photos again: a browser does not keep them."))
	}
	return o.showIntake(v, http.StatusUnprocessableEntity, page)
}

// problemAt names the field that a refusal is about.
var problemAt = map[fault.Code]string{aftersales.MissingReason: "reason"}

// readIntake reads the form into the order, and marks what is missing.
func (v *Visit) readIntake(r Reader, o *intakeOrder) (err error) {
	p := o.page
	if o.draft, err = record.ParseID(p.Draft); err != nil {
		return errForm
	}
	for _, ref := range []struct {
		name string
		into *record.ID
	}{{"contact", &o.contact}, {"site", &o.site}} {
		if text := p.Typed[ref.name]; text != "" {
			if *ref.into, err = record.ParseID(text); err != nil {
				return errForm
			}
		}
	}
	if o.handler, o.team, err = v.holder(); err != nil {
		return err
	}
	if p.Typed["title"] == "" && p.Typed["description"] == "" {
		p.problem("title", v.t("This is needed."))
	}
	if o.do == "solved" && p.Typed["solution"] == "" {
		p.problem("solution", v.t("Say what helped, so that it helps the next time too."))
	}
	if err := v.readCaller(r, o); err != nil {
		return err
	}
	return v.readMachine(r, o)
}

// readCaller reads who is calling. Nobody is made by accident: where somebody known fits, one of them is chosen, or it
// is said that it is somebody new.
func (v *Visit) readCaller(r Reader, o *intakeOrder) error {
	p := o.page
	if id, err := record.ParseID(p.Party); err == nil {
		o.party = id
		return nil
	}
	i := &intaking{v.office.builder(v, r, &about{}), &intakePage{Q: p.Q, Typed: p.Typed, Party: p.Party}}
	if err := i.matches(); err != nil {
		return err
	}
	switch {
	case p.Party == "" && len(i.p.Matches) > 0:
		p.problem("party", v.lang.refusal(errChooseCustomer))
	case p.newName() == "":
		p.problem("name", v.t("This is needed."))
	}
	return nil
}

// readMachine reads which machine it is about: one that is known, or a product and serial that will be one.
func (v *Visit) readMachine(r Reader, o *intakeOrder) error {
	p := o.page
	if id, err := record.ParseID(p.Unit); err == nil {
		o.unit = id
		return nil
	}
	if p.Unit == noMachine || p.Product.Value == "" {
		return nil
	}
	t := v.office.Schema.Table("request")
	f := &field{Name: "product", Value: p.Product.Value, Ref: p.Product.Ref, column: &t.Columns[t.Column("product")]}
	values := record.Values{}
	err := v.readRef(r, f, values)
	if refusal, status := statusOf(err); err != nil && status < 500 {
		p.problem("product", v.lang.refusal(refusal))
		return nil
	}
	o.product = values["product"].Ref()
	return err
}

// save runs the commands, and returns where to go afterwards and what to say. A form that came twice made it already.
func (o *intakeOrder) save(tx aftersales.Tx) (to, notice string, err error) {
	to = requestsURL + "/" + o.draft.String()
	if row, err := tx.Row("request", o.draft); err != nil || row != nil {
		return to, "This was saved already.", err
	}
	if err := o.makeCaller(tx); err != nil {
		return to, "", err
	}
	if err := o.makeRequest(tx); err != nil {
		return to, "", err
	}
	about := aftersales.Row{Table: "request", ID: o.draft}
	p := o.page
	switch o.do {
	case "solved":
		notice = "Solved on the phone. The request is closed."
		err = aftersales.SolveRequest(tx, aftersales.SolveRequestInput{Request: o.draft, Solution: p.Typed["solution"], FaultCode: p.Typed["fault_code"]})
	case "job":
		notice = "The job is made. Now assign it."
		about.Table = "job"
		about.ID, err = aftersales.CreateJob(tx, aftersales.JobInput{Request: o.draft, Kind: p.Typed["kind"]})
		to = jobURL(about.ID)
	case "depot":
		notice = "The request is in the depot's queue."
		err = o.move(tx, aftersales.RequestDepot)
	case "escalate":
		notice = "The request is escalated."
		err = o.move(tx, aftersales.RequestEscalated)
	default:
		notice = "The request is made."
	}
	for _, file := range o.files {
		if err == nil {
			file.About = about
			_, err = aftersales.AddAttachment(tx, file)
		}
	}
	return to, notice, err
}

func (o *intakeOrder) move(tx aftersales.Tx, to string) error {
	return aftersales.MoveRequest(tx, aftersales.MoveRequestInput{
		Request: o.draft, To: to, Reason: o.page.Typed["reason"], Intake: o.page.Typed["intake"], Handler: o.handler, Team: o.team,
	})
}

// makeCaller makes the customer who is new, with the place and the person that were named.
func (o *intakeOrder) makeCaller(tx aftersales.Tx) (err error) {
	p := o.page
	if o.party.IsZero() {
		in := aftersales.PartyInput{Name: p.newName(), Phone: p.newPhone(), City: p.Typed["city"], Address: p.Typed["address"]}
		if o.party, err = aftersales.CreateParty(tx, in); err != nil {
			return err
		}
		if in.Address != "" {
			site := aftersales.SiteInput{Party: o.party, Name: in.Name, City: in.City, Address: in.Address}
			if o.site, err = aftersales.CreateSite(tx, site); err != nil {
				return err
			}
		}
	}
	if caller := p.Typed["caller"]; caller != "" && o.contact.IsZero() {
		o.contact, err = aftersales.CreateContact(tx, aftersales.ContactInput{Party: o.party, Name: caller, Phone: p.callerNumber(), Site: o.site})
	}
	return err
}

// callerNumber is the number that the call came from, as far as it is known.
func (p *intakePage) callerNumber() string {
	if numberLike(p.Q) {
		return p.Q
	}
	return p.Typed["phone"]
}

func (o *intakeOrder) makeRequest(tx aftersales.Tx) error {
	p := o.page
	in := aftersales.RequestInput{
		ID: o.draft, Party: o.party, Contact: o.contact, Site: o.site, Unit: o.unit, Product: o.product,
		Title: p.Typed["title"], Description: p.Typed["description"], FaultCode: p.Typed["fault_code"], Severity: p.Typed["severity"],
		ServiceClass: p.Typed["service_class"], Channel: p.Typed["channel"],
	}
	if o.unit.IsZero() && p.Unit != noMachine {
		in.Serial = p.Typed["serial"]
	}
	if n, err := parseDecimal(p.Typed["priority"], 0); err == nil {
		in.Priority = n
	} else if p.Typed["priority"] != "" {
		return fault.New(fault.Invalid, "The priority is a number, 1 is the most urgent.")
	}
	if _, err := aftersales.CreateRequest(tx, in); err != nil {
		return err
	}
	_, err := aftersales.RegisterCall(tx, aftersales.CallInput{
		Request: o.draft, Party: o.party, Contact: o.contact, Phone: p.callerNumber(), Caller: p.Typed["caller"], Channel: p.Typed["channel"],
	})
	return err
}
