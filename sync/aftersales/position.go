package aftersales

import (
	"slices"
	"strconv"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// A position is where a person was last on a day, while he worked: one row a person and day (PositionID), so that one
// erasure takes the whole of a day out of every history, also what comes after it. It lies with him alone and on the hub.
var positionTable = &schema.Table{
	ID: 236, Name: "position",
	Columns: slices.Concat(branch(), []schema.Column{
		ref(1, "person", "person", required, fixed),
		date(2, "day", required, fixed, indexed), // of the moment, in UTC
		ref(3, "visit", "visit", required),       // that was running
	}, together("position",
		decimal(20, "latitude", PositionScale, personal),
		decimal(21, "longitude", PositionScale, personal),
	), occurred()),
	Buckets: []schema.Bucket{in(schema.PersonBucket, "person")},
	Rights:  self("visit", "latitude", "longitude", "occurred", "corrected", "branch"),
}

// A position switch is a person's own: while it is on his phone notes where he is. Its id follows from the person.
var positionSwitchTable = &schema.Table{
	ID: 238, Name: "position_switch",
	Columns: slices.Concat(branch(), []schema.Column{
		ref(1, "person", "person", required, fixed),
		integer(2, "shared"),       // 1: it is on
		instant(3, "since", fixed), // when it was set for the first time
	}),
	Buckets: []schema.Bucket{in(schema.PersonBucket, "person")},
	Rights:  self("shared"),
}

// self is the right of a person to make rows of his own bucket, and to write those columns of them.
func self(columns ...string) []schema.Right {
	return []schema.Right{{Name: "self", Insert: true, Columns: columns}}
}

// What refuses a position.
const (
	PositionsOff fault.Code = "positions_off" // the person's switch is off
	NotAtWork    fault.Code = "not_at_work"   // none of his visits runs, or it is not his working time
	TooSoon      fault.Code = "too_soon"      // the last was noted a moment ago
	BadDay       fault.Code = "bad_day"       // the row is not that of its person and day
)

// What holds where the company has not set it.
const (
	standardPositionDays    = 7
	standardPositionMinutes = 5
	leastPositionGap        = 60_000 // ms between two positions, whatever is set
)

// SharedPosition is a row of the table position.
type SharedPosition struct {
	ID        record.ID `json:"id"`
	Branch    record.ID `json:"branch"`
	Person    record.ID `json:"person"`
	Day       int64     `json:"day"` // days since 1970-01-01
	Visit     record.ID `json:"visit"`
	Latitude  int64     `json:"latitude"`  // 1e-7 degrees
	Longitude int64     `json:"longitude"` // 1e-7 degrees
	Occurred  int64     `json:"occurred"`
	Corrected int64     `json:"corrected"`
}

// SharedPositionOf returns the row as a SharedPosition; the zero SharedPosition for nil.
func SharedPositionOf(r *record.Row) SharedPosition { return view[SharedPosition](r) }

// PositionID returns the id of a person's position of a day (days since 1970-01-01, UTC).
func PositionID(person record.ID, day int64) record.ID {
	return NamedID("position", person.String(), strconv.FormatInt(day, 10))
}

// PositionSwitchID returns the id of a person's switch.
func PositionSwitchID(person record.ID) record.ID {
	return NamedID("position switch", person.String())
}

// PositionDay returns the day on which a moment (ms UTC) is, in days since 1970-01-01.
func PositionDay(at int64) int64 { return at / dayMillis }

// SharesPosition reports whether the person's switch is on.
func SharesPosition(v Reader, person record.ID) (bool, error) {
	row, err := v.Row("position_switch", PositionSwitchID(person))
	return err == nil && row != nil && row.Get("shared").Number() == 1, err
}

// SharePosition turns the author's own switch on or off: nobody has another's.
func SharePosition(tx Tx, on bool) error {
	values := record.Values{"person": record.Ref(tx.Author()), "shared": flag(on), "since": record.Instant(tx.Now())}
	return upsert(tx, "position_switch", PositionSwitchID(tx.Author()), values)
}

// PositionDays returns for how many days at most a position is kept.
func PositionDays(tx Reader) (int, error) {
	n, err := countOf(tx, SettingPositionDays, record.ID{}, standardPositionDays)
	return int(n), err
}

// PositionGap returns the ms that lie at least between two positions of somebody of the branch.
func PositionGap(tx Reader, branch record.ID) (int64, error) {
	n, err := countOf(tx, SettingPositionMinutes, branch, standardPositionMinutes)
	return max(n*60_000, leastPositionGap), err
}

// countOf returns the value of a setting that is a number, 0 or more.
func countOf(tx Reader, name string, branch record.ID, standard int64) (int64, error) {
	text, err := Setting(tx, name, branch)
	if n, wrong := strconv.ParseInt(text, 10, 32); wrong == nil && n >= 0 {
		return n, err
	}
	return standard, err
}

// PositionInput is where the author is.
type PositionInput struct {
	Position Position
	At       Moment
}

// RecordPosition notes where the author is, in the place of where he was before on that day: while his switch is on, a
// visit of his runs and it is his working time by the calendar in force. Codes: PositionsOff, NotAtWork, TooSoon,
// BadPosition.
func RecordPosition(tx Tx, in PositionInput) error {
	at := in.At.corrected(tx)
	visit, err := runningVisit(tx, tx.Author())
	if err != nil {
		return err
	}
	if err := maySharePosition(tx, tx.Author(), visit, at); err != nil {
		return err
	}
	id := PositionID(tx.Author(), PositionDay(at))
	if err := notTooSoon(tx, id, visit.Branch, at); err != nil {
		return err
	}
	values := record.Values{
		"branch": record.Ref(visit.Branch), "person": record.Ref(tx.Author()), "day": record.Date(PositionDay(at)), "visit": record.Ref(visit.ID),
	}
	in.At.put(tx, values)
	if err := in.Position.put(values); err != nil {
		return err
	}
	return upsert(tx, "position", id, values)
}

// runningVisit returns the visit that the person is on, or on the way to; the zero Visit if there is none.
func runningVisit(tx View, person record.ID) (running Visit, err error) {
	rows, err := tx.Refs("visit", "person", person)
	for _, row := range rows {
		v := VisitOf(row)
		if v.State == VisitOnSite || v.State == VisitTravelling && running.State != VisitOnSite {
			running = v
		}
	}
	return running, err
}

// maySharePosition refuses a position where the person's switch is off, the visit was not his or not under way, or it was
// not his working time. Codes: PositionsOff, NotAtWork.
func maySharePosition(v View, person record.ID, visit Visit, at int64) error {
	on, err := SharesPosition(v, person)
	switch {
	case err != nil:
		return err
	case !on:
		return fault.New(PositionsOff, "the switch for your position is off")
	case visit.Person != person || !visit.ranAt(at):
		return fault.New(NotAtWork, "no visit of yours is under way: your position is nobody's business")
	}
	row, err := v.Row("person", person)
	if err != nil {
		return err
	}
	who := PersonOf(row)
	who.ID = person
	hours, err := HoursOf(v, who, at)
	if err == nil && !hours.Works(at) {
		return fault.New(NotAtWork, "it is not your working time: your position is nobody's business")
	}
	return err
}

// ranAt reports whether the visit was under way at an instant (ms UTC). One that the office called off before it heard
// that he had set out was, until he heard in turn.
func (v Visit) ranAt(at int64) bool {
	began := v.TravelAt
	if began == 0 || v.ArrivedAt != 0 && v.ArrivedAt < began {
		began = v.ArrivedAt
	}
	return began != 0 && began <= at && (!v.Over() || v.FinishedAt >= at || v.Outcome == OutcomeRecalled)
}

// notTooSoon refuses a position so soon after the last of its day. Codes: TooSoon.
func notTooSoon(tx Reader, id, branch record.ID, at int64) error {
	row, err := tx.Row("position", id)
	if err != nil || row == nil {
		return err
	}
	gap, err := PositionGap(tx, branch)
	if err == nil && at < SharedPositionOf(row).Corrected+gap {
		return fault.New(TooSoon, "your position was noted a moment ago")
	}
	return err
}

// SweepPosition drops the position of a day that is kept no longer; another stays. Its values are erased before, which
// takes them out of the histories too. Its id is that of the row.
func SweepPosition(tx Tx, id record.ID) error {
	row, err := tx.Row("position", id)
	if err != nil || row == nil {
		return err
	}
	days, err := PositionDays(tx)
	if day := SharedPositionOf(row).Day; err != nil || day > LastPositionDay(tx.Now(), days) && day <= PositionDay(tx.Now())+1 {
		return err
	}
	return tx.Delete("position", id)
}

// LastPositionDay returns the last day (since 1970-01-01) whose positions are kept no longer at an instant (ms UTC). Those
// of a day that is not tomorrow yet were noted by a clock that is wrong, and are not kept either.
func LastPositionDay(now int64, days int) int64 { return PositionDay(now) - int64(days) }

// checkPosition lets a phone bring what RecordPosition writes. How often it may is the branch's to set and to change: here
// the least gap of all is judged, and what was brought out of its order has none.
func (v *review) checkPosition(t *schema.Table, c *record.RowChange) error {
	before, err := v.Row(t.Name, c.ID)
	if err != nil {
		return err
	}
	value := func(column string) record.Value {
		if w := cell(t, c, column); !w.IsNull() || before == nil {
			return w
		}
		return before.Get(column)
	}
	at, day := value("corrected").Number(), value("day").Number()
	if PositionDay(at) != day || c.ID != PositionID(v.author, day) {
		return fault.New(BadDay, "a position stands in the row of its person and day")
	}
	row, err := v.Row("visit", value("visit").Ref())
	if err != nil {
		return err
	}
	if err := maySharePosition(v, v.author, VisitOf(row), at); err != nil || before == nil {
		return err
	}
	if last := SharedPositionOf(before).Corrected; at >= last && at < last+leastPositionGap {
		return fault.New(TooSoon, "two positions lie a minute apart at least")
	}
	return nil
}
