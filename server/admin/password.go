package admin

import (
	"net/http"

	"fieldsync/server/auth"
	"fieldsync/sync/fault"
)

type passwordPage struct {
	frame
	Problem string
}

// ShowPassword shows the form to choose another password. Who carries a printed one sees no other page before.
func (o *Office) ShowPassword(v *Visit) error {
	page := passwordPage{frame: v.frame(v.t("Choose a password"), "")}
	page.Bare = v.Who.Temporary()
	return v.show(http.StatusOK, "password", page)
}

// SetPassword replaces the visitor's own password; his other sessions end.
func (o *Office) SetPassword(v *Visit) error {
	p, err := o.replacePassword(v)
	if err != nil {
		f, status := statusOf(err)
		if status >= 500 {
			return err
		}
		page := passwordPage{v.frame(v.t("Choose a password"), ""), v.lang.refusal(f)}
		page.Bare = v.Who.Temporary()
		return v.show(status, "password", page)
	}
	if err := o.Sessions.Begin(v.r.Context(), p); err != nil {
		return err
	}
	return v.done(homeURL, v.t("Your password is changed."))
}

func (o *Office) replacePassword(v *Visit) (*auth.Person, error) {
	ctx, address := v.r.Context(), auth.Address(v.r, o.Proxies)
	if v.form("password") != v.form("again") {
		return nil, fault.New(auth.WeakPassword, "The two passwords are not the same. Type them again.")
	}
	if _, err := o.People.SignIn(ctx, v.Who.Login, v.form("current"), address); err != nil {
		if fault.CodeOf(err) == fault.Unauthentic {
			o.Log.Warn("password not changed", "code", fault.Unauthentic, "person", v.Who.ID, "from", address)
			return nil, fault.New(fault.Unauthentic, "The current password is wrong.")
		}
		return nil, err
	}
	if v.form("password") == v.form("current") {
		return nil, fault.New(auth.WeakPassword, "This is the password you have. Choose a new one.")
	}
	return o.People.SetPassword(ctx, v.Who.ID, v.form("password"))
}
