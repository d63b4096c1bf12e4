package aftersales

import (
	"strings"

	"github.com/nyaruka/phonenumbers"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// Phone returns a telephone number without the blanks, dashes, dots and brackets that people type into it.
func Phone(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r == '+' || r == '*' || r == '#' {
			return r
		}
		return -1
	}, s)
}

// E164 returns a telephone number as the whole world dials it, "+862155500100", with ";ext=12" where it has an
// extension. A number without a country code is one of the country (ISO 3166). What can be no number of any country
// comes back as Phone has it: nothing that somebody typed is lost.
func E164(s, country string) string {
	for _, typed := range []string{s, Phone(s)} {
		n, err := phonenumbers.Parse(typed, country)
		if err != nil || !phonenumbers.IsPossibleNumber(n) {
			continue
		}
		number := phonenumbers.Format(n, phonenumbers.E164)
		if again, err := phonenumbers.Parse(number, country); err != nil || phonenumbers.Format(again, phonenumbers.E164) != number {
			continue // nothing but zeros: each reading would lose one more
		}
		if ext := n.GetExtension(); ext != "" {
			number += ";ext=" + ext
		}
		return number
	}
	return Phone(s)
}

// PhoneIn returns a number as E164 has it, in the country of a branch's intake policy.
func PhoneIn(v View, branch record.ID, s string, at int64) (string, error) {
	if strings.TrimSpace(s) == "" {
		return "", nil
	}
	p, _, err := InForce[IntakePolicy](v, PolicyIntake, branch, at)
	return E164(s, p.Country), err
}

// phoneColumns are the columns with telephone numbers of the tables that have some.
var phoneColumns = map[string][]string{
	"party": {"phone", "phone2"}, "contact": {"phone", "phone2"}, "person": {"phone"},
}

// BadPhone says that what was given as a telephone number holds none: nothing of it would be left.
const BadPhone fault.Code = "bad_phone"

// reachable brings the telephone numbers among the values of a row into their one form, and refuses a mail address that
// is none: whoever needs it later would find out too late. Codes: BadPhone, BadMail.
func reachable(tx Tx, table string, branch record.ID, values record.Values) error {
	for _, column := range phoneColumns[table] {
		v, written := values[column]
		if !written || v.IsNull() {
			continue
		}
		number, err := PhoneIn(tx, branch, v.Text(), tx.Now())
		if err != nil {
			return err
		}
		if number == "" && strings.TrimSpace(v.Text()) != "" {
			return fault.Newf(BadPhone, "%s is no telephone number: type its digits, and write anything else into the note", v.Text())
		}
		values[column] = optional(number)
	}
	if _, has := phoneColumns[table]; !has {
		return nil
	}
	return mailOf(values)
}
