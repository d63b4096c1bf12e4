package worktime

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // a phone, or a hub in a bare container, has no zones of its own
)

// The names of the days of a week in the written form, by time.Weekday.
var weekdays = [7]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// Written is a calendar as an administrator writes it, in JSON:
//
//	{"zone": "Asia/Shanghai", "week": {"mon": ["08:00-12:00", "13:00-17:30"], ...}, "days": {"2026-10-01": []}}
//
// A shift "22:00-06:00" ends the next morning, "00:00-24:00" is all day; a date takes the place of the day of the week
// that it is, and one without shifts is a holiday.
type Written struct {
	Zone string              `json:"zone,omitempty"` // IANA
	Week map[string][]string `json:"week"`
	Days map[string][]string `json:"days,omitempty"`
}

// Parse reads a calendar from JSON, as Written says. The error says what is wrong, for who wrote it.
func Parse(body []byte, zone string) (*Calendar, error) {
	var w Written
	if err := json.Unmarshal(body, &w); err != nil {
		return nil, fmt.Errorf("the calendar is not written as JSON: %w", err)
	}
	return w.Calendar(zone)
}

// Calendar returns what is written; where no zone is, in the given one. The error says what is wrong, for who wrote it.
func (w Written) Calendar(zone string) (*Calendar, error) {
	if w.Zone != "" {
		zone = w.Zone
	}
	location, err := Zone(zone)
	if err != nil {
		return nil, err
	}
	c := &Calendar{Zone: location, Days: map[int64][]Shift{}}
	for name, texts := range w.Week {
		day := weekday(name)
		if day < 0 {
			return nil, fmt.Errorf("%q is no day of the week: write mon, tue, wed, thu, fri, sat or sun", name)
		}
		if c.Week[day], err = shifts(texts); err != nil {
			return nil, err
		}
	}
	for name, texts := range w.Days {
		date, err := time.Parse(time.DateOnly, name)
		if err != nil {
			return nil, fmt.Errorf("%q is no date: write 2026-10-01", name)
		}
		if c.Days[date.UnixMilli()/dayMillis], err = shifts(texts); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// Zone returns the zone of that IANA name, UTC for none.
func Zone(name string) (*time.Location, error) {
	if name == "Local" {
		return nil, fmt.Errorf("%q is no time zone: write one as Asia/Shanghai", name)
	}
	location, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("%q is no time zone: write one as Asia/Shanghai", name)
	}
	return location, nil
}

func weekday(name string) int {
	for i, known := range weekdays {
		if known == name {
			return i
		}
	}
	return -1
}

func shifts(texts []string) ([]Shift, error) {
	list := make([]Shift, 0, len(texts))
	for _, text := range texts {
		s, err := ParseShift(text)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

// ParseShift reads "08:00-12:00"; one that ends before it starts ends the next day.
func ParseShift(text string) (Shift, error) {
	from, to, _ := strings.Cut(text, "-")
	start, ok := clock(from)
	end, fine := clock(to)
	if !ok || !fine || start == end || start == Day {
		return Shift{}, fmt.Errorf("%q is no shift: write 08:00-12:00", text)
	}
	if end < start {
		end += Day
	}
	return Shift{start, end}, nil
}

// clock reads "hh:mm", up to 24:00, as minutes since midnight.
func clock(text string) (minutes int, ok bool) {
	text = strings.TrimSpace(text)
	if len(text) != 5 || text[2] != ':' {
		return 0, false
	}
	digit := func(i int) int {
		if text[i] < '0' || text[i] > '9' {
			ok = false
			return 0
		}
		return int(text[i] - '0')
	}
	ok = true
	hours, rest := 10*digit(0)+digit(1), 10*digit(3)+digit(4)
	minutes = 60*hours + rest
	return minutes, ok && rest < 60 && minutes <= Day
}

// String writes the shift as ParseShift reads it.
func (s Shift) String() string {
	end := s.End
	if end > Day {
		end -= Day
	}
	return fmt.Sprintf("%02d:%02d-%02d:%02d", s.Start/60, s.Start%60, end/60, end%60)
}
