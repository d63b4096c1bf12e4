package aftersales

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// BadMail says that what was given as a mail address is none: no letter would ever arrive.
const BadMail fault.Code = "bad_mail"

// IsMail reports whether the text can be a mail address: name@host.example, the names in any script. Who it reaches only
// a letter tells.
func IsMail(s string) bool {
	at := strings.LastIndexByte(s, '@')
	if at < 1 || at > 64 || len(s) > 254 || !utf8.ValidString(s) || !strings.Contains(s[at:], ".") {
		return false
	}
	for _, label := range strings.Split(s[at+1:], ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
	}
	strange := func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r) || strings.ContainsRune(`()<>[]:;@\,"，；、。`, r)
	}
	name, host := s[:at], s[at+1:]
	return !strings.ContainsFunc(name+host, strange) && name[0] != '.' && name[at-1] != '.' && !strings.Contains(name, "..")
}

// mailOf takes the blanks off the mail address among the values, and refuses what is none. Codes: BadMail.
func mailOf(values record.Values) error {
	v, written := values["email"]
	if !written || v.IsNull() {
		return nil
	}
	address := strings.TrimSpace(v.Text())
	if address != "" && !IsMail(address) {
		return fault.Newf(BadMail, "%s is no mail address: type it like name@example.com", v.Text())
	}
	values["email"] = optional(address)
	return nil
}
