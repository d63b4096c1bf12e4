package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
)

// tally gathers what the runs of one scenario measured, by the names that -json prints.
type tally struct {
	scenario string
	rows     int
	figures  map[string][]float64
}

func newTally(scenario string, rows int) *tally {
	return &tally{scenario, rows, map[string][]float64{}}
}

func (t *tally) add(name string, value float64) { t.figures[name] = append(t.figures[name], value) }

// figureNames are all that a scenario may measure, in the order in which they are printed.
var figureNames = []string{
	"devices", "devices_per_s", "changes_per_s", "rows_per_s", "first_rows_per_s", "raw_rows_per_s", "ratio", "ms", "ready_ms", "p50_ms", "p99_ms", "office_read_p95_ms", "office_p95_ms", "fsync_ms",
	"kib_per_device", "left_kib_per_device", "refused_dials", "wire_bytes", "wire_bytes_per_row", "wire_bytes_per_change", "value_bytes_per_change",
	"hub_cpu_us_each", "hub_allocs_each", "device_allocs_each",
	"db_bytes_per_row", "raw_bytes_per_row", "search_bytes_per_row", "peak_rss_mib",
}

// MarshalJSON returns one object with the medians of what was measured.
func (t *tally) MarshalJSON() ([]byte, error) {
	name, err := json.Marshal(t.scenario)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"scenario":%s,"rows":%d`, name, t.rows)
	for _, name := range figureNames {
		if values := t.figures[name]; len(values) > 0 {
			fmt.Fprintf(&b, `,"%s":%s`, name, strconv.FormatFloat(round(percentile(values, 50)), 'f', -1, 64))
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// print writes the medians for a person, with the least and the greatest of the runs.
func (t *tally) print(out io.Writer) {
	fmt.Fprintf(out, "%s, %d rows\n", t.scenario, t.rows)
	for _, name := range figureNames {
		values := t.figures[name]
		if len(values) == 0 {
			continue
		}
		fmt.Fprintf(out, "  %-22s %12s", name, number(percentile(values, 50)))
		if len(values) > 1 {
			fmt.Fprintf(out, "   (%s to %s)", number(slices.Min(values)), number(slices.Max(values)))
		}
		fmt.Fprintln(out)
	}
}

func number(f float64) string { return strconv.FormatFloat(round(f), 'f', -1, 64) }

// round keeps three digits behind the point of small figures, and none of large ones.
func round(f float64) float64 {
	if math.Abs(f) >= 1000 {
		return math.Round(f)
	}
	return math.Round(f*1000) / 1000
}

// percentile returns the p-th percentile of the values, the median for 50: the mean of the two in the middle where
// their number is even.
func percentile(values []float64, p int) float64 {
	sorted := slices.Sorted(slices.Values(values))
	if p == 50 && len(sorted)%2 == 0 {
		return (sorted[len(sorted)/2-1] + sorted[len(sorted)/2]) / 2
	}
	return sorted[min(len(sorted)*p/100, len(sorted)-1)]
}
