package admin

import (
	"strconv"
	"time"

	"fieldsync/server/auth"
	"fieldsync/server/list"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// deviceList tells of every device that was ever enrolled.
var deviceList = &list.List{
	Name: "devices", Order: "owner",
	Columns: []list.Column{
		{Name: "name", URL: devicesURL + "/"},
		{Name: "owner", URL: peopleURL + "/"},
		{Name: "standing", Kind: list.Code, Codes: "devices.standing"},
		{Name: "heard", Kind: list.Code, Codes: "devices.heard"},
		{Name: "contact", Kind: list.Instant},
		{Name: "pending", Kind: list.Number},
		{Name: "oldest", Kind: list.Instant},
		{Name: "refused", Kind: list.Number, URL: refusedURL + "?device="},
		{Name: "clock", Told: true, Named: true},
		{Name: "app"},
		{Name: "schema", Kind: list.Number, Aside: true},
		{Name: "old", Kind: list.Flag, Aside: true},
		{Name: "wiped", Kind: list.Instant, Aside: true},
	},
	Filters: []list.Filter{
		{Name: "q", Test: list.Search},
		{Name: "standing", Test: list.OneOf, Where: "standing", Codes: standingCodes, Names: "devices.standing"},
		{Name: "heard", Test: list.OneOf, Where: "heard", Codes: []string{"online", "silent", "never"}, Names: "devices.heard"},
		{Name: "waits", Test: list.Is, Where: "pending"},
		{Name: "old", Test: list.Is, Where: "old"},
	},
}

// devices is the list of every device that was ever enrolled.
var devices = &Listing{
	List: deviceList,
	URL:  devicesURL, Title: "Devices", Page: "devices", Rows: (*Office).deviceRows,
	Empty: "No device is enrolled yet. Choose a person above and make a code; he types it into the app, once.",
}

// standingCodes are how a device stands that is not simply admitted.
var standingCodes = []string{"shut_out", "shut_out_for_good", "to_be_wiped", "wiped"}

// devicesExtra is what the page of that list has around it.
type devicesExtra struct {
	People []auth.Person // who can be given a code
	Code   *codeView     // one that was just made
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
func (o *Office) ListDevices(v *Visit) error { return o.showDevices(v, nil) }

func (o *Office) showDevices(v *Visit, code *codeView) error {
	extra := devicesExtra{Code: code}
	people, err := o.colleagues(v)
	if err != nil {
		return err
	}
	for _, p := range people {
		if p.Active {
			extra.People = append(extra.People, p)
		}
	}
	return o.ShowList(v, devices, extra)
}

// deviceRows are all devices, with what each said last.
func (o *Office) deviceRows(v *Visit) (rows []list.Row, tails map[record.ID]any, err error) {
	phones, err := o.Phones.Phones(v.r.Context())
	tails = map[record.ID]any{}
	for _, p := range phones {
		view := o.phoneView(p)
		row := deviceList.New(p.ID)
		row.Put("name", p.Name).Lead("name", p.ID).Put("owner", p.Owner).Lead("owner", p.Person).Put("standing", view.standing()).
			Put("heard", view.heard()).At("contact", p.Contact).Count("pending", int64(p.Pending)).At("oldest", p.Oldest).
			Count("refused", int64(p.Refused)).Put("clock", v.clockOf(&view)).Put("app", p.App).At("wiped", p.Wiped)
		if p.Refused > 0 {
			row.Lead("refused", p.ID)
		}
		if p.Schema != 0 {
			row.Count("schema", int64(p.Schema))
		}
		if view.Old {
			row.Count("old", 1)
		}
		rows, tails[p.ID] = append(rows, row), &view
	}
	return rows, tails, err
}

func (p *phoneView) standing() string {
	switch {
	case !p.Wiped.IsZero():
		return "wiped"
	case p.Standing == auth.Revoked:
		return "shut_out"
	case p.Standing == auth.HardRevoked:
		return "shut_out_for_good"
	case p.Standing == auth.Wiping:
		return "to_be_wiped"
	}
	return ""
}

func (p *phoneView) heard() string {
	switch {
	case p.Online:
		return "online"
	case p.Contact.IsZero():
		return "never"
	case p.Silent:
		return "silent"
	}
	return ""
}

// clockOf says how far a device's clock is off.
func (v *Visit) clockOf(p *phoneView) string {
	switch {
	case p.Contact.IsZero():
		return ""
	case !p.Skewed:
		return v.t("right")
	case p.Offset > 0:
		return v.t("slow by %s", v.lang.length(p.Offset))
	}
	return v.t("fast by %s", v.lang.length(p.Offset))
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
	shown := &codeView{Code: code, For: p.Name, Expires: expires}
	if shown.Picture, shown.Size, err = v.enrolmentPicture(code); err != nil {
		return err
	}
	return o.showDevices(v, shown)
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
	err = o.Phones.ChangeStanding(v.r.Context(), id, wanted.to, func(now auth.Standing) error {
		return stillShown(v.form("shown"), strconv.Itoa(int(now)))
	})
	if err != nil {
		return err
	}
	return v.done(devicesURL, v.t(wanted.said))
}
