package main

import (
	"cmp"
	"os"
	"strings"

	"golang.org/x/text/language"
)

// spoken are the languages that a company's lists are written in; English is what else there is.
var spoken = language.NewMatcher([]language.Tag{language.English, language.SimplifiedChinese, language.TraditionalChinese})

// userLanguage returns the tag of the language in which this computer speaks to its user: "en", "zh-Hans", "zh-Hant".
func userLanguage() string {
	locale := cmp.Or(os.Getenv("LC_ALL"), os.Getenv("LC_MESSAGES"), os.Getenv("LANG"))
	locale, _, _ = strings.Cut(locale, ".")
	tag, err := language.Parse(strings.ReplaceAll(locale, "_", "-"))
	if err != nil {
		return "en" // "C" and "POSIX" among them
	}
	_, i, _ := spoken.Match(tag)
	return []string{"en", "zh-Hans", "zh-Hant"}[i]
}
