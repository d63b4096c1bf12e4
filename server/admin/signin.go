package admin

import (
	"net/http"
	"net/url"

	"fieldsync/server/auth"
	"fieldsync/sync/fault"
)

type signInPage struct {
	frame
	Login   string
	To      string
	Problem string
	Passkey string // what a browser needs to sign in by one; "" where it cannot
}

// ShowSignIn shows the form that asks who somebody is.
func (o *Office) ShowSignIn(v *Visit) error {
	if v.Who != nil {
		v.redirect(local(v.query("to"), homeURL))
		return nil
	}
	return o.showSignIn(v, http.StatusOK, signInPage{To: v.query("to")})
}

func (o *Office) showSignIn(v *Visit, status int, page signInPage) (err error) {
	page.frame = v.frame(v.t("Sign in"), "")
	if page.Passkey, err = o.askPasskey(v, nil); err != nil {
		return err
	}
	return v.show(status, "signin", page)
}

// SignIn lets somebody in, under a session that did not exist before; of who has a second step the code is asked first.
func (o *Office) SignIn(v *Visit) error {
	page, from := signInPage{Login: v.form("login"), To: v.form("to")}, auth.Address(v.r, o.Proxies)
	p, err := o.People.SignIn(v.r.Context(), page.Login, v.form("password"), from)
	if err != nil {
		// The name is not logged: people type their passwords there.
		o.Log.Warn("sign-in refused", "code", fault.CodeOf(err), "from", from)
		return v.signInAgain(page, err)
	}
	if p.Second.On() {
		if err := o.Sessions.Await(v.r.Context(), p); err != nil {
			return err
		}
		v.redirect(signInCodeURL + "?to=" + url.QueryEscape(page.To))
		return nil
	}
	return o.signedIn(v, p, from, page.To)
}

func (v *Visit) signInAgain(page signInPage, err error) error {
	f, status := statusOf(err)
	if status >= 500 {
		return err
	}
	page.Problem = v.lang.refusal(f)
	return v.office.showSignIn(v, status, page)
}

// SignOut ends the session.
func (o *Office) SignOut(v *Visit) error {
	if err := o.Sessions.End(v.r.Context()); err != nil {
		return err
	}
	v.redirect(signInURL)
	return nil
}

// SignOutEverywhere ends all sessions of the visitor, this one too: for who left a screen behind.
func (o *Office) SignOutEverywhere(v *Visit) error {
	if err := o.People.EndSessions(v.r.Context(), v.Who.ID); err != nil {
		return err
	}
	return o.SignOut(v)
}
