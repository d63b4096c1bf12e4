package admin

import (
	"net/http"
	"net/url"
	"strconv"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// ringView is who calls the visitor, as a strip on whatever page he has open says it.
type ringView struct {
	Mark  string // changes with what is to be shown; "" for nothing
	Phone string
	Name  string // "" for somebody whom nobody knows
	More  int    // how many others have the number too
}

type ringPage struct {
	frame
	Ring ringView
}

// ring returns what rings at the visitor's telephone.
func (v *Visit) ring(r Reader) (ring aftersales.Ring, err error) {
	row, err := r.Row(record.Key{Table: v.office.Schema.Table("ring").ID, ID: aftersales.RingID(v.Who.ID)})
	if err != nil || row == nil || row.Deleted {
		return ring, err
	}
	if ring = aftersales.RingOf(row); !ring.Open(v.office.Now().UnixMilli()) {
		return aftersales.Ring{}, nil
	}
	return ring, nil
}

func markOf(r aftersales.Ring) string {
	if r.Phone == "" {
		return ""
	}
	return strconv.FormatInt(r.RangAt, 36)
}

// ringMark is what the stream says of it: the page asks for the strip where it has another one.
func (o *Office) ringMark(v *Visit) (mark string) {
	if !v.Who.May(auth.TakeCalls) {
		return ""
	}
	err := o.Engine.View(v.r.Context(), func(r Reader) error {
		ring, err := v.ring(r)
		mark = markOf(ring)
		return err
	})
	if err != nil && v.r.Context().Err() == nil {
		o.Log.Error("a page cannot hear who calls", "error", err)
	}
	return mark
}

// caller is somebody who has a number.
type caller struct {
	party record.ID
	name  string
}

// callers are the customers of a number, those whose own it is first.
func callers(r Reader, phone string) (list []caller, err error) {
	known := map[record.ID]bool{}
	for _, query := range []string{
		"SELECT coalesce(p.merged_into, p.id), p.name FROM party p WHERE p.phone = ? AND p._del = 0 AND p.archived_at IS NULL ORDER BY p.name LIMIT 20",
		"SELECT coalesce(p.merged_into, p.id), p.name FROM party p WHERE p.phone2 = ? AND p._del = 0 AND p.archived_at IS NULL ORDER BY p.name LIMIT 20",
		`SELECT coalesce(p.merged_into, p.id), concat_ws(' · ', c.name, p.name) FROM contact c JOIN party p ON p.id = c.party
			WHERE c.phone = ? AND c._del = 0 AND c.archived_at IS NULL AND p._del = 0 AND p.archived_at IS NULL ORDER BY c.name LIMIT 20`,
	} {
		err := r.Select(func(q *sqlrow.Rows) error {
			if id := q.ID(0); !known[id] {
				known[id] = true
				list = append(list, caller{id, q.Text(1)})
			}
			return q.Err()
		}, query, phone)
		if err != nil {
			return nil, err
		}
	}
	return list, nil
}

// ShowRing shows the strip.
func (o *Office) ShowRing(v *Visit) error {
	page := ringPage{frame: v.frame(v.t("Who calls"), intakeURL)}
	err := o.Engine.View(v.r.Context(), func(r Reader) error {
		ring, err := v.ring(r)
		if err != nil || ring.Phone == "" {
			return err
		}
		page.Ring = ringView{Mark: markOf(ring), Phone: ring.Phone}
		who, err := callers(r, ring.Phone)
		if len(who) > 0 {
			page.Ring.Name, page.Ring.More = who[0].name, len(who)-1
		}
		return err
	})
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "ring", page)
}

// TakeRing puts the strip away, and opens the intake with the caller filled in where that is what was asked for.
func (o *Office) TakeRing(v *Visit) error {
	rangAt, err := strconv.ParseInt(v.form("mark"), 36, 64)
	if err != nil {
		return errForm
	}
	err = o.Engine.Do(v.r.Context(), v.author(), nil, aftersales.CauseRingTake, func(tx aftersales.Tx) error {
		return aftersales.TakeRing(tx, v.Who.ID, rangAt)
	})
	if err != nil {
		return err
	}
	phone := v.form("number")
	if v.form("do") != "intake" || phone == "" {
		v.redirect(local(v.form("back"), homeURL))
		return nil
	}
	to := intakeURL + "?number=" + url.QueryEscape(phone)
	err = o.Engine.View(v.r.Context(), func(r Reader) error {
		who, err := callers(r, phone)
		if len(who) == 1 {
			to += "&party=" + who[0].party.String()
		}
		return err
	})
	if err != nil {
		return err
	}
	v.redirect(to)
	return nil
}

// SetExtension says at which extension of the telephone system somebody sits.
func (o *Office) SetExtension(v *Visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	seen, err := parseSeen(v.form("seen"))
	if err != nil {
		return err
	}
	err = o.Engine.Do(v.r.Context(), v.author(), seen, aftersales.CauseEdit, func(tx aftersales.Tx) error {
		return aftersales.SetExtension(tx, id, v.form("extension"))
	})
	if err != nil {
		return err
	}
	return v.done(peopleURL, v.t("Set."))
}
