package server

import (
	"context"
	"encoding/hex"
	"regexp"
	"strings"

	"fieldsync/server/auth"
	"fieldsync/server/store"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/sqlrow"
)

// Somebody whose role is good in one branch sees and writes rows of that branch, and of none. It is kept here, where
// every page and the API read and write, and nowhere else: a page says what it shows and never whose.

// branchOf returns the branch of a row, and whether rows of its table have one; a branch is its own.
func branchOf(row *record.Row) (record.ID, bool) {
	if row.Table.Name == "branch" {
		return row.ID, true
	}
	return row.Get("branch").Ref(), row.Table.Column("branch") >= 0
}

func sees(in auth.Branches, row *record.Row) bool {
	branch, has := branchOf(row)
	return !has || in.Has(branch)
}

// within returns the query with every table of branches cut down to those. A common table expression of a table's name
// stands before the table itself, and is merged into the query by the planner, indexes and all.
func within(query string, in auth.Branches) string {
	if in.All {
		return query
	}
	mentioned := map[string]bool{}
	for _, word := range words.FindAllString(query, -1) {
		mentioned[word] = true
	}
	var cuts []string
	for _, t := range aftersales.Schema.Tables {
		if mentioned[t.Name] && (t.Column("branch") >= 0 || t.Name == "branch") {
			cuts = append(cuts, cut(t, in))
		}
	}
	if len(cuts) == 0 {
		return query
	}
	more := strings.Join(cuts, ", ")
	if rest, ok := strings.CutPrefix(strings.TrimSpace(query), "WITH "); ok {
		if rest, ok := strings.CutPrefix(rest, "RECURSIVE "); ok {
			return "WITH RECURSIVE " + more + ", " + rest
		}
		return "WITH " + more + ", " + rest
	}
	return "WITH " + more + " " + query
}

var words = regexp.MustCompile(`[a-z_]+`)

func cut(t *schema.Table, in auth.Branches) string {
	column := "branch"
	if t.Name == "branch" {
		column = "id"
	}
	ids := make([]string, len(in.IDs))
	for i, id := range in.IDs {
		ids[i] = "x'" + hex.EncodeToString(id[:]) + "'"
	}
	name := sqlrow.Quote(t.Name)
	return name + " AS NOT MATERIALIZED (SELECT * FROM main." + name + " WHERE " + column + " IS NULL OR " + column +
		" IN (" + strings.Join(ids, ", ") + "))"
}

// guarded is a transaction that writes rows of those branches only. It reads all: what a command decides does not depend
// on who runs it.
type guarded struct {
	aftersales.Tx
	in auth.Branches
}

// guard binds a transaction to the branches of the request.
func guard(ctx context.Context, tx aftersales.Tx) aftersales.Tx {
	if in := auth.BranchesOf(ctx); !in.All {
		return guarded{tx, in}
	}
	return tx
}

var errBranch = fault.New(fault.NotAllowed, "This belongs to another branch, where your roles do not include this. Ask a colleague there.")

func (g guarded) Insert(table string, id record.ID, values record.Values) error {
	if branch := values["branch"].Ref(); !g.in.Has(branch) || table == "branch" {
		return errBranch
	}
	return g.Tx.Insert(table, id, values)
}

func (g guarded) Update(table string, id record.ID, values record.Values) error {
	if err := g.may(table, id); err != nil {
		return err
	}
	if to, moves := values["branch"]; moves && !g.in.Has(to.Ref()) {
		return errBranch
	}
	return g.Tx.Update(table, id, values)
}

func (g guarded) Delete(table string, id record.ID) error {
	if err := g.may(table, id); err != nil {
		return err
	}
	return g.Tx.Delete(table, id)
}

func (g guarded) may(table string, id record.ID) error {
	row, err := g.Row(table, id)
	if err == nil && row != nil && !sees(g.in, row) {
		err = errBranch
	}
	return err
}

// mayDecide refuses what is about rows of other branches: those that are there, and those that the change set would make.
func (e engine) mayDecide(ctx context.Context, dot clock.Dot) error {
	in := auth.BranchesOf(ctx)
	if in.All {
		return nil
	}
	return e.Store.Read(ctx, func(v *store.View) error {
		entry, err := v.Entry(dot)
		if err != nil || entry == nil {
			return err
		}
		ok, err := seesChange(v, in, changeOf(entry))
		if err == nil && !ok {
			err = errBranch
		}
		return err
	})
}

// mayTouch refuses what is about a row of another branch.
func (e engine) mayTouch(ctx context.Context, key record.Key) error {
	in := auth.BranchesOf(ctx)
	if in.All {
		return nil
	}
	return e.Store.Read(ctx, func(v *store.View) error {
		row, err := v.Row(key)
		if err == nil && row != nil && !sees(in, row) {
			err = errBranch
		}
		return err
	})
}

// seesChange reports whether all that a change set writes lies in the branches.
func seesChange(v *store.View, in auth.Branches, cs *record.ChangeSet) (bool, error) {
	for i := range cs.Rows {
		c := &cs.Rows[i]
		t := aftersales.Schema.TableByID(c.Table)
		if t == nil {
			continue
		}
		row, err := v.Row(c.Key())
		if err != nil {
			return false, err
		}
		if row == nil && c.Op == record.Insert {
			row = record.NewRow(t, c, cs.Dot)
		}
		if row != nil && !sees(in, row) {
			return false, nil
		}
	}
	return true, nil
}
