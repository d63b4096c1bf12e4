package main

import (
	"strings"
	"time"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// demoModels are the models of the demo's machines, by the code with which their names end.
var demoModels = []struct{ code, brand, en, hans, hant string }{
	{"DT-9", "Nordwind", "Passenger lift DT-9", "客梯 DT-9", "客梯 DT-9"},
	{"CH-5", "Nordwind", "Water chiller CH-5", "冷水机 CH-5", "冷水機 CH-5"},
	{"C-3", "Nordwind", "Chiller C-3", "冷水机 C-3", "冷水機 C-3"},
	{"PK-2", "远望", "Packing machine PK-2", "包装机 PK-2", "包裝機 PK-2"},
	{"K-1", "Nordwind", "Compressor K-1", "压缩机 K-1", "壓縮機 K-1"},
	{"EX-12", "Kestrel", "Excavator EX-12", "挖掘机 EX-12", "挖土機 EX-12"},
	{"EX-17", "Kestrel", "Excavator EX-17", "挖掘机 EX-17", "挖土機 EX-17"},
	{"P-44", "Aquila", "Pump P-44", "水泵 P-44", "水泵 P-44"},
	{"S-6", "Aquila", "Separator S-6", "分离机 S-6", "分離機 S-6"},
	{"W-21", "Kestrel", "Excavator W-21", "挖掘机 W-21", "挖土機 W-21"},
}

// modelWarranty is how long the maker answers for a model, in months.
const modelWarranty = 24

func modelID(code string) record.ID { return aftersales.NamedID("demo", "product", code) }

// modelOf returns the model of a machine with that name; zero for one of which nobody knows.
func modelOf(name string) record.ID {
	for _, m := range demoModels {
		if strings.HasSuffix(name, " "+m.code) {
			return modelID(m.code)
		}
	}
	return record.ID{}
}

// models puts the models, what two of them are made of, and what the company wants to know of every machine beside.
func models(tx aftersales.Tx) error {
	for _, m := range demoModels {
		_, err := aftersales.CreateProduct(tx, aftersales.ProductInput{
			ID: modelID(m.code), Code: m.code, Brand: m.brand, WarrantyMonths: modelWarranty, MeterUnit: "h",
			Name: map[string]string{"en": m.en, "zh-Hans": m.hans, "zh-Hant": m.hant},
		})
		if err != nil {
			return err
		}
	}
	for i, c := range []aftersales.ProductComponentInput{
		{Code: "pump", Part: partID("SEAL-40"), WarrantyMonths: 36, Name: map[string]string{"en": "Hydraulic pump", "zh-Hans": "液压泵", "zh-Hant": "液壓泵"}},
		{Code: "engine", WarrantyMonths: 60, Name: map[string]string{"en": "Engine", "zh-Hans": "发动机", "zh-Hant": "引擎"}},
	} {
		for _, code := range []string{"EX-12", "W-21"} {
			c.Product, c.Rank = modelID(code), int64(i)
			if _, err := aftersales.PutProductComponent(tx, c); err != nil {
				return err
			}
		}
	}
	return aftersales.DefineField(tx, aftersales.FieldDefInput{
		Table: "unit", Field: "floor", Label: map[string]string{"en": "Floor or bay", "zh-Hans": "楼层或工位", "zh-Hant": "樓層或工位"},
	})
}

// skilled says what technicians can do, and who is away.
func (l *live) skilled(tx aftersales.Tx) error {
	skills, err := aftersales.Codes(tx, aftersales.ListSkill, false)
	if err != nil {
		return err
	}
	for i, name := range staffNames() {
		person := aftersales.NamedID("demo", "person", name)
		for n, s := range skills {
			if (i+n)%2 != 0 {
				continue
			}
			if err := aftersales.SetSkill(tx, aftersales.SkillInput{Person: person, Code: s.Code, Level: int64(1 + (i+n)%4)}); err != nil {
				return err
			}
		}
	}
	const hour = 60 * 60 * 1000
	kinds, err := aftersales.Codes(tx, aftersales.ListAbsence, false)
	if err != nil || len(kinds) == 0 {
		return err
	}
	today := dayOf(time.Now(), 1)[0].UnixMilli()
	_, err = aftersales.PutAbsence(tx, aftersales.AbsenceInput{
		Person: aftersales.NamedID("demo", "person", demoStaff[5].name), Kind: kinds[0].Code, StartsAt: today, EndsAt: today + 9*hour,
	})
	return err
}

// staffNames are the names of all technicians.
func staffNames() (names []string) {
	for _, t := range demoCrew {
		names = append(names, t.name)
	}
	for _, s := range demoStaff {
		names = append(names, s.name)
	}
	return names
}

// prices says what parts and an hour cost the customer, from before the demo's past on.
func prices(tx aftersales.Tx) error {
	then := &past{tx, time.UnixMilli(tx.Now()).AddDate(0, 0, -2*pastDays)}
	for i, p := range demoParts {
		for _, b := range demoBranches {
			amount, list := aftersales.Money{Minor: int64(3900 + i*1650), Currency: b.Currency}, b.Code
			if b.Currency == "TWD" {
				amount.Minor *= 20
				list = "" // the usual one
			}
			if _, err := aftersales.SetPrice(then, aftersales.PriceInput{Part: partID(p.code), PriceList: list, Amount: amount}); err != nil {
				return err
			}
		}
	}
	return nil
}

// tidied archives what the company has no more, and joins what was entered twice: of each kind one.
func tidied(tx aftersales.Tx) error {
	branch := branchID("N")
	old := map[string]func() (record.ID, error){
		"product": func() (record.ID, error) {
			return aftersales.CreateProduct(tx, aftersales.ProductInput{Code: "DT-7", Name: map[string]string{"en": "Passenger lift DT-7", "zh-Hans": "客梯 DT-7", "zh-Hant": "客梯 DT-7"}})
		},
		"part": func() (record.ID, error) {
			return aftersales.CreatePart(tx, aftersales.PartInput{Code: "LAMP-12", Name: map[string]string{"en": "Work light 12 V", "zh-Hans": "工作灯 12 伏", "zh-Hant": "工作燈 12 伏"}})
		},
		"location": func() (record.ID, error) {
			return aftersales.CreateLocation(tx, aftersales.LocationInput{Code: "OLD", Name: "Old store 旧仓库", Kind: aftersales.LocationBranch, Branch: branch})
		},
		"team": func() (record.ID, error) { return aftersales.CreateTeam(tx, branch, "夜班组") },
		"solution": func() (record.ID, error) {
			return aftersales.PutSolution(tx, aftersales.SolutionInput{Title: "DT-7 door belt", Symptom: "belt slips", Solution: "Replace the belt; see DT-9"})
		},
		"unit": func() (record.ID, error) {
			return aftersales.CreateUnit(tx, aftersales.UnitInput{Branch: branch, Name: "電梯 DT-7", Serial: "DT7-00012", Status: aftersales.UnitScrapped})
		},
		"document": func() (record.ID, error) {
			return aftersales.AddDocument(tx, aftersales.DocumentInput{Kind: aftersales.DocumentBulletin, Title: map[string]string{"en": "Shaft seals of batch 38-C"}, Text: "Used up."})
		},
		"checklist": func() (record.ID, error) {
			in, err := aftersales.ChecklistFrom("delivery")
			if err != nil {
				return record.ID{}, err
			}
			return aftersales.CreateChecklist(tx, in)
		},
		"branch": func() (record.ID, error) {
			return aftersales.CreateBranch(tx, aftersales.BranchInput{Code: "E", Name: "Eastern branch", Zone: "Asia/Taipei", Currency: "TWD"})
		},
	}
	for _, table := range []string{"product", "part", "location", "team", "solution", "unit", "document", "checklist", "branch"} {
		id, err := old[table]()
		if err == nil {
			err = aftersales.Archive(tx, aftersales.ArchiveInput{Table: table, ID: id, Reason: "not used any more 已停用"})
		}
		if err != nil {
			return err
		}
	}
	return joinedTwins(tx)
}

// joinedTwins are things that somebody entered a second time, and somebody else found.
func joinedTwins(tx aftersales.Tx) error {
	part, err := aftersales.CreatePart(tx, aftersales.PartInput{Code: "SEAL40", Name: map[string]string{"en": "Shaft seal 40"}})
	if err != nil {
		return err
	}
	product, err := aftersales.CreateProduct(tx, aftersales.ProductInput{Code: "EX12", Name: map[string]string{"en": "Excavator EX 12"}})
	if err != nil {
		return err
	}
	guard, err := aftersales.PutSolution(tx, aftersales.SolutionInput{Title: "Fan guard is loose", Symptom: "noise from the fan", Solution: "Tighten the guard"})
	if err != nil {
		return err
	}
	again, err := aftersales.PutSolution(tx, aftersales.SolutionInput{Title: "风扇护罩松动", Symptom: "风扇噪音", Solution: "紧固护罩"})
	if err != nil {
		return err
	}
	known, err := tx.Refs("unit", "product", modelID("EX-12"))
	if err != nil {
		return err
	}
	twins := []aftersales.MergeInput{
		{Table: "part", Loser: part, Winner: partID("SEAL-40")}, {Table: "product", Loser: product, Winner: modelID("EX-12")},
		{Table: "solution", Loser: again, Winner: guard},
	}
	if len(known) > 0 {
		u := aftersales.UnitOf(known[0])
		unit, err := aftersales.CreateUnit(tx, aftersales.UnitInput{Branch: u.Branch, Name: u.Name, Serial: u.Serial + "A", Party: u.Party, Site: u.Site, Product: u.Product})
		if err != nil {
			return err
		}
		twins = append(twins, aftersales.MergeInput{Table: "unit", Loser: unit, Winner: u.ID})
	}
	for _, twin := range twins {
		if err := aftersales.Merge(tx, twin); err != nil {
			return err
		}
	}
	return nil
}
