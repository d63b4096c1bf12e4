package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"net"
	"strings"
	"time"

	"fieldsync/server/auth"
	"fieldsync/server/store"
	"fieldsync/sync/cli"
	"fieldsync/sync/fault"
)

// defaultAddress is where a hub listens unless somebody says otherwise.
const defaultAddress = "127.0.0.1:8470"

// inHouse runs do on the folder's hub.
func (a *app) inHouse(ctx context.Context, do func(*house) error) error {
	h, err := a.enter(ctx)
	if err != nil {
		return err
	}
	return errors.Join(do(h), h.close())
}

func deviceEnrolCommand() *command {
	var url string
	return &command{
		Name: "device enrol", Args: "LOGIN", Least: 1, Most: 1,
		Brief: "print a code with which a person enrols a device",
		About: `
The code works once, within 24 hours. Only its hash is kept: who loses it asks for another. The device
makes its own key; the hub gets the public half. With -json it prints {"code":…,"expires":…,"url":…}.`,
		Example: "fieldsyncd device enrol li",
		Flags: func(f *flag.FlagSet) {
			f.StringVar(&url, "url", env("FIELDSYNC_URL", ""),
				"URL at which devices reach the hub, as printed; environment: FIELDSYNC_URL; else where the hub said last that it is")
		},
		Do: func(ctx context.Context, a *app, args []string) error {
			url = cmp.Or(url, a.served(), urlOf(env("FIELDSYNC_ADDR", defaultAddress)))
			if !strings.HasPrefix(url, "https://") && !strings.HasPrefix(url, "http://") {
				return cli.Usage("-url takes an address that begins with https:// or http://, not %q", url)
			}
			return a.inHouse(ctx, func(h *house) error { return a.enrolDevice(ctx, h, args[0], url) })
		},
	}
}

func (a *app) enrolDevice(ctx context.Context, h *house, login, url string) error {
	p, err := h.person(ctx, login)
	if err != nil {
		return err
	}
	code, expires, err := h.core.Devices.NewCode(ctx, p.ID)
	if err != nil {
		return err
	}
	return a.answer(struct {
		Code    string    `json:"code"`
		Expires time.Time `json:"expires"`
		URL     string    `json:"url"`
	}{code, expires.UTC().Truncate(time.Second), url}, func() {
		a.say("%s enrols one device of %s, until %s:\n\n    fieldtech enrol %s %s\n",
			code, p.Name, expires.Format("2006-01-02 15:04 MST"), url, code)
	})
}

// person returns who signs in with that name.
func (h *house) person(ctx context.Context, login string) (p *store.Person, err error) {
	err = h.core.Store.Read(ctx, func(v *store.View) error {
		p, err = v.PersonByLogin(login)
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case p == nil:
		return nil, fault.New(store.UnknownLogin, "Nobody signs in as "+login+". fieldsyncd person add makes somebody known.")
	case !p.Active:
		return nil, fault.New(fault.NotAllowed, p.Name+" is not let in any more. Let him in again on the office's page of people.")
	}
	return p, nil
}

func urlOf(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "http://" + address
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}

func deviceRevokeCommand() *command {
	var hard, wipe bool
	return &command{
		Name: "device revoke", Args: "DEVICE", Least: 1, Most: 1,
		Brief: "shut a device out",
		About: `
DEVICE is its name, its id or how that begins, or the login of a person who has one device. A hub that
runs closes its connection within five seconds. Nothing on the device is lost: what it still holds is
judged when it is let in again, on the office's page of devices.

With -wipe it is shut out for good, and destroys its keys, photos and data as soon as it meets this hub
again, by https; work that it had not sent is lost. The office's page of devices says when it has.`,
		Example: "fieldsyncd device revoke \"Li's phone\" -hard",
		Flags: func(f *flag.FlagSet) {
			f.BoolVar(&hard, "hard", false, "it was lost or stolen: what it still sends is kept apart, for the office to decide")
			f.BoolVar(&wipe, "wipe", false, "it was lost or stolen: it destroys what it holds, as soon as it can be told")
		},
		Do: func(ctx context.Context, a *app, args []string) error {
			to := auth.Revoked
			switch {
			case wipe:
				to = auth.Wiping
			case hard:
				to = auth.HardRevoked
			}
			return a.inHouse(ctx, func(h *house) error { return a.revoke(ctx, h, args[0], to) })
		},
	}
}

func (a *app) revoke(ctx context.Context, h *house, said string, to auth.Standing) error {
	d, err := h.device(ctx, said)
	if err != nil {
		return err
	}
	if err := h.core.Devices.SetStanding(ctx, d.ID, to); err != nil {
		return err
	}
	return a.answer(struct {
		Device string `json:"device"`
		Name   string `json:"name"`
		Hard   bool   `json:"hard"`
		Wipe   bool   `json:"wipe"`
	}{d.ID.String(), d.Name, to != auth.Revoked || d.HardRevoked, to == auth.Wiping}, func() {
		a.say("%s is shut out. When it was last heard, %s waited on it.\n", d.Name, many(d.Pending, "change"))
	})
}

// device returns the one device that is meant.
func (h *house) device(ctx context.Context, said string) (*store.Device, error) {
	var all, meant []store.Device
	err := h.core.Store.Read(ctx, func(v *store.View) (err error) {
		if all, err = v.Devices(); err != nil {
			return err
		}
		owner, err := v.PersonByLogin(said)
		for _, d := range all {
			if strings.EqualFold(d.Name, said) || len(said) >= 6 && strings.HasPrefix(d.ID.String(), strings.ToLower(said)) ||
				owner != nil && d.Person == owner.ID && !d.Revoked() {
				meant = append(meant, d)
			}
		}
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case len(meant) == 1:
		return &meant[0], nil
	case len(meant) > 1:
		return nil, fault.New(fault.Invalid, "Several devices are meant: say which by its id: "+listed(meant)+".")
	case len(all) == 0:
		return nil, fault.New(store.UnknownPhone, "No device was enrolled yet.")
	}
	return nil, fault.New(store.UnknownPhone, "There is no device "+said+". There are: "+listed(all)+".")
}

func listed(devices []store.Device) string {
	var names []string
	for _, d := range devices {
		names = append(names, d.Name+" ("+d.ID.String()+")")
	}
	return strings.Join(names, ", ")
}
