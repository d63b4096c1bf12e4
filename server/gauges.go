package server

import (
	"context"
	"time"

	"fieldsync/server/admin"
	"fieldsync/server/auth"
	"fieldsync/server/store"

	"github.com/prometheus/client_golang/prometheus"
)

// gauges tell an operator what waits for somebody: on phones, in the inbox, and what nobody has heard of. They are read
// when they are asked for, at once and whole, so that they agree with one another.
type gauges struct {
	*Core
}

func gauge(name, help string) *prometheus.Desc {
	return prometheus.NewDesc("fieldsync_"+name, help, nil, nil)
}

var (
	gaugeDevices   = gauge("devices", "Devices that may sync.")
	gaugeUnheard   = gauge("device_unheard_seconds_max", "Since when the admitted device that is silent longest was not heard of.")
	gaugeUnsent    = gauge("changes_unsent", "Changes that waited on devices when these were last heard.")
	gaugeOldest    = gauge("change_unsent_seconds_max", "Age of the oldest of them.")
	gaugeRefused   = gauge("changes_refused_open", "Refused change sets that nobody has dealt with.")
	gaugeConflicts = gauge("conflicts_open", "Conflicts that wait for a person.")
	gaugeLeaves    = gauge("leaves_unacknowledged", "Rows that devices still hold though they were given to others.")
	gaugeLeave     = gauge("leave_unacknowledged_seconds_max", "Age of the oldest of them.")
	gaugeCommits   = gauge("commits", "Number of the last commit.")
	gaugeUp        = gauge("database_up", "1 where the database answers, else 0.")
)

// Describe names what Collect tells.
func (g gauges) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		gaugeDevices, gaugeUnheard, gaugeUnsent, gaugeOldest, gaugeRefused, gaugeConflicts, gaugeLeaves, gaugeLeave, gaugeCommits, gaugeUp,
	} {
		to <- d
	}
}

// Collect reads them; where the database does not answer, only that is told.
func (g gauges) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	values, err := g.read(ctx)
	if err != nil {
		g.log.Error("what waits cannot be counted", "error", err)
		values = map[*prometheus.Desc]float64{gaugeUp: 0}
	}
	for d, value := range values {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value)
	}
}

func (g gauges) read(ctx context.Context) (map[*prometheus.Desc]float64, error) {
	list, err := phones(g).Phones(ctx)
	if err != nil {
		return nil, err
	}
	r := &reading{now: g.now(), values: map[*prometheus.Desc]float64{gaugeUp: 1, gaugeUnheard: 0, gaugeOldest: 0, gaugeLeave: 0}}
	r.devices(list)
	return r.values, g.Store.Read(ctx, r.inbox)
}

// reading gathers the gauges' values.
type reading struct {
	now    time.Time
	values map[*prometheus.Desc]float64
}

// since keeps the longest age; the zero time has none.
func (r *reading) since(d *prometheus.Desc, at time.Time) {
	if !at.IsZero() {
		r.values[d] = max(r.values[d], r.now.Sub(at).Seconds())
	}
}

func (r *reading) devices(list []admin.Phone) {
	var admitted, unsent int
	for _, p := range list {
		if p.Standing != auth.Admitted {
			continue
		}
		admitted++
		unsent += p.Pending
		r.since(gaugeOldest, p.Oldest)
		if !p.Online {
			r.since(gaugeUnheard, p.Contact)
		}
	}
	r.values[gaugeDevices], r.values[gaugeUnsent] = float64(admitted), float64(unsent)
}

func (r *reading) inbox(v *store.View) error {
	head, err := v.Head()
	if err != nil {
		return err
	}
	refused, err := v.CountQuarantined()
	if err != nil {
		return err
	}
	_, asked, err := v.CountConflicts()
	if err != nil {
		return err
	}
	leaves, first, err := v.LeavesUnknown()
	if err != nil {
		return err
	}
	if leaves > 0 {
		at, err := v.CommitTime(first)
		if err != nil {
			return err
		}
		r.since(gaugeLeave, at.Time())
	}
	r.values[gaugeCommits], r.values[gaugeRefused] = float64(head), float64(refused)
	r.values[gaugeConflicts], r.values[gaugeLeaves] = float64(asked), float64(leaves)
	return nil
}
