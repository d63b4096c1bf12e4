package client

import (
	"context"
	"slices"

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
	return c.Resend(ctx, dot, refused[i].Cause, func(tx Tx) error { return c.repeat(tx, refused[i].Rows) })
}

// repeat writes what a change set wrote.
func (c *Client) repeat(tx Tx, rows []record.RowChange) error {
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
		return fault.New(fault.Version, "this change is about something that this version does not know: update the program")
	}
	values := record.Values{}
	for _, w := range change.Cells {
		at := t.ColumnByID(w.Column)
		if at < 0 {
			return fault.New(fault.Version, "this change is about something that this version does not know: update the program")
		}
		name := t.Columns[at].Name
		if w.Key != "" {
			name += "." + w.Key
		}
		values[name] = w.Value
	}
	switch change.Op {
	case record.Insert:
		return tx.Insert(t.Name, change.ID, values)
	case record.Delete:
		return tx.Delete(t.Name, change.ID)
	}
	return tx.Update(t.Name, change.ID, values)
}
