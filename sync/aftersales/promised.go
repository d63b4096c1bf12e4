package aftersales

import (
	"cmp"
	"encoding/json"
	"math"
	"slices"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/worktime"
)

// promisedHistory is the kind under which the versions stand of what promises go by of a request, as placeHistory is of a place.
// Only a request that was promised something else by an edit has some: most never have.
const promisedHistory = "promised"

// promised is what promises go by of a request.
type promised struct {
	Site     record.ID `json:"site"`
	Severity string    `json:"severity,omitempty"`
	Level    string    `json:"level,omitempty"`
	Class    string    `json:"class,omitempty"`
	Type     string    `json:"type,omitempty"`
}

// Validate takes any.
func (promised) Validate() error { return nil }

// promisedBefore are the columns of a request by which it is decided what was promised.
var promisedBefore = []string{"site", "severity", "service_level", "service_class", "type"}

// promisedTo returns what the request's promises go by now.
func promisedTo(r Request) promised {
	return promised{Site: r.Site, Severity: r.Severity, Level: r.ServiceLevel, Class: r.ServiceClass, Type: r.Type}
}

// of returns the request as it was when this was promised.
func (p promised) of(r Request) Request {
	r.Site, r.Severity, r.ServiceLevel, r.ServiceClass, r.Type = p.Site, p.Severity, p.Level, p.Class, p.Type
	return r
}

// stage is what a request's clocks go by from an instant (ms UTC) on; the first from the beginning.
type stage struct {
	from    int64
	request Request // as it was then
	terms
}

// stagesOf returns the stages of a request that had begun at an instant, the first one first.
func (b *SLABook) stagesOf(r Request, at int64) ([]stage, error) {
	versions, err := PolicyVersions(b.view, promisedHistory, r.ID)
	if err != nil {
		return nil, err
	}
	list := []stage{{request: r}}
	for i, version := range versions {
		was, err := policyOf[promised](version)
		if err != nil {
			return nil, err
		}
		if i == len(versions)-1 { // an edit since that promised the same is not among the versions
			was = promisedTo(r)
		}
		switch s := (stage{from: version.ValidFrom, request: was.of(r)}); {
		case i == 0:
			list[0] = s
		case s.from <= at:
			list = append(list, s)
		}
	}
	for i := range list {
		if list[i].terms, err = b.termsOf(list[i].request); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// never is when a clock is due that does not run.
const never = math.MaxInt64

// clockOf reads the clock of a target at an instant, false where nobody promised it. An edit changes what is still to be kept, and
// nothing that was: a target that was met, missed or over by then is judged by what had been promised. Else it is due when it
// would have been if the request had been so from the beginning; but a promise that is shorter than the one before gives its
// whole time from the edit on, up to when it was due before: nobody is late for what he could not know.
func clockOf(target string, stages []stage, h history, waits []Wait, at int64) (c Clock, ok bool) {
	before := int64(never)
	for _, s := range stages {
		if ok && c.decidedBy(s.from) {
			break
		}
		promise, promises := s.terms.promises.promiseFor(target, s.request, s.region)
		if ok = promises; !ok {
			before = never
			continue
		}
		c = s.clock(promise, h, waits, before, at)
		before = cmp.Or(c.Due, never)
	}
	return c, ok
}

// decidedBy reports whether nothing that somebody promises from an instant on changes how the clock ends.
func (c Clock) decidedBy(from int64) bool {
	ended := cmp.Or(c.Met, c.Over)
	return ended != 0 && ended <= from || c.Due != 0 && c.Due < from
}

// due returns when a promise is due whose clock started, if the promise before it was due at another instant; never while it rests.
func (s stage) due(p Promise, started, before int64, rests []worktime.Interval) int64 {
	calendar := s.calendar
	if !p.Working {
		calendar = worktime.Always()
	}
	after := func(from int64) int64 {
		if due, counts := calendar.AddExcept(from, p.Minutes*60_000, rests); counts {
			return due
		}
		return never
	}
	return max(after(started), min(before, after(max(s.from, started))))
}

// keepPromised writes down what a request is promised by from now on, and what it was before, where an edit changes a promise. On
// a phone nobody does: what it writes of a request changes none. Codes: WrongState where the request is over, and what was
// promised to it stays.
func keepPromised(tx Tx, row *record.Row, values record.Values) error {
	changed := slices.DeleteFunc(slices.Clone(promisedBefore), func(name string) bool {
		v, given := values[name]
		return !given || v == row.Get(name)
	})
	if len(changed) == 0 {
		return nil
	}
	r := RequestOf(row)
	if r.Over() {
		return fault.Newf(WrongState, "the request is over, and what was promised to it stays: reopen it to change its %v", readable(changed[0]))
	}
	edited := row.Clone()
	for _, name := range changed {
		edited.Cols[row.Table.Column(name)] = values[name]
	}
	is := RequestOf(edited)
	differs, err := promisesDiffer(tx, r, is)
	if err != nil || !differs || !tx.Hub() {
		return err
	}
	return keepHistory(tx, promisedHistory, row, promisedTo(r), promisedTo(is))
}

// promisesDiffer reports whether a request is promised another thing than it would be as another one.
func promisesDiffer(tx Tx, a, b Request) (bool, error) {
	book := NewSLABook(tx)
	was, err := book.termsOf(a)
	if fault.CodeOf(err) == BadPolicy {
		return true, nil // of a later version of this program, which knows
	}
	if err != nil {
		return false, err
	}
	is, err := book.termsOf(b)
	if err != nil || was.calendar != is.calendar {
		return true, err
	}
	return slices.ContainsFunc(slaEvents[1:], func(target string) bool {
		p, promised := was.promises.promiseFor(target, a, was.region)
		q, promises := is.promises.promiseFor(target, b, is.region)
		return promised != promises || p != q
	}), nil
}

// keepHistory writes down what promises go by of a row from now on, and what they went by until now where nothing is kept yet.
func keepHistory(tx Tx, kind string, row *record.Row, was, is any) error {
	versions, err := PolicyVersions(tx, kind, row.ID)
	if err != nil {
		return err
	}
	if len(versions) == 0 {
		if err := keepVersion(tx, kind, row, was, 0); err != nil {
			return err
		}
	}
	return keepVersion(tx, kind, row, is, tx.Now())
}

// keepVersion writes the version that holds from an instant on.
func keepVersion(tx Tx, kind string, row *record.Row, what any, from int64) error {
	body, err := json.Marshal(what)
	if err != nil {
		return err
	}
	branch, policy := row.Get("branch"), PolicyID(kind, row.ID)
	if row.Table.Name == "branch" {
		branch = record.Ref(row.ID)
	}
	if err := upsert(tx, "policy", policy, record.Values{"kind": record.Text(kind), "branch": branch}); err != nil {
		return err
	}
	return insert(tx, "policy_version", tx.NewID(), record.Values{
		"branch": branch, "policy": record.Ref(policy), "kind": record.Text(kind), "valid_from": record.Instant(from),
		"body": record.Text(string(body)), "author": record.Ref(tx.Author()),
	})
}
