package server

import (
	"context"
	"encoding/json"

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
		list, err = readViews(v.Setting(viewsSetting(owner)))
		return err
	})
	return list, err
}

func (s views) ChangeViews(ctx context.Context, owner record.ID, change func([]admin.View) ([]admin.View, error)) error {
	return s.Write(ctx, func(tx *store.Tx) error {
		list, err := readViews(tx.Setting(viewsSetting(owner)))
		if err != nil {
			return err
		}
		if list, err = change(list); err != nil {
			return err
		}
		kept, err := json.Marshal(list)
		if err != nil {
			return err
		}
		return tx.PutSetting(viewsSetting(owner), string(kept))
	})
}

func readViews(kept string, err error) (list []admin.View, _ error) {
	if err != nil || kept == "" {
		return nil, err
	}
	return list, json.Unmarshal([]byte(kept), &list)
}
