package server

import (
	"context"

	"fieldsync/server/admin"
	"fieldsync/server/store"
	"fieldsync/sync/record"
)

// views keeps people's views of lists as settings of the store: one of each owner, as JSON.
type views struct{ *store.Store }

var _ admin.Views = views{}

func viewsSetting(owner record.ID) string { return "views." + owner.String() }

func (s views) Views(ctx context.Context, owner record.ID) (list []admin.View, err error) {
	err = s.Read(ctx, func(v *store.View) error {
		list, err = readKept[[]admin.View](v.Setting(viewsSetting(owner)))
		return err
	})
	return list, err
}

func (s views) ChangeViews(ctx context.Context, owner record.ID, change func([]admin.View) ([]admin.View, error)) error {
	return s.Write(ctx, func(tx *store.Tx) error {
		_, err := changeKept(tx, viewsSetting(owner), change)
		return err
	})
}
