package admin

import (
	"net/http"
	"time"

	"fieldsync/server/auth"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

type devicesPage struct {
	frame
	Phones  []phoneView
	People  []auth.Person // who can be given a code
	Schema  int           // the hub's
	Code    *codeView     // one that was just made
	Text    string        // what is looked for
	Exports [2]string     // URLs of CSV and XLSX
}

type phoneView struct {
	Phone
	Silent bool // not heard for longer than a day, with work that may wait on it
	Skewed bool // its clock is off by more than two minutes
	Old    bool // speaks an older schema than the hub
	Waits  time.Duration
}

type codeView struct {
	Code    string
	For     string
	Expires time.Time
	Picture string // of a QR image, the d of an SVG path
	Size    int    // of the image's sides, in modules
}

// ListDevices shows every device, and what each holds that the hub has not seen.
func (o *Office) ListDevices(v *Visit) error {
	page, err := o.loadDevices(v)
	if err != nil {
		return err
	}
	if format := v.query("format"); format != "" {
		return o.exportDevices(v, page, format)
	}
	return v.show(http.StatusOK, "devices", page)
}

func (o *Office) loadDevices(v *Visit) (devicesPage, error) {
	page := devicesPage{frame: v.frame(v.t("Devices"), devicesURL), Schema: o.Schema.Version, Text: v.query("q"), Exports: v.exports()}
	phones, err := o.Phones.Phones(v.r.Context())
	if err != nil {
		return page, err
	}
	for _, p := range phones {
		if v.sought(p.Owner, p.Name, p.App) {
			page.Phones = append(page.Phones, o.phoneView(p))
		}
	}
	people, err := o.colleagues(v)
	for _, p := range people {
		if p.Active {
			page.People = append(page.People, p)
		}
	}
	return page, err
}

// What makes a device worth a look.
const (
	silentAfter = 24 * time.Hour
	skewedBy    = 2 * time.Minute
)

func (o *Office) phoneView(p Phone) phoneView {
	view := phoneView{Phone: p, Skewed: p.Offset.Abs() > skewedBy, Old: p.Schema != 0 && p.Schema < o.Schema.Version}
	view.Silent = p.Standing == auth.Admitted && !p.Online && !p.Contact.IsZero() && o.Now().Sub(p.Contact) > silentAfter
	if !p.Oldest.IsZero() {
		view.Waits = o.Now().Sub(p.Oldest)
	}
	return view
}

// NewCode makes a code that enrols one device, and shows it this once.
func (o *Office) NewCode(v *Visit) error {
	id, err := record.ParseID(v.form("person"))
	if err != nil {
		return fault.New(fault.Invalid, "Choose the person who will carry the device.")
	}
	p, err := o.person(v, id)
	if err != nil {
		return err
	}
	code, expires, err := o.Phones.NewCode(v.r.Context(), p.ID)
	if err != nil {
		return err
	}
	page, err := o.loadDevices(v)
	if err != nil {
		return err
	}
	page.Code = &codeView{Code: code, For: p.Name, Expires: expires}
	if page.Code.Picture, page.Code.Size, err = v.enrolmentPicture(code); err != nil {
		return err
	}
	return v.show(http.StatusOK, "devices", page)
}

func (o *Office) person(v *Visit, id record.ID) (*auth.Person, error) {
	p, err := o.People.Person(v.r.Context(), id)
	if err == nil && p == nil {
		err = fault.New(auth.UnknownOne, "This person is not known here.")
	}
	return p, err
}

var standings = map[string]struct {
	to   auth.Standing
	said string
}{
	"admit":  {auth.Admitted, "The device is let in again."},
	"revoke": {auth.Revoked, "The device is shut out. Work that it still holds is judged if you let it in again."},
	"hard":   {auth.HardRevoked, "The device is shut out for good. Whatever it sends goes to Refused changes."},
	"wipe":   {auth.Wiping, "The device is shut out for good, and destroys what it holds when it is next connected."},
}

// SetStanding lets a device in or shuts it out.
func (o *Office) SetStanding(v *Visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	wanted, ok := standings[v.form("standing")]
	if !ok {
		return errForm
	}
	if wanted.to == auth.Wiping && v.form("sure") != "yes" {
		return fault.New(fault.Invalid, "Say yes, or the device is not wiped: what it has not sent is lost.")
	}
	if err := o.Phones.SetStanding(v.r.Context(), id, wanted.to); err != nil {
		return err
	}
	return v.done(devicesURL, v.t(wanted.said))
}
