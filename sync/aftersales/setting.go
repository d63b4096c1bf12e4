package aftersales

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// A setting is a switch of the company or of one branch. Its id follows from its name and branch (SettingID).
var settingTable = &schema.Table{
	ID: 136, Name: "setting",
	Columns: slices.Concat(branch(fixed), []schema.Column{
		text(1, "name", required, fixed),
		office(text(2, "value")),
		office(long(maxLogo, text(3, "picture"))), // a JPEG in base64: phones print it without a network
	}),
	Buckets: shared(),
}

// A number format says how the human numbers of a series look. Its id follows from series and branch.
var numberFormatTable = &schema.Table{
	ID: 132, Name: "number_format",
	Columns: slices.Concat(branch(fixed), []schema.Column{
		text(1, "series", required, fixed),
		text(2, "pattern", required),
	}),
	Buckets: shared(),
}

// The settings that commands read, with what holds where a company has not set them.
const (
	SettingReleaseDays = "release_days" // days that finished work stays on the phone: 30

	SettingSlipTitle = "slip_title" // what a slip is called on paper
	SettingSlipHead  = "slip_head"  // the lines above it: the company, its address
	SettingSlipFoot  = "slip_foot"  // the lines below it: terms, thanks

	SettingSlipLogo = "slip_logo" // the picture above them: SetLogo

	SettingSlipOrder = "slip_order" // its sections from above to below, those of SlipSections; what is not named follows

	SettingSlipChecklists = "slip_checklists" // 0: they do not stand on it
	SettingSlipTimes      = "slip_times"
	SettingSlipCosts      = "slip_costs"
	SettingSlipParts      = "slip_parts"

	SettingWebhookDays    = "webhook_days"    // for which an event is tried, and after which a webhook that takes nothing is off: 5
	SettingWebhookPrivate = "webhook_private" // 1: webhooks may go to addresses of the company's own network

	SettingMapTiles  = "map_tiles"  // the tiles behind the map: https://tiles.example.org/{z}/{x}/{y}.png; none unless it is set
	SettingMapCredit = "map_credit" // whose tiles they are, as they want it said
	SettingMapMoved  = "map_gcj02"  // 1: the service draws in GCJ-02

	SettingPositionDays    = "position_days"    // that a person's position is kept, at most: 7
	SettingPositionMinutes = "position_minutes" // between two positions of a person, at least: 5; never less than 1

	SettingLanguage = "language" // of notices to who has none of his own: one of Languages; en

	SettingFileSize  = "file_megabytes"         // of one file: 256
	SettingFileCount = "files_per_day"          // that one person may send: 500
	SettingFileBytes = "file_megabytes_per_day" // that one person may send: 4096
)

// SlipSections are what stands on a slip between its head and its signature, in the order that it has unless the company
// set another.
var SlipSections = []string{"problem", "findings", "checklists", "parts", "costs", "goods", "supplements"}

// SlipOrder returns the sections in the order that a text has, those that it does not name behind the others; and what it
// names that is no section, or twice: "" for nothing.
func SlipOrder(text string) (sections []string, wrong string) {
	for _, name := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" ,，、\n\t\r", r) }) {
		if !slices.Contains(SlipSections, name) || slices.Contains(sections, name) {
			wrong = name
			continue
		}
		sections = append(sections, name)
	}
	for _, name := range SlipSections {
		if !slices.Contains(sections, name) {
			sections = append(sections, name)
		}
	}
	return sections, wrong
}

// countSettings are the settings that are a number, 0 or more.
var countSettings = []string{SettingReleaseDays, SettingFileSize, SettingFileCount, SettingFileBytes, SettingWebhookDays, SettingPositionDays, SettingPositionMinutes}

// FileLimits bound what files one person can send.
type FileLimits struct {
	Size  int64 // bytes of one
	Files int   // in 24 hours
	Bytes int64 // in 24 hours
}

// ReadFileLimits returns what the company allows; 0 is no bound. Branches do not differ: a file has none.
func ReadFileLimits(tx Reader) (l FileLimits, err error) {
	for _, s := range []struct {
		name     string
		standard int64
		put      func(int64)
	}{
		{SettingFileSize, 256, func(n int64) { l.Size = n << 20 }},
		{SettingFileCount, 500, func(n int64) { l.Files = int(n) }},
		{SettingFileBytes, 4096, func(n int64) { l.Bytes = n << 20 }},
	} {
		text, err := Setting(tx, s.name, record.ID{})
		if err != nil {
			return l, err
		}
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil || n < 0 {
			n = s.standard
		}
		s.put(n)
	}
	return l, nil
}

// DefaultReleaseDays is how long finished work stays on the phone unless the company says otherwise.
const DefaultReleaseDays = 30

// standardWebhookDays is what holds where the company has not set SettingWebhookDays.
const standardWebhookDays = 5

