package server

import (
	"context"

	"fieldsync/server/api"
	"fieldsync/sync/record"
)

// fleet is what programs do with devices.
type fleet struct{ phones }

func (f fleet) Devices(ctx context.Context) (list []api.Device, err error) {
	known, err := f.Phones(ctx)
	for _, p := range known {
		list = append(list, api.Device{
			ID: p.ID, Person: p.Person, Owner: p.Owner, Name: p.Name, Standing: p.Standing, Wiped: p.Wiped, Online: p.Online, Contact: p.Contact,
			Pending: p.Pending, Oldest: p.Oldest, Offset: p.Offset, Refused: p.Refused, App: p.App, Schema: p.Schema,
		})
	}
	return list, err
}

func (f fleet) Believed(ctx context.Context, device record.ID) (list []api.Believed, err error) {
	held, err := f.Holding(ctx, device)
	if err != nil || held == nil {
		return nil, err
	}
	for _, b := range held.Jobs {
		list = append(list, api.Believed{Job: b.Job, Has: b.Has, Shall: b.Shall, State: b.Believes, Unheard: b.Unheard})
	}
	return list, nil
}
