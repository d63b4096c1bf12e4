package main

import (
	"strconv"

	"fieldsync/sync/aftersales"
)

// demoStores are where the demo's parts lie that are in no van.
var demoStores = []aftersales.LocationInput{
	{Code: "C", Name: "Central store 中央仓库", Kind: aftersales.LocationCentral},
	{Code: "N", Name: "Northern store", Kind: aftersales.LocationBranch, Branch: branchID("N")},
	{Code: "S", Name: "Southern store", Kind: aftersales.LocationBranch, Branch: branchID("S")},
}

// stores fills the stores, says how much there should be, and has technicians ask for parts: one asks for what there is,
// one for what nobody has yet, and of one part the central store has too little.
func (l *live) stores(tx aftersales.Tx) error {
	for i, s := range demoStores {
		id, err := aftersales.CreateLocation(tx, s)
		if err != nil {
			return err
		}
		for n, p := range demoParts {
			part := partID(p.code)
			in := aftersales.MoveInput{Part: part, Quantity: aftersales.Quantity{Amount: int64(4+n*(3-i)) * 1000}, To: id}
			if _, err := aftersales.ReceivePart(tx, in); err != nil {
				return err
			}
			if err := aftersales.SetLevel(tx, aftersales.LevelInput{Location: id, Part: part, Minimum: 5000, Maximum: 20_000}); err != nil {
				return err
			}
		}
	}
	return l.ask(tx)
}

// ask has technicians ask the store for parts; the first of what they ask is approved.
func (l *live) ask(tx aftersales.Tx) error {
	for i, code := range []string{"SEAL-40", "HOSE-12"} {
		van, err := aftersales.VanOf(tx, l.crew[i].person)
		if err != nil {
			return err
		}
		request, err := aftersales.AskPart(tx, aftersales.AskPartInput{
			Part: partID(code), Quantity: aftersales.Quantity{Amount: 2000}, Location: van.ID, Note: "the last one went yesterday",
		})
		if err == nil && i == 0 {
			err = aftersales.ApprovePart(tx, request, 2000)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// library gives the company what its people look things up in and are asked by: documents, ready-made checklists of other jobs than repairs, and the
// keys by which its book-keeping calls its parts.
func library(tx aftersales.Tx) error {
	for _, name := range aftersales.ChecklistTemplates() {
		in, err := aftersales.ChecklistFrom(name)
		if err != nil {
			return err
		}
		if in.JobKind == "repair" {
			continue // the demo's repairs are for trying out, without answers
		}
		if _, err := aftersales.CreateChecklist(tx, in); err != nil {
			return err
		}
	}
	for _, d := range demoDocuments {
		if _, err := aftersales.AddDocument(tx, d); err != nil {
			return err
		}
	}
	for i, p := range demoParts {
		about := aftersales.Row{Table: "part", ID: partID(p.code)}
		if err := aftersales.PutKey(tx, "ERP", strconv.Itoa(10_100+i), about); err != nil {
			return err
		}
	}
	return nil
}

var demoDocuments = []aftersales.DocumentInput{
	{
		Kind: aftersales.DocumentProcedure, Edition: "3",
		Title: map[string]string{"en": "Isolating a machine before work", "zh-Hans": "作业前的断电与上锁", "zh-Hant": "作業前的斷電與上鎖"},
		Text:  "Tell the operator. Switch off, lock the main switch, hang your tag. Try to start it. Measure: no voltage. Only then open the cover.",
	},
	{
		Kind: aftersales.DocumentBulletin, Edition: "2026-04",
		Title: map[string]string{"en": "Shaft seals of batch 40-B leak", "zh-Hans": "40-B 批次轴封渗漏", "zh-Hant": "40-B 批次軸封滲漏"},
		Text:  "Seals SEAL-40 with the stamp 40-B harden within weeks. Replace them at every visit, free of charge, and send the old ones back.",
	},
}
