package aftersales

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// Reader is what reading single rows takes; every Tx is one.
type Reader interface {
	// Row returns the living row, nil if there is none.
	Row(table string, id record.ID) (*record.Row, error)
}

// Decision is what becomes of a device's change set. The zero Decision lets it pass as it is.
type Decision struct {
	Refuse  *fault.Error       // not nil: into quarantine
	Instead []record.RowChange // not nil: these in the place of its row changes
}

// WrongAuthor says that a change claims to be somebody else's.
const WrongAuthor fault.Code = "wrong_author"

// Review judges what a device sends before it is merged: what the commands on the phone could not know, and what a
// changed phone could claim. Late writes to what an audited slip locks, and to closed jobs, become supplements; late
// writes to an alias land on the row that stands for it; the rest of the change set is kept as it is. What its author had
// heard of goes up to the commit heard, by the engine's judgement and not by his word (judge.Author). Codes of
// refusals: UnknownPart, UnknownLocation, BadQuantity, SamePlace, WrongAuthor, NotAssigned, BadCode, NoSecret,
// NotYourPlace, ForeignNumber, PositionsOff, NotAtWork, TooSoon, BadDay, BadPolicy, BadMoney, ApprovalMissing, HandOverMistyped, HandOverForged,
// HandOverNotYours, HandOverExpired, RowsJoined, fault.NotAllowed.
func Review(r View, cs *record.ChangeSet, author record.ID, heard uint64) (Decision, error) {
	v := review{View: r, cs: cs, author: author, heard: heard}
	for i := range cs.Rows {
		err := v.row(i)
		if err == nil {
			continue
		}
		if refusal, ok := err.(*fault.Error); ok && refusal.Code != fault.Internal {
			return Decision{Refuse: refusal}, nil
		}
		return Decision{}, err
	}
	if !v.diverted {
		return Decision{}, nil
	}
	return Decision{Instead: append([]record.RowChange{}, v.kept...)}, nil // not nil, though nothing be left
}

type review struct {
	View
	cs       *record.ChangeSet
	author   record.ID
	heard    uint64 // the commit up to which the author had heard of what others did
	kept     []record.RowChange
	diverted bool
	joined   map[record.ID]bool // rows that stand for others that the change set writes, too
}

// Row returns living rows only, whatever the reader gives.
func (v *review) Row(table string, id record.ID) (*record.Row, error) {
	row, err := v.View.Row(table, id)
	if row != nil && row.Deleted {
		row = nil
	}
	return row, err
}

// row keeps, diverts or refuses one row change.
func (v *review) row(i int) error {
	c := &v.cs.Rows[i]
	t := Schema.TableByID(c.Table)
	if t == nil {
		v.kept = append(v.kept, *c)
		return nil
	}
	if err := v.check(t, c); err != nil {
		return err
	}
	if c.Op == record.Insert {
		c = v.signed(t, c)
		late, err := v.lateInsert(i, t, c)
		if !late && err == nil {
			v.kept = append(v.kept, *c)
		}
		return err
	}
	if withdrawn, err := v.withdrawn(t, c); err != nil || withdrawn {
		v.diverted = v.diverted || withdrawn
		return err
	}
	row, err := v.Row(t.Name, c.ID)
	if err != nil || row == nil {
		v.kept = append(v.kept, *c)
		return err
	}
	if locked, reason, err := v.locked(row, c); err != nil || reason != "" {
		if err == nil {
			v.divert(i, row, c, locked, reason)
		}
		return err
	}
	return v.redirect(t, row, c)
}

// withdrawn reports whether the change would bring back a row that gave holds for a while and was deleted: what a phone still
// writes on such a one stays in the history alone. Who gives a job again is the office.
func (v *review) withdrawn(t *schema.Table, c *record.RowChange) (bool, error) {
	if !slices.ContainsFunc(t.Grants, func(g schema.Grant) bool { return g.While != "" }) {
		return false, nil
	}
	if past, ok := v.View.(interface {
		Dead(table string, id record.ID) (bool, error)
	}); ok {
		return past.Dead(t.Name, c.ID)
	}
	return false, nil
}

// stayingEnded returns the change without what would have a row give holds again that gives none any more. A phone that
// finishes what was ended meanwhile does not undo that, whatever it says to have seen: who gives a job again is the office.
func stayingEnded(row *record.Row, c *record.RowChange) (kept record.RowChange, cut bool) {
	kept = *c
	for _, g := range row.Table.Grants {
		i := row.Table.Column(g.While)
		if i < 0 || slices.Contains(g.In, row.Get(g.While).Text()) {
			continue
		}
		kept.Cells = slices.DeleteFunc(slices.Clone(kept.Cells), func(w record.CellWrite) bool {
			return w.Column == row.Table.Columns[i].ID && slices.Contains(g.In, w.Value.Text())
		})
	}
	return kept, len(kept.Cells) < len(c.Cells)
}

