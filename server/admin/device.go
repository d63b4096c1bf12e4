package admin

import (
	"net/http"
	"net/url"
	"strings"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"

	"github.com/boombuler/barcode/qr"
)

// Holding is what a device holds and believes, as the hub knows it.
type Holding struct {
	Phone
	Knows   uint64     // the checkpoint that it acknowledged last; 0: it has nothing yet
	KnowsAt int64      // when that was the hub's head, ms UTC
	Head    uint64     // the hub's
	Jobs    []Believed // those behind first
	Others  int        // what else it holds: machines, customers, sites
}

// Believed is a job on a device.
type Believed struct {
	Job      record.ID
	Number   string
	Title    string
	State    string // on the hub
	Believes string // on the device, as far as is known; "" if it does not have the job or nobody knows
	Has      bool   // the device has it
	Shall    bool   // it is to have it
	Unheard  int    // rows of the job that changed since the device last heard
}

// Behind reports whether the device believes otherwise than what is so; templates ask it.
func (b Believed) Behind() bool { return b.Unheard > 0 || b.Has != b.Shall }

// open reports whether somebody has yet to do the job.
func (b Believed) open() bool {
	return b.State == aftersales.JobNew || b.State == aftersales.JobPlanned || b.State == aftersales.JobInWork
}

type devicePage struct {
	frame
	phoneView
	Held   *Holding
	Behind int        // jobs of which the device does not know all
	Shown  []Believed // those that differ or are to be done; all where the URL asks for them
	All    bool       // the URL does
	Agreed int        // the others: over, and known to be
}

// ShowDevice shows what one device holds, what waits on it, and what it believes about each job.
func (o *Office) ShowDevice(v *Visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	held, err := o.Phones.Holding(v.r.Context(), id)
	if err != nil {
		return err
	}
	if held == nil {
		return errNoPage
	}
	page := devicePage{frame: v.frame(held.Owner+": "+held.Name, devicesURL), phoneView: o.phoneView(held.Phone), Held: held}
	page.All = v.query("jobs") == "all"
	page.sift()
	return v.show(http.StatusOK, "device", page)
}

// sift leaves what somebody looks for on the page: a year of jobs that are over and agree would hide the one that does not.
func (p *devicePage) sift() {
	for _, job := range p.Held.Jobs {
		if job.Behind() {
			p.Behind++
		}
		over := !job.Behind() && !job.open()
		if over {
			p.Agreed++
		}
		if p.All || !over {
			p.Shown = append(p.Shown, job)
		}
	}
}

// enrolmentPicture is a QR image of where the hub is and which code enrols a device, as the d of an SVG path in a
// square of so many modules. The code stands behind the #: a browser that opens the address keeps it to itself.
func (v *Visit) enrolmentPicture(code string) (path string, size int, err error) {
	at := v.origin()
	at.Path, at.Fragment = "/enrol", code
	return picture(at.String())
}

// origin is where the visitor reaches the hub.
func (v *Visit) origin() url.URL {
	scheme := "http"
	if v.r.TLS != nil || v.office.Encrypted || v.r.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "https"
	}
	return url.URL{Scheme: scheme, Host: v.r.Host}
}

// picture is a text as a QR image: the d of an SVG path in a square of so many modules.
func picture(text string) (path string, size int, err error) {
	code, err := qr.Encode(text, qr.M, qr.Unicode)
	if err != nil {
		return "", 0, err
	}
	size = code.Bounds().Dx()
	var d strings.Builder
	for y := range size {
		for x := range size {
			if black, _, _, _ := code.At(x, y).RGBA(); black == 0 {
				d.WriteString("M" + digits(int64(x+quietZone)) + " " + digits(int64(y+quietZone)) + "h1v1h-1z")
			}
		}
	}
	return d.String(), size + 2*quietZone, nil
}

// quietZone is the white border that ISO/IEC 18004 wants around the code, in modules.
const quietZone = 4
