package mobile

import (
	"fieldsync/client"
)

// Query answers {"read":NAME,"in":{…}} from the replica. NAME and what it takes in:
//
//	jobs {"which":"open|today|all","text","skip","limit"}               job {"id"}              job_files {"id"}
//	parts {"text"}     part {"id"}              stock   van   ledger   shortfalls   hand_overs   book {"from","until"}
//	units {"text"}     unit {"id"}              unit_by_serial {"text"}   unit_history {"id"}   components {"id"}
//	checklists {"id"}  agreed {"id"}  goods {"id"}  slip {"id"}  times {"id"}  running {"id"}  spent {"id"}
//	hours {"id"}   (of a job; hours are everybody's)
//	comments {"table","id"}                     attachments {"table","id"}
//	solutions {"unit","product","fault_code","text"}                      documents {"id"} (of a product)
//	plans   (what the office moved, cancelled or gave away since plans.saw)   choices
//	search {"text","tables":[…],"limit"}        outbox {"state":"waiting|refused|accepted|closed"}   status
//	select {"sql","args":[…],"tables":[…]}      one SQL query on the replica, which cannot write; Observe looks again when
//	                                            one of the tables changes
func (c *Client) Query(queryJSON string) (_ string, err error) {
	defer guard(&err)
	q, err := parseQuery(queryJSON)
	if err != nil {
		return "", err
	}
	return c.answer(q)
}

// Jobs returns the list of jobs that {"which":"open|today|all","text":…} shows, in the order in which the work is done.
func (c *Client) Jobs(filterJSON string) (_ string, err error) {
	defer guard(&err)
	return c.ask("jobs", filterJSON)
}

// Job returns the job with everything that belongs to it.
func (c *Client) Job(id string) (_ string, err error) {
	defer guard(&err)
	return c.ask("job", named("id", id))
}

// FindJob returns the id of the job that a person means: by its number, or by how the number or the id begins.
func (c *Client) FindJob(said string) (_ string, err error) {
	defer guard(&err)
	return c.find(said, func(r *running) finder { return r.Jobs() })
}

// Parts returns the parts of the catalogue that hold every word of the text; "" all.
func (c *Client) Parts(text string) (_ string, err error) {
	defer guard(&err)
	return c.ask("parts", named("text", text))
}

// FindPart returns the id of the part with this code or barcode.
func (c *Client) FindPart(said string) (_ string, err error) {
	defer guard(&err)
	return c.find(said, func(r *running) finder { return r.Parts() })
}

// Stock returns what lies in the user's van.
func (c *Client) Stock() (_ string, err error) {
	defer guard(&err)
	return c.ask("stock", "")
}

// Search returns the rows that hold the text, best first, as people type it: [{"table","id","exact","score"}].
func (c *Client) Search(text string) (_ string, err error) {
	defer guard(&err)
	return c.ask("search", named("text", text))
}

// Outbox returns the user's changes in a state ("waiting", "refused", "accepted" or "closed"):
// [{"change","state","cause","written","rows":[{"table","id"}],"code","message"}].
func (c *Client) Outbox(state string) (_ string, err error) {
	defer guard(&err)
	return c.ask("outbox", named("state", state))
}

// Execute carries out one command, durable when it returns and sent when there is a network, and returns what it made: for
// most {"id":…}. Names, and what a command takes in, are those of package aftersales with names in snake_case; a name
// that the command does not know is refused.
//
//	job.create job.note {"job","text"} job.finding job.complete job.substate {"job","substate"}
//	visit.accept visit.travel visit.arrive visit.pause visit.resume visit.decline visit.no_access
//	visit.finding visit.answer visit.consent visit.approve {"consent","code"} visit.go_on_flagged {"consent","reason"}
//	visit.payment goods.take goods.return slip.write slip.sign {"job","sign":{…}}
//	part.use part.return part.transfer part.scrap part.count part.correct part.ask
//	hand_over.give hand_over.take hand_over.cancel {"id"}
//	unit.create unit.swap unit.service comment.add solution.use
//	time.start {"job","kind"} time.stop {"job"} time.mark
//	plans.saw {"id"} or {"which":"today"}   choose {"reduce","wifi_only"}
//	outbox.resend {"change"} outbox.dismiss {"change"} attachment.retry {"id"}
func (c *Client) Execute(command, inputJSON string) (_ string, err error) {
	defer guard(&err)
	do, ok := commands[command]
	if !ok {
		return "", refuse(unknownCommand, "there is no command called "+command)
	}
	return c.call(do, inputJSON)
}

// Attach takes the file at path in, for the row with this id, and returns the attachment's id. The program may delete its
// own file then. InfoJSON is {"kind":"photo|signature|audio|video|document…","name","caption","replaces","original"}.
func (c *Client) Attach(table, id, path, infoJSON string) (attachment string, err error) {
	defer guard(&err)
	err = c.with(func(r *running) error {
		attachment, err = r.attach(table, id, path, infoJSON)
		return err
	})
	return attachment, err
}

// Download fetches the file of an attachment from the hub, on any network; it goes on where it was cut off.
func (c *Client) Download(attachment string) (err error) {
	defer guard(&err)
	return c.withID(attachment, func(r *running, id client.ID) error { return r.Download(r.network, id) })
}

// SaveAttachment writes the file of an attachment to path: whole, or not at all.
func (c *Client) SaveAttachment(attachment, path string) (err error) {
	defer guard(&err)
	return c.withID(attachment, func(r *running, id client.ID) error { return r.save(id, path) })
}

// SaveThumbnail writes the small JPEG of a picture to path: whole, or not at all.
func (c *Client) SaveThumbnail(attachment, path string) (err error) {
	defer guard(&err)
	return c.withID(attachment, func(r *running, id client.ID) error { return r.saveThumbnail(id, path) })
}
