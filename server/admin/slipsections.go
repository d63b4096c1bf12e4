package admin

import (
	"slices"
	"strings"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/words"
)

// The sections of a slip are kept by their codes; on pages they stand, and are typed, by their names.

// settingSaid returns a setting as people read it.
func (v *Visit) settingSaid(name, value string) string {
	if name != aftersales.SettingSlipOrder || value == "" {
		return value
	}
	said := listed(value)
	for i, section := range said {
		if slices.Contains(aftersales.SlipSections, section) {
			said[i] = v.lang.Name("slip.section." + section)
		}
	}
	return strings.Join(said, v.lang.comma())
}

// settingMeant returns a setting that was typed, as it is kept. What is no section's name in any language stays as it is,
// and is refused.
func (o *Office) settingMeant(name, typed string) string {
	if name != aftersales.SettingSlipOrder {
		return typed
	}
	meant := listed(typed)
	for i, word := range meant {
		for _, section := range aftersales.SlipSections {
			if slices.ContainsFunc(o.words.Languages, func(l *words.Language) bool { return strings.EqualFold(l.Name("slip.section."+section), word) }) {
				meant[i] = section
			}
		}
	}
	return strings.Join(meant, ", ")
}

// listed returns what stands between the commas and spaces of a text.
func listed(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" ,，、\n\t\r", r) })
}

// comma is what stands between the items of a list.
func (l *language) comma() string {
	if l.Tag == words.Tags[0] {
		return ", "
	}
	return "、"
}
