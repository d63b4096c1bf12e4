package admin

import (
	"cmp"
	"database/sql/driver"
	"slices"
	"strings"
	"unicode/utf8"

	"fieldsync/server/list"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// callerMatch is somebody who may be calling.
type callerMatch struct {
	ID          string
	Name, Hint  string
	Why         []string // why he may be the one who is typed in as new
	Blacklisted bool
	exact       bool // the number or the serial is his
}

// matchMost is how many are offered: more would not be read while somebody talks.
const matchMost = 8

// matches finds who fits what was sought, and who is much like the one who is typed in as new.
func (i *intaking) matches() error {
	ids, err := i.sought()
	if err != nil {
		return err
	}
	typed, err := i.identity()
	if err != nil {
		return err
	}
	if ids, err = i.alsoAlike(typed, ids); err != nil {
		return err
	}
	var exact []string
	for _, id := range ids {
		m, err := i.match(typed, id)
		if err != nil {
			return err
		}
		if m.exact {
			exact = append(exact, m.ID)
		}
		i.p.Matches = append(i.p.Matches, m)
	}
	slices.SortStableFunc(i.p.Matches, func(a, b callerMatch) int { return cmp.Compare(len(b.Why), len(a.Why)) })
	i.p.Matches = i.p.Matches[:min(len(i.p.Matches), matchMost)]
	if i.p.Party == "" && len(exact) == 1 {
		i.p.Party = exact[0]
	}
	return nil
}

// identity is what would be known of the customer who is typed in.
func (i *intaking) identity() (c aftersales.Identity, err error) {
	for _, s := range []string{i.p.newPhone(), i.p.Q} {
		if !numberLike(s) {
			continue
		}
		phone, err := aftersales.PhoneIn(aftersales.Look(i.r), record.ID{}, s, i.o.Now().UnixMilli())
		if err != nil {
			return c, err
		}
		c.Phones = append(c.Phones, phone)
	}
	if name := i.p.newName(); utf8.RuneCountInString(name) > 1 {
		c.Names = []string{name}
	}
	for _, s := range []string{i.p.Typed["serial"], i.p.Q} {
		if s != "" {
			c.Serials = append(c.Serials, s)
		}
	}
	return c, nil
}

// sought returns who fits what was typed into the search: by name, number, telephone, or the serial of a machine.
func (i *intaking) sought() ([]record.ID, error) {
	q := i.p.Q
	if utf8.RuneCountInString(q) < 2 {
		return nil, nil
	}
	var either []string
	var args []driver.Value
	for _, of := range []struct{ table, party string }{{"party", "id"}, {"unit", "party"}, {"contact", "party"}} {
		fits, more, err := fitting(i.r, list.In(of.table, "x.id"), q)
		if err != nil {
			return nil, err
		}
		either, args = append(either, "SELECT x."+of.party+" FROM "+of.table+" x WHERE x._del = 0 AND "+fits), append(args, more...)
	}
	return i.parties("SELECT coalesce(p.merged_into, p.id) FROM party p WHERE p._del = 0 AND +p.archived_at IS NULL AND p.id IN ("+
		strings.Join(either, " UNION ")+`) ORDER BY p.name LIKE ? ESCAPE '\' DESC, p.name, p.id LIMIT ?`,
		append(args, escaped(q)+"%", int64(matchMost))...)
}

// likeMost bounds how many names are compared with the one that is typed.
const likeMost = 200

// alsoAlike adds who has the same number or serial as the new customer, or a name much like his.
func (i *intaking) alsoAlike(typed aftersales.Identity, ids []record.ID) ([]record.ID, error) {
	if len(typed.Names)+len(typed.Phones) == 0 && i.p.Typed["serial"] == "" {
		return ids, nil
	}
	either, args := []string{}, []driver.Value{}
	for _, phone := range typed.Phones {
		either = append(either, "SELECT id FROM party WHERE phone = ?", "SELECT id FROM party WHERE phone2 = ?",
			"SELECT party FROM contact WHERE phone = ? AND _del = 0")
		args = append(args, phone, phone, phone)
	}
	if s := i.p.Typed["serial"]; s != "" {
		either, args = append(either, "SELECT party FROM unit WHERE serial = ? AND _del = 0"), append(args, s)
	}
	for _, piece := range pieces(typed.Names) {
		m, err := i.r.Matches(piece, "party")
		if err != nil {
			return nil, err
		}
		if m.Many { // what so many names have, such as "company", says nothing of this one
			continue
		}
		fits, more := m.Hold("x.id", sqlrow.First)
		either, args = append(either, "SELECT x.id FROM party x WHERE "+fits), append(args, more...)
	}
	if len(either) == 0 {
		return ids, nil
	}
	more, err := i.parties("SELECT coalesce(p.merged_into, p.id) FROM party p WHERE p._del = 0 AND +p.archived_at IS NULL AND p.id IN ("+
		strings.Join(either, " UNION ")+") LIMIT ?", append(args, int64(likeMost))...)
	if err != nil {
		return nil, err
	}
	var others []aftersales.Identity
	for _, id := range more {
		other, err := aftersales.IdentityOf(aftersales.Look(i.r), id)
		if err != nil {
			return nil, err
		}
		others = append(others, other)
	}
	for _, like := range aftersales.FindDuplicates(typed, others) {
		ids = append(ids, like.B)
	}
	return unique(ids), nil
}

// pieces are parts of names of which one that is alike has some: words, and of scripts without blanks every two
// neighbours.
func pieces(names []string) (list []string) {
	for _, name := range names {
		for _, word := range strings.Fields(name) {
			runes := []rune(word)
			if len(runes) < len(word) {
				for at := 0; at+2 <= len(runes); at += 2 {
					list = append(list, string(runes[at:at+2]))
				}
			} else if len(runes) > 2 {
				list = append(list, word[:min(len(word), 4)])
			}
		}
	}
	return list[:min(len(list), 6)]
}

func (i *intaking) parties(query string, args ...driver.Value) (ids []record.ID, err error) {
	err = i.r.Select(func(q *sqlrow.Rows) error {
		ids = append(ids, q.ID(0))
		return q.Err()
	}, query, args...)
	return unique(ids), err
}

// unique drops repetitions, and keeps the order.
func unique(ids []record.ID) (list []record.ID) {
	for _, id := range ids {
		if !slices.Contains(list, id) {
			list = append(list, id)
		}
	}
	return list
}

// match describes somebody who may be calling.
func (i *intaking) match(typed aftersales.Identity, id record.ID) (m callerMatch, err error) {
	row, err := aftersales.Look(i.r).Row("party", id)
	if err != nil || row == nil {
		return m, err
	}
	p := aftersales.PartyOf(row)
	m = callerMatch{ID: id.String(), Name: p.Name, Blacklisted: p.Blacklisted}
	m.Hint = strings.Join(slices.DeleteFunc([]string{p.Number, p.Phone, p.City}, func(s string) bool { return s == "" }), " · ")
	his, err := aftersales.IdentityOf(aftersales.Look(i.r), id)
	if err != nil {
		return m, err
	}
	like := typed.Compare(his)
	m.exact = slices.Contains(like.Why, aftersales.SamePhone) || slices.Contains(like.Why, aftersales.SameSerials)
	if like.Score >= aftersales.AlikeFrom {
		m.Why = like.Why
	}
	return m, nil
}

// escaped returns what was typed as a LIKE pattern has it.
func escaped(s string) string {
	return strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(s)
}
