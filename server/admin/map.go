package admin

import (
	"cmp"
	"database/sql/driver"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/sqlrow"
)

// The map is drawn here, without a tile service unless the company names one: jobs at their sites, and who is at work. A
// person is shown only while a visit of his runs, at the place where that visit says he arrived; or, to who may see that and
// if he has turned it on himself, where his phone was last.

// The picture, in its own units.
const (
	mapWidth, mapHeight = 960.0, 600.0
	clusterWithin       = 26.0 // marks nearer to each other than that become one
	widestZoom          = 0.0008
	mapMost             = 2000 // jobs that are drawn; a note says how many there are beyond
)

type mapPage struct {
	frame
	Marks        []mark
	Lines        []gridLine
	Scale        scaleBar
	Jobs, People int
	Somewhere    bool // there is something to draw, if not in this part of the world
	Nowhere      int  // jobs to be done whose site has no position
	More         int  // jobs beyond those drawn
	Elsewhere    int  // what lies outside of the part that is shown
	In, Out, All string
	North, South string
	East, West   string
	Tiles        []tile
	Credit       string // whose they are
	service      tileService
	own          record.ID // the visitor's branch, zero for none
}

// mark is one thing on the map, or several that lie close together.
type mark struct {
	X, Y   float64
	East   bool // in the picture's eastern half: what is written beside it stands on its left
	Person bool
	Late   bool
	Count  int
	URL    string // of what it is, or of the map nearer to a cluster
	Told   string
	Radius float64
}

type gridLine struct {
	X1, Y1, X2, Y2 float64
	Label          string
	Minor          bool // it is not named where there is little room
}

type scaleBar struct {
	Width float64 // where it ends
	Label string
}

// located is something that has a position: Web Mercator, x and y in 0 to 1.
type located struct {
	x, y   float64
	branch record.ID // whose job it is, zero for nobody's and for people
	person bool
	late   bool
	url    string
	told   string
}

// mercator projects a position (EPSG:3857, as every map on the web) to the unit square, y from north to south.
func mercator(p aftersales.Position) (x, y float64) {
	lat := min(max(float64(p.Latitude)/1e7, -85), 85) * math.Pi / 180
	return float64(p.Longitude)/1e7/360 + .5, .5 - math.Log(math.Tan(math.Pi/4+lat/2))/(2*math.Pi)
}

// latitude is the inverse of mercator's y, in degrees.
func latitude(y float64) float64 { return math.Atan(math.Sinh(math.Pi*(1-2*y))) * 180 / math.Pi }

// ShowMap shows where the jobs are that are to be done, and who is at work where.
func (o *Office) ShowMap(v *Visit) error {
	page := mapPage{}
	var places []located
	err := o.Engine.View(v.r.Context(), func(r Reader) (err error) {
		if page.service, err = tilesOf(r); err != nil {
			return err
		}
		if page.own, err = v.ownBranch(r); err != nil {
			return err
		}
		if places, err = v.jobsOnMap(r, &page); err != nil {
			return err
		}
		people, err := v.peopleOnMap(r, page.service)
		page.People = len(people)
		places = append(places, people...)
		return err
	})
	if err != nil {
		return err
	}
	page.frame = v.frame(v.t("Map"), mapURL)
	page.Somewhere = len(places) > 0
	page.draw(v, places)
	if len(page.Tiles) > 0 {
		v.openPictures(page.service.origin())
	}
	return v.show(http.StatusOK, "map", page)
}

