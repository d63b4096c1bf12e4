package main

import (
	"context"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// demoTeams are the groups of the demo, by branch.
var demoTeams = []struct{ name, branch string }{{"Crane crew", "S"}, {"电气组", "N"}}

// demoSubstates are states of the company's own.
var demoSubstates = []aftersales.SubstateInput{
	{Table: "job", Code: "parts", State: aftersales.JobPlanned, Rank: 1, Label: map[string]string{"en": "waits for parts", "zh-Hans": "等待备件", "zh-Hant": "等待備件"}},
	{Table: "job", Code: "crane", State: aftersales.JobPlanned, Rank: 2, Label: map[string]string{"en": "waits for a crane", "zh-Hans": "等待吊车", "zh-Hant": "等待吊車"}},
	{Table: "job", Code: "test", State: aftersales.JobInWork, Rank: 3, Label: map[string]string{"en": "under test", "zh-Hans": "试运行", "zh-Hant": "試運轉"}},
	{Table: "request", Code: "photo", State: aftersales.RequestNew, Rank: 1, Label: map[string]string{"en": "photo asked for", "zh-Hans": "待客户发照片", "zh-Hant": "待客戶傳照片"}},
}

// demoSecret signs what the demo's webhooks would be sent. Their hosts are names that nobody ever has.
const demoSecret = "whsec_ZGVtby13ZWJob29rLXNlY3JldC1vZi1ub2JvZHk="

// organise makes what an office sets up once: groups with members, states of its own, what parts cost, programs that
// hear of what happens: one that takes nothing yet, one that was there once.
func (l *live) organise(ctx context.Context) error {
	err := l.company.do(ctx, aftersales.CauseSetUp, func(tx aftersales.Tx) error {
		for _, step := range []func(aftersales.Tx) error{l.group, substates, costs, prices, hooks, l.stores, library, l.skilled, tidied, ownRules} {
			if err := step(tx); err != nil {
				return err
			}
		}
		return nil
	})
	return err
}

// group puts the crew of each branch into its group.
func (l *live) group(tx aftersales.Tx) error {
	for _, t := range demoTeams {
		team, err := aftersales.CreateTeam(tx, branchID(t.branch), t.name)
		if err != nil {
			return err
		}
		for i, m := range l.crew {
			if demoCrew[i].branch != t.branch {
				continue
			}
			if err := aftersales.JoinTeam(tx, team, m.person); err != nil {
				return err
			}
		}
	}
	return nil
}

// substates puts the company's own states, and one of them on the first planned jobs of each branch.
func substates(tx aftersales.Tx) error {
	for _, s := range demoSubstates {
		if err := aftersales.PutSubstate(tx, s); err != nil {
			return err
		}
	}
	for i, b := range demoBranches {
		jobs, err := tx.Refs("job", "branch", branchID(b.Code))
		if err != nil {
			return err
		}
		marked := 0
		for _, job := range jobs {
			if job.Get("state").Text() != aftersales.JobPlanned || marked == 2 {
				continue
			}
			if err := aftersales.SetSubstate(tx, job.ID, demoSubstates[(i+marked)%2].Code); err != nil {
				return err
			}
			marked++
		}
	}
	return nil
}

// costs says what parts cost the company.
func costs(tx aftersales.Tx) error {
	for i, p := range demoParts {
		for _, b := range demoBranches {
			cost := aftersales.Money{Minor: int64(1200 + i*730), Currency: b.Currency}
			if _, err := aftersales.SetPartCost(tx, branchID(b.Code), partID(p.code), cost, 0); err != nil {
				return err
			}
		}
	}
	return nil
}

// hooks are the programs that hear of what happens.
func hooks(tx aftersales.Tx) error {
	_, err := aftersales.CreateWebhook(tx, aftersales.WebhookInput{
		Name: "CRM", URL: "https://crm.example/fieldsync", Secret: demoSecret, Events: []string{"job.created", "job.done", "request.received"}, Person: tx.Author(),
	})
	if err != nil {
		return err
	}
	gone, err := aftersales.CreateWebhook(tx, aftersales.WebhookInput{
		Name: "Stock of the parent company", URL: "https://stock.example/in", Secret: demoSecret, Events: []string{"job.done"}, Person: tx.Author(),
	})
	if err != nil {
		return err
	}
	return tx.Update("webhook", gone, record.Values{"state": record.Text(aftersales.WebhookGone)})
}

// ownRules has the northern branch reckon by prices of its own, and the southern one work by a calendar of its own.
func ownRules(tx aftersales.Tx) error {
	for _, p := range aftersales.PolicyTemplates(aftersales.PolicyPrice) {
		if prices, ok := p.Body.(aftersales.PricePolicy); ok && prices.Currency == "TWD" {
			_, err := aftersales.PublishPolicy(tx, aftersales.PolicyInput{Kind: p.Kind, Branch: branchID("N"), Body: p.Body, Note: "北區價格"})
			if err != nil {
				return err
			}
		}
	}
	calendars := aftersales.PolicyTemplates(aftersales.PolicyCalendar)
	last := calendars[len(calendars)-1]
	_, err := aftersales.PublishPolicy(tx, aftersales.PolicyInput{Kind: last.Kind, Branch: branchID("S"), Body: last.Body, Note: "Perth"})
	return err
}
