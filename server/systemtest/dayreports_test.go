package systemtest

import (
	"net/http"
	"testing"
	"time"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// What technicians did on a day stands in the office, a line a person, and of each task by task; who may see statistics reads
// it, prints it and carries it away, and nobody else does.
func TestTheDailyReportOfATechnician(t *testing.T) {
	t.Parallel()
	reportsADay(t, newBureau(t))
}

func reportsADay(t *testing.T, b *bureau) {
	b.hire("boss", "Anna Berg", auth.Administrator)
	wang := b.hire("wang", "王强", auth.Technician)
	boss := b.browser("boss")
	boss.get("/day-reports").sees(http.StatusOK, "Nobody's clock ran on this day")
	boss.post("/parts", "code", "SEAL-12", "unit", "pcs").sees(http.StatusOK)
	job, path := boss.makes("=Pump leaks", wang)
	noon := at(12).AddDate(0, 0, -3)
	day := noon.Format(time.DateOnly)
	moment := func(minutes int) aftersales.Moment {
		return aftersales.Moment{Corrected: noon.Add(time.Duration(minutes) * time.Minute).UnixMilli()}
	}
	step := func(do func(aftersales.Tx) error) { t.Helper(); b.as(wang, do) }
	step(func(tx aftersales.Tx) error {
		return aftersales.Accept(tx, aftersales.VisitInput{Job: job, At: moment(0)})
	})
	step(func(tx aftersales.Tx) error {
		return aftersales.Travel(tx, aftersales.VisitInput{Job: job, At: moment(0)})
	})
	step(func(tx aftersales.Tx) error {
		return aftersales.Arrive(tx, aftersales.VisitInput{Job: job, At: moment(25)})
	})
	step(func(tx aftersales.Tx) error {
		in := aftersales.CompleteInput{Summary: "seal replaced", At: moment(95)}
		in.Job, in.Finding = job, "worn seal"
		return aftersales.Complete(tx, in)
	})
	var part record.ID = b.partOf("SEAL-12")
	step(func(tx aftersales.Tx) error { return booksOn(tx, job, part, wang, moment(60).Corrected) })

	boss.get("/day-reports?day="+day).sees(http.StatusOK, "王强", "25 min", "1 h 10 min", `?day=`+noon.AddDate(0, 0, 1).Format(time.DateOnly))
	one := "/day-reports/" + wang.String()
	boss.get(one+"?day="+day).sees(http.StatusOK, "王强 · "+day, path, "12:00–12:25 travel, 12:25–13:35 work", "Together", "SEAL-12", "80.00 CNY", "Cash", "data-print")
	boss.get("/day-reports?day="+day).sees(http.StatusOK, ">1</td>", "80.00 CNY")
	boss.get(one+"?day="+noon.AddDate(0, 0, 1).Format(time.DateOnly)).sees(http.StatusOK, "No clock ran on this day")
	boss.get(one + "?day=yesterday").sees(http.StatusOK)
	boss.get(one+"?day="+day+"&format=csv").sees(http.StatusOK, "'=Pump leaks", "1 h 10 min")
	boss.get(one + "?day=" + day + "&format=xlsx").sees(http.StatusOK)
	boss.get("/day-reports?day="+day+"&format=csv").sees(http.StatusOK, "王强")
	boss.get(one + "?format=exe").sees(http.StatusBadRequest)
	boss.get("/day-reports/" + record.ID{1}.String()).sees(http.StatusNotFound)
	boss.get("/people/"+wang.String()).sees(http.StatusOK, `href="`+one+`"`)

	b.hire("desk", "Mei Lin", auth.Dispatcher)
	b.browser("desk").get("/jobs").sees(http.StatusOK).lacks("/day-reports")
	b.hire("claims", "Kai Roth", "claims_clerk")
	claims := b.browser("claims")
	claims.get(one+"?day="+day).sees(http.StatusOK, "王强").lacks("format=csv")
	claims.get(one + "?day=" + day + "&format=csv").sees(http.StatusForbidden)
}

// booksOn uses a part and takes money for a job.
func booksOn(tx aftersales.Tx, job, part, author record.ID, at int64) error {
	when := record.Values{"occurred": record.Instant(at), "corrected": record.Instant(at), "job": record.Ref(job), "author": record.Ref(author)}
	put := func(table string, more record.Values) error {
		for name, value := range when {
			more[name] = value
		}
		return tx.Insert(table, tx.NewID(), more)
	}
	err := put("movement", record.Values{
		"part": record.Ref(part), "quantity": record.Quantity(aftersales.One, "pcs"), "condition": record.Text(aftersales.Good),
		"owner": record.Text(aftersales.OwnerUs), "cause": record.Text(aftersales.MoveRepairUse),
		"from_location": record.Ref(aftersales.VirtualLocation(aftersales.LocationSupplier)), "to_location": record.Ref(aftersales.VirtualLocation(aftersales.LocationCustomer)),
	})
	if err != nil {
		return err
	}
	return put("payment", record.Values{
		"method": record.Text("cash"), "amount": record.Money(80_00, "CNY"), "receipt_number": record.Text("P-1"),
	})
}
