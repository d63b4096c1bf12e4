package admin

import (
	"io"
	"strings"

	"fieldsync/server/list"
)

// jobsAtOnce is how many jobs a file of them reads at a time.
const jobsAtOnce = 5000

// jobsExported are the columns of a file of jobs, by their names in the lists of words.
var jobsExported = []string{"number", "state", "title", "priority", "party", "site", "unit", "person", "plan_start", "plan_end"}

// exportJobs sends all jobs that the filter leaves, in the order of the list.
func (o *Office) exportJobs(v *Visit, f JobFilter, format string) error {
	return o.Engine.View(v.r.Context(), func(r Reader) error {
		return v.sendFile("job", format, func(out io.Writer) error {
			heads := make([]string, len(jobsExported))
			for i, name := range jobsExported {
				heads[i] = v.lang.Name("job." + name)
			}
			if format == "csv" {
				return list.CSV(out, heads, func(put func([]string) error) error {
					return eachJob(r, f, func(j JobRow) error { return put(v.jobLine(j)) })
				})
			}
			return list.XLSX(out, heads, func(put func([]any) error) error {
				return eachJob(r, f, func(j JobRow) error { return put(v.jobCells(j)) })
			})
		})
	})
}

// eachJob calls do with every job that the filter leaves, in the order of the list.
func eachJob(r Reader, f JobFilter, do func(JobRow) error) error {
	for after := ""; ; {
		rows, _, next, err := r.Jobs(f, after, jobsAtOnce)
		if err != nil {
			return err
		}
		for _, job := range rows {
			if err := do(job); err != nil {
				return err
			}
		}
		if after = next; after == "" {
			return nil
		}
	}
}

// jobTexts are a job's cells as text.
func (v *Visit) jobTexts(j JobRow) []string {
	clock := times{v.lang, v.office.Zone}
	line := []string{
		j.Number, v.lang.Name("job.state." + j.State), j.Title, "", j.Customer, j.Site, j.Unit, strings.Join(j.People, ", "),
		clock.when(j.Start), clock.when(j.End),
	}
	if j.Priority != 0 {
		line[3] = decimal(j.Priority, 0)
	}
	return line
}

// jobLine are the same with nothing in them that a spreadsheet takes for a formula.
func (v *Visit) jobLine(j JobRow) []string {
	line := v.jobTexts(j)
	for i := range line {
		line[i] = list.Harmless(line[i])
	}
	return line
}

// jobCells are the same as a spreadsheet keeps them.
func (v *Visit) jobCells(j JobRow) []any {
	var cells []any
	for _, text := range v.jobTexts(j) {
		cells = append(cells, text)
	}
	if j.Priority != 0 {
		cells[3] = j.Priority
	}
	for i, at := range []int64{j.Start, j.End} {
		if at != 0 {
			cells[len(cells)-2+i] = wallClock(at, v.office.Zone)
		}
	}
	return cells
}
