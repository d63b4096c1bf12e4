package admin

import (
	"context"
	"net/http"
	"strings"

	"fieldsync/server/auth"
	"fieldsync/sync/fault"
)

const (
	signInCodeURL = "/sign-in/code"
	secondStepURL = "/second-step"
)

type codePage struct {
	frame
	To      string
	Problem string
	App     bool   // codes are those of an app, or on paper; else on paper
	Passkey string // what a browser needs to use one instead; "" where it cannot
}

// ShowSignInCode asks for the code of somebody who gave his password here.
func (o *Office) ShowSignInCode(v *Visit) error {
	p, err := o.Sessions.Awaited(v.r.Context())
	if err != nil {
		return err
	}
	if p == nil {
		v.redirect(signInURL)
		return nil
	}
	return o.showCode(v, http.StatusOK, p, codePage{To: v.query("to")})
}

func (o *Office) showCode(v *Visit, status int, p *auth.Person, page codePage) (err error) {
	page.frame, page.App = v.frame(v.t("Sign in"), ""), p.Second.HasApp()
	if page.Passkey, err = o.askPasskey(v, p); err != nil {
		return err
	}
	return v.show(status, "code", page)
}

// SignInCode lets in who gave his password here, with the code that belongs to it.
func (o *Office) SignInCode(v *Visit) error {
	return o.takeStep(v, "sign-in code refused", func(ctx context.Context, p *auth.Person, from string) (*auth.Person, error) {
		return o.People.SecondStep(ctx, p.ID, v.form("code"), from)
	})
}

// takeStep lets in who gave his password here, where the second step is taken.
func (o *Office) takeStep(v *Visit, refused string, take func(ctx context.Context, p *auth.Person, from string) (*auth.Person, error)) error {
	ctx, from, to := v.r.Context(), auth.Address(v.r, o.Proxies), v.form("to")
	p, err := o.Sessions.Awaited(ctx)
	if err != nil {
		return err
	}
	if p == nil {
		v.redirect(signInURL)
		return nil
	}
	in, err := take(auth.By(ctx, p.ID), p, from)
	if err != nil {
		f, status := statusOf(err)
		if status >= 500 {
			return err
		}
		o.Log.Warn(refused, "code", f.Code, "person", p.ID, "from", from, "detail", f.Detail)
		return o.showCode(v, status, p, codePage{To: to, Problem: v.lang.refusal(f)})
	}
	return o.signedIn(v, in, from, to)
}

// signedIn begins the session of who has shown all that is asked of him.
func (o *Office) signedIn(v *Visit, p *auth.Person, from, to string) error {
	if err := o.Sessions.Begin(v.r.Context(), p); err != nil {
		return err
	}
	o.Log.Info("signed in", "person", p.ID, "from", from)
	v.redirect(local(to, homeURL))
	return nil
}

type secondPage struct {
	frame
	Second  auth.Second
	Must    bool       // a role asks for it
	Offered *offerView // a key that is shown this once
	Codes   []string   // recovery codes that are shown this once
	Passkey *passkeyOffer
	Problem string
}

type offerView struct {
	Text    string // in groups of four
	Picture string
	Size    int
}

// ShowSecondStep shows whether the visitor signs in by two steps, and the forms to change it. Whose role asks for it sees
// no other page before.
func (o *Office) ShowSecondStep(v *Visit) error { return o.showSecond(v, http.StatusOK, secondPage{}) }

func (o *Office) showSecond(v *Visit, status int, page secondPage) error {
	page.frame = v.frame(v.t("Second step of signing in"), "")
	page.Bare, page.Second, page.Must = v.Who.MustSetUp(), v.Who.Second, v.Who.Guarded()
	return v.show(status, "second", page)
}

// secondAgain shows the page again with what was refused.
func (o *Office) secondAgain(v *Visit, err error) error {
	f, status := statusOf(err)
	if status >= 500 {
		return err
	}
	return o.showSecond(v, status, secondPage{Problem: v.lang.refusal(f)})
}

