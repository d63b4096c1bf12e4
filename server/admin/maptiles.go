package admin

import (
	"math"
	"net/url"
	"strconv"
	"strings"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// Behind the map tiles of a service can be drawn, where the company names one. Whoever looks asks that service then: its
// host alone is opened for pictures, on this page alone.

// tileService is what the company set: the zero one draws nothing behind the map.
type tileService struct {
	template string // https://tiles.example.org/{z}/{x}/{y}.png
	credit   string // whose map it is
	gcj02    bool   // it draws moved positions
}

// tile is a picture of the service in the units of the map.
type tile struct {
	URL        string
	X, Y, Size float64
}

func tilesOf(r Reader) (s tileService, err error) {
	view := aftersales.Look(r)
	if s.template, err = aftersales.Setting(view, aftersales.SettingMapTiles, record.ID{}); err != nil || s.template == "" {
		return tileService{}, err
	}
	if s.credit, err = aftersales.Setting(view, aftersales.SettingMapCredit, record.ID{}); err != nil {
		return s, err
	}
	moved, err := aftersales.Setting(view, aftersales.SettingMapMoved, record.ID{})
	s.gcj02 = moved == "1"
	return s, err
}

// place projects a position to the unit square, moved where the service draws moved.
func (s tileService) place(p aftersales.Position) (x, y float64) {
	if s.gcj02 {
		p = gcj02(p)
	}
	return mercator(p)
}

// origin is whom the page may ask for pictures: scheme and host, no more.
func (s tileService) origin() string {
	u, err := url.Parse(s.template)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// deepestZoom is the last level that every service has.
const deepestZoom = 19

// tiles are those that cover what is shown, drawn between half their size and the whole: never larger than they are.
func (s tileService) tiles(shown sight) (list []tile) {
	if s.template == "" {
		return nil
	}
	z := min(deepestZoom, max(0, int(math.Ceil(math.Log2(mapWidth/256/shown.span)))))
	n := math.Exp2(float64(z))
	tall := shown.span * mapHeight / mapWidth
	west, east := math.Floor((shown.x-shown.span/2)*n), math.Floor((shown.x+shown.span/2)*n)
	north, south := math.Floor((shown.y-tall/2)*n), math.Floor((shown.y+tall/2)*n)
	for ty := max(0, north); ty <= min(n-1, south); ty++ {
		for tx := max(0, west); tx <= min(n-1, east); tx++ {
			x, y := shown.place(tx/n, ty/n)
			list = append(list, tile{s.url(z, int(tx), int(ty)), x, y, mapWidth / (shown.span * n)})
		}
	}
	return list
}

func (s tileService) url(z, x, y int) string {
	return strings.NewReplacer("{z}", strconv.Itoa(z), "{x}", strconv.Itoa(x), "{y}", strconv.Itoa(y)).Replace(s.template)
}

// openPictures lets the page that is being answered load pictures from one more origin.
func (v *Visit) openPictures(origin string) {
	v.w.Header().Set("Content-Security-Policy", strings.Replace(policy, "img-src 'self'", "img-src 'self' "+origin, 1))
}
