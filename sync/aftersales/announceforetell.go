package aftersales

import (
	"strings"

	"fieldsync/sync/clock"
	"fieldsync/sync/record"
)

// Foretell returns the notices that each event of a job, or of a request, would make at an instant (ms UTC) as things
// stand: what whoever writes the policy of notices asks it before it holds. Nothing is written, and no webhook is asked.
// Codes: fault.UnknownRow.
func Foretell(v View, table string, about record.ID, at int64) (list []Notice, err error) {
	row, err := need(v, table, about)
	if err != nil {
		return nil, err
	}
	a := announcer{View: v, at: at, occurred: at, asked: true}
	a.name = func(h happening, _ NoticeRule, i int, to recipient) record.ID { return a.idOf(at, h.event, to) }
	concerned, err := a.holders(row)
	if err != nil {
		return nil, err
	}
	for _, event := range NoticeEvents {
		if strings.HasPrefix(event, table+".") {
			if err := a.tell(happening{event, row, concerned}); err != nil {
				return nil, err
			}
		}
	}
	for i := range a.notices {
		list = append(list, NoticeOf(record.NewRow(noticeTable, &a.notices[i], clock.Dot{})))
	}
	return list, nil
}

// holders are the people who have a job, or answer for a request.
func (a *announcer) holders(row *record.Row) (list []record.ID, err error) {
	if row.Table.Name == "request" {
		r := RequestOf(row)
		return a.people(r.Handler, r.HandlerTeam)
	}
	open, err := Assignments(a, row.ID, AssignmentOpen)
	for _, as := range open {
		people, err := a.people(as.Person, as.Team)
		if err != nil {
			return nil, err
		}
		list = append(list, people...)
	}
	return list, err
}