// jobsOnMap returns the jobs that somebody has yet to do.
func (v *Visit) jobsOnMap(r Reader, page *mapPage) (places []located, err error) {
	now := v.office.Now().UnixMilli()
	where, args := v.within("j.branch")
	err = r.Select(func(q *sqlrow.Rows) error {
		page.Jobs++
		switch {
		case q.Null(4) || q.Null(5):
			page.Nowhere++
		case len(places) == mapMost:
			page.More++
		default:
			p := located{url: jobURL(q.ID(0)), late: q.Int(3) != 0 && q.Int(3) < now, told: q.Text(1) + " " + q.Text(2)}
			p.x, p.y = page.service.place(aftersales.Position{Latitude: q.Int(4), Longitude: q.Int(5)})
			if customer := q.Text(6); customer != "" {
				p.told += " · " + customer
			}
			if !q.Null(7) {
				p.branch = q.ID(7)
			}
			places = append(places, p)
		}
		return q.Err()
	}, "SELECT j.id, j.number, j.title, j.due_at, s.latitude, s.longitude, p.name, j.branch FROM job j LEFT JOIN site s ON s.id = j.site"+
		" LEFT JOIN party p ON p.id = j.party WHERE j.state IN ('new', 'planned', 'in_work') AND j._del = 0 AND j.archived_at IS NULL"+
		where+" ORDER BY j.due_at IS NULL, j.due_at, j.id", args...)
	return places, err
}

// arrivals are where running visits say that their people arrived, and whereLast is where the phones of those were last
// who have turned that on and still have it on: person, job, name, latitude, longitude, moment, whether it is the latter.
const (
	arrivals = "SELECT x.person, x.job, p.name, x.latitude, x.longitude, x.arrived_at AS moment, 0 FROM visit x JOIN person p ON p.id = x.person" +
		" WHERE x.state IN ('on_site', 'paused') AND x.latitude IS NOT NULL AND x.arrived_at IS NOT NULL AND x._del = 0"
	whereLast = "SELECT o.person, x.job, p.name, o.latitude, o.longitude, o.corrected AS moment, 1 FROM position o" +
		" JOIN position_switch s ON s.person = o.person AND s.shared = 1 AND s._del = 0 JOIN visit x ON x.id = o.visit AND x._del = 0" +
		" JOIN person p ON p.id = o.person WHERE o._del = 0 AND o.latitude IS NOT NULL AND x.state IN ('travelling', 'on_site', 'paused')"
)

// peopleOnMap returns who is at work, where he was last as far as the visitor may see it.
func (v *Visit) peopleOnMap(r Reader, service tileService) (places []located, err error) {
	where, args := v.within("x.branch")
	query := arrivals + where
	if in := v.Who.In(auth.SeePositions); !in.None() {
		where, more := among(in, "o.branch")
		query, args = query+" UNION ALL "+whereLast+where, append(args, more...)
	}
	latest := map[record.ID]bool{}
	err = r.Select(func(q *sqlrow.Rows) error {
		if latest[q.ID(0)] {
			return q.Err()
		}
		latest[q.ID(0)] = true
		p := located{person: true, url: jobURL(q.ID(1)), told: q.Text(2) + " · " + times{v.lang, v.office.Zone}.when(q.Int(5))}
		if q.Int(6) == 1 {
			p.told = q.Text(2) + " · " + v.t("%s ago", v.lang.length(v.office.Now().Sub(time.UnixMilli(q.Int(5)))))
		}
		p.x, p.y = service.place(aftersales.Position{Latitude: q.Int(3), Longitude: q.Int(4)})
		places = append(places, p)
		return q.Err()
	}, query+" ORDER BY moment DESC", args...)
	return places, err
}

// sight is the part of the world that is shown: its middle and how much of the unit square is as wide as the picture.
type sight struct{ x, y, span float64 }

// sightOf is what the URL asks for, else where the visitor's work is: everything that there is, on one picture, would be
// heaps at its edges where branches lie far apart.
func (v *Visit) sightOf(places []located, own record.ID) sight {
	var s sight
	var errs [3]error
	for i, n := range []*float64{&s.x, &s.y, &s.span} {
		*n, errs[i] = strconv.ParseFloat(v.query([]string{"x", "y", "span"}[i]), 64)
	}
	if errs == [3]error{} && s.x >= 0 && s.x <= 1 && s.y >= 0 && s.y <= 1 && s.span >= 1e-7 && s.span <= 1 {
		return s
	}
	if v.query("all") == "" {
		places = near(places, own)
	}
	return around(places)
}

