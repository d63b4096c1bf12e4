package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"fieldsync/server/importer"
)

// demoJobs is how many jobs the demo makes up when it is given no file.
const demoJobs = 400

// takeJobs imports the jobs of the file, or of one that is made up.
func (t *teller) takeJobs() (importer.Summary, error) {
	if t.file == "" {
		return t.company.importJobs(t.ctx, strings.NewReader(madeUpJobs(t.seed)), func(int) {})
	}
	return t.importFile(t.ctx, t.company, t.file)
}

// importFile takes the jobs of a file in, and shows how far it is.
func (a *app) importFile(ctx context.Context, c *company, path string) (importer.Summary, error) {
	file, size, err := a.source(path)
	if err != nil {
		return importer.Summary{}, err
	}
	defer func() { _ = file.Close() }()
	line := a.progress("    importing")
	from, read := counted(file)
	defer line.clear()
	return c.importJobs(ctx, from, func(jobs int) { line.show(read.Load(), size, many(jobs, "job")) })
}

var (
	machines = []string{"Excavator EX-12", "Excavator EX-17", "Chiller C-3", "Lift L-08", "Pump P-44", "挖掘机 W-21", "冷水機 CH-5", "电梯 DT-9"}
	faults   = []string{"hydraulic leak", "does not start after rain", "noise from the gearbox", "error E45 on the panel", "temperature drifts", "液压油泄漏", "噪音很大", "控制面板显示故障 E12", "無法啟動", "軸承過熱"}
)

// madeUpJobs returns a CSV file of jobs, one of them with a cost that is no number.
func madeUpJobs(seed uint64) string {
	random := rand.New(rand.NewPCG(seed, 4))
	var b strings.Builder
	b.WriteString("date,asset,text,type,cost\n")
	day := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	for i := range demoJobs {
		cost := fmt.Sprintf("%d.%02d", random.IntN(900), random.IntN(100))
		if i == 17 {
			cost = "to be agreed"
		}
		fmt.Fprintf(&b, "%s,%s,%s,PM0%d,%s\n", day.AddDate(0, 0, random.IntN(300)).Format(time.DateOnly),
			machines[random.IntN(len(machines))], faults[random.IntN(len(faults))], 1+random.IntN(3), cost)
	}
	return b.String()
}
