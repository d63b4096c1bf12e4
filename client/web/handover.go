package web

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// offer is something that the user gives to a colleague, or took from one.
type offer struct {
	aftersales.HandOver
	Code  string // of the part
	Name  map[string]string
	Other string // the colleague
	Open  bool   // given, and nobody is known to have taken it
	State string // taken, cancelled, expired, open
}

// offers returns the user's hand-overs, the latest first.
func (v *request) offers() ([]offer, error) {
	halves, err := v.client.Parts().HandOvers(v.ctx())
	if err != nil {
		return nil, err
	}
	ended := map[string]string{}
	for _, h := range halves {
		switch h.Half {
		case aftersales.HalfTake:
			ended[h.Name] = "taken"
		case aftersales.HalfCancel:
			ended[h.Name] = "cancelled"
		}
	}
	var list []offer
	err = v.view(func(tx client.Tx) error {
		for _, h := range halves {
			o, err := v.offer(tx, h, ended[h.Name])
			if err != nil {
				return err
			}
			if mine := h.Giver == v.me; mine == (h.Half == aftersales.HalfGive) && h.Half != aftersales.HalfCancel {
				list = append(list, o)
			}
		}
		return nil
	})
	slices.Reverse(list)
	return list, err
}

func (v *request) offer(tx client.Tx, h aftersales.HandOver, ended string) (o offer, err error) {
	o = offer{HandOver: h, State: ended}
	if o.State == "" {
		o.State = "open"
		if h.Expires < v.client.Now().UnixMilli() {
			o.State = "expired"
		}
		o.Open = h.Giver == v.me
	}
	part, err := rowAs(tx, "part", h.Part, aftersales.PartOf)
	if err != nil {
		return o, err
	}
	o.Code, o.Name = part.Code, part.Name
	other := h.Taker
	if h.Taker == v.me {
		other = h.Giver
	}
	person, err := rowAs(tx, "person", other, aftersales.PersonOf)
	o.Other = person.Name
	return o, err
}

// given counts the hand-overs that the user has made. A form says how many it knew of, so that one which is sent twice
// gives once.
func (v *request) given() (n int, err error) {
	halves, err := v.client.Parts().HandOvers(v.ctx())
	for _, h := range halves {
		if h.Half == aftersales.HalfGive && h.Giver == v.me {
			n++
		}
	}
	return n, err
}

// maxColleagues bounds the list to choose from; beyond it a name is typed.
const maxColleagues = 200

// colleagues returns the other technicians, by their names.
func (v *request) colleagues() ([]record.ID, error) {
	return v.ids(`SELECT id FROM person
		WHERE _del = 0 AND archived_at IS NULL AND technician = 1 AND id <> ? ORDER BY name LIMIT ?`, v.me[:], maxColleagues)
}

// handOversPage lists what was given and taken.
type handOversPage struct {
	frame
	Offers []offer
	More   int // older ones, which are not shown
}

func (v *request) handOvers() error {
	p := handOversPage{frame: v.frame("Hand-overs")}
	p.Tab, p.Back, p.Live = "stock", stockURL, true
	var err error
	if p.Offers, err = v.offers(); err != nil {
		return err
	}
	shown := min(len(p.Offers), maxListed)
	p.Offers, p.More = p.Offers[:shown], len(p.Offers)-shown
	return v.show("handovers", p)
}

// give takes a part out of the van for a colleague.
func (v *request) give() (err error) {
	var in aftersales.GiveInput
	if in.Part, err = v.path(); err != nil {
		return err
	}
	if in.To, err = v.colleague(); err != nil {
		return err
	}
	if in.Quantity, err = v.quantity("quantity"); err != nil {
		return err
	}
	in.Serial = v.form("serial")
	known, err := v.given()
	if err != nil {
		return err
	}
	if v.form("gives") != fmt.Sprint(known) {
		return v.redirect("/handovers") // given since the form was made: there it is
	}
	h, err := v.client.Parts().Give(v.ctx(), in)
	if err != nil {
		return err
	}
	return v.redirect("/handovers/" + h.ID.String())
}