// around is the part of the world that holds the places, with some room around them; all of it if there are none.
func around(places []located) sight {
	if len(places) == 0 {
		return sight{.5, .5, 1}
	}
	west, east, north, south := 1.0, 0.0, 1.0, 0.0
	for _, p := range places {
		west, east, north, south = min(west, p.x), max(east, p.x), min(north, p.y), max(south, p.y)
	}
	wide := max(east-west, (south-north)*mapWidth/mapHeight, widestZoom/50)
	return sight{(west + east) / 2, (north + south) / 2, min(1, wide*1.15)}
}

// near returns the places of the branch; the densest group where it is zero, or nothing is to be done there.
func near(places []located, branch record.ID) []located {
	var own []located
	for _, p := range places {
		if !branch.IsZero() && p.branch == branch {
			own = append(own, p)
		}
	}
	switch {
	case len(own) == 0:
		return densest(places)
	case around(own).span > widestRegion: // in one picture they would be heaps at its edges
		return densest(own)
	}
	return own
}

// square is a cell of the net by which groups are found.
type square struct{ x, y int }

// groupNet is how many of its cells go around the equator: one is about as wide as a region that one branch serves.
const groupNet = 256

// widestRegion is the widest part of the world that the map opens on by itself: a group and its neighbours.
const widestRegion = 4.0 / groupNet

// densest returns the places in and next to the cell of the net around which most of them lie: of two with as many, the one
// that comes first.
func densest(places []located) (group []located) {
	cells := map[square][]located{}
	cellOf := func(p located) square { return square{int(p.x * groupNet), int(p.y * groupNet)} }
	for _, p := range places {
		cells[cellOf(p)] = append(cells[cellOf(p)], p)
	}
	seen := map[square]bool{}
	for _, p := range places {
		c := cellOf(p)
		if seen[c] {
			continue
		}
		seen[c] = true
		var here []located
		for _, by := range nine {
			here = append(here, cells[square{c.x + by.x, c.y + by.y}]...)
		}
		if len(here) > len(group) {
			group = here
		}
	}
	return group
}

// nine leads from a cell to itself and those next to it.
var nine = [9]square{{-1, -1}, {0, -1}, {1, -1}, {-1, 0}, {0, 0}, {1, 0}, {-1, 1}, {0, 1}, {1, 1}}

func (s sight) place(x, y float64) (float64, float64) {
	return (x-s.x)/s.span*mapWidth + mapWidth/2, (y-s.y)/s.span*mapWidth + mapHeight/2
}

func (s sight) url() string {
	number := func(n float64) string { return strconv.FormatFloat(n, 'g', 9, 64) }
	return mapURL + "?" + url.Values{"x": {number(min(max(s.x, 0), 1))}, "y": {number(min(max(s.y, 0), 1))}, "span": {number(min(max(s.span, 1e-7), 1))}}.Encode()
}

// draw places the marks, joins those that would hide each other, and says how far it is from here to there.
func (p *mapPage) draw(v *Visit, places []located) {
	s := v.sightOf(places, p.own)
	p.In, p.Out, p.All = sight{s.x, s.y, s.span / 2}.url(), sight{s.x, s.y, s.span * 2}.url(), mapURL+"?all=1"
	p.North, p.South = sight{s.x, s.y - s.span/4, s.span}.url(), sight{s.x, s.y + s.span/4, s.span}.url()
	p.West, p.East = sight{s.x - s.span/3, s.y, s.span}.url(), sight{s.x + s.span/3, s.y, s.span}.url()
	if p.Tiles, p.Credit = p.service.tiles(s), p.service.credit; len(p.Tiles) == 0 {
		p.grid(s)
	}
	p.Scale = scaleOf(v, s)
	for _, one := range places {
		x, y := s.place(one.x, one.y)
		if x < 0 || x > mapWidth || y < 0 || y > mapHeight {
			p.Elsewhere++
			continue
		}
		near := slices.IndexFunc(p.Marks, func(m mark) bool {
			return !m.Person && !one.person && math.Hypot(m.X-x, m.Y-y) < clusterWithin
		})
		if near < 0 {
			p.Marks = append(p.Marks, mark{X: x, Y: y, East: x > mapWidth/2, Person: one.person, Late: one.late, Count: 1, URL: one.url, Told: one.told, Radius: 8})
			continue
		}
		m := &p.Marks[near]
		m.Count++
		m.Late = m.Late || one.late
		m.URL = sight{one.x, one.y, s.span / 4}.url()
		m.Told = v.t("%d jobs", m.Count)
		m.Radius = min(24, 9+2*math.Sqrt(float64(m.Count)))
	}
	slices.SortStableFunc(p.Marks, func(a, b mark) int { return cmp.Compare(a.Y, b.Y) }) // as one reads, for the keyboard
}

