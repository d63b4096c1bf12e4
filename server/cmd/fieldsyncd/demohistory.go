package main

import (
	"context"
	"fmt"
	"time"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// demoStaff are the technicians whose phones are not played: with the crew they are twelve.
var demoStaff = []struct{ name, branch string }{
	{"王志明", "N"}, {"Chen Jia-Hui", "N"}, {"Huang Po-Yu", "N"}, {"林佳穎", "N"},
	{"Jack Morrison", "S"}, {"Priya Nair", "S"}, {"刘洋", "S"}, {"Tom Walker", "S"},
}

// The past of the demo: how far it goes back, and how many jobs each technician did in it.
const (
	pastDays = 90
	pastJobs = 22
)

// past is a transaction of the demo's that happens at another time than now.
type past struct {
	aftersales.Tx
	at time.Time
}

func (p *past) Now() int64   { return p.at.UnixMilli() }
func (p *past) Clock() int64 { return p.at.UnixMilli() }

// NewID returns an id of that time, so that what happened later stands later in every list.
func (p *past) NewID() record.ID {
	id := p.Tx.NewID()
	return record.NewID(p.at.UnixMilli(), [10]byte(id[6:]))
}

// remember hires the rest of the staff, and has everybody have worked for three months.
func (l *live) remember(ctx context.Context, machines map[string][]record.ID) error {
	var staff []pastWorker
	for i, m := range l.crew {
		staff = append(staff, pastWorker{m.person, demoCrew[i].branch})
	}
	for _, s := range demoStaff {
		person, _, err := l.company.hire(ctx, s.name, branchID(s.branch))
		if err != nil {
			return err
		}
		staff = append(staff, pastWorker{person, s.branch})
	}
	number := 1000
	for i, s := range staff {
		shift := i * (pastDays - 1) / len(staff) // they do not all work on the same days
		worked, err := l.gaveOut(ctx, s, shift, machines[s.branch], &number)
		if err == nil {
			err = l.company.doAs(ctx, s.person, aftersales.CauseJobComplete, func(tx aftersales.Tx) error { return didAll(tx, worked) })
		}
		if err == nil {
			err = l.company.doAs(ctx, atDesk(auditor), aftersales.CauseJobClose, func(tx aftersales.Tx) error { return closedOld(tx, worked) })
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// pastWorker is somebody who worked in a branch.
type pastWorker struct {
	person record.ID
	branch string
}

// pastJob is a job that somebody did, and when.
type pastJob struct {
	id   record.ID
	at   time.Time
	what int
}

// gaveOut makes the jobs that the technician did, one every few days until yesterday, at the hours of his day.
func (l *live) gaveOut(ctx context.Context, s pastWorker, shift int, units []record.ID, number *int) (worked []pastJob, err error) {
	begun := dayOf(time.Now().AddDate(0, 0, -pastDays), 4)
	return worked, l.company.do(ctx, aftersales.CauseJobCreate, func(tx aftersales.Tx) error {
		worked = nil
		for i := range pastJobs {
			*number++
			day := 1 + (i*(pastDays-1)+shift)/pastJobs
			start := begun[(i+*number)%len(begun)].AddDate(0, 0, day)
			then := &past{tx, start.Add(-26 * time.Hour)}
			j := demoJob{fmt.Sprintf("D-%d", *number), s.branch, units[(*number+i/5)%len(units)], demoFaults[(*number*3+i/8)%len(demoFaults)], start}
			id, err := j.create(then)
			if err != nil {
				return err
			}
			_, err = aftersales.AssignJob(then, aftersales.AssignInput{
				Job: id, Person: s.person, WindowStart: start.UnixMilli(), WindowEnd: start.Add(90 * time.Minute).UnixMilli(),
			})
			if err != nil {
				return err
			}
			worked = append(worked, pastJob{id, start, *number})
		}
		return nil
	})
}

// didThen are what was found and done, as often as not in Chinese.
var didThen = [][2]string{
	{"worn seal", "seal replaced, tested under load"}, {"轴承磨损", "更换轴承，运转正常"}, {"濾芯堵塞", "更換濾芯並清潔"},
	{"loose connector", "connector tightened and secured"}, {"hose chafed", "hose replaced, rerouted"}, {"感應器偏移", "重新校正感應器"},
}

// didAll has the author have done the jobs, each in its window.
func didAll(tx aftersales.Tx, jobs []pastJob) error {
	for _, j := range jobs {
		did, visit := didThen[j.what%len(didThen)], aftersales.VisitInput{Job: j.id}
		in := aftersales.CompleteInput{Summary: did[1]}
		in.Job, in.Finding = j.id, did[0]
		then := &past{tx, j.at.Add(-40 * time.Minute)}
		for _, step := range []func(aftersales.Tx, aftersales.VisitInput) error{aftersales.Accept, aftersales.Travel, aftersales.Arrive} {
			if err := step(then, visit); err != nil {
				return err
			}
			then.at = then.at.Add(time.Duration(18+j.what%9) * time.Minute)
		}
		worked := time.Duration(35+j.what*7%60) * time.Minute
		then.at = then.at.Add(worked)
		if err := paidFor(then, j, worked); err != nil {
			return err
		}
		if err := signed(then, j, did[1]); err != nil {
			return err
		}
		if err := aftersales.Complete(then, in); err != nil {
			return err
		}
	}
	return nil
}

// paidFor writes the hours down and, where the customer pays them, has him agree, and two in three of them pay on the spot.
func paidFor(then *past, j pastJob, worked time.Duration) error {
	hours := aftersales.WorkingHours((worked + 20*time.Minute).Milliseconds())
	_, err := aftersales.AddCharge(then, aftersales.ChargeInput{Job: j.id, ChargeLine: aftersales.ChargeLine{Service: "labour", Quantity: hours}})
	if err != nil {
		return err
	}
	total, err := aftersales.ChargeTotals(then, j.id)
	if err != nil || total.Rounded.Minor == 0 {
		return err
	}
	signer := signers[j.what%len(signers)]
	_, err = aftersales.RecordConsent(then, aftersales.ConsentInput{Job: j.id, Amount: total.Rounded, Shown: hours.String() + " h", SignedBy: signer})
	if err != nil || j.what%3 == 0 {
		return err
	}
	_, err = aftersales.TakePayment(then, aftersales.PaymentInput{Job: j.id, Method: []string{"cash", "card"}[j.what%2], Amount: total.Rounded, Payer: signer})
	return err
}

// signers are who stood beside the machine.
var signers = []string{"陈经理", "Ms Novak", "林小姐", "R. Okafor", "周工"}

// signed has the customer sign what was done, and say what he thinks of it; one in nine was not there.
func signed(then *past, j pastJob, done string) error {
	slip, err := aftersales.WriteSlip(then, aftersales.SlipInput{Job: j.id, Summary: done})
	if err != nil {
		return err
	}
	likely := int64(6 + j.what%5)
	in := aftersales.SignInput{
		Slip: slip, SignedBy: signers[j.what%len(signers)], Attitude: 3 + int64(j.what)%2, Skill: 4, Arrival: 2 + int64(j.what)%3, Promises: 4, Recommend: &likely,
	}
	if j.what%9 == 0 {
		in = aftersales.SignInput{Slip: slip, UnsignedReason: "nobody was there any more"}
	}
	return aftersales.SignSlip(then, in)
}

// closedOld audits the slips of the jobs that have been done for a fortnight, and closes them.
func closedOld(tx aftersales.Tx, jobs []pastJob) error {
	for _, j := range jobs {
		done := j.at.AddDate(0, 0, 14)
		if !done.Before(time.Now()) {
			continue
		}
		slips, err := tx.Refs("slip", "job", j.id)
		if err != nil {
			return err
		}
		then := &past{tx, done}
		for _, slip := range slips {
			if err := aftersales.AuditSlip(then, slip.ID, ""); err != nil {
				return err
			}
		}
		if err := aftersales.CloseJob(then, j.id); err != nil {
			return err
		}
	}
	return nil
}