// OfferSecondStep shows a new key, once, to who gives his password.
func (o *Office) OfferSecondStep(v *Visit) error {
	offer, err := auth.Offer{}, o.passwordAgain(v)
	if err == nil {
		offer, err = o.People.OfferSecond(v.r.Context(), v.Who.ID)
	}
	if err != nil {
		return o.secondAgain(v, err)
	}
	view := &offerView{Text: inFours(offer.Text)}
	if view.Picture, view.Size, err = picture(offer.Address); err != nil {
		return err
	}
	v.Who.Second.Offered = []byte(offer.Text)
	return o.showSecond(v, http.StatusOK, secondPage{Offered: view})
}

// passwordAgain refuses who does not give the visitor's password: it may be somebody else at his screen.
func (o *Office) passwordAgain(v *Visit) error {
	from := auth.Address(v.r, o.Proxies)
	_, err := o.People.SignIn(v.r.Context(), v.Who.Login, v.form("current"), from)
	if fault.CodeOf(err) == fault.Unauthentic {
		o.Log.Warn("second step not changed", "code", fault.Unauthentic, "person", v.Who.ID, "from", from)
		return fault.New(fault.Unauthentic, "The current password is wrong.")
	}
	return err
}

// ConfirmSecondStep begins with the key that was shown, and shows the recovery codes, once; other sessions end.
func (o *Office) ConfirmSecondStep(v *Visit) error {
	p, codes, err := o.People.ConfirmSecond(v.r.Context(), v.Who.ID, v.form("code"), auth.Address(v.r, o.Proxies))
	if err != nil {
		return o.secondAgain(v, err)
	}
	if err := o.Sessions.Begin(v.r.Context(), p); err != nil {
		return err
	}
	v.Who = p
	return o.showSecond(v, http.StatusOK, secondPage{Codes: codes})
}

// RenewRecovery shows other recovery codes, once, to who gives his password.
func (o *Office) RenewRecovery(v *Visit) error {
	codes, err := []string(nil), o.passwordAgain(v)
	if err == nil {
		codes, err = o.People.RenewRecovery(v.r.Context(), v.Who.ID)
	}
	if err != nil {
		return o.secondAgain(v, err)
	}
	return o.showSecond(v, http.StatusOK, secondPage{Codes: codes})
}

// RemoveSecondStep takes the app of the second step from who gives his password; his other sessions end.
func (o *Office) RemoveSecondStep(v *Visit) error {
	p, err := (*auth.Person)(nil), o.passwordAgain(v)
	if err == nil {
		p, err = o.People.DropApp(v.r.Context(), v.Who.ID)
	}
	if err != nil {
		return o.secondAgain(v, err)
	}
	if err := o.Sessions.Begin(v.r.Context(), p); err != nil {
		return err
	}
	if p.Second.On() {
		return v.done(secondStepURL, v.t("Codes of the app are no longer asked for."))
	}
	return v.done(secondStepURL, v.t("The second step is removed."))
}

// ResetSecondStep takes somebody's second step from him, whose phone and recovery codes are gone; his sessions end.
func (o *Office) ResetSecondStep(v *Visit) error {
	p, err := o.managed(v)
	if err != nil {
		return err
	}
	if p.ID == v.Who.ID {
		return fault.New(fault.Invalid, "Remove your own second step on the page of your password, which asks for it again.")
	}
	if _, err := o.People.DropSecond(v.r.Context(), p.ID); err != nil {
		return err
	}
	return v.done(peopleURL, v.t("The second step is removed, and all sessions ended."))
}

// GuardRole says whether whoever has the role signs in by two steps.
func (o *Office) GuardRole(v *Visit) error {
	role, guarded := auth.Role(v.form("role")), v.form("guarded") == "yes"
	if was := v.form("was"); was != "" && (was == "yes") == guarded { // he changed nothing, and so nothing that another changed meanwhile
		return v.done(roleURL(role), v.t("Nothing was changed."))
	}
	if err := o.People.GuardRole(v.r.Context(), v.Who, role, guarded); err != nil {
		return err
	}
	return v.done(roleURL(role), v.t("The role is changed. It holds from the next click of everybody who has it."))
}

// inFours parts a text into groups of four characters, as people copy them.
func inFours(text string) string {
	var b strings.Builder
	for i, r := range text {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}
