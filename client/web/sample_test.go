package web

import (
	"time"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// sample is a small company with Li in it, who has three jobs today, a stocked van, and a colleague.
type sample struct {
	li, wang, office    record.ID
	customer, site      record.ID
	product, unit       record.ID
	seal, belt, board   record.ID
	leak, noise, visit  record.ID // jobs
	checklist, solution record.ID
	branch, van, wangs  record.ID
	err                 error
}

func zh(en, hans, hant string) map[string]string {
	return map[string]string{"en": en, "zh-Hans": hans, "zh-Hant": hant}
}

// by is a transaction in somebody else's name, as the office's come from the hub.
type by struct {
	client.Tx
	person record.ID
}

func (b by) Author() record.ID { return b.person }
func (b by) Hub() bool         { return true }

// id keeps the first error, so that the story reads on.
func (s *sample) id(id record.ID, err error) record.ID {
	if s.err == nil {
		s.err = err
	}
	return id
}

func (s *sample) ok(err error) { s.id(record.ID{}, err) }

// furnish makes the sample on a replica that belongs to li.
func furnish(tx client.Tx, li record.ID) (*sample, error) {
	s := &sample{li: li}
	s.ok(aftersales.SetUp(tx))
	s.branch = s.id(aftersales.CreateBranch(tx, aftersales.BranchInput{Code: "N", Name: "North", Zone: "Asia/Taipei", Currency: "TWD"}))
	s.id(aftersales.CreatePerson(tx, aftersales.PersonInput{ID: li, Name: "李小龍", Branch: s.branch, Technician: true}))
	s.wang = s.id(aftersales.CreatePerson(tx, aftersales.PersonInput{Name: "王強", Branch: s.branch, Technician: true}))
	s.office = s.id(aftersales.CreatePerson(tx, aftersales.PersonInput{Name: "Anna Berg", Branch: s.branch}))
	s.prices(tx)
	s.stock(tx)
	s.customers(tx)
	s.jobs(by{tx, s.office})
	s.know(tx)
	return s, s.err
}

func (s *sample) prices(tx client.Tx) {
	for _, p := range aftersales.PolicyTemplates(aftersales.PolicyPrice) {
		if p.Name == "taiwan" {
			s.id(aftersales.PublishPolicy(tx, aftersales.PolicyInput{Kind: aftersales.PolicyPrice, Branch: s.branch, Body: p.Body}))
		}
	}
}

func (s *sample) stock(tx client.Tx) {
	s.van = s.id(aftersales.CreateLocation(tx, aftersales.LocationInput{Branch: s.branch, Name: "Van 7", Holder: s.li}))
	s.wangs = s.id(aftersales.CreateLocation(tx, aftersales.LocationInput{Branch: s.branch, Name: "Van 8", Holder: s.wang}))
	price := func(n int64) aftersales.Money { return aftersales.Money{Minor: n * 100, Currency: "TWD"} }
	s.seal = s.id(aftersales.CreatePart(tx, aftersales.PartInput{
		Code: "SEAL-40", Barcode: "690001", Name: zh("Shaft seal 40 mm", "轴封 40 毫米", "軸封 40 公釐"), ListPrice: price(450)}))
	s.belt = s.id(aftersales.CreatePart(tx, aftersales.PartInput{
		Code: "BELT-9", Unit: "m", Name: zh("Drive belt", "传动带", "傳動帶"), ListPrice: price(120), ReturnOld: true}))
	s.board = s.id(aftersales.CreatePart(tx, aftersales.PartInput{
		Code: "CTRL-2", Name: zh("Control board", "控制板", "控制板"), ListPrice: price(6800), SerialTracked: true, ReturnOld: true}))
	for part, n := range map[record.ID]int64{s.seal: 4, s.belt: 12} {
		s.id(aftersales.ReceivePart(tx, aftersales.MoveInput{Part: part, Quantity: aftersales.Quantity{Amount: n * aftersales.One}, To: s.van}))
	}
	s.id(aftersales.ReceivePart(tx, aftersales.MoveInput{
		Part: s.board, Quantity: aftersales.Quantity{Amount: aftersales.One}, Serial: "CB-2201", To: s.van}))
}

func (s *sample) customers(tx client.Tx) {
	s.customer = s.id(aftersales.CreateParty(tx, aftersales.PartyInput{Branch: s.branch, Name: "大華物業管理股份有限公司", Phone: "+886 2 2720 8889"}))
	s.site = s.id(aftersales.CreateSite(tx, aftersales.SiteInput{
		Party: s.customer, Name: "大華 101 機房 B2", City: "台北市", Address: "信義路五段 7 號", AccessNote: "Ring at the guard, ask for 林先生",
		Position: &aftersales.Position{Latitude: 250339000, Longitude: 1215645000}}))
	s.product = s.id(aftersales.CreateProduct(tx, aftersales.ProductInput{
		Code: "KX-90", Name: zh("Booster pump KX-90", "增压泵 KX-90", "增壓泵 KX-90"), WarrantyMonths: 24}))
	today := tx.Now() / (24 * time.Hour.Milliseconds())
	s.unit = s.id(aftersales.CreateUnit(tx, aftersales.UnitInput{
		Branch: s.branch, Name: "增壓泵 3 號", Serial: "KX-90-1723", Product: s.product, Party: s.customer, Site: s.site,
		SoldOn: today - 200, InstalledOn: today - 190, AcceptedOn: today - 189, Place: "B2"}))
	s.id(aftersales.AddServiceRecord(tx, aftersales.ServiceRecordInput{
		Unit: s.unit, Number: "J-88", Summary: "Pressure switch adjusted", Person: s.wang, Parts: "1 pcs SW-3"}))
}

func (s *sample) jobs(tx client.Tx) {
	hour := time.Hour.Milliseconds()
	give := func(in aftersales.JobInput) record.ID {
		in.Branch = s.branch
		job := s.id(aftersales.CreateJob(tx, in))
		s.id(aftersales.AssignJob(tx, aftersales.AssignInput{Job: job, Person: s.li}))
		return job
	}
	s.leak = give(aftersales.JobInput{
		Number: "J-100", Kind: "repair", Title: "循環泵漏水，壓力不足", Description: "B2 機房地面積水，壓力表低於 2 bar。\nThe guard has the key.",
		Unit: s.unit, PlanStart: tx.Now() - hour/2, PlanEnd: tx.Now() + hour, DueAt: tx.Now() + 2*hour, Priority: 1})
	s.noise = give(aftersales.JobInput{
		Number: "J-101", Kind: "repair", Title: "Fan in the cold store rattles and stops after ten minutes", Party: s.customer,
		PlanStart: tx.Now() + hour, PlanEnd: tx.Now() + 2*hour, DueAt: tx.Now() - hour})
	s.visit = give(aftersales.JobInput{Number: "J-102", Kind: "maintenance", Title: "Yearly service", Party: s.customer, PlanStart: tx.Now() + 3*hour, PlanEnd: tx.Now() + 4*hour})
	for range 3 {
		give(aftersales.JobInput{Title: "Later", PlanStart: tx.Now() + 72*hour, PlanEnd: tx.Now() + 73*hour})
	}
	s.id(aftersales.AddComment(tx, aftersales.CommentInput{About: aftersales.Row{Table: "job", ID: s.leak}, Text: "客戶下午三點後不在，請先到這裡。"}))
	s.id(aftersales.AskPart(tx, aftersales.AskPartInput{Part: s.belt, Quantity: aftersales.Quantity{Amount: 2 * aftersales.One}, Job: s.leak, Location: s.van}))
}

func (s *sample) know(tx client.Tx) {
	least, most := int64(2000), int64(6000)
	s.checklist = s.id(aftersales.CreateChecklist(tx, aftersales.ChecklistInput{
		Name: zh("Pump repair", "水泵维修", "水泵維修"), JobKind: "repair", Questions: []aftersales.Question{
			{Key: "power", Kind: aftersales.AskYesNo, Label: zh("Power off and locked?", "已断电并上锁？", "已斷電並上鎖？"), Required: aftersales.AskAlways},
			{Key: "pressure", Kind: aftersales.AskNumber, Label: zh("Pressure after the repair", "维修后压力", "維修後壓力"), Unit: "bar", Minimum: &least, Maximum: &most, Required: aftersales.AskAlways},
			{Key: "where", Kind: aftersales.AskChoice, Label: zh("Where did it leak?", "漏点在哪？", "漏點在哪？"), Choices: []aftersales.Choice{
				{Code: "seal", Label: zh("Shaft seal", "轴封", "軸封")}, {Code: "flange", Label: zh("Flange", "法兰", "法蘭")}}},
			{Key: "remark", Kind: aftersales.AskText, Label: zh("Anything else?", "其他说明", "其他說明")},
		}}))
	s.solution = s.id(aftersales.PutSolution(tx, aftersales.SolutionInput{
		Product: s.product, FaultCode: "leak", Title: "循環泵漏水", Symptom: "漏水，壓力不足", Solution: "更換軸封 SEAL-40，檢查軸是否磨損。"}))
	s.id(aftersales.AddDocument(tx, aftersales.DocumentInput{
		Kind: aftersales.DocumentManual, Product: s.product, Title: zh("KX-90 manual", "KX-90 手册", "KX-90 手冊"), Text: "1. Close both valves.\n2. Vent the casing."}))
}
