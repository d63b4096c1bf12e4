package client

import "time"

// noteEvery is how long a contact is not written down again after one was: each writes the account.
const noteEvery = time.Hour

// noteContact writes down that the hub was met, and both ends were level.
func (c *Client) noteContact() {
	now := c.Now()
	if c.Lease <= 0 || now.Sub(c.Met()).Abs() < noteEvery {
		return
	}
	if err := c.account.change(func(a *accountData) { a.Met = now.UnixMilli() }); err != nil {
		c.Log.Error("the contact cannot be written down", "error", err)
	}
}

// Met returns when the hub was last met, to the hour; zero for never. It is only known where there is a Lease.
func (c *Client) Met() time.Time {
	if ms := c.account.get().Met; ms > 0 {
		return time.UnixMilli(ms)
	}
	return time.Time{}
}

// LeaseOver reports whether the device has not met the hub for longer than Options.Lease: a host app asks for a contact
// before it shows anything. Work that waits is sent all the same. It guards what lies on a phone that was lost or left
// behind, not against somebody who sets the clock back or reads the files: sealed columns are for those.
func (c *Client) LeaseOver() bool {
	return c.Lease > 0 && !c.account.get().Device.IsZero() && c.Now().Sub(c.Met()) > c.Lease
}
