package aftersales

import (
	"bytes"
	"encoding/base64"

	"fieldsync/sync/blob"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// maxLogo is the longest logo, in bytes of its base64: it goes to every phone.
const maxLogo = 64 << 10

// SetLogo puts the company's picture on every slip: a photo or drawing (JPEG, PNG, GIF), made small and written anew, so
// that nothing is left of what else a file may hold. None takes it off. Codes: blob.NoPicture, BadFile.
func SetLogo(tx Tx, picture []byte) error {
	value := record.Null
	if len(picture) > 0 {
		small, err := blob.Thumbnail(bytes.NewReader(picture))
		if err != nil {
			return err
		}
		text := base64.StdEncoding.EncodeToString(small)
		if len(text) > maxLogo {
			return fault.New(BadFile, "this picture has too much in it for a slip: choose a simpler one")
		}
		value = record.Text(text)
	}
	return upsert(tx, "setting", SettingID(SettingSlipLogo, record.ID{}), record.Values{
		"name": record.Text(SettingSlipLogo), "picture": value,
	})
}

// Logo returns the company's picture for its slips, a small JPEG; nil if it has none.
func Logo(v Reader) ([]byte, error) {
	row, err := v.Row("setting", SettingID(SettingSlipLogo, record.ID{}))
	if err != nil || row == nil || row.Get("picture").IsNull() {
		return nil, err
	}
	picture, err := base64.StdEncoding.DecodeString(row.Get("picture").Text())
	if err != nil || blob.Sniff(picture) != "image/jpeg" {
		return nil, nil // not of our making: a slip does without
	}
	return picture, nil
}
