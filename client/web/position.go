package web

import (
	"errors"
	"math"
	"net/http"
	"strconv"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
)

// The switch for the position is the person's own, under More. While it is on every page says so, and only then may a page
// ask the phone where it is: position.js does, and sends it here. What is refused is not an error of the page's: it asks
// again later, and nobody is disturbed.

// permissions are what pages may ask the phone for; where it is only while the switch is on.
const (
	permissions        = "camera=(self), microphone=(self), geolocation="
	permissionsNowhere = permissions + "()"
	permissionsWhere   = permissions + "(self)"
)

// shares reports whether the user's switch is on, and lets the page ask where the phone is if so. What cannot be read is off.
func (v *request) shares() (on bool) {
	if v.me.IsZero() {
		return false
	}
	err := v.view(func(tx client.Tx) (err error) {
		on, err = aftersales.SharesPosition(tx, v.me)
		return err
	})
	if err != nil {
		v.client.Log.Error("the switch for the position cannot be read", "error", err)
		return false
	}
	if on {
		v.w.Header().Set("Permissions-Policy", permissionsWhere)
	}
	return on
}

// share turns the switch on or off.
func (v *request) share(on bool) error {
	return v.client.Update(v.ctx(), aftersales.CausePositionShare, func(tx client.Tx) error {
		return aftersales.SharePosition(tx, on)
	})
}

// position takes where the phone is: 204, noted or not.
func (v *request) position() error {
	at, err := v.where()
	if err == nil {
		err = v.client.Update(v.ctx(), aftersales.CausePosition, func(tx client.Tx) error {
			return aftersales.RecordPosition(tx, aftersales.PositionInput{Position: at})
		})
	}
	if refused := new(fault.Error); err != nil && !errors.As(err, &refused) {
		return err
	}
	v.w.WriteHeader(http.StatusNoContent)
	return nil
}

// where reads the degrees that a browser has.
func (v *request) where() (p aftersales.Position, err error) {
	for name, to := range map[string]*int64{"latitude": &p.Latitude, "longitude": &p.Longitude} {
		degrees, wrong := strconv.ParseFloat(v.form(name), 64)
		if wrong != nil || math.IsNaN(degrees) || math.Abs(degrees) > 180 {
			return p, fault.New(aftersales.BadPosition, "A position has a latitude and a longitude, in degrees.")
		}
		*to = int64(math.Round(degrees * 1e7))
	}
	return p, nil
}
