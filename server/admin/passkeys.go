package admin

import (
	"context"
	"encoding/base64"
	"net/http"

	"fieldsync/server/auth"
	"fieldsync/server/auth/passkey"
	"fieldsync/sync/fault"
)

// site is where the visitor reaches the office, and false where browsers let no page use passkeys.
func (v *Visit) site() (passkey.Site, bool) {
	at := v.origin()
	return passkey.At(v.office.Company, at.String())
}

// askPasskey returns what the visitor's browser needs to sign in by a passkey, one of the person's where there is one to be
// asked for; "" where there is no way.
func (o *Office) askPasskey(v *Visit, p *auth.Person) (string, error) {
	site, ok := v.site()
	if !ok {
		return "", nil
	}
	return o.People.AskPasskey(site, p)
}

// SignInByPasskey lets somebody in whose device has made sure that it is him: without password and second step.
func (o *Office) SignInByPasskey(v *Visit) error {
	page, from := signInPage{To: v.form("to")}, auth.Address(v.r, o.Proxies)
	site, _ := v.site()
	p, err := o.People.SignInByPasskey(v.r.Context(), site, v.form("answer"), from)
	if err != nil {
		f, _ := statusOf(err)
		o.Log.Warn("passkey refused", "code", f.Code, "from", from, "detail", f.Detail)
		return v.signInAgain(page, err)
	}
	return o.signedIn(v, p, from, page.To)
}

// StepByPasskey lets in who gave his password here, with a passkey of his.
func (o *Office) StepByPasskey(v *Visit) error {
	site, _ := v.site()
	return o.takeStep(v, "passkey refused", func(ctx context.Context, p *auth.Person, from string) (*auth.Person, error) {
		return o.People.StepByPasskey(ctx, p.ID, site, v.form("answer"), from)
	})
}

// passkeyOffer is a passkey that is to be made on the page.
type passkeyOffer struct{ Name, Options string }

var errNoSite = fault.New(fault.Invalid, "Browsers let you use passkeys only where you reach this server by a name, over https.")

// OfferPasskey shows the button that has a device make a passkey, to who gives his password.
func (o *Office) OfferPasskey(v *Visit) error {
	site, ok := v.site()
	if !ok {
		return o.secondAgain(v, errNoSite)
	}
	offer, err := &passkeyOffer{Name: v.form("name")}, o.passwordAgain(v)
	if err == nil {
		offer.Options, err = o.People.OfferPasskey(v.r.Context(), v.Who.ID, site, offer.Name)
	}
	if err != nil {
		return o.secondAgain(v, err)
	}
	return o.showSecond(v, http.StatusOK, secondPage{Passkey: offer})
}

// AddPasskey adds the passkey that was made; other sessions end. With the first way to take a second step it shows
// recovery codes, once.
func (o *Office) AddPasskey(v *Visit) error {
	site, _ := v.site()
	p, codes, err := o.People.AddPasskey(v.r.Context(), v.Who.ID, site, v.form("name"), v.form("answer"))
	if err != nil {
		f, _ := statusOf(err)
		o.Log.Warn("passkey not added", "code", f.Code, "person", v.Who.ID, "from", auth.Address(v.r, o.Proxies), "detail", f.Detail)
		return o.secondAgain(v, err)
	}
	if err := o.Sessions.Begin(v.r.Context(), p); err != nil {
		return err
	}
	if len(codes) == 0 {
		return v.done(secondStepURL, v.t("The passkey is added."))
	}
	v.Who = p
	return o.showSecond(v, http.StatusOK, secondPage{Codes: codes})
}

// RemovePasskey takes a passkey away from who gives his password; his other sessions end.
func (o *Office) RemovePasskey(v *Visit) error {
	p, err := (*auth.Person)(nil), o.passwordAgain(v)
	if err == nil {
		var key []byte
		if key, err = base64.RawURLEncoding.DecodeString(v.form("key")); err != nil {
			return errForm
		}
		p, err = o.People.DropPasskey(v.r.Context(), v.Who.ID, key)
	}
	if err != nil {
		return o.secondAgain(v, err)
	}
	if err := o.Sessions.Begin(v.r.Context(), p); err != nil {
		return err
	}
	return v.done(secondStepURL, v.t("The passkey is removed."))
}

// passkeyView is a passkey in the list.
type passkeyView struct {
	auth.Passkey
	Key string // as forms carry it
}

// Passkeys returns those of the visitor; the template asks for them.
func (p secondPage) Passkeys() (list []passkeyView) {
	for _, k := range p.Second.Passkeys {
		list = append(list, passkeyView{k, base64.RawURLEncoding.EncodeToString(k.ID)})
	}
	return list
}
