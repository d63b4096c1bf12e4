package admin

import (
	"io"
	"slices"
	"strconv"
	"strings"

	"fieldsync/server/list"
)

// What the lists of people and devices have, which are short and stand on one page: a search, and the whole of it as a file.

// sought reports whether one of the texts holds what the visitor looks for; all do where he looks for nothing.
func (v *Visit) sought(texts ...string) bool {
	for _, word := range strings.Fields(strings.ToLower(v.query("q"))) {
		if !slices.ContainsFunc(texts, func(s string) bool { return strings.Contains(strings.ToLower(s), word) }) {
			return false
		}
	}
	return true
}

// sendLines sends lines of text under their heads as a file of that format.
func (v *Visit) sendLines(what, format string, heads []string, lines [][]string) error {
	return v.sendFile(what, format, func(out io.Writer) error {
		if format == "csv" {
			return list.CSV(out, heads, func(put func([]string) error) error {
				for _, line := range lines {
					safe := slices.Clone(line)
					for i := range safe {
						safe[i] = list.Harmless(safe[i])
					}
					if err := put(safe); err != nil {
						return err
					}
				}
				return nil
			})
		}
		return list.XLSX(out, heads, func(put func([]any) error) error {
			for _, line := range lines {
				cells := make([]any, len(line))
				for i, text := range line {
					cells[i] = text
				}
				if err := put(cells); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

func (o *Office) exportPeople(v *Visit, page peoplePage, format string) error {
	heads := []string{v.t("Name"), v.t("Sign-in name"), v.t("Roles"), v.t("Extension"), v.t("deactivated")}
	var lines [][]string
	for _, p := range page.People {
		off := ""
		if !p.Active {
			off = v.t("yes")
		}
		lines = append(lines, []string{p.Name, p.Login, strings.Join(p.Does, ", "), p.Ext, off})
	}
	return v.sendLines("people", format, heads, lines)
}

func (o *Office) exportDevices(v *Visit, page devicesPage, format string) error {
	heads := []string{v.t("Person"), v.t("Device"), v.t("Last contact"), v.t("Pending"), v.t("Oldest unsent"), v.t("Refused"), v.t("Version")}
	var lines [][]string
	at := times{v.lang, o.Zone}
	for _, p := range page.Phones {
		heard, oldest := "", ""
		if !p.Contact.IsZero() {
			heard = at.when(p.Contact.UnixMilli())
		}
		if !p.Oldest.IsZero() {
			oldest = at.when(p.Oldest.UnixMilli())
		}
		lines = append(lines, []string{p.Owner, p.Name, heard, strconv.Itoa(p.Pending), oldest, strconv.Itoa(p.Refused), p.App})
	}
	return v.sendLines("devices", format, heads, lines)
}
