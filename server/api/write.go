package api

import (
	"net/http"
	"slices"
	"strings"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// column returns the column that a body may name, nil for none.
func (c *call) column(fresh bool) func(string) *schema.Column {
	t := c.of.table()
	return func(name string) *schema.Column {
		if i := t.Column(name); i >= 0 && !t.Columns[i].Has(schema.Sealed) && c.of.writable(&t.Columns[i], fresh) {
			return told(t, &t.Columns[i])
		}
		if fresh {
			return among(c.of.More, name)
		}
		return nil
	}
}

func among(columns []schema.Column, name string) *schema.Column {
	i := slices.IndexFunc(columns, func(c schema.Column) bool { return c.Name == name })
	if i < 0 {
		return nil
	}
	return &columns[i]
}

// values reads what the body says, and looks whether there is what it refers to.
func (a *API) values(c *call, column func(string) *schema.Column) (record.Values, error) {
	values, err := read(c.body, column)
	if err != nil {
		return nil, err
	}
	return values, a.Engine.View(c.r.Context(), func(r Reader) error {
		for name, v := range values {
			if err := refers(r, column(name), v); err != nil {
				return err
			}
		}
		return nil
	})
}

// refers refuses the name of a row that is not there, or not for these eyes.
func refers(r Reader, c *schema.Column, v record.Value) error {
	if c == nil || v.IsNull() || c.Kind != schema.Ref && c.Kind != schema.AnyRef {
		return nil
	}
	key := v.Key()
	if c.Kind == schema.Ref {
		key = record.Key{Table: aftersales.Schema.Table(c.Ref).ID, ID: v.Ref()}
	}
	row, err := r.Row(key)
	if err == nil && (row == nil || row.Deleted) {
		err = refused(c.Name, fault.UnknownRow, nil, "%s names no row that is there.", c.Name)
	}
	return err
}

// missing refuses values without one of those that are needed.
func missing(values record.Values, names []string) error {
	for _, name := range names {
		if values[name].IsNull() && len(cellsOf(values, name)) == 0 {
			return needed(name)
		}
	}
	return nil
}

// fresh reads what the body says of a new row.
func (a *API) fresh(c *call) (record.Values, error) {
	values, err := a.values(c, c.column(true))
	if err == nil {
		err = firstOf(a.file(c, values), a.photos(c, values))
	}
	return values, err
}

// create makes a row.
func (a *API) create(c *call) error {
	values, err := a.fresh(c)
	if err != nil {
		return err
	}
	id, status, err := a.do(c, nil, aftersales.CauseCreate, http.StatusCreated, func(tx Tx) (record.ID, error) {
		return c.of.make(tx, record.ID{}, values)
	})
	if err != nil {
		return err
	}
	c.w.Header().Set("Location", Prefix+"/"+c.of.Path+"/"+id.String())
	return a.show(c, id, status)
}

// make makes a row of the values: by its command, and what that does not take like an edit, in one change set.
func (r *resource) make(tx aftersales.Tx, id record.ID, values record.Values) (record.ID, error) {
	if err := missing(values, r.Needs); err != nil {
		return id, err
	}
	id, err := r.Make(tx, id, values)
	rest := record.Values{}
	for name, v := range values {
		column, _, _ := strings.Cut(name, ".")
		if i := r.table().Column(column); i >= 0 && !slices.Contains(r.Takes, column) && r.writable(&r.table().Columns[i], false) {
			rest[name] = v
		}
	}
	if err != nil || len(rest) == 0 {
		return id, err
	}
	return id, r.save(tx, id, rest)
}

// named returns the row that the request's key names, nil for none.
func (c *call) named(tx aftersales.Reader) (*record.Row, error) {
	return aftersales.ByKey(tx, c.r.PathValue("system"), c.of.Table, c.r.PathValue("key"))
}

// put makes the row that another system's key names, or changes it to what the body says. What the system only repeats is
// not written again over what others wrote since, unless If-Match says that it was shown that.
func (a *API) put(c *call) error {
	fresh, err := a.fresh(c)
	if err != nil {
		return err
	}
	shown, err := c.match()
	if err != nil {
		return err
	}
	status := http.StatusOK
	id, answer, err := a.do(c, nil, aftersales.CauseEdit, status, func(tx Tx) (record.ID, error) {
		row, err := c.named(tx)
		if err != nil {
			return record.ID{}, err
		}
		word := aftersales.Word{System: c.r.PathValue("system"), Key: c.r.PathValue("key"), Values: c.of.kept(fresh), Seen: shown}
		if row != nil {
			return row.ID, c.hear(tx, row, word)
		}
		status = http.StatusCreated
		id, err := c.of.make(tx, record.ID{}, fresh)
		if err != nil {
			return id, err
		}
		if err := c.name(tx, id); err != nil {
			return id, err
		}
		return id, aftersales.NoteMade(tx, aftersales.Row{Table: c.of.Table, ID: id}, word)
	})
	if err != nil {
		return err
	}
	return a.show(c, id, max(status, answer))
}

// hear changes the row to what another system says anew.
func (c *call) hear(tx Tx, row *record.Row, word aftersales.Word) error {
	heard, err := aftersales.Hear(tx, row, word)
	if err != nil || len(heard.Values) == 0 {
		return err
	}
	if c.of.Edit == "" {
		return fault.New(fault.Exists, "This was written down under the key already, and otherwise. It is not changed: correct it by an action of its own.")
	}
	tx.Saw(row.Key(), heard.Seen)
	return c.of.save(tx, row.ID, heard.Values)
}

// seen returns what the program was shown of the row it writes; nil where it does not say.
func (c *call) seen(id record.ID) (map[record.Key]clock.Vector, error) {
	shown, err := c.match()
	if err != nil || c.r.Header.Get("If-Match") == "" {
		return nil, err
	}
	return map[record.Key]clock.Vector{{Table: c.of.table().ID, ID: id}: shown}, nil
}

// match returns what the request's If-Match says that the program was shown of the row; nothing without one.
func (c *call) match() (clock.Vector, error) {
	match := c.r.Header.Get("If-Match")
	if match == "" {
		return clock.Vector{}, nil
	}
	return parseTag(match)
}

// name notes the request's key as one of the row.
func (c *call) name(tx aftersales.Tx, id record.ID) error {
	return aftersales.PutKey(tx, c.r.PathValue("system"), c.r.PathValue("key"), aftersales.Row{Table: c.of.Table, ID: id})
}

// putKey notes what another system calls a row that is there.
func (a *API) putKey(c *call) error {
	id, err := record.ParseID(c.r.PathValue("id"))
	if err != nil {
		return errNotFound
	}
	_, status, err := a.do(c, nil, aftersales.CauseKeyPut, http.StatusOK, func(tx Tx) (record.ID, error) {
		return id, c.name(tx, id)
	})
	if err != nil {
		return err
	}
	return a.show(c, id, status)
}

// retireKey ends that another system calls a row so.
func (a *API) retireKey(c *call) error {
	id, err := record.ParseID(c.r.PathValue("id"))
	if err != nil {
		return errNotFound
	}
	_, status, err := a.do(c, nil, aftersales.CauseKeyRetire, http.StatusOK, func(tx Tx) (record.ID, error) {
		return id, aftersales.RetireKey(tx, c.r.PathValue("system"), c.r.PathValue("key"), aftersales.Row{Table: c.of.Table, ID: id})
	})
	if err != nil {
		return err
	}
	return a.show(c, id, status)
}

// kept returns the values that a row may be given also once it is there; of one that is never changed all, to hear whether
// another is meant.
func (r *resource) kept(values record.Values) record.Values {
	kept, t := record.Values{}, r.table()
	for name, v := range values {
		column, _, _ := strings.Cut(name, ".")
		if i := t.Column(column); i >= 0 && (r.Edit == "" || r.writable(&t.Columns[i], false)) {
			kept[name] = v
		}
	}
	return kept
}

var errMatch = fault.New(NeedsMatch, "Send If-Match with the ETag of the row as you saw it: what you have not seen is not overwritten.")

// edit changes a row, knowing what the program was shown of it. What others wrote meanwhile is merged.
func (a *API) edit(c *call) error {
	id, err := record.ParseID(c.r.PathValue("id"))
	if err != nil {
		return errNotFound
	}
	if c.r.Header.Get("If-Match") == "" {
		return errMatch
	}
	seen, err := c.seen(id)
	if err != nil {
		return err
	}
	if err := a.visible(c, id); err != nil {
		return err
	}
	values, err := a.values(c, c.column(false))
	if err != nil {
		return err
	}
	_, status, err := a.do(c, seen, aftersales.CauseEdit, http.StatusOK, func(tx Tx) (record.ID, error) {
		if len(values) == 0 {
			return id, nil
		}
		return id, c.of.save(tx, id, values)
	})
	if err != nil {
		return err
	}
	return a.show(c, id, status)
}

// act does something to a row: with If-Match as to what the program was shown, else as to what stands.
func (a *API) act(c *call, act *action) error {
	id, err := record.ParseID(c.r.PathValue("id"))
	if err != nil {
		return errNotFound
	}
	if (act.Sets || act.Undoes) && c.r.Header.Get("If-Match") == "" {
		return errMatch
	}
	if err := a.visible(c, id); err != nil {
		return err
	}
	if len(c.body) == 0 {
		c.body = []byte("{}")
	}
	values, err := a.values(c, func(name string) *schema.Column { return among(act.Takes, name) })
	if err != nil {
		return err
	}
	if err := missing(values, act.Needs); err != nil {
		return err
	}
	seen, err := c.seen(id)
	if err != nil {
		return err
	}
	_, status, err := a.do(c, seen, act.Cause, http.StatusOK, func(tx Tx) (record.ID, error) {
		if err := c.current(tx, act, id, seen); err != nil {
			return id, err
		}
		return id, act.Do(tx, id, values)
	})
	if err != nil {
		return err
	}
	return a.show(c, id, status)
}

// current refuses to undo what came after the program was shown the row.
func (c *call) current(tx Tx, act *action, id record.ID, seen map[record.Key]clock.Vector) error {
	if !act.Undoes {
		return nil
	}
	row, err := tx.Row(c.of.Table, id)
	if err == nil && row != nil && !seen[row.Key()].CoversAll(row.Vector) {
		err = errMovedOn
	}
	return err
}
