package importer

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/currency"

	"fieldsync/sync/record"
)

// The forms of a date: the year first, last, or nothing between; what follows the day is a time of day.
var (
	yearFirst = regexp.MustCompile(`^(\d{3,4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:$|[T ])(.*)$`)
	yearLast  = regexp.MustCompile(`^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})(?:$| )(.*)$`)
	compact   = regexp.MustCompile(`^(\d{4})(\d\d)(\d\d)()$`)
	midnight  = regexp.MustCompile(`^(00?:00(:00(\.0+)?)?)?$`)
)

// rocYears is what a three-digit year of the Republic of China lacks to one of the common era.
const rocYears = 1911

// parseDate reads a local date as a record.Date; timed says that a time of day, which is not midnight, stands beside
// it. problem says nothing unless the date cannot be told.
func parseDate(cell, order string) (date record.Value, timed bool, problem Remark) {
	cell = strings.TrimSpace(cell)
	var y, m, d, rest string
	if p := yearFirst.FindStringSubmatch(cell); p != nil {
		y, m, d, rest = p[1], p[2], p[3], p[4]
	} else if p := compact.FindStringSubmatch(cell); p != nil {
		y, m, d = p[1], p[2], p[3]
	} else if p := yearLast.FindStringSubmatch(cell); p != nil {
		y, rest = p[3], p[4]
		if m, d = orderOf(p[1], p[2], order, strings.Contains(cell[:3], ".")); m == "" {
			return record.Null, false, Say(TwoDates)
		}
	} else {
		return record.Null, false, Say(NoDate)
	}
	days, ok := civil(y, m, d)
	if !ok {
		return record.Null, false, Say(NoDate)
	}
	return record.Date(days), !midnight.MatchString(strings.TrimSpace(rest)), Remark{}
}

// orderOf returns the month and the day, "" where nothing tells which is which. With dots the day always comes first.
func orderOf(a, b, order string, dots bool) (month, day string) {
	first, _ := strconv.Atoi(a)
	second, _ := strconv.Atoi(b)
	switch {
	case dots || order == "dmy" || order == "" && first > 12 || first == second:
		return b, a
	case order == "mdy" || second > 12:
		return a, b
	}
	return "", ""
}

// civil returns the days since 1970-01-01 of a date that exists.
func civil(year, month, day string) (int64, bool) {
	y, _ := strconv.Atoi(year)
	m, _ := strconv.Atoi(month)
	d, _ := strconv.Atoi(day)
	if len(year) == 3 {
		y += rocYears
	}
	t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	const perDay = 24 * 60 * 60
	return t.Unix() / perDay, t.Day() == d && int(t.Month()) == m && t.Unix()%perDay == 0
}

// The forms of an amount, after currency and spaces are gone: with and without groups of three.
var (
	pointAmount = amountForm{regexp.MustCompile(`^-?(\d+|[1-9]\d{0,2}(,\d{3})+)(\.\d+)?$`), ",", "."}
	commaAmount = amountForm{regexp.MustCompile(`^-?(\d+|[1-9]\d{0,2}(\.\d{3})+)(,\d+)?$`), ".", ","}
	codeBefore  = regexp.MustCompile(`^([A-Z]{3})\s*(.+)$`)
	codeAfter   = regexp.MustCompile(`^(.+?)\s*([A-Z]{3})$`)
)

type amountForm struct {
	pattern       *regexp.Regexp
	groups, point string
}

// parseMoney reads an amount that its currency can hold, as record.Money: with a currency code before or behind it,
// or of the currency given. Only an amount such as 1,234 can be read in two ways; the local one is tried first.
func parseMoney(cell, code string, decimalComma bool) (record.Value, bool) {
	amount := strings.TrimSpace(cell)
	if p := codeBefore.FindStringSubmatch(amount); p != nil {
		code, amount = p[1], p[2]
	} else if p := codeAfter.FindStringSubmatch(amount); p != nil {
		amount, code = p[1], p[2]
	}
	unit, err := currency.ParseISO(code)
	if err != nil {
		return record.Null, false
	}
	form, other := pointAmount, commaAmount
	if decimalComma {
		form, other = other, form
	}
	if !form.pattern.MatchString(amount) {
		form = other
	}
	scale, _ := currency.Standard.Rounding(unit)
	minor, ok := form.minor(amount, scale)
	if !ok {
		return record.Null, false
	}
	return record.Money(minor, code), true
}

// minor reads an amount of at most scale decimals, zeros behind them aside, in units of the last.
func (f amountForm) minor(amount string, scale int) (int64, bool) {
	if !f.pattern.MatchString(amount) {
		return 0, false
	}
	whole, frac, _ := strings.Cut(strings.ReplaceAll(amount, f.groups, ""), f.point)
	frac = strings.TrimRight(frac, "0")
	if len(frac) > scale {
		return 0, false
	}
	minor, err := strconv.ParseInt(whole+frac+strings.Repeat("0", scale-len(frac)), 10, 64)
	return minor, err == nil
}

var wholeNumber = regexp.MustCompile(`^\d{1,15}(\.0+)?$`)

// parseCount reads a whole number that is not negative; a workbook may write 12.0 for 12.
func parseCount(cell string) (record.Value, bool) {
	cell = strings.TrimSpace(cell)
	if !wholeNumber.MatchString(cell) {
		return record.Null, false
	}
	whole, _, _ := strings.Cut(cell, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	return record.Number(n), err == nil
}

// parseThousandths reads a decimal number of at most three decimals, in thousandths.
func parseThousandths(cell string, decimalComma bool) (record.Value, bool) {
	form, other := pointAmount, commaAmount
	if decimalComma {
		form, other = other, form
	}
	cell = strings.TrimSpace(cell)
	if !form.pattern.MatchString(cell) {
		form = other
	}
	n, ok := form.minor(cell, 3)
	return record.Number(n), ok
}

var (
	yeses = []string{"yes", "y", "true", "1", "x", "是", "有"}
	noes  = []string{"no", "n", "false", "0", "否", "无", "無"}
)

func parseYesNo(cell string) (record.Value, bool) {
	word := strings.ToLower(strings.TrimSpace(cell))
	return record.Number(int64(min(1, 1+slices.Index(yeses, word)))), slices.Contains(yeses, word) || slices.Contains(noes, word)
}
