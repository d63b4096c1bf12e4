package mobile

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"fieldsync/client"
)

// call is what a command or a reading does with the JSON that it is given.
type call func(context.Context, *client.Client, string) (any, error)

// reading is something that can be asked, and the tables whose changes may change the answer.
type reading struct {
	tables []string // none: all
	call
}

var (
	ofJobs  = []string{"job", "assignment", "visit", "party", "site", "unit"}
	ofVan   = []string{"movement", "location", "part"}
	ofUnits = []string{"unit", "service_record"}
	ofFiles = []string{"attachment"}
)

var readings = map[string]reading{
	"jobs":      {ofJobs, on((*client.Client).Jobs, client.Jobs.List)},
	"job":       {nil, byID((*client.Client).Jobs, client.Jobs.Get)},
	"job_files": {ofFiles, byID(itself, (*client.Client).JobFiles)},

	"parts":      {[]string{"part"}, byText((*client.Client).Parts, client.Parts.Search)},
	"part":       {[]string{"part"}, byID((*client.Client).Parts, client.Parts.Get)},
	"stock":      {ofVan, plainly((*client.Client).Parts, client.Parts.Stock)},
	"van":        {ofVan, plainly((*client.Client).Parts, client.Parts.Van)},
	"ledger":     {ofVan, plainly((*client.Client).Parts, client.Parts.Ledger)},
	"shortfalls": {nil, plainly((*client.Client).Parts, client.Parts.Shortfalls)},
	"hand_overs": {nil, plainly((*client.Client).Parts, client.Parts.HandOvers)},
	"book":       {nil, taking(book)},

	"units":          {ofUnits, byText((*client.Client).Assets, client.Assets.Search)},
	"unit":           {ofUnits, byID((*client.Client).Assets, client.Assets.Get)},
	"unit_by_serial": {ofUnits, byText((*client.Client).Assets, client.Assets.BySerial)},
	"unit_history":   {ofUnits, byID((*client.Client).Assets, client.Assets.History)},
	"components":     {ofUnits, byID((*client.Client).Assets, client.Assets.Components)},

	"checklists": {nil, byID((*client.Client).Visits, client.Visits.Checklists)},
	"agreed":     {nil, taking(agreed)},
	"goods":      {nil, byID((*client.Client).Visits, client.Visits.Goods)},
	"slip":       {nil, byID((*client.Client).Visits, client.Visits.Slip)},
	"times":      {nil, byID((*client.Client).Time, client.Times.Marks)},
	"running":    {nil, byID((*client.Client).Time, client.Times.Running)},
	"hours":      {nil, byID((*client.Client).Time, client.Times.Everybody)},
	"spent":      {nil, taking(spent)},

	"comments":    {[]string{"comment"}, on((*client.Client).Comments, client.Comments.About)},
	"attachments": {ofFiles, on(itself, (*client.Client).Attachments)},
	"solutions":   {nil, on((*client.Client).Knowledge, client.Knowledge.Solutions)},
	"documents":   {nil, byID((*client.Client).Knowledge, client.Knowledge.Documents)},

	"plans":   {nil, plainly(itself, (*client.Client).PlanChanges)},
	"choices": {nil, taking(choices)},

	"search": {nil, taking(search)},
	"outbox": {nil, taking(outbox)},
	"status": {nil, taking(status)},
	"select": {nil, taking(selected)},
}

// question is one reading with what it takes in.
type question struct {
	reading
	in string
}

func parseQuery(queryJSON string) (q question, err error) {
	var asked struct {
		Read string
		In   json.RawMessage
	}
	if err := json.Unmarshal([]byte(queryJSON), &asked); err != nil {
		return q, badJSON(err)
	}
	return ask(asked.Read, string(asked.In))
}

func ask(name, in string) (q question, err error) {
	r, ok := readings[name]
	if !ok {
		return q, refuse(unknownQuery, "nothing is called "+name+" here that could be read")
	}
	if name == "select" { // it knows its tables itself
		var s selection
		if err := decode(in, &s); err != nil {
			return q, err
		}
		r.tables = s.Tables
	}
	return question{r, in}, nil
}