func (v *request) colleague() (record.ID, error) {
	if v.form("to") != "" {
		return v.formID("to")
	}
	if v.form("name") == "" {
		return record.ID{}, fault.New(fault.UnknownRow, "Choose a colleague.")
	}
	return v.client.FindPerson(v.ctx(), v.form("name"))
}

// codePage shows the code of a hand-over.
type codePage struct {
	frame
	offer
}

// findOffer returns the hand-over that the URL names. Codes: fault.UnknownRow.
func (v *request) findOffer() (offer, error) {
	id, err := v.path()
	if err != nil {
		return offer{}, err
	}
	list, err := v.offers()
	if err != nil {
		return offer{}, err
	}
	i := slices.IndexFunc(list, func(o offer) bool { return o.ID == id })
	if i < 0 {
		return offer{}, fault.New(fault.UnknownRow, "there is no such hand-over on this phone")
	}
	return list[i], nil
}

// handOver shows what the colleague scans or types.
func (v *request) handOver() (err error) {
	p := codePage{frame: v.frame("Hand-over")}
	p.Tab, p.Back, p.Live = "stock", "/handovers", true
	if p.offer, err = v.findOffer(); err != nil {
		return err
	}
	return v.show("handover", p)
}

// handOverQR draws the code of a hand-over, for the colleague's camera.
func (v *request) handOverQR() error {
	o, err := v.findOffer()
	if err != nil {
		return err
	}
	drawing, err := qrCode(strings.Join(strings.Fields(o.HandOver.Code), ""))
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "image/svg+xml")
	_, _ = v.w.Write(drawing) // who has gone away needs no answer
	return nil
}

// quiet is the white border that readers of QR codes want, in modules.
const quiet = 4

// qrCode draws a text as a QR code.
func qrCode(text string) ([]byte, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return nil, fmt.Errorf("web: no QR code holds this: %w", err)
	}
	return drawQR(code), nil
}

// drawQR draws a QR code as SVG, a unit a module.
func drawQR(code barcode.Barcode) []byte {
	var b bytes.Buffer
	size := code.Bounds().Dx()
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="%d %d %d %d" shape-rendering="crispEdges">`,
		-quiet, -quiet, size+2*quiet, size+2*quiet)
	fmt.Fprintf(&b, `<path fill="#fff" d="M-%d-%dh%dv%dH-%dz"/><path d="`, quiet, quiet, size+2*quiet, size+2*quiet, quiet)
	for y := range size {
		for x := range size {
			if r, _, _, _ := code.At(x, y).RGBA(); r == 0 {
				fmt.Fprintf(&b, "M%d %dh1v1h-1z", x, y)
			}
		}
	}
	b.WriteString(`"/></svg>`)
	return b.Bytes()
}

// cancelHandOver takes back what nobody took.
func (v *request) cancelHandOver() error {
	o, err := v.findOffer()
	if err != nil {
		return err
	}
	if o.State != "cancelled" {
		if _, err := v.client.Parts().CancelHandOver(v.ctx(), o.ID); err != nil {
			return err
		}
	}
	return v.redirect("/handovers")
}

// take asks for a colleague's code.
func (v *request) take() error {
	p := struct{ frame }{v.frame("Take from a colleague")}
	p.Tab, p.Back = "stock", stockURL
	return v.show("take", p)
}

// doTake takes what a colleague's code gives. A code that the user took already is one whose answer was lost.
func (v *request) doTake() error {
	h, err := v.client.Parts().Take(v.ctx(), aftersales.TakeInput{Code: v.form("code")})
	if fault.CodeOf(err) == aftersales.HandOverTaken {
		if mine, listErr := v.tookIt(v.form("code")); listErr == nil && mine {
			return v.redirect("/handovers")
		}
	}
	if err != nil {
		return err
	}
	return v.redirect(partURL(h.Part))
}

func (v *request) tookIt(code string) (bool, error) {
	wanted, _, _, err := aftersales.ReadOffer(code)
	if err != nil {
		return false, err
	}
	list, err := v.client.Parts().HandOvers(v.ctx())
	return slices.ContainsFunc(list, func(h aftersales.HandOver) bool {
		return h.Half == aftersales.HalfTake && h.Taker == v.me && h.Name == wanted.Name()
	}), err
}