// BadSetting says that a setting has no use for the value.
const BadSetting fault.Code = "bad_setting"

// SettingID returns the id of the setting's row, for one branch or, with the zero id, for the whole company.
func SettingID(name string, branch record.ID) record.ID {
	return NamedID("setting", name, branchName(branch))
}

func branchName(branch record.ID) string {
	if branch.IsZero() {
		return ""
	}
	return branch.String()
}

// Setting returns the branch's value of a setting, else the company's, else "".
func Setting(tx Reader, name string, branch record.ID) (string, error) {
	for _, b := range []record.ID{branch, {}} {
		row, err := tx.Row("setting", SettingID(name, b))
		if err != nil {
			return "", err
		}
		if row != nil && !row.Get("value").IsNull() {
			return row.Get("value").Text(), nil
		}
	}
	return "", nil
}

// SetSetting sets a switch of a branch or, with the zero id, of the company; "" unsets it. Codes: BadSetting.
func SetSetting(tx Tx, name string, branch record.ID, value string) error {
	n, err := strconv.ParseInt(value, 10, 32)
	if slices.Contains(countSettings, name) && value != "" && (err != nil || n < 0) {
		return fault.Newf(BadSetting, "a number is needed, 0 or more, not %s", value)
	}
	if isFlag(name) && !slices.Contains([]string{"", "0", "1"}, value) {
		return fault.New(BadSetting, "a switch is 1 for yes, 0 for no, or empty for what holds where it is not set")
	}
	if name == SettingMapTiles && value != "" && !isTileTemplate(value) {
		return fault.New(BadSetting, "the address of the tiles is like https://tiles.example.org/{z}/{x}/{y}.png, with a host and all three marks")
	}
	if name == SettingLanguage && value != "" && !slices.Contains(Languages, value) {
		return fault.Newf(BadSetting, "the languages are %s", strings.Join(Languages, ", "))
	}
	if _, wrong := SlipOrder(value); name == SettingSlipOrder && wrong != "" {
		return fault.Newf(BadSetting, "the sections of a slip are these, each once: %s", strings.Join(SlipSections, ", "))
	}
	return upsert(tx, "setting", SettingID(name, branch), record.Values{
		"name": record.Text(name), "branch": record.Ref(branch), "value": optional(value),
	})
}

// isFlag reports whether the setting is a switch of two positions.
func isFlag(name string) bool {
	return slices.ContainsFunc(Settings(), func(s KnownSetting) bool { return s.Flag && s.Name == name })
}

// isTileTemplate reports whether pictures can be asked for at such an address. A page opens that host alone, so nothing
// but a host and a port may stand in its place.
func isTileTemplate(template string) bool {
	for _, mark := range []string{"{z}", "{x}", "{y}"} {
		if strings.Count(template, mark) != 1 {
			return false
		}
	}
	return tileAddress.MatchString(template)
}

var tileAddress = regexp.MustCompile(`^https?://[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?/[^\s"'<>]*$`)

// ReleaseDays returns how many days finished work of the branch stays on the phone.
func ReleaseDays(tx Reader, branch record.ID) (int, error) {
	s, err := Setting(tx, SettingReleaseDays, branch)
	if err != nil {
		return 0, err
	}
	if n, err := strconv.Atoi(s); err == nil && n >= 0 {
		return n, nil
	}
	return DefaultReleaseDays, nil
}

// The series of human numbers.
const (
	SeriesJob      = "J"
	SeriesRequest  = "R"
	SeriesSlip     = "S"
	SeriesParty    = "C"
	SeriesUnit     = "U"
	SeriesContract = "K"
)

// BadPattern says that a number format would not keep its numbers apart.
const BadPattern fault.Code = "bad_pattern"

// numberMark is what stands for the number in a pattern, branchMark for the branch's code, yearMark for the year in which
// the number is given, by the branch's clock.
const (
	numberMark = "{number}"
	branchMark = "{branch}"
	yearMark   = "{year}"
)

// standardDocument is how the numbers of a gapless series look where nothing was set, behind the series.
const standardDocument = "-" + branchMark + "-" + yearMark + "-" + numberMark

// SetNumberFormat says how the numbers of a series look in a branch or, with the zero id, in the company:
// "{branch}-{year}-{number}". Numbers given before stay as they are. Every branch has a gapless series of its own, so the
// branch must stand in its numbers. Codes: BadPattern.
func SetNumberFormat(tx Tx, series string, branch record.ID, pattern string) error {
	if strings.Count(pattern, numberMark) != 1 || len(pattern) > 64 {
		return fault.Newf(BadPattern, "the pattern must hold %s once, in at most 64 bytes", numberMark)
	}
	before, behind, _ := strings.Cut(pattern, numberMark)
	if IsGapless(series) && (!strings.Contains(pattern, branchMark) || before != "" && couldBegin(before[len(before)-1])) {
		return fault.Newf(BadPattern, "the pattern of a series without gaps must hold %s, and before %s a mark such as - or /", branchMark, numberMark)
	}
	if behind != "" && couldGoOn(behind[0]) {
		return fault.Newf(BadPattern, "behind %s only a mark such as / or a blank can stand: a digit would make one number of two", numberMark)
	}
	return upsert(tx, "number_format", NumberFormatID(series, branch), record.Values{
		"series": record.Text(series), "branch": record.Ref(branch), "pattern": record.Text(pattern),
	})
}