func (c *Client) ask(name, in string) (string, error) {
	q, err := ask(name, in)
	if err != nil {
		return "", err
	}
	return c.answer(q)
}

func (c *Client) answer(q question) (string, error) { return c.call(q.call, q.in) }

func (c *Client) call(do call, in string) (out string, err error) {
	err = c.with(func(r *running) error {
		v, err := do(context.Background(), r.Client, in)
		if err != nil {
			return err
		}
		out, err = encode(v)
		return err
	})
	return out, err
}

// itself is the part of a client that is the whole of it.
func itself(c *client.Client) *client.Client { return c }

// taking returns the call that gives do what the JSON holds.
func taking[In, Out any](do func(context.Context, *client.Client, In) (Out, error)) call {
	return func(ctx context.Context, c *client.Client, text string) (any, error) {
		var in In
		if err := decode(text, &in); err != nil {
			return nil, err
		}
		return do(ctx, c, in)
	}
}

// on returns the call of a method of one part of a client.
func on[Part, In, Out any](part func(*client.Client) Part, do func(Part, context.Context, In) (Out, error)) call {
	return taking(func(ctx context.Context, c *client.Client, in In) (Out, error) { return do(part(c), ctx, in) })
}

type identified struct{ ID client.ID }

func byID[Part, Out any](part func(*client.Client) Part, do func(Part, context.Context, client.ID) (Out, error)) call {
	return taking(func(ctx context.Context, c *client.Client, in identified) (Out, error) {
		return do(part(c), ctx, in.ID)
	})
}

type texted struct{ Text string }

func byText[Part, Out any](part func(*client.Client) Part, do func(Part, context.Context, string) (Out, error)) call {
	return taking(func(ctx context.Context, c *client.Client, in texted) (Out, error) { return do(part(c), ctx, in.Text) })
}

type nothing struct{}

func plainly[Part, Out any](part func(*client.Client) Part, do func(Part, context.Context) (Out, error)) call {
	return taking(func(ctx context.Context, c *client.Client, _ nothing) (Out, error) { return do(part(c), ctx) })
}

type span struct{ From, Until int64 }

func book(ctx context.Context, c *client.Client, in span) (any, error) {
	return c.Parts().Book(ctx, in.From, in.Until)
}

func agreed(ctx context.Context, c *client.Client, in identified) (any, error) {
	consent, yes, err := c.Visits().Agreed(ctx, in.ID)
	return map[string]any{"consent": consent, "approval": yes}, err
}

// spent returns ms by the kind of time.
func spent(ctx context.Context, c *client.Client, in identified) (map[string]int64, error) {
	by, err := c.Time().Spent(ctx, in.ID)
	ms := map[string]int64{}
	for kind, d := range by {
		ms[kind] = d.Milliseconds()
	}
	return ms, err
}

type searched struct {
	Text   string
	Tables []string
	Limit  int
}

// hit is a client.Hit in JSON.
type hit struct {
	Table string    `json:"table"`
	ID    client.ID `json:"id"`
	Exact bool      `json:"exact"`
	Score float64   `json:"score"`
}

func search(ctx context.Context, c *client.Client, in searched) ([]hit, error) {
	found, err := c.Search(ctx, in.Text, client.SearchOptions{Tables: in.Tables, Limit: in.Limit})
	hits := []hit{}
	for _, h := range found {
		hits = append(hits, hit{h.Table, h.ID, h.Exact, h.Score})
	}
	return hits, err
}

// change is a client.Sent in JSON.
type change struct {
	Change  string       `json:"change"` // names it to outbox.resend and outbox.dismiss
	State   string       `json:"state"`
	Cause   string       `json:"cause"`
	Written int64        `json:"written"`
	Rows    []client.Row `json:"rows"`
	Code    client.Code  `json:"code"`
	Message string       `json:"message"`
}

