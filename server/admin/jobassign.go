package admin

import (
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// AssignJob gives the job to somebody, besides those who have it.
func (o *Office) AssignJob(v *Visit) error {
	return o.jobDo(v, aftersales.CauseJobAssign, "Assigned. His phone gets the job as soon as it has signal.",
		func(tx aftersales.Tx, id record.ID) error {
			in := aftersales.AssignInput{Job: id, Role: v.form("role")}
			var err error
			if in.Person, in.WindowStart, in.WindowEnd, err = v.whoAndWhen(); err != nil {
				return err
			}
			_, err = aftersales.AssignJob(tx, in)
			return err
		})
}

// ReassignJob takes the job from one and gives it to another. Work that the first has recorded without knowing stays
// his, and stays.
func (o *Office) ReassignJob(v *Visit) error {
	return o.jobDo(v, aftersales.CauseJobReassign, "Reassigned. Both phones hear of it as soon as they have signal.",
		func(tx aftersales.Tx, id record.ID) error {
			in := aftersales.ReassignInput{Reason: v.form("reason")}
			var err error
			if in.Assignment, err = v.assignment(tx, id); err != nil {
				return err
			}
			if in.Person, in.WindowStart, in.WindowEnd, err = v.whoAndWhen(); err != nil {
				return err
			}
			_, err = aftersales.Reassign(tx, in)
			return err
		})
}

// UnassignJob takes the job from somebody.
func (o *Office) UnassignJob(v *Visit) error {
	return o.jobDo(v, aftersales.CauseJobUnassign, "Taken back. His phone hears of it as soon as it has signal.",
		func(tx aftersales.Tx, id record.ID) error {
			assignment, err := v.assignment(tx, id)
			if err != nil {
				return err
			}
			return aftersales.Unassign(tx, aftersales.UnassignInput{Assignment: assignment, Reason: v.form("reason")})
		})
}

// assignment reads which assignment of the job the form is about.
func (v *Visit) assignment(tx aftersales.Tx, job record.ID) (record.ID, error) {
	id, err := record.ParseID(v.form("assignment"))
	if err != nil {
		return id, errForm
	}
	row, err := tx.Row("assignment", id)
	if err == nil && row != nil && row.Get("job").Ref() != job {
		err = errForm
	}
	return id, err
}

// whoAndWhen reads a person and a window, which may be left out. The error is a *fault.Error with the code
// fault.Invalid.
func (v *Visit) whoAndWhen() (person record.ID, start, end int64, err error) {
	person, err = record.ParseID(v.form("person"))
	if err != nil {
		return person, 0, 0, fault.New(fault.Invalid, "Choose who shall do the job.")
	}
	t := aftersales.Schema.Table("assignment")
	c := &t.Columns[t.Column("window_start")]
	from, err1 := v.parse(c, v.form("start"))
	to, err2 := v.parse(c, v.form("end"))
	if err1 != nil || err2 != nil || from.IsNull() != to.IsNull() {
		return person, 0, 0, fault.New(fault.Invalid, "The window needs a beginning, and an end after it.")
	}
	return person, from.Number(), to.Number(), nil
}
