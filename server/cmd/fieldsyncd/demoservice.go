package main

import (
	"context"
	"time"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// demoCalls are what customers of the demo asked for, by the place of the customer, with what became of it.
var demoCalls = []struct {
	customer        int
	title, severity string
	ago             time.Duration // it was asked
	do              func(tx aftersales.Tx, request record.ID) error
}{
	{0, "冷水機不製冷，機房溫度持續上升", "1", 50 * time.Minute, nil},
	{1, "Dock lift stops halfway", "2", 26 * time.Hour, nil},
	{3, "Excavator EX-12 loses hydraulic pressure", "2", 3 * time.Hour, makeJobOf},
	{4, "Separator vibrates at full speed", "3", 5 * time.Hour, func(tx aftersales.Tx, id record.ID) error {
		return aftersales.MoveRequest(tx, aftersales.MoveRequestInput{
			Request: id, To: aftersales.RequestDepot, Reason: "needs the balancing bench", Intake: aftersales.CarryIn,
		})
	}},
	{5, "输送带跑偏，已停机", "1", 2 * time.Hour, func(tx aftersales.Tx, id record.ID) error {
		return aftersales.MoveRequest(tx, aftersales.MoveRequestInput{Request: id, To: aftersales.RequestEscalated, Reason: "third time this month"})
	}},
	{2, "包装机面板无显示", "3", 30 * time.Hour, func(tx aftersales.Tx, id record.ID) error {
		return aftersales.SolveRequest(tx, aftersales.SolveRequestInput{Request: id, Solution: "急停按钮未复位，复位后恢复正常"})
	}},
}

func makeJobOf(tx aftersales.Tx, request record.ID) error {
	_, err := aftersales.CreateJob(tx, aftersales.JobInput{Request: request, Kind: "repair"})
	return err
}

// demoSolutions are what helped before.
var demoSolutions = [][3]string{
	{"噪音：风扇护罩松动", "运转时噪音很大，风扇一侧有异响", "紧固风扇护罩，清洁叶片，检查轴承"},
	{"Hydraulic pressure is lost", "loses pressure, lifts slowly, leaks oil", "Check the suction filter first; then the relief valve at 210 bar"},
	{"面板無顯示", "面板沒有顯示，電源燈不亮", "檢查急停按鈕是否復位，再檢查 24 V 電源"},
	{"Door does not close", "door stays open, sensor out of line", "Align the sensor to 4 mm and clean the rail"},
}

// serve registers calls, and gives the company contracts, solutions, and a customer who is there twice.
func (c *company) serve(ctx context.Context) error {
	parties, err := c.parties(ctx)
	if err != nil || len(parties) < len(demoCustomers) {
		return err
	}
	for _, call := range demoCalls {
		party := parties[call.customer]
		err := c.do(ctx, aftersales.CauseRequestCreate, func(tx aftersales.Tx) error {
			id, err := aftersales.CreateRequest(tx, aftersales.RequestInput{
				Party: party, Title: call.title, Severity: call.severity, Channel: "phone", ReceivedAt: tx.Now() - call.ago.Milliseconds(),
			})
			if err != nil {
				return err
			}
			in := aftersales.CallInput{Request: id, Caller: demoCustomers[call.customer].contact, Phone: demoCustomers[call.customer].phone}
			if _, err := aftersales.RegisterCall(tx, in); err != nil || call.do == nil {
				return err
			}
			return call.do(tx, id)
		})
		if err != nil {
			return err
		}
	}
	return c.do(ctx, aftersales.CauseCreate, func(tx aftersales.Tx) error { return settleDown(tx, parties) })
}

func settleDown(tx aftersales.Tx, parties []record.ID) error {
	today := tx.Now() / (24 * time.Hour).Milliseconds()
	for i, percent := range map[int]int64{0: 100, 4: 50} {
		_, err := aftersales.CreateContract(tx, aftersales.ContractInput{
			Party: parties[i], StartsOn: today - 200, EndsOn: today + 165, PartsPercent: percent, LabourPercent: 100, TravelPercent: percent,
		})
		if err != nil {
			return err
		}
	}
	for _, s := range demoSolutions {
		if _, err := aftersales.PutSolution(tx, aftersales.SolutionInput{Title: s[0], Symptom: s[1], Solution: s[2]}); err != nil {
			return err
		}
	}
	twin := demoCustomers[2]
	_, err := aftersales.CreateParty(tx, aftersales.PartyInput{Branch: branchID(twin.branch), Name: "远东食品", Phone: twin.phone, City: twin.city})
	if err != nil {
		return err
	}
	return aftersales.Blacklist(tx, parties[5], "两张账单逾期未付")
}

// parties returns the demo's customers, in the order of demoCustomers.
func (c *company) parties(ctx context.Context) (ids []record.ID, err error) {
	err = c.do(ctx, aftersales.CauseEdit, func(tx aftersales.Tx) error {
		for _, d := range demoCustomers {
			rows, err := tx.Refs("party", "branch", branchID(d.branch))
			if err != nil {
				return err
			}
			for _, row := range rows {
				if row.Get("name").Text() == d.name {
					ids = append(ids, row.ID)
				}
			}
		}
		return nil
	})
	return ids, err
}
