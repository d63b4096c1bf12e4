package admin

import (
	"cmp"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// barColumns are what a bar shows, of an assignment a and its job j.
const barColumns = "a.id, a.job, a.person, a.team, a.role, a.state, a.window_start, a.window_end, j.number, j.title, j.state," +
	" j.priority, j.due_at, j.kind, coalesce(j.fault_code, q.fault_code), j.needs, j.branch, p.name, s.name, s.city," +
	" (SELECT count(*) FROM assignment x WHERE x.job = j.id AND x.state = 'open' AND x._del = 0), a._meta, j._meta"

const barTables = " FROM assignment a JOIN job j ON j.id = a.job LEFT JOIN request q ON q.id = j.request" +
	" LEFT JOIN party p ON p.id = j.party LEFT JOIN site s ON s.id = j.site"

// readPlanned gives each line its bars. What was done leaves the phone after some days, its assignment ended without a
// reason; what was taken away has one. No state is named that the index of states could find: it would find them all.
func (b *board) readPlanned() error {
	bars, err := b.bars(" WHERE a.window_end > ? AND +a.window_start < ? AND a._del = 0 AND j._del = 0"+
		" AND a.state <> 'declined' AND (a.state <> 'ended' OR a.reason IS NULL) ORDER BY a.window_start, a.id", b.From, b.To)
	if err != nil {
		return err
	}
	jobs := map[record.ID]bool{}
	for _, one := range bars {
		if l := b.byOwner[one.owner()]; l != nil {
			l.Bars = append(l.Bars, one)
			jobs[one.Job] = true
		}
	}
	b.Jobs = len(jobs)
	return b.readUntimed()
}

// readUntimed reads what was given to those shown without a time. The rest of a job is read of the first of them only.
func (b *board) readUntimed() error {
	var first []record.ID
	err := b.r.Select(func(q *sqlrow.Rows) error {
		switch owner := cmp.Or(q.ID(1), q.ID(2)); {
		case b.byOwner[owner] == nil:
		case len(first) == untimedMost:
			b.Later++
		default:
			first = append(first, q.ID(0))
		}
		return q.Err()
	}, "SELECT a.id, a.person, a.team FROM assignment a WHERE a.window_start IS NULL AND a.state = 'open' AND a._del = 0 ORDER BY a.id")
	if err != nil {
		return err
	}
	if b.Untimed, err = b.bars(" WHERE a.id IN (SELECT unhex(value) FROM json_each(?)) AND j._del = 0 ORDER BY a.id", idList(first)); err != nil {
		return err
	}
	for _, one := range b.Untimed {
		one.Who = b.byOwner[one.owner()].Name
	}
	return nil
}

func (b *board) bars(where string, args ...driver.Value) (bars []*bar, err error) {
	err = b.r.Select(func(q *sqlrow.Rows) error {
		one := &bar{
			Assignment: q.ID(0), Job: q.ID(1), Person: q.ID(2), Team: q.ID(3), Role: q.Text(4), Start: q.Int(6), End: q.Int(7),
			Number: q.Text(8), Title: q.Text(9), State: q.Text(10), Priority: q.Int(11), Due: q.Int(12),
			Customer: q.Text(17), Place: cmp.Or(q.Text(18), q.Text(19)), Crew: int(q.Int(20)), Open: q.Text(5) == aftersales.AssignmentOpen,
			kind: q.Text(13), fault: q.Text(14), needs: q.Text(15), branch: q.ID(16),
		}
		bars = append(bars, one)
		return cmp.Or(q.Err(), b.sees(one, q.Bytes(21), q.Bytes(22)))
	}, "SELECT "+barColumns+barTables+where, args...)
	if err != nil {
		return nil, err
	}
	for _, one := range bars {
		if err := b.fillBar(one); err != nil {
			return nil, err
		}
	}
	return bars, nil
}

// sees notes what the board shows of a bar, of the metadata of its two rows: what is written from the board overwrites
// nothing else.
func (b *board) sees(one *bar, assignment, job []byte) (err error) {
	seen := Seen{}
	for k, meta := range map[record.Key][]byte{b.key("assignment", one.Assignment): assignment, b.key("job", one.Job): job} {
		if seen[k], err = record.MetaVector(meta); err != nil {
			return err
		}
	}
	one.Seen = seen.String()
	return nil
}

func (b *board) key(table string, id record.ID) record.Key {
	return record.Key{Table: b.o.Schema.Table(table).ID, ID: id}
}

// foresee reads rows ahead that are about to be asked for.
func (b *board) foresee(rows []record.Key) error {
	slices.SortFunc(rows, func(x, y record.Key) int {
		return cmp.Or(cmp.Compare(x.Table, y.Table), slices.Compare(x.ID[:], y.ID[:]))
	})
	return b.r.Foresee(slices.DeleteFunc(slices.Compact(rows), func(k record.Key) bool { return k.ID.IsZero() }))
}

// fillBar adds what the job takes, and whether it will be late.
func (b *board) fillBar(one *bar) error {
	policy, err := b.policy(one.branch)
	if err != nil {
		return err
	}
	job := aftersales.Job{Kind: one.kind}
	if one.needs != "" {
		if err := json.Unmarshal([]byte(one.needs), &job.Needs); err != nil {
			return err
		}
	}
	var needs []string
	for _, n := range policy.NeedsOf(job, one.fault) {
		needs = append(needs, fmt.Sprintf("%s:%d", n.Skill, n.Level))
		if b.skills[n.Skill], err = b.code(aftersales.ListSkill, n.Skill); err != nil {
			return err
		}
	}
	one.Needs = strings.Join(needs, " ")
	one.Late = one.Due != 0 && one.End > one.Due && one.Open
	return nil
}

// seen returns the vectors of the job and, unless its id is zero, of the assignment.
func (b *board) seen(job, assignment record.ID) (string, error) {
	seen := Seen{}
	for table, id := range map[string]record.ID{"job": job, "assignment": assignment} {
		if id.IsZero() {
			continue
		}
		row, err := b.view.Row(table, id)
		if err != nil {
			return "", err
		}
		if row != nil {
			seen.see(row)
		}
	}
	return seen.String(), nil
}
