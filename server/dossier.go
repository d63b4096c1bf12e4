package server

import (
	"context"
	"maps"
	"slices"
	"strings"

	"fieldsync/server/admin"
	"fieldsync/server/store"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// hisJobs are the jobs of a customer or contact.
const hisJobs = "SELECT id FROM job WHERE party = ?1 OR contact = ?1"

// noticesTo are the notices that a person got, or of whom they tell, or a customer of whose jobs and requests they do: what webhooks
// are sent is kept as notices.
const noticesTo = `SELECT id FROM notice WHERE recipient = ?1 OR person = ?1 OR about = ?1 OR recipient IS NULL AND about IN (
	` + hisJobs + ` UNION ` + hisRequests + `)`

// hisRequests are those of a customer or contact.
const hisRequests = "SELECT id FROM request WHERE party = ?1 OR contact = ?1"

// hisNumbers are the telephone numbers of a customer or contact.
const hisNumbers = `SELECT phone FROM party WHERE id = ?1 UNION SELECT phone2 FROM party WHERE id = ?1 UNION
	SELECT phone FROM contact WHERE id = ?1 UNION SELECT phone2 FROM contact WHERE id = ?1`

// aboutHim says for each table which rows of it say something personal of whom the row ?1 is about: a customer, a contact,
// a colleague. An erasure empties these; a table whose columns are personal stands here, or is itself what is erased.
var aboutHim = map[string]string{
	"party":         "SELECT id FROM party WHERE merged_into = ?1",
	"contact":       "SELECT id FROM contact WHERE party = ?1 OR merged_into = ?1",
	"site":          "SELECT id FROM site WHERE party = ?1 OR merged_into = ?1",
	"call":          "SELECT id FROM call WHERE party = ?1 OR contact = ?1 OR party IS NULL AND phone IN (" + hisNumbers + ")",
	"slip":          "SELECT id FROM slip WHERE job IN (" + hisJobs + ")",
	"consent":       "SELECT id FROM consent WHERE job IN (" + hisJobs + ")",
	"payment":       "SELECT id FROM payment WHERE job IN (" + hisJobs + ")",
	"goods_receipt": "SELECT id FROM goods_receipt WHERE job IN (" + hisJobs + ")",
	"attachment":    "SELECT id FROM attachment WHERE " + personalFiles,
	"notice":        noticesTo,
	"external_key":  "SELECT id FROM external_key WHERE about = ?1",
	"external_base": "SELECT id FROM external_base WHERE about = ?1",
	"visit":         "SELECT id FROM visit WHERE person = ?1",
	"absence":       "SELECT id FROM absence WHERE person = ?1",
	"resource":      "SELECT id FROM resource WHERE person = ?1",
	"position":      "SELECT id FROM position WHERE person = ?1",
	"ring":          "SELECT id FROM ring WHERE person = ?1 OR phone IN (" + hisNumbers + ")",
}

// somebody are the tables whose rows are whom something may be said of.
var somebody = []string{"party", "contact", "site", "person"}

// aboutAnything is aboutHim for the row of any other table: what other systems call it and are told of it, and the files about it. There may be
// tens of thousands to erase again, as positions, when a backup came back: each is found by an index.
var aboutAnything = map[string]string{
	"attachment":    "SELECT id FROM attachment WHERE " + filesAbout,
	"external_key":  aboutHim["external_key"],
	"external_base": aboutHim["external_base"],
	"notice":        "SELECT id FROM notice WHERE about = ?1",
}

// besidesHim says which other rows are his: a dossier shows them, and an erasure leaves them, since they say nothing of
// him once he has no name.
var besidesHim = map[string]string{
	"request":    hisRequests,
	"job":        hisJobs,
	"unit":       "SELECT id FROM unit WHERE party = ?1",
	"contract":   "SELECT id FROM contract WHERE party = ?1",
	"comment":    "SELECT id FROM comment WHERE author = ?1 OR party = ?1 OR job IN (" + hisJobs + ") OR request IN (" + hisRequests + ")",
	"charge":     "SELECT id FROM charge WHERE job IN (" + hisJobs + ")",
	"assignment": "SELECT id FROM assignment WHERE person = ?1",
	"time_mark":  "SELECT id FROM time_mark WHERE person = ?1",
	"skill":      "SELECT id FROM skill WHERE person = ?1",
	"posting":    "SELECT id FROM posting WHERE person = ?1",
	"device_key": "SELECT id FROM device_key WHERE person = ?1",
}

// withAbout returns the rows, and after them what else says something personal of whom they are about, and of what that
// leads to: a customer's contacts, and what tells of these.
func (c *Core) withAbout(ctx context.Context, rows []record.Key) ([]record.Key, error) {
	all, known := slices.Clone(rows), map[record.Key]bool{}
	for _, k := range rows {
		known[k] = true
	}
	for i := 0; i < len(all); i++ {
		about := aboutAnything
		if c.isSomebody(all[i]) {
			about = aboutHim
		}
		found, err := c.rowsOf(ctx, about, all[i].ID)
		if err != nil {
			return nil, err
		}
		for _, k := range found {
			if !known[k] {
				known[k] = true
				all = append(all, k)
			}
		}
	}
	return all, nil
}

func (c *Core) isSomebody(k record.Key) bool {
	t := c.Store.Schema().TableByID(k.Table)
	return t != nil && slices.Contains(somebody, t.Name)
}

// rowsOf returns the rows that the queries find for the id, table by table.
func (c *Core) rowsOf(ctx context.Context, queries map[string]string, id record.ID) (found []record.Key, err error) {
	for _, table := range slices.Sorted(maps.Keys(queries)) {
		t := c.Store.Schema().Table(table)
		if t == nil {
			continue
		}
		ids, err := c.ids(ctx, queries[table], id[:])
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			found = append(found, record.Key{Table: t.ID, ID: id})
		}
	}
	return found, nil
}