// redirect keeps the change, on the row that stands for its own.
func (v *review) redirect(t *schema.Table, row *record.Row, c *record.RowChange) error {
	kept, cut := stayingEnded(row, c)
	v.diverted = v.diverted || cut
	if cut && len(kept.Cells) == 0 {
		return nil
	}
	if slices.Contains(mergeable, t.Name) && c.Op == record.Update {
		survivor, err := Survivor(v, t.Name, c.ID)
		if err != nil {
			return err
		}
		if survivor != c.ID {
			// The author had not seen the survivor: his values stand beside what is there, for the policies to choose.
			kept.ID, kept.Context, v.diverted = survivor, record.RowChange{}.Context, true
			if v.joined == nil {
				v.joined = map[record.ID]bool{}
			}
			v.joined[survivor] = true
		}
	}
	return v.keep(t, kept)
}

// keep adds the change, or joins it with another one that the change set makes on the row: of two rows that became one
// meanwhile, both may have been written. What the author had seen of the one is not what he had seen of the other, so only
// what is in both counts as seen. Where he wrote two values for one cell, a person decides which of them stands.
func (v *review) keep(t *schema.Table, c record.RowChange) error {
	i := slices.IndexFunc(v.kept, func(k record.RowChange) bool { return k.Key() == c.Key() })
	if i < 0 || !v.joined[c.ID] {
		v.kept = append(v.kept, c)
		return nil
	}
	first := v.kept[i]
	if first.Op != record.Update || c.Op != record.Update || disagree(&first, &c) {
		return fault.Newf(RowsJoined, "two rows that this changes are one %v now: the office decides what stands", readable(t.Name))
	}
	joined := record.Coalesce(first, c)
	joined.Context = first.Context.Meet(c.Context)
	v.kept[i] = joined
	return nil
}

// disagree reports whether the changes write different values into one cell.
func disagree(a, b *record.RowChange) bool {
	return slices.ContainsFunc(a.Cells, func(x record.CellWrite) bool {
		return slices.ContainsFunc(b.Cells, func(y record.CellWrite) bool { return x.CellID == y.CellID && x.Value != y.Value })
	})
}

// check refuses what no command writes.
func (v *review) check(t *schema.Table, c *record.RowChange) error {
	if w := cell(t, c, "author"); c.Op == record.Insert && !w.IsNull() && w.Ref() != v.author {
		return fault.Newf(WrongAuthor, "a %v carries the name of who made it", readable(t.Name))
	}
	if err := v.checkNumber(t, c); err != nil {
		return err
	}
	if err := v.checkReplaced(t, c); err != nil {
		return err
	}
	switch t.Name {
	case "charge":
		return checkReckoned(t, c)
	case "time_mark":
		return v.checkTimeMark(t, c)
	case "movement":
		return v.checkMovement(t, c)
	case "unit":
		return v.checkLying(t, c)
	case "assignment":
		return v.checkAssignment(t, c)
	case "position":
		return v.checkPosition(t, c)
	case "hand_over":
		return v.checkHandOver(t, c)
	case "approval":
		return v.checkApproval(t, c)
	case "consent":
		return v.checkConsent(t, c)
	case "part_request":
		if state := cell(t, c, "state").Text(); state == PartApproved || state == PartIssued {
			return fault.New(fault.NotAllowed, "what is asked for is approved and issued by the store")
		}
	case "slip":
		if cell(t, c, "state").Text() == SlipAudited {
			return fault.New(fault.NotAllowed, "slips are audited in the office")
		}
	case "job":
		if cell(t, c, "state").Text() == JobClosed {
			return fault.New(fault.NotAllowed, "jobs are closed in the office")
		}
	}
	return nil
}

func (v *review) checkMovement(t *schema.Table, c *record.RowChange) error {
	if part, err := v.Row("part", cell(t, c, "part").Ref()); err != nil || part == nil {
		return orRefuse(err, UnknownPart, "the catalogue does not have this part")
	}
	from, to := cell(t, c, "from_location").Ref(), cell(t, c, "to_location").Ref()
	for _, id := range []record.ID{from, to} {
		if location, err := v.Row("location", id); err != nil || location == nil {
			return orRefuse(err, UnknownLocation, "there is no such location")
		}
	}
	q := cell(t, c, "quantity").Number()
	switch {
	case from == to:
		return fault.New(SamePlace, "from and to are the same location")
	case q < 0 || q == 0 && cell(t, c, "replaces").IsNull():
		return fault.New(BadQuantity, "nothing, or less, is moved")
	case q > MaxJobQuantity && !cell(t, c, "job").IsNull():
		return errTooMany()
	}
	return v.checkPlace(t, c)
}

// orRefuse returns the failure, or the refusal where nothing failed.
func orRefuse(err error, code fault.Code, message string) error {
	if err != nil {
		return err
	}
	return fault.New(code, message)
}

