package web

import (
	"context"
	"net/http"
	"slices"
	"time"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/words"
)

// How the app looks and speaks is kept by the browser: cookies know no ports, so that it lasts from launch to launch.
const (
	languageCookie = "fieldtech-language"
	looksCookie    = "fieldtech-looks"
	keptFor        = 400 * 24 * time.Hour
)

// looks are the choices beside the device's own.
var looks = []string{"", "light", "dark", "contrast"}

// settingsPage is who is here, how the app looks and speaks, and the way out.
type settingsPage struct {
	frame
	Name    string
	Status  client.Status
	Files   int
	CanGo   bool   // somebody can take the data off the device
	Unsent  bool   // why nobody may now
	Days    int    // that a position is kept
	Trouble string // why the last attempt to reach the hub failed
	Chosen  client.Choices
}

func (v *request) settings() error {
	p := settingsPage{frame: v.frame("More"), CanGo: v.LogOut != nil, Files: len(v.client.Waiting()), Chosen: v.client.Choices()}
	p.Tab = "more"
	var err error
	if p.Status, err = v.client.Status(v.ctx()); err != nil {
		return err
	}
	if v.me.IsZero() { // who makes the phone his chooses in which language it speaks
		p.Back = enrolURL
		return v.show("settings", p)
	}
	p.Trouble = v.trouble(p.Status)
	may, err := v.client.Leavable(v.ctx())
	if err != nil {
		return err
	}
	p.Unsent = !may
	err = v.view(func(tx client.Tx) error {
		who, err := rowAs(tx, "person", v.me, aftersales.PersonOf)
		p.Name = who.Name
		days, wrong := aftersales.PositionDays(tx)
		p.Days = days
		return firstOf(err, wrong)
	})
	if err != nil {
		return err
	}
	return v.show("settings", p)
}

// set changes what the form names: the language, the looks, how files travel, the switch for the position, or ends it all.
func (v *request) set() error {
	switch {
	case v.form("language") != "":
		if !slices.Contains(words.Tags, v.form("language")) {
			return fault.New(fault.Invalid, "The app does not speak that language. Choose one from the list.")
		}
		v.keep(languageCookie, v.form("language"))
	case v.r.Form.Has("looks"):
		if !slices.Contains(looks, v.form("looks")) {
			return fault.New(fault.Invalid, "Choose one of the looks.")
		}
		v.keep(looksCookie, v.form("looks"))
	case v.form("position") != "":
		if err := v.share(v.form("position") == "on"); err != nil {
			return err
		}
	case v.form("photos") != "" || v.form("send") != "":
		if err := v.choose(); err != nil {
			return err
		}
	case v.form("leave") != "":
		return v.logOut()
	}
	return v.redirect(settingsURL)
}

// choose changes how large photos are kept, or by which networks they go.
func (v *request) choose() error {
	c := v.client.Choices()
	switch v.form("photos") {
	case "small":
		c.Reduce = true
	case "full":
		c.Reduce = false
	}
	switch v.form("send") {
	case "wifi":
		c.WiFiOnly = true
	case "any":
		c.WiFiOnly = false
	}
	return v.client.Choose(c)
}

func (v *request) keep(name, value string) {
	http.SetCookie(v.w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(keptFor.Seconds()), HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
}

// unsent says that there is work that only this phone has.
const unsent fault.Code = "unsent_work"

// logOut takes the person's data off the device, unless some of it is nowhere else.
func (v *request) logOut() error {
	may, err := v.client.Leavable(v.ctx())
	if err != nil {
		return err
	}
	if !may {
		return fault.New(unsent, "Some of your work is on this phone only. Connect and wait until nothing waits any more, or hand it over without network.")
	}
	if v.LogOut == nil {
		return fault.New(fault.NotAllowed, "This app cannot log you out: remove it from the phone.")
	}
	if v.form("leave") != "yes" {
		return fault.New(fault.Invalid, "Say yes before the data is taken off this phone.")
	}
	// The answer goes first: afterwards there is nothing left to answer from.
	v.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = v.w.Write([]byte(v.say("You are logged out. Nothing of yours is on this phone any more. You can close this page.")))
	if f, ok := v.w.(http.Flusher); ok {
		f.Flush()
	}
	go func() {
		if err := v.LogOut(context.Background()); err != nil {
			v.client.Log.Error("logging out failed", "error", err)
		}
	}()
	return nil
}

type enrolPage struct {
	frame
	Enrolled bool
	Wiped    bool // by the office, a moment ago
}

// enrolment asks for the code that the office made.
func (v *request) enrolment() error {
	if !v.me.IsZero() {
		return v.redirect(todayURL)
	}
	return v.show("enrol", enrolPage{frame: v.frame("Make this phone yours"), Wiped: v.form("wiped") != ""})
}

// enrol gives the phone to the person for whom the office made the code. It is the one thing that needs the network.
func (v *request) enrol() error {
	server, code, name := v.form("server"), v.form("code"), v.form("name")
	if err := v.client.Enrol(v.ctx(), server, code, name); err != nil {
		return err
	}
	if err := v.client.Connect(); err != nil {
		return err
	}
	return v.redirect(todayURL)
}
