package client

import (
	"context"
	"slices"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/clock"
	"fieldsync/sync/device"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// SendAgain sends a refused change once more, as it was: after the office has changed what stood in its way. To send
// something else in its place, see Resend. Codes: fault.Closed for a change that is not refused, or no longer;
// fault.UnknownRow where a row that it changes is not here any more; those of the schema.
func (c *Client) SendAgain(ctx context.Context, dot clock.Dot) error {
	refused, err := c.Outbox(ctx, device.Refused)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(refused, func(s Sent) bool { return s.Dot == dot })
	if i < 0 {
		return fault.New(fault.Closed, "this change is not waiting to be sent again")
	}
	return c.Resend(ctx, dot, refused[i].Cause, func(tx Tx) error { return c.Repeat(tx, refused[i].Rows) })
}

// Repeat writes what the rows of a change set wrote, for Resend. Codes: fault.Version where one is about something that this
// program does not know; fault.UnknownRow where a row is not here any more; those of the schema.
func (c *Client) Repeat(tx Tx, rows []record.RowChange) error {
	for i := range rows {
		if err := c.repeatRow(tx, &rows[i]); err != nil {
			return err
		}
	}
	return nil
}

func (c *Client) repeatRow(tx Tx, change *record.RowChange) error {
	t := c.Schema.TableByID(change.Table)
	if t == nil {
		return errNewer
	}
	values, known := change.Values(t)
	if !known {
		return errNewer
	}
	return aftersales.Rewrite(tx, t.Name, change, values)
}

var errNewer = fault.New(fault.Version, "this change is about something that this version does not know: update the program")