// grid draws meridians and parallels at round degrees.
func (p *mapPage) grid(s sight) {
	step := roundDown(s.span*360/5, []float64{1, 2, 5})
	west, east := (s.x-s.span/2-.5)*360, (s.x+s.span/2-.5)*360
	for d := math.Ceil(west/step) * step; d <= east; d += step {
		x, _ := s.place(d/360+.5, s.y)
		label := degrees(d, step, "E", "W")
		if x > mapWidth-labelWidth {
			label = ""
		}
		p.Lines = append(p.Lines, gridLine{x, 0, x, mapHeight, label, odd(d, step)})
	}
	tall := s.span * mapHeight / mapWidth
	north, south := latitude(s.y-tall/2), latitude(s.y+tall/2)
	for d := math.Ceil(south/step) * step; d <= north; d += step {
		_, my := mercator(aftersales.Position{Latitude: int64(d * 1e7)})
		_, y := s.place(s.x, my)
		label := degrees(d, step, "N", "S")
		if y < labelRoom || y > mapHeight-labelRoom { // there stand those of the meridians, and the scale
			label = ""
		}
		p.Lines = append(p.Lines, gridLine{0, y, mapWidth, y, label, odd(d, step)})
	}
}

// labelRoom is how much of the picture's upper edge the labels of meridians take on a phone, and of the lower the scale.
const labelRoom = 60.0

// labelWidth is how wide the longest of them is there, as "121.475° E".
const labelWidth = 110.0

// odd reports whether a line is none of every second one.
func odd(d, step float64) bool { return int64(math.Round(d/step))%2 != 0 }

func degrees(d, step float64, positive, negative string) string {
	digits := max(0, int(math.Ceil(-math.Log10(step)-1e-9)))
	if d < 0 {
		positive, d = negative, -d
	}
	return fmt.Sprintf("%.*f° %s", digits, d, positive)
}

// roundDown returns the greatest of the steps times a power of ten that is not more than n.
func roundDown(n float64, steps []float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(n)))
	best := power
	for _, step := range steps {
		if step*power <= n {
			best = step * power
		}
	}
	return best
}

// equator is the length of it, in metres.
const equator = 40_075_016.7

// scaleOf is a bar of a round length, at most a fifth of the picture: true in its middle.
func scaleOf(v *Visit, s sight) scaleBar {
	metres := s.span * equator * math.Cos(latitude(s.y)*math.Pi/180) // across the picture
	long := roundDown(metres/5, []float64{1, 2, 5})
	if long >= 1000 {
		return scaleBar{16 + long/metres*mapWidth, v.t("%d km", int(long/1000))}
	}
	return scaleBar{16 + long/metres*mapWidth, v.t("%d m", int(long))}
}

// within is the condition that a row is of a branch in which the visitor may see the page, and its arguments.
func (v *Visit) within(column string) (condition string, args []driver.Value) {
	return among(v.Who.In(pageNeeds[v.r.URL.Path]), column)
}

// among is the condition that a row is of one of the branches, or of none, and its arguments.
func among(in auth.Branches, column string) (condition string, args []driver.Value) {
	if in.All {
		return "", nil
	}
	return " AND (" + column + " IS NULL OR " + column + " IN (SELECT unhex(value) FROM json_each(?)))", []driver.Value{idList(in.IDs)}
}

// pageNeeds are the permissions of the pages that show rows by their branch.
var pageNeeds = map[string]auth.Permission{boardURL: auth.SeeBoard, mapURL: auth.SeeMap}