// checkAssignment lets a technician take on a job that he found, in the change set that makes it, and finish or
// decline what was given to him. Nobody gives himself another job.
func (v *review) checkAssignment(t *schema.Table, c *record.RowChange) error {
	if c.Op == record.Insert {
		found := slices.ContainsFunc(v.cs.Rows, func(other record.RowChange) bool {
			return other.Op == record.Insert && other.Table == jobTable.ID && other.ID == cell(t, c, "job").Ref()
		})
		if !found || cell(t, c, "person").Ref() != v.author || !cell(t, c, "team").IsNull() {
			return fault.New(NotAssigned, "jobs are given in the office")
		}
		return nil
	}
	state := cell(t, c, "state").Text()
	if state != "" && state != AssignmentFinished && state != AssignmentDeclined {
		return fault.New(fault.NotAllowed, "assignments are opened and ended in the office")
	}
	row, err := v.Row("assignment", c.ID)
	if err != nil || row == nil {
		return err
	}
	if his, err := v.given(row, v.author); err != nil || his {
		return err
	}
	return fault.New(NotAssigned, "this assignment is somebody else's")
}

// cell returns what the change writes into a column without keys, null if nothing.
func cell(t *schema.Table, c *record.RowChange, column string) record.Value {
	i := t.Column(column)
	for _, w := range c.Cells {
		if i >= 0 && w.Column == t.Columns[i].ID && w.Key == "" {
			return w.Value
		}
	}
	return record.Null
}

// locked says whether the row may no longer change: why, and by which slip.
func (v *review) locked(row *record.Row, c *record.RowChange) (slip record.ID, reason string, err error) {
	switch row.Table.Name {
	case "slip":
		if row.Get("state").Text() == SlipAudited {
			return row.ID, SupplementAudited, nil
		}
	case "visit":
		if !row.Get("locked_by").IsNull() {
			return row.Get("locked_by").Ref(), SupplementAudited, nil
		}
	case "finding":
		job, err := v.Row("job", row.Get("job").Ref())
		if err != nil || job == nil || job.Get("locked_by").IsNull() {
			return record.ID{}, "", err
		}
		return job.Get("locked_by").Ref(), SupplementAudited, nil
	case "job":
		if !row.Get("locked_by").IsNull() && touches(row.Table, c, findingColumns) {
			return row.Get("locked_by").Ref(), SupplementAudited, nil
		}
		return record.ID{}, closedReason(row), nil
	default:
		return record.ID{}, "", nil
	}
	job, err := v.Row("job", row.Get("job").Ref())
	if err != nil || job == nil {
		return record.ID{}, "", err
	}
	return record.ID{}, closedReason(job), nil
}

func closedReason(job *record.Row) string {
	if job.Get("state").Text() == JobClosed {
		return SupplementClosed
	}
	return ""
}

// touches reports whether the change writes one of the columns, be it to clear it.
func touches(t *schema.Table, c *record.RowChange, columns []string) bool {
	return slices.ContainsFunc(c.Cells, func(w record.CellWrite) bool {
		i := t.ColumnByID(w.Column)
		return i >= 0 && slices.Contains(columns, t.Columns[i].Name)
	})
}

// divert turns the change into a supplement. Its id follows from the change set and the row, so that judging the same
// change set again names the same supplement.
func (v *review) divert(i int, row *record.Row, c *record.RowChange, slip record.ID, reason string) {
	job := row.Get("job")
	if row.Table == jobTable {
		job = record.Ref(row.ID)
	}
	stamp := v.cs.Stamp.Millis()
	values := record.Values{
		"branch": row.Get("branch"), "job": job, "about": record.AnyRef(row.Key()), "slip": record.Ref(slip),
		"author": record.Ref(v.author), "reason": record.Text(reason), "cause": optional(v.cs.Cause),
		"changes":  record.Text(encodeChanges(Schema.TableByID(c.Table), c)),
		"occurred": record.Instant(record.Within(stamp)), "corrected": record.Instant(record.Within(v.cs.Stamp.Add(v.cs.Offset).Millis())),
	}
	for name, value := range values {
		if value.IsNull() {
			delete(values, name)
		}
	}
	id := record.NewID(stamp, v.tail(i))
	supplement, err := record.NewChange(record.Insert, supplementTable, id, values)
	if err != nil { // the row lacks what a supplement needs, as its job: leave the change to the merge
		v.kept = append(v.kept, *c)
		return
	}
	v.kept, v.diverted = append(v.kept, supplement), true
}

// tail returns bytes that only the i-th row change of this change set has.
func (v *review) tail(i int) (tail [10]byte) {
	var b [24]byte
	binary.BigEndian.PutUint64(b[:], uint64(v.cs.Dot.Actor))
	binary.BigEndian.PutUint64(b[8:], v.cs.Dot.Counter)
	binary.BigEndian.PutUint64(b[16:], uint64(i))
	sum := sha256.Sum256(b[:])
	copy(tail[:], sum[:])
	return tail
}