// couldGoOn reports whether a character could belong to the number before it: then "1" and "2" would make the same of
// J-d7-4 as "12" of J-d7.
func couldGoOn(c byte) bool {
	return c == '-' || c == '{' || isAlphanumeric(c)
}

// couldBegin reports the same of a character before a number of digits alone: "N1" and "2" would make the same as "N"
// and "12".
func couldBegin(c byte) bool { return c == '}' || isAlphanumeric(c) }

func isAlphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// NumberFormatID returns the id of the row that says how the numbers of a series look, for one branch or, with the zero id,
// for the whole company.
func NumberFormatID(series string, branch record.ID) record.ID {
	return NamedID("number_format", series, branchName(branch))
}

// FormatNumber returns a fresh number of the series, as the branch's format has it, else the company's, else plain.
func FormatNumber(tx Tx, series string, branch record.ID) (string, error) {
	return written(tx, series, branch, tx.Number(series))
}

// written returns a number as the series' numbers look in the branch.
func written(tx Tx, series string, branch record.ID, number string) (string, error) {
	pattern, err := NumberPattern(tx, series, branch)
	if err != nil || pattern == numberMark {
		return number, err
	}
	row, err := tx.Row("branch", branch)
	if err != nil {
		return "", err
	}
	year := time.Unix(DayIn(zoneOf(row), tx.Now())*24*60*60, 0).UTC().Year()
	return strings.NewReplacer(
		numberMark, number, branchMark, BranchOf(row).Code, yearMark, strconv.Itoa(year),
	).Replace(pattern), nil
}

// KnownSetting is a switch that something reads.
type KnownSetting struct {
	Name     string
	Standard string   // what holds where it is not set
	Long     bool     // a text of several lines
	Flag     bool     // yes (1) or no (0)
	Codes    []string // what it can be; nil: any text
}

// Settings are all switches that something reads, in the order in which a page shows them.
func Settings() []KnownSetting {
	return []KnownSetting{
		{Name: SettingLanguage, Standard: Languages[0], Codes: Languages}, {Name: SettingReleaseDays, Standard: strconv.Itoa(DefaultReleaseDays)}, {Name: SettingFileSize, Standard: "256"},
		{Name: SettingFileCount, Standard: "500"}, {Name: SettingFileBytes, Standard: "4096"},
		{Name: SettingSlipTitle}, {Name: SettingSlipHead, Long: true}, {Name: SettingSlipFoot, Long: true},
		{Name: SettingSlipOrder, Standard: strings.Join(SlipSections, ", ")},
		{Name: SettingSlipChecklists, Standard: "1", Flag: true}, {Name: SettingSlipTimes, Standard: "1", Flag: true},
		{Name: SettingSlipParts, Standard: "1", Flag: true}, {Name: SettingSlipCosts, Standard: "1", Flag: true},
		{Name: SettingMapTiles}, {Name: SettingMapCredit}, {Name: SettingMapMoved, Standard: "0", Flag: true},
		{Name: SettingPositionDays, Standard: strconv.Itoa(standardPositionDays)}, {Name: SettingPositionMinutes, Standard: strconv.Itoa(standardPositionMinutes)},
		{Name: SettingWebhookDays, Standard: strconv.Itoa(standardWebhookDays)}, {Name: SettingWebhookPrivate, Standard: "0", Flag: true},
	}
}

// NumberSeries are the series of human numbers.
func NumberSeries() []string {
	return []string{SeriesRequest, SeriesJob, SeriesSlip, SeriesParty, SeriesUnit, SeriesContract, SeriesPartRequest, SeriesAudit}
}

// NumberPattern returns how the numbers of a series look in a branch, else in the company. Where nothing was set it is
// "{number}", for the gapless series "A" it is "A-{branch}-{year}-{number}".
func NumberPattern(v Reader, series string, branch record.ID) (string, error) {
	for _, b := range []record.ID{branch, {}} {
		row, err := v.Row("number_format", NumberFormatID(series, b))
		if err != nil {
			return "", err
		}
		if row != nil {
			return row.Get("pattern").Text(), nil
		}
	}
	if IsGapless(series) {
		return series + standardDocument, nil
	}
	return numberMark, nil
}