// dossiers is what is kept about one person, as the office's pages see it.
type dossiers struct{ *Core }

var _ admin.Dossiers = dossiers{}

func (d dossiers) Of(ctx context.Context, whom record.Key) (f admin.Dossier, err error) {
	if f.Personal, err = d.withAbout(ctx, []record.Key{whom}); err != nil {
		return f, err
	}
	known := map[record.Key]bool{}
	for _, k := range f.Personal {
		known[k] = true
	}
	for _, k := range f.Personal {
		found, err := d.rowsOf(ctx, besidesHim, k.ID)
		if err != nil {
			return f, err
		}
		for _, k := range found {
			if !known[k] {
				known[k] = true
				f.Others = append(f.Others, k)
			}
		}
	}
	err = d.Store.Read(ctx, func(v *store.View) error {
		row, err := v.Row(whom)
		if err != nil || row == nil {
			return err
		}
		if f.Erased, err = v.WasErased(whom); err != nil {
			return err
		}
		f.Standing, err = standsIn(v, whom)
		return err
	})
	return f, err
}

// openWork counts what is still to be done for a customer or contact: what a phone brings of it would be refused after an
// erasure, the customer's signature first.
const openWork = `SELECT (SELECT count(*) FROM job WHERE (party = ?1 OR contact = ?1) AND _del = 0 AND state NOT IN ('done', 'closed', 'cancelled')) +
	(SELECT count(*) FROM request WHERE (party = ?1 OR contact = ?1) AND _del = 0 AND state NOT IN ('closed', 'cancelled'))`

// standsIn returns what keeps somebody from being erased yet.
func standsIn(v *store.View, whom record.Key) (why *fault.Error, err error) {
	if v.Schema().TableByID(whom.Table).Name == "person" {
		p, err := v.Person(whom.ID)
		if p != nil && p.Active {
			why = fault.New(admin.StillActive, "He still works here. Deactivate him first, and let his phones bring what waits on them.")
		}
		return why, err
	}
	var open int64
	if err := v.Select(func(q *sqlrow.Rows) error { open = q.Int(0); return q.Err() }, openWork, whom.ID[:]); err != nil {
		return nil, err
	}
	if open > 0 {
		why = fault.New(admin.OpenWork, "Work for this customer is still open. Finish or cancel it first: what phones bring of it afterwards would be refused.")
	}
	return why, nil
}

func (d dossiers) Erase(ctx context.Context, author admin.Author, whom record.Key) error {
	f, err := d.Of(ctx, whom)
	switch {
	case err != nil:
		return err
	case f.Standing != nil:
		return f.Standing
	}
	return d.Core.Erase(ctx, author.Person, []record.Key{whom})
}

// eraseAccounts takes the names of erased colleagues from their accounts and phones, and the views of lists that they saved; an
// account is closed with it. A name that says nothing stands there, so that what he did can still be told from what others did.
func (c *Core) eraseAccounts(ctx context.Context, rows []record.Key) error {
	t := c.Store.Schema().Table("person")
	if t == nil {
		return nil
	}
	return c.Store.Write(ctx, func(tx *store.Tx) error {
		for _, k := range rows {
			if k.Table != t.ID {
				continue
			}
			if err := tx.EraseAccount(k.ID, namelessPrefix+strings.ReplaceAll(k.ID.String(), "-", "")[20:]); err != nil {
				return err
			}
			views, err := tx.Setting(viewsSetting(k.ID))
			if err == nil && views != "" {
				err = tx.PutSetting(viewsSetting(k.ID), "")
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// namelessPrefix begins what an erased account is called; nobody is given such a name by chance.
const namelessPrefix = "erased-"