var states = map[string]client.State{
	"waiting": client.Pending, "refused": client.Refused, "accepted": client.Accepted, "closed": client.Closed,
}

func outbox(ctx context.Context, c *client.Client, in struct{ State string }) ([]change, error) {
	state, ok := states[in.State]
	if !ok {
		return nil, refuse("invalid_value", `changes are "waiting", "refused", "accepted" or "closed"`)
	}
	sent, err := c.Outbox(ctx, state)
	list := []change{}
	for _, s := range sent {
		list = append(list, change{
			s.Dot.String(), in.State, s.Cause, s.Written.UnixMilli(), rowsOf(c, s), s.Code, s.Message,
		})
	}
	return list, err
}

// rowsOf returns the rows that a change is about. A table that this version does not know has no name.
func rowsOf(c *client.Client, s client.Sent) []client.Row {
	rows := []client.Row{}
	for i := range s.Rows {
		row := client.Row{ID: s.Rows[i].ID}
		if t := c.Schema.TableByID(s.Rows[i].Table); t != nil {
			row.Table = t.Name
		}
		rows = append(rows, row)
	}
	return rows
}

// standing is a client.Status in JSON.
type standing struct {
	Enrolled    bool      `json:"enrolled"`
	Person      client.ID `json:"person"`
	Online      bool      `json:"online"`
	Pending     int       `json:"pending"`
	Oldest      int64     `json:"oldest"`
	Refused     int       `json:"refused"`
	Files       int       `json:"files"`
	Contact     int64     `json:"contact"`
	Trouble     string    `json:"trouble"`
	Offset      int64     `json:"clock_offset"`
	Ready       bool      `json:"ready"`
	Complete    bool      `json:"complete"`
	SearchReady bool      `json:"search_ready"`
	Low         bool      `json:"low"`
	Free        int64     `json:"free"`
	Done        uint64    `json:"done"`
	Total       uint64    `json:"total"`
}

func status(ctx context.Context, c *client.Client, _ nothing) (standing, error) {
	s, err := c.Status(ctx)
	return standingOf(c, s), err
}

func standingOf(c *client.Client, s client.Status) standing {
	return standing{
		Enrolled: s.Enrolled, Person: s.Person, Online: s.Online, Pending: s.Pending, Oldest: millis(s.Oldest),
		Refused: s.Refused, Files: len(c.Waiting()), Contact: millis(s.Contact), Trouble: s.Trouble,
		Offset: s.Offset.Milliseconds(), Ready: s.Ready, Complete: s.Complete, SearchReady: s.SearchReady,
		Low: s.Low, Free: s.Free, Done: s.Done, Total: s.Total,
	}
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

type selection struct {
	SQL    string
	Args   []any
	Tables []string
}

// selected answers an SQL query with its rows as objects. An id is text, other bytes are base64.
func selected(ctx context.Context, c *client.Client, in selection) ([]map[string]any, error) {
	rows, err := c.Query(ctx, in.SQL, numbers(in.Args)...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // its error is that of Err
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	list := []map[string]any{}
	for rows.Next() {
		values := make([]any, len(columns))
		if err := rows.Scan(pointers(values)...); err != nil {
			return nil, err
		}
		list = append(list, object(columns, values))
	}
	return list, rows.Err()
}

// numbers makes numbers of what JSON had as such.
func numbers(args []any) []any {
	for i, a := range args {
		n, ok := a.(json.Number)
		if !ok {
			continue
		}
		if whole, err := n.Int64(); err == nil {
			args[i] = whole
		} else if f, err := n.Float64(); err == nil {
			args[i] = f
		}
	}
	return args
}

func pointers(values []any) []any {
	to := slices.Clone(values)
	for i := range values {
		to[i] = &values[i]
	}
	return to
}

func object(columns []string, values []any) map[string]any {
	o := map[string]any{}
	for i, name := range columns {
		o[name] = values[i]
		if b, ok := values[i].([]byte); ok && len(b) == len(client.ID{}) {
			o[name] = client.ID(b)
		}
	}
	return o
}
