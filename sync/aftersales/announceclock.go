package aftersales

import (
	"cmp"
	"fmt"
	"slices"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// ClockNews is what a request's clocks have to say that it does not say yet.
type ClockNews struct {
	Untold []record.RowChange // notices of promises that are due soon or were missed, as the branch's policy has it
	Due    int64              // see NextDue
	Moved  bool               // the request says that it is due at another time

	Escalate string // why it is to be escalated: a promise that says so was missed, and nobody has escalated it before
}

// None reports whether there is no news.
func (n ClockNews) None() bool { return len(n.Untold) == 0 && !n.Moved && n.Escalate == "" }

// NextDue returns when the first of the promises is due that somebody has yet to keep (ms UTC); 0 where there is none, or
// each of them rests or has not begun.
func NextDue(clocks []Clock) (next int64) {
	for _, c := range clocks {
		open := c.Met == 0 && c.Over == 0 && c.Due != 0
		if open && (next == 0 || c.Due < next) {
			next = c.Due
		}
	}
	return next
}

// notByJobs are the targets that no job reaches.
var notByJobs = append([]string{EventClose}, Owed...)

// promisedBy returns when what the customer waits for is due: the last of the promises of his request that a job keeps, 0 for
// none.
func promisedBy(tx Tx, request record.ID) (due int64, err error) {
	clocks, err := SLA(tx, request, tx.Now())
	if fault.CodeOf(err) == BadPolicy {
		return 0, nil // of a later version of this program: it holds no work up
	}
	for _, c := range clocks {
		if !slices.Contains(notByJobs, c.Target) && c.Met == 0 && c.Due != 0 {
			due = c.Due
		}
	}
	return due, err
}

// NewsOfClocks returns what a request's clocks say at an instant (ms UTC). Codes: fault.UnknownRow, BadPolicy.
func NewsOfClocks(b *SLABook, request record.ID, at int64) (news ClockNews, err error) {
	clocks, err := b.Clocks(request, at)
	if err != nil {
		return news, err
	}
	row, err := b.Row("request", request)
	if err != nil {
		return news, err
	}
	r := RequestOf(row)
	news.Due = NextDue(clocks)
	news.Moved = news.Due != r.DueAt
	escalates := r.Level == 0 && slices.Contains(requestMoves[r.State], RequestEscalated)
	for _, c := range clocks {
		h := happening{about: row}
		switch {
		case c.State == ClockSoon:
			h.event = NoticeDueSoon
		case c.State == ClockBreached && !c.Late():
			h.event = NoticeBreached
		default:
			continue
		}
		if escalates && h.event == NoticeBreached {
			news.Escalate = cmp.Or(news.Escalate, c.Promise.Escalate)
		}
		more, err := clockNotices(b, r, h, c.Target, at)
		if err != nil {
			return news, err
		}
		news.Untold = append(news.Untold, more...)
	}
	return news, nil
}

// AnnounceClocks writes NewsOfClocks as of now: each notice once, however often it is asked, and whatever was told before a
// restart; on the request when the next promise is due, by which lists go; and that it is escalated, where it is to be. It
// returns how many notices it wrote. Codes: fault.UnknownRow, BadPolicy.
func AnnounceClocks(tx Tx, request record.ID) (written int, err error) {
	news, err := NewsOfClocks(NewSLABook(tx), request, tx.Now())
	if err != nil {
		return 0, err
	}
	for i := range news.Untold {
		if err := tx.Insert("notice", news.Untold[i].ID, valuesOf(&news.Untold[i])); err != nil {
			return i, err
		}
	}
	if news.Moved {
		err = tx.Update("request", request, record.Values{"due_at": at(news.Due)})
	}
	if err == nil && news.Escalate != "" {
		err = MoveRequest(tx, MoveRequestInput{Request: request, To: RequestEscalated, Reason: news.Escalate})
	}
	return len(news.Untold), err
}

func clockNotices(v View, r Request, h happening, target string, at int64) (untold []record.RowChange, err error) {
	a := announcer{View: v, cs: &record.ChangeSet{}, at: at, occurred: at} // follows from no change set
	a.name = func(h happening, rule NoticeRule, _ int, to recipient) record.ID {
		// Not by the rule's place: a policy that is put in another order tells nobody anew.
		return a.idOf(r.ReceivedAt, fmt.Sprintf("%v %s %s %s", h.about.Key(), h.event, target, rule.Channel), to)
	}
	if h.concerned, err = a.answering(r); err != nil {
		return nil, err
	}
	if err := a.tell(h); err != nil {
		return nil, err
	}
	known := map[record.ID]bool{} // two rules may say the same
	for _, c := range a.notices {
		row, err := v.Row("notice", c.ID)
		if err != nil {
			return nil, err
		}
		if row == nil && !known[c.ID] {
			known[c.ID] = true
			untold = append(untold, c)
		}
	}
	return untold, nil
}

// answering returns who has the request: its handlers, and those whom its open jobs are assigned to.
func (a *announcer) answering(r Request) ([]record.ID, error) {
	people, err := a.people(r.Handler, r.HandlerTeam)
	if err != nil {
		return nil, err
	}
	jobs, err := a.Refs("job", "request", r.ID)
	if err != nil {
		return nil, err
	}
	for _, job := range jobs {
		open, err := Assignments(a, job.ID, AssignmentOpen)
		if err != nil {
			return nil, err
		}
		for _, as := range open {
			more, err := a.people(as.Person, as.Team)
			if err != nil {
				return nil, err
			}
			people = append(people, more...)
		}
	}
	slices.SortFunc(people, compareIDs)
	return slices.Compact(people), nil
}

// valuesOf returns what an insert writes.
func valuesOf(c *record.RowChange) record.Values {
	values := record.Values{}
	for _, w := range c.Cells {
		values[noticeTable.Columns[noticeTable.ColumnByID(w.Column)].Name] = w.Value
	}
	return values
}
