package main

import (
	"context"
	"time"

	"fieldsync/server"
	"fieldsync/server/hub"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// The demo's company: two branches, their customers with sites, contacts and machines, and a catalogue of parts.

var demoBranches = []aftersales.BranchInput{
	{Code: "N", Name: "Northern branch", Zone: "Asia/Taipei", Currency: "TWD"},
	{Code: "S", Name: "Southern branch", Zone: "Australia/Perth", Currency: "AUD"},
}

var demoParts = []struct{ code, category, en, hans, hant string }{
	{"SEAL-40", "special", "Shaft seal 40 mm", "轴封 40 毫米", "軸封 40 毫米"},
	{"BRG-6204", "common", "Ball bearing 6204", "深沟球轴承 6204", "深溝滾珠軸承 6204"},
	{"FLT-OIL", "consumable", "Oil filter", "机油滤芯", "機油濾芯"},
	{"HOSE-12", "common", "Hydraulic hose 12 mm", "液压软管 12 毫米", "液壓軟管 12 毫米"},
	{"FUSE-16", "consumable", "Fuse 16 A", "保险丝 16 安", "保險絲 16 安"},
	{"LAMP-24", "common", "Work light 24 V", "工作灯 24 伏", "工作燈 24 伏"},
}

// demoCustomer is a customer with one site and one contact.
type demoCustomer struct {
	branch, name, city, address, contact, phone string
	machines                                    [][2]string // name, serial number
}

var demoCustomers = []demoCustomer{
	{"N", "晨星物流", "台北市", "內湖區瑞光路 513 號", "林怡君", "+886 2 5550 1201",
		[][2]string{{"電梯 DT-9", "DT9-20417"}, {"冷水機 CH-5", "CH5-00318"}}},
	{"N", "Harbour Cold Store", "Keelung", "Pier 12, Zhongzheng Road", "Grace Wu", "+886 2 5550 1177",
		[][2]string{{"Chiller C-3", "C3-88120"}, {"Dock lift L-08", "L08-4410"}}},
	{"N", "远东食品有限公司", "桃園市", "蘆竹區南崁路一段 99 號", "陈建国", "+886 3 5550 1340",
		[][2]string{{"包装机 PK-2", "PK2-77105"}, {"Compressor K-1", "K1-90233"}}},
	{"S", "Pilbara Earthworks", "Karratha", "14 Coolawanyah Road", "Tom Reid", "+61 8 5550 0110",
		[][2]string{{"Excavator EX-12", "EX12-3301"}, {"Excavator EX-17", "EX17-3302"}}},
	{"S", "Swan Valley Dairy", "Perth", "220 Great Northern Highway", "Amelia Novak", "+61 8 5550 0142",
		[][2]string{{"Pump P-44", "P44-1200"}, {"Separator S-6", "S6-0871"}}},
	{"S", "金山矿业", "Kalgoorlie", "3 Hannan Street", "王丽", "+61 8 5550 0199",
		[][2]string{{"挖掘机 W-21", "W21-6650"}, {"Conveyor T-30", "T30-5107"}}},
}

// demoPositions are where the customers' cities are, in WGS-84.
var demoPositions = map[string]*aftersales.Position{
	"台北市": {Latitude: 250781000, Longitude: 1215755000}, "Keelung": {Latitude: 251310000, Longitude: 1217440000},
	"桃園市": {Latitude: 250500000, Longitude: 1212900000}, "Karratha": {Latitude: -207364000, Longitude: 1168463000},
	"Perth": {Latitude: -319505000, Longitude: 1158605000}, "Kalgoorlie": {Latitude: -307490000, Longitude: 1214660000},
}

var demoFaults = [][2]string{
	{"Hydraulic leak", "A puddle under the machine every morning."},
	{"噪音很大", "运转时从风扇一侧传来异响,下午更明显。"},
	{"Does not start after rain", "Worked yesterday. The panel stays dark."},
	{"面板顯示 E12", "重新開機後三分鐘又出現。"},
	{"Temperature drifts", "Two degrees too warm since Monday; goods are at risk."},
	{"轴承过热", "外壳烫手,已停机等待检修。"},
	{"500-hour service", "Oil, filters, and a look at the seals."},
	{"門無法完全關閉", "感應器似乎偏移。"},
}

// around is a place some way off, always the same for the name; nil for no place. The way is in 1e-6 degrees, each of
// which is eleven centimetres of latitude.
func around(p *aftersales.Position, name string, most int64) *aftersales.Position {
	if p == nil {
		return nil
	}
	id := aftersales.NamedID("demo", "around", name)
	off := func(b byte) int64 { return (int64(b) - 128) * most * 10 / 128 }
	return &aftersales.Position{Latitude: p.Latitude + off(id[0]), Longitude: p.Longitude + off(id[1])}
}

func branchID(code string) record.ID { return aftersales.NamedID("demo", "branch", code) }

func partID(code string) record.ID { return aftersales.NamedID("demo", "part", code) }

// setUp makes what every company has, unless it is there.
func (c *company) setUp(ctx context.Context) error {
	return c.do(ctx, aftersales.CauseSetUp, func(tx aftersales.Tx) error {
		if row, err := tx.Row("branch", c.branch); row != nil || err != nil {
			return err
		}
		if err := aftersales.SetUp(tx); err != nil {
			return err
		}
		for _, b := range demoBranches {
			b.ID = branchID(b.Code)
			if _, err := aftersales.CreateBranch(tx, b); err != nil {
				return err
			}
		}
		for _, p := range demoParts {
			in := aftersales.PartInput{ID: partID(p.code), Code: p.code, Category: p.category, Name: map[string]string{"en": p.en, "zh-Hans": p.hans, "zh-Hant": p.hant}}
			if _, err := aftersales.CreatePart(tx, in); err != nil {
				return err
			}
		}
		return nil
	})
}

// settleIn makes the customers and their machines, and returns the ids of the machines by branch.
func (c *company) settleIn(ctx context.Context) (machines map[string][]record.ID, err error) {
	machines = map[string][]record.ID{}
	err = c.do(ctx, aftersales.CauseCreate, func(tx aftersales.Tx) error {
		if err := models(tx); err != nil {
			return err
		}
		for _, d := range demoCustomers {
			units, err := addCustomer(tx, d)
			if err != nil {
				return err
			}
			machines[d.branch] = append(machines[d.branch], units...)
		}
		return nil
	})
	return machines, err
}

func addCustomer(tx aftersales.Tx, d demoCustomer) (units []record.ID, err error) {
	branch := branchID(d.branch)
	party, err := aftersales.CreateParty(tx, aftersales.PartyInput{
		Branch: branch, Name: d.name, Phone: d.phone, City: d.city, Address: d.address,
	})
	if err != nil {
		return nil, err
	}
	site, err := aftersales.CreateSite(tx, aftersales.SiteInput{
		Branch: branch, Party: party, Name: d.name, City: d.city, Address: d.address, Zone: zoneOf(d.branch),
		Position: around(demoPositions[d.city], d.name, 30_000),
	})
	if err != nil {
		return nil, err
	}
	in := aftersales.ContactInput{Branch: branch, Party: party, Site: site, Name: d.contact, Phone: d.phone}
	if _, err := aftersales.CreateContact(tx, in); err != nil {
		return nil, err
	}
	for _, m := range d.machines {
		installed := tx.Now()/(24*time.Hour).Milliseconds() - ageOf(m[1])
		unit, err := aftersales.CreateUnit(tx, aftersales.UnitInput{
			Branch: branch, Name: m[0], Serial: m[1], Product: modelOf(m[0]), Party: party, Site: site, SoldOn: installed - 20, InstalledOn: installed, AcceptedOn: installed + 1,
		})
		if err != nil {
			return nil, err
		}
		units = append(units, unit)
	}
	return units, nil
}

// ageOf is how many days ago the machine was installed: between half a year and five years, always the same for a serial.
// Of those that the demo's visits are about, one is in warranty and one is not.
func ageOf(serial string) int64 {
	switch serial {
	case "PK2-77105":
		return modelWarranty * 30 / 2
	case "C3-88120":
		return modelWarranty * 30 * 2
	}
	id := aftersales.NamedID("demo", "age", serial)
	return 180 + int64(id[0])*6
}

func zoneOf(branch string) string {
	for _, b := range demoBranches {
		if b.Code == branch {
			return b.Zone
		}
	}
	return "UTC"
}

// demoJob is a job of the demo: the n-th of its series, for a machine.
type demoJob struct {
	number string
	branch string
	unit   record.ID
	fault  [2]string
	start  time.Time // zero for one that is not planned
}

func (j demoJob) create(tx aftersales.Tx) (record.ID, error) {
	in := aftersales.JobInput{
		Branch: branchID(j.branch), Number: j.number, Unit: j.unit, Title: j.fault[0], Description: j.fault[1],
		Kind: "repair", Priority: 2,
	}
	if !j.start.IsZero() {
		in.PlanStart, in.PlanEnd = j.start.UnixMilli(), j.start.Add(90*time.Minute).UnixMilli()
	}
	return aftersales.CreateJob(tx, in)
}

// dayOf returns n windows of the day, one after the other from eight o'clock: by the clock of whoever watches the demo,
// since office and phones show times by it.
func dayOf(now time.Time, n int) []time.Time {
	y, m, d := now.Date()
	windows := make([]time.Time, n)
	for i := range windows {
		windows[i] = time.Date(y, m, d, 8, 105*i, 0, 0, now.Location())
	}
	return windows
}

// doAs runs a command in the person's name.
func (c *company) doAs(ctx context.Context, person record.ID, cause string, command func(aftersales.Tx) error) error {
	_, err := c.core.Hub.Do(ctx, person, nil, cause, func(o *hub.Office) error { return command(server.Bind(o, person)) })
	return err
}
