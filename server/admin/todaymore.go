package admin

import (
	"database/sql/driver"
	"strconv"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// approvals lists paid work whose customer agreed, and which waits for the office's yes.
func (d *day) approvals(c *concern) error {
	c.ID, c.URL = "approvals", jobsURL
	return d.list(c, `FROM consent x JOIN job j ON j.id = x.job LEFT JOIN person p ON p.id = x.author
		WHERE x.needs_second = 1 AND j.state IN ('new', 'planned', 'in_work')
		AND NOT EXISTS (SELECT 1 FROM approval a WHERE a.consent = x.id AND a.how <> 'issued')
		AND x.id = (SELECT y.id FROM consent y WHERE y.job = x.job ORDER BY y.id DESC LIMIT 1)`,
		"j.id, j.number, coalesce(j.title, ''), coalesce(p.name, ''), x.amount_minor, x.amount_currency, x.corrected",
		func(q *sqlrow.Rows) concernRow {
			return concernRow{
				URL: jobURL(q.ID(0)), Name: q.Text(1), Text: q.Text(2) + " · " + q.Text(3), At: q.Int(6),
				Chip: money(aftersales.Money{Minor: q.Int(4), Currency: q.Text(5)}), Hue: "urgent",
			}
		})
}

// discrepancies lists what was done and does not fit together.
func (d *day) discrepancies(c *concern) error {
	c.ID, c.URL = "discrepancies", discrepanciesURL
	return d.list(c, `FROM discrepancy x LEFT JOIN job j ON j.id = x.job LEFT JOIN part p ON p.id = x.part LEFT JOIN location l ON l.id = x.location
		LEFT JOIN person w ON w.id = x.person WHERE x.state = 'open' AND x._del = 0`,
		"x.id, x.kind, concat_ws(' · ', j.number, p.code, l.name, w.name), x.found_at",
		func(q *sqlrow.Rows) concernRow {
			return concernRow{
				URL: discrepanciesURL + "/" + q.ID(0).String(), Name: capital(d.v.lang.Name("discrepancy.kind." + q.Text(1))), Text: q.Text(2), At: q.Int(3),
			}
		})
}

// findings lists what was given though not covered, and what was charged though covered.
func (d *day) findings(c *concern) error {
	c.ID, c.URL = "findings", findingsURL
	return d.list(c, `FROM billing_finding x LEFT JOIN job j ON j.id = x.job WHERE x.state = 'open' AND x._del = 0`,
		"x.id, x.kind, concat_ws(' · ', j.number, j.title), x.amount_minor, x.amount_currency, x.found_at",
		func(q *sqlrow.Rows) concernRow {
			return concernRow{
				URL: findingsURL + "/" + q.ID(0).String(), Name: capital(d.v.lang.Name("billing_finding.kind." + q.Text(1))), Text: q.Text(2),
				Chip: money(aftersales.Money{Minor: q.Int(3), Currency: q.Text(4)}), Hue: q.Text(1), At: q.Int(5),
			}
		})
}

// webhooksOff lists the webhooks that the hub switched off itself: what happens since then is told to nobody.
func (d *day) webhooksOff(c *concern) error {
	c.ID, c.URL = "webhooks", webhooksURL
	return d.list(c, `FROM webhook x LEFT JOIN person p ON p.id = x.person WHERE x.state IN ('failed', 'gone') AND x.archived_at IS NULL AND x._del = 0`,
		"x.id, x.name, coalesce(p.name, ''), x.state, x.failing_since",
		func(q *sqlrow.Rows) concernRow {
			return concernRow{
				URL: webhooksURL, Name: q.Text(1), Text: q.Text(2), Chip: d.v.lang.Name("webhook.state." + q.Text(3)), Hue: "refused", At: q.Int(4),
			}
		})
}

// list counts what there is, and reads the oldest.
func (d *day) list(c *concern, from, columns string, row func(*sqlrow.Rows) concernRow) error {
	err := d.r.Select(func(q *sqlrow.Rows) error { c.Count = int(q.Int(0)); return q.Err() }, "SELECT count(*) "+from)
	if err != nil || c.Count == 0 {
		return err
	}
	return d.r.Select(func(q *sqlrow.Rows) error { c.Rows = append(c.Rows, row(q)); return q.Err() },
		"SELECT "+columns+" "+from+" ORDER BY x.id LIMIT ?", driver.Value(int64(todayMost)))
}

// silent lists the phones that were not heard of for long, though their people hold work.
func (o *Office) silent(v *Visit) (c concern, err error) {
	c = concern{ID: "silent", Title: v.t("Silent phones with work on them"), URL: devicesURL}
	phones, err := o.Phones.Phones(v.r.Context())
	if err != nil {
		return c, err
	}
	held, err := o.held(v)
	if err != nil {
		return c, err
	}
	for _, p := range phones {
		if view := o.phoneView(p); !view.Silent || held[p.Person]+p.Pending == 0 {
			continue
		}
		c.Count++
		if len(c.Rows) < todayMost {
			c.Rows = append(c.Rows, concernRow{
				URL: devicesURL, Name: p.Owner, Text: p.Name, Chip: v.t("jobs: %s", strconv.Itoa(held[p.Person])), Hue: "urgent", At: millis(p.Contact),
			})
		}
	}
	return c, nil
}

// held counts the jobs that each person has now.
func (o *Office) held(v *Visit) (jobs map[record.ID]int, err error) {
	jobs = map[record.ID]int{}
	err = o.Engine.View(v.r.Context(), func(r Reader) error {
		return r.Select(func(q *sqlrow.Rows) error { jobs[q.ID(0)] = int(q.Int(1)); return q.Err() },
			"SELECT person, count(*) FROM assignment WHERE state = 'open' AND person IS NOT NULL AND _del = 0 GROUP BY person")
	})
	return jobs, err
}

// money writes an amount: "120.00 EUR".
func money(m aftersales.Money) string {
	if m.Currency == "" {
		return ""
	}
	return decimal(m.Minor, minorDigits(m.Currency)) + " " + m.Currency
}
