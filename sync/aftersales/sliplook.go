package aftersales

import (
	"strings"

	"fieldsync/sync/record"
)

// SlipLook is how a company has its slips look, on the phone as on paper.
type SlipLook struct {
	Heading    string   // what a slip is called; "" for what the language calls it
	Head, Foot []string // the company's own lines above and below; none where it set none
	Order      []string // all SlipSections, from above to below
	// What it leaves out.
	NoChecklists, NoTimes, NoCosts, NoParts bool
}

// ReadSlipLook returns how slips of a branch look.
func ReadSlipLook(v Reader, branch record.ID) (SlipLook, error) {
	return SlipLookOf(func(name string) (string, error) { return Setting(v, name, branch) })
}

// SlipLookOf returns how slips look by what a setting says, such as one that is not kept yet.
func SlipLookOf(setting func(name string) (string, error)) (l SlipLook, err error) {
	said := func(name string) (text string) {
		if err == nil {
			text, err = setting(name)
		}
		return text
	}
	l.Heading, l.Head, l.Foot = said(SettingSlipTitle), slipLines(said(SettingSlipHead)), slipLines(said(SettingSlipFoot))
	l.Order, _ = SlipOrder(said(SettingSlipOrder))
	l.NoChecklists, l.NoTimes = said(SettingSlipChecklists) == "0", said(SettingSlipTimes) == "0"
	l.NoCosts, l.NoParts = said(SettingSlipCosts) == "0", said(SettingSlipParts) == "0"
	return l, err
}

func slipLines(text string) (lines []string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}
