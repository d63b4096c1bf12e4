package admin

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// countPage is the sheet on which what lies at a location is counted.
type countPage struct {
	frame
	Name    string
	URL     string // of the location
	From    string // the code with which the sheet begins
	Lines   []countLine
	Next    string // URL of the parts behind these, "" after the last
	Other   field  // a part that should not lie here
	Counted string // ... and how much of it does
	Note    string
	Problem string
}

// countLine is one part on the sheet. Quantities are as people read them.
type countLine struct {
	Part                    record.ID
	Code, Name, URL         string
	There, Minimum, Maximum string
	Expected                int64 // There, in thousandths of the part's unit
	Counted                 string
	Unit                    string
	Short                   bool // less than the least of what lies here can be used
}

// countMost is how many parts stand on one sheet.
const countMost = 100

// sheetQuery are the parts that lie at a location, or should, in the order of their codes.
var sheetQuery = `SELECT p.id, p.code, p.name, p.unit, b.amount, l.minimum, l.maximum, ` + usable + `
	FROM (` + strings.Replace(lying, "{location}", " WHERE location = ?", 1) + `) b
	JOIN part p ON p.id = b.part LEFT JOIN stock_level l ON l.location = b.location AND l.part = b.part AND l._del = 0 AND l.archived_at IS NULL
	WHERE (b.amount <> 0 OR l.minimum > 0) AND p.code >= ? ORDER BY p.code, p.id LIMIT ?`

// ShowCount shows the sheet.
func (o *Office) ShowCount(v *Visit) error {
	return o.countSheet(v, http.StatusOK, &countPage{From: v.query("from")})
}

// countSheet lists the parts of the location in the URL, with what the page has of them already.
func (o *Office) countSheet(v *Visit, status int, page *countPage) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	err = o.Engine.View(v.r.Context(), func(r Reader) (err error) {
		row, err := living(r, o.Schema.Table("location"), id)
		if err != nil {
			return err
		}
		if !isOurs(row) {
			return errNoPage
		}
		page.URL = locationsURL + "/" + id.String()
		if page.Name, err = o.names(r).row(row.Key()); err != nil {
			return err
		}
		return v.countLines(r, id, page)
	})
	if err != nil {
		return err
	}
	part := askRow("part", "part")
	page.Other = v.inputOf(&part, v.lang.Name("movement.part"), record.Null)
	page.Other.Kind, page.Other.Finds, page.Other.Value, page.Other.Ref = "row", "part", v.form("part"), v.form("ref.part")
	page.frame = v.frame(v.t("Count what lies here")+" · "+page.Name, locationsURL)
	return v.show(status, "count", page)
}

func (v *Visit) countLines(r Reader, location record.ID, page *countPage) error {
	return r.Select(func(q *sqlrow.Rows) error {
		if len(page.Lines) == countMost {
			page.Next = page.URL + "/count?from=" + url.QueryEscape(q.Text(1))
			return q.Err()
		}
		line := countLine{
			Part: q.ID(0), Code: q.Text(1), URL: partsURL + "/" + q.ID(0).String(), Name: v.lang.translation(q.Text(2)), Unit: q.Text(3), Expected: q.Int(4),
			There: quantity(q.Int(4), aftersales.QuantityScale), Minimum: orNone(q, 5), Maximum: orNone(q, 6),
			Short: !q.Null(5) && q.Int(7) < q.Int(5), Counted: v.form("counted." + q.ID(0).String()),
		}
		page.Lines = append(page.Lines, line)
		return q.Err()
	}, sheetQuery, location[:], page.From, int64(countMost+1))
}

// SendCount books what was counted: all of it, or nothing where something of it moved since the sheet was shown.
func (o *Office) SendCount(v *Visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	page := &countPage{From: v.form("from"), Note: v.form("note"), Counted: v.form("counted")}
	counts, err := v.countsTyped(id)
	if err == nil && len(counts) == 0 {
		err = fault.New(fault.Invalid, "Nothing is entered yet.")
	}
	differ := 0
	if err == nil {
		err = o.Engine.Do(v.r.Context(), v.author(), nil, aftersales.CausePartCount, func(tx aftersales.Tx) error {
			differ = 0
			for _, in := range counts {
				difference, err := aftersales.CountStock(tx, in)
				if err != nil {
					return err
				}
				if difference != 0 {
					differ++
				}
			}
			return nil
		})
	}
	if err == nil {
		return v.done(locationsURL+"/"+id.String(), v.t("Counted: %d parts, of which %d differ. The differences are booked.", len(counts), differ))
	}
	f, status := statusOf(err)
	if status >= 500 {
		return err
	}
	page.Problem = v.lang.refusal(f)
	return o.countSheet(v, http.StatusUnprocessableEntity, page)
}

// countsTyped reads the sheet: the lines on which something was written, and the part beneath them.
func (v *Visit) countsTyped(location record.ID) (counts []aftersales.CountInput, err error) {
	for name := range v.r.PostForm {
		text, isLine := strings.CutPrefix(name, "counted.")
		typed := strings.TrimSpace(v.form(name))
		if !isLine || typed == "" {
			continue
		}
		in := aftersales.CountInput{Location: location, Note: v.form("note")}
		expected, unread := strconv.ParseInt(v.form("expected."+text), 10, 64)
		if in.Part, err = record.ParseID(text); err != nil || unread != nil {
			return nil, errForm
		}
		in.Expected = &expected
		if in.Counted, err = parseDecimal(typed, aftersales.QuantityScale); err != nil {
			return nil, errUnread
		}
		counts = append(counts, in)
	}
	other, typed := v.form("part"), strings.TrimSpace(v.form("counted"))
	if other == "" && typed == "" {
		return counts, nil
	}
	in := aftersales.CountInput{Location: location, Note: v.form("note")}
	if in.Counted, err = parseDecimal(typed, aftersales.QuantityScale); err != nil {
		return nil, errUnread
	}
	part := askRow("part", "part")
	f, values := field{Name: "part", Value: other, Ref: v.form("ref.part"), column: &part}, record.Values{}
	err = v.office.Engine.View(v.r.Context(), func(r Reader) error { return v.readRef(r, &f, values) })
	in.Part = values["part"].Ref()
	return append(counts, in), err
}
