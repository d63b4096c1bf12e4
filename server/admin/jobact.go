package admin

import (
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// jobDo runs a command on the job in the URL with what its page showed, and goes back to it. What is refused is shown
// on the page, with what was typed.
func (o *Office) jobDo(v *Visit, cause, notice string, command func(tx aftersales.Tx, id record.ID) error) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	seen, err := parseSeen(v.form("seen"))
	if err != nil {
		return err
	}
	err = o.Engine.Do(v.r.Context(), v.author(), seen, cause, func(tx aftersales.Tx) error { return command(tx, id) })
	if err != nil {
		return o.jobRefused(v, err)
	}
	return v.done(jobURL(id), v.t(notice))
}

func (o *Office) jobRefused(v *Visit, problem error) error {
	f, status := statusOf(problem)
	if status >= 500 || f.Code == fault.UnknownRow {
		return problem
	}
	page, err := o.loadJob(v)
	if err != nil {
		return err
	}
	page.Problem, page.Comment = v.lang.refusal(f), v.form("text")
	return v.show(status, "job", page)
}
