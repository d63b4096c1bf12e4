package main

import (
	"context"
	"time"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// demoVisit is a visit of today's that the demo shows in full: by whom, to which machine, and what happened there.
type demoVisit struct {
	number, kind, by string
	unit             [2]string // name, serial number
	fault            [2]string
	there            func(tx aftersales.Tx, job record.ID) error // after the arrival
}

// demoVisits are one of each: a checklist half answered, paid work that waits for the office's yes, work that was charged
// though it is covered, and parts that were given though they are not.
var demoVisits = []demoVisit{
	{"D-201", "inspection", "Huang Po-Yu", [2]string{"冷水機 CH-5", "CH5-00318"}, [2]string{"年度巡檢", "依合約每年一次。"}, inspected},
	{"D-202", "repair", "王志明", [2]string{"Compressor K-1", "K1-90233"}, [2]string{"Compressor trips after ten minutes", "Overheats; the fan runs."}, offered},
	{"D-203", "repair", "Chen Jia-Hui", [2]string{"包装机 PK-2", "PK2-77105"}, [2]string{"Packing machine loses pressure overnight", "早上要半小时才能升压。"}, chargedTooMuch},
	{"D-204", "repair", "林佳穎", [2]string{"Chiller C-3", "C3-88120"}, [2]string{"Chiller leaks oil", "A trace on the floor since Friday."}, gaveAway},
}

// show has the visits happen this morning.
func (l *live) show(ctx context.Context) error {
	begun := dayOf(time.Now(), len(demoVisits))
	for i, v := range demoVisits {
		person := aftersales.NamedID("demo", "person", v.by)
		var job record.ID
		err := l.company.do(ctx, aftersales.CauseJobCreate, func(tx aftersales.Tx) error {
			unit, err := unitWith(tx, v.unit[1])
			if err != nil {
				return err
			}
			if err := loadVan(tx, person, demoParts[0].code, demoParts[2].code); err != nil {
				return err
			}
			if job, err = aftersales.CreateJob(tx, aftersales.JobInput{
				Branch: branchID("N"), Number: v.number, Unit: unit, Title: v.fault[0], Description: v.fault[1], Kind: v.kind, Priority: 1,
			}); err != nil {
				return err
			}
			_, err = aftersales.AssignJob(tx, aftersales.AssignInput{
				Job: job, Person: person, WindowStart: begun[i].UnixMilli(), WindowEnd: begun[i].Add(2 * time.Hour).UnixMilli(),
			})
			return err
		})
		if err == nil {
			err = l.company.doAs(ctx, person, aftersales.CauseVisitArrive, func(tx aftersales.Tx) error {
				visit := aftersales.VisitInput{Job: job}
				for _, step := range []func(aftersales.Tx, aftersales.VisitInput) error{aftersales.Accept, aftersales.Travel, aftersales.Arrive} {
					if err := step(tx, visit); err != nil {
						return err
					}
				}
				return v.there(tx, job)
			})
		}
		if err == nil {
			err = l.company.doAs(ctx, atDesk(auditor), aftersales.CauseSlipAudit, func(tx aftersales.Tx) error { return audited(tx, job) })
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// audited looks through the slip of the job, where it has one, and has what it cost reckoned again.
func audited(tx aftersales.Tx, job record.ID) error {
	slips, err := tx.Refs("slip", "job", job)
	if err != nil || len(slips) == 0 {
		return err
	}
	if err := aftersales.AuditSlip(tx, slips[0].ID, ""); err != nil {
		return err
	}
	return aftersales.RecordFindings(tx, job)
}

// unitWith returns the machine with the serial number.
func unitWith(tx aftersales.Tx, serial string) (record.ID, error) {
	for _, b := range demoBranches {
		rows, err := tx.Refs("unit", "branch", branchID(b.Code))
		if err != nil {
			return record.ID{}, err
		}
		for _, row := range rows {
			if row.Get("serial").Text() == serial {
				return row.ID, nil
			}
		}
	}
	return record.ID{}, nil
}

// loadVan puts some of the parts into the person's van.
func loadVan(tx aftersales.Tx, person record.ID, codes ...string) error {
	van, err := aftersales.VanOf(tx, person)
	for _, code := range codes {
		if err == nil {
			_, err = aftersales.ReceivePart(tx, aftersales.MoveInput{Part: partID(code), Quantity: aftersales.Quantity{Amount: inVan * aftersales.One}, To: van.ID})
		}
	}
	return err
}

// inspected answers half of a checklist and reads the meter.
func inspected(tx aftersales.Tx, job record.ID) error {
	filled, err := aftersales.Filling(tx, visitOf(tx, job))
	if err != nil || len(filled) == 0 {
		return err
	}
	hours := int64(18_240_000)
	for _, a := range []aftersales.AnswerInput{
		{Question: "with_engineer", Text: "yes"}, {Question: "running", Text: "yes"}, {Question: "meter", Number: &hours}, {Question: "noise", Text: "no", Note: "風扇側輕微異響"},
	} {
		a.Job = job
		if _, err := aftersales.AnswerQuestion(tx, a); err != nil {
			return err
		}
	}
	row, err := tx.Row("job", job)
	if err != nil {
		return err
	}
	_, err = aftersales.ReadMeter(tx, aftersales.MeterInput{Unit: aftersales.JobOf(row).Unit, Reading: 18_240, Job: job})
	return err
}

// visitOf returns the author's visit to the job; zero if there is none.
func visitOf(tx aftersales.Tx, job record.ID) record.ID {
	visits, err := aftersales.Visits(tx, job)
	if err != nil || len(visits) == 0 {
		return record.ID{}
	}
	return visits[len(visits)-1].ID
}

// found notes what was wrong, by the company's first codes.
func found(tx aftersales.Tx, job record.ID, text, solution string) error {
	in := aftersales.VisitFindingInput{Job: job, Text: text, Solution: solution, Solved: solution != ""}
	for list, into := range map[string]*string{aftersales.ListFault: &in.FaultCode, aftersales.ListRemedy: &in.RemedyCode} {
		codes, err := aftersales.Codes(tx, list, false)
		if err != nil {
			return err
		}
		if len(codes) > 0 {
			*into = codes[0].Code
		}
	}
	_, err := aftersales.AddFinding(tx, in)
	return err
}

// offered shows the customer a price above what a technician may agree to alone, and takes a board along for repair.
func offered(tx aftersales.Tx, job record.ID) error {
	if err := found(tx, job, "Overload relay trips; bearing of the motor is worn", ""); err != nil {
		return err
	}
	_, err := aftersales.RecordConsent(tx, aftersales.ConsentInput{
		Job: job, Amount: aftersales.Money{Minor: 18_600_00, Currency: "TWD"}, Shown: "Motor bearing 12,400 · labour 3 h 6,200", SignedBy: "陈建国",
	})
	if err != nil {
		return err
	}
	if _, err := aftersales.TakeGoods(tx, aftersales.TakeGoodsInput{Job: job, Items: "Control board of the compressor", Condition: "one capacitor is swollen", GivenBy: "陈建国"}); err != nil {
		return err
	}
	_, err = aftersales.AddNote(tx, job, "客户同意报价，等公司批准后施工")
	return err
}

// chargedTooMuch charges an hour, and a part by mistake: the machine is in warranty.
func chargedTooMuch(tx aftersales.Tx, job record.ID) error {
	return worked(tx, job, "check valve leaks", "check valve replaced, holds over night", true)
}

// gaveAway fits a part and charges nothing, though the warranty is over.
func gaveAway(tx aftersales.Tx, job record.ID) error {
	return worked(tx, job, "轴封渗漏", "更换轴封，运转正常", false)
}

// worked uses a part, charges it or does not, has the slip signed and completes the job.
func worked(tx aftersales.Tx, job record.ID, finding, done string, charge bool) error {
	if err := found(tx, job, finding, done); err != nil {
		return err
	}
	seal := aftersales.MoveInput{Part: partID("SEAL-40"), Quantity: aftersales.Quantity{Amount: aftersales.One}, Job: job}
	movement, err := aftersales.UsePart(tx, seal)
	if err != nil {
		return err
	}
	if charge {
		for _, line := range []aftersales.ChargeInput{
			{ChargeLine: aftersales.ChargeLine{Kind: aftersales.ChargeParts, Part: seal.Part, Quantity: seal.Quantity}, Movement: movement, Cause: "environment"},
			{ChargeLine: aftersales.ChargeLine{Kind: aftersales.ChargeLabour, Service: "labour", Quantity: aftersales.Quantity{Amount: 1500}}, Cause: "environment"},
		} {
			line.Job = job
			if _, err := aftersales.AddCharge(tx, line); err != nil {
				return err
			}
		}
	}
	slip, err := aftersales.WriteSlip(tx, aftersales.SlipInput{Job: job, Summary: done})
	if err != nil {
		return err
	}
	likely := int64(9)
	err = aftersales.SignSlip(tx, aftersales.SignInput{Slip: slip, SignedBy: "陈建国", Attitude: 4, Skill: 4, Arrival: 3, Promises: 4, Recommend: &likely})
	if err != nil {
		return err
	}
	in := aftersales.CompleteInput{Summary: done}
	in.Job, in.Finding, in.CauseCode = job, finding, "quality"
	return aftersales.Complete(tx, in)
}
