package admin

import (
	"net/http"
	"net/url"
	"time"

	"fieldsync/server/auth"
	"fieldsync/sync/record"
)

// The dispatch board: people down, time across. Each drag has a twin that needs neither mouse nor script: a bar leads to
// the same page with its job chosen, where forms do what dragging does.

// boardAsked is what the URL asks of the board.
type boardAsked struct {
	Week   bool
	Day    time.Time // midnight in the company's zone; of a week its Monday
	Branch record.ID // zero: all
	Team   record.ID // zero: everybody
	Job    record.ID // the one that is chosen; zero: none
	Undo   url.Values
}

// boardQuery names what the board's URL may ask.
var boardQuery = []string{"view", "day", "branch", "team"}

func (v *Visit) parseBoard() boardAsked {
	zone := v.office.Zone
	day, err := time.ParseInLocation(time.DateOnly, v.query("day"), zone)
	if err != nil {
		y, m, d := v.office.Now().In(zone).Date()
		day = time.Date(y, m, d, 0, 0, 0, 0, zone)
	}
	a := boardAsked{Week: v.query("view") == "week", Day: day}
	if a.Week {
		a.Day = day.AddDate(0, 0, -(int(day.Weekday())+6)%7)
	}
	a.Branch, a.Team, a.Job = optionalID(v.query("branch")), optionalID(v.query("team")), optionalID(v.query("job"))
	a.Undo, _ = url.ParseQuery(v.query("did")) // one that cannot be read undoes nothing
	return a
}

// optionalID returns the id, zero for what is none.
func optionalID(text string) record.ID {
	id, err := record.ParseID(text)
	if err != nil {
		return record.ID{}
	}
	return id
}

// days is how many days the board shows.
func (a boardAsked) days() int {
	if a.Week {
		return 7
	}
	return 1
}

func (a boardAsked) end() time.Time { return a.Day.AddDate(0, 0, a.days()) }

type boardPage struct {
	frame
	*board
	boardAsked
	Branches, Teams []option
	Before, After   string // URLs
	Today, ByDay    string
	ByWeek          string
	Shown           string // what days are shown
	Chosen          *boardJob
	Undo            *undoView
	Problem         string
	Sure            url.Values // what was asked for, and waits for a second yes
	SureAt          string     // where it is sent
}

// ShowBoard shows who does what when, and what waits for somebody.
func (o *Office) ShowBoard(v *Visit) error {
	page, err := o.loadBoard(v)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "board", page)
}

func (o *Office) loadBoard(v *Visit) (*boardPage, error) {
	page := &boardPage{boardAsked: v.parseBoard()}
	phones, err := o.Phones.Phones(v.r.Context())
	if err != nil {
		return nil, err
	}
	err = o.Engine.View(v.r.Context(), func(r Reader) (err error) {
		b := o.newBoard(v, r, phones)
		if err = b.read(page.boardAsked); err != nil {
			return err
		}
		if page.Branches, page.Teams, err = b.choices(); err != nil {
			return err
		}
		if !page.Job.IsZero() {
			if page.Chosen, err = b.choose(page.Job); err != nil {
				return err
			}
		}
		page.Undo, err = b.undo(page.boardAsked.Undo)
		page.board = b
		return err
	})
	if err != nil {
		return nil, err
	}
	page.frame = v.frame(v.t("Dispatch board"), boardURL)
	page.links(v)
	return page, nil
}

// links are where the board's head leads.
func (p *boardPage) links(v *Visit) {
	today := v.office.Now().In(v.office.Zone).Format(time.DateOnly)
	at := func(pairs ...string) string {
		q := url.Values{}
		for _, name := range boardQuery {
			q.Set(name, v.query(name))
		}
		for i := 0; i < len(pairs); i += 2 {
			q.Set(pairs[i], pairs[i+1])
		}
		for name := range q {
			if q.Get(name) == "" {
				q.Del(name)
			}
		}
		return boardURL + "?" + q.Encode()
	}
	day := p.Day.Format(time.DateOnly)
	p.Before, p.After = at("day", p.Day.AddDate(0, 0, -p.days()).Format(time.DateOnly)), at("day", p.end().Format(time.DateOnly))
	p.Today, p.ByDay, p.ByWeek = at("day", today), at("day", day, "view", ""), at("day", day, "view", "week")
	p.Shown = day + " " + v.t(weekdays[p.Day.Weekday()])
	if p.Week {
		p.Shown = day + " – " + p.end().AddDate(0, 0, -1).Format(time.DateOnly)
	}
}

var weekdays = [...]string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}

// MayDispatch reports whether the visitor may move anything; templates ask it.
func (p *boardPage) MayDispatch() bool { return p.Who.May(auth.Dispatch) }

// Link returns the URL of the board as it is shown, with the job chosen; templates ask it.
func (p *boardPage) Link(job record.ID) string {
	return boardURL + "?" + p.query("job", job.String()).Encode()
}

// Back is the URL of the board as it is shown.
func (p *boardPage) Back() string {
	if p.Job.IsZero() {
		return boardURL + "?" + p.query("", "").Encode()
	}
	return p.Link(p.Job)
}

// Closed is the URL of the board with no job chosen.
func (p *boardPage) Closed() string { return boardURL + "?" + p.query("", "").Encode() }

func (p *boardPage) query(name, value string) url.Values {
	q := url.Values{"day": {p.Day.Format(time.DateOnly)}}
	if p.Week {
		q.Set("view", "week")
	}
	if !p.Branch.IsZero() {
		q.Set("branch", p.Branch.String())
	}
	if !p.Team.IsZero() {
		q.Set("team", p.Team.String())
	}
	if name != "" {
		q.Set(name, value)
	}
	return q
}
