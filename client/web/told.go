package web

import (
	"fieldsync/client"
	"fieldsync/sync/aftersales"
)

// toldPage is what the user was told, the latest first.
type toldPage struct {
	frame
	Notices []aftersales.Notice
}

// told shows the notices that lie on the phone.
func (v *request) told() error {
	p := toldPage{frame: v.frame("Notices")}
	p.Tab, p.Back = "more", todayURL
	ids, err := v.ids("SELECT id FROM notice WHERE person = ? AND _del = 0 ORDER BY id DESC LIMIT 50", v.me[:])
	if err != nil {
		return err
	}
	err = v.view(func(tx client.Tx) error {
		for _, id := range ids {
			row, err := tx.Row("notice", id)
			if err != nil {
				return err
			}
			if row != nil {
				p.Notices = append(p.Notices, aftersales.NoticeOf(row))
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return v.show("told", p)
}
