package aftersales

import (
	"fmt"
	"slices"

	"fieldsync/sync/record"
)

// ClockNotices returns the notices of a request's promises that are due soon or were missed at an instant (ms UTC), as the
// branch's policy says, without those that are there. Codes: fault.UnknownRow, BadPolicy.
func ClockNotices(b *SLABook, request record.ID, at int64) ([]record.RowChange, error) {
	clocks, err := b.Clocks(request, at)
	if err != nil {
		return nil, err
	}
	row, err := b.Row("request", request)
	if err != nil {
		return nil, err
	}
	var untold []record.RowChange
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
		more, err := clockNotices(b, RequestOf(row), h, c.Target, at)
		if err != nil {
			return nil, err
		}
		untold = append(untold, more...)
	}
	return untold, nil
}

// AnnounceClocks writes ClockNotices as of now: each once, however often it is asked, and whatever was told before a
// restart. It returns how many it wrote. Codes: fault.UnknownRow, BadPolicy.
func AnnounceClocks(tx Tx, request record.ID) (written int, err error) {
	untold, err := ClockNotices(NewSLABook(tx), request, tx.Now())
	for i := range untold {
		if err := tx.Insert("notice", untold[i].ID, valuesOf(&untold[i])); err != nil {
			return i, err
		}
	}
	return len(untold), err
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
