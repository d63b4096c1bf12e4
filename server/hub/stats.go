package hub

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"fieldsync/sync/record"
	"fieldsync/sync/wire"
)

// stats is what the hub counts.
type stats struct {
	connections prometheus.Gauge
	received    prometheus.Counter
	sent        prometheus.Counter
	verdicts    *prometheus.CounterVec
	comparisons prometheus.Counter
	divergences prometheus.Counter
	refusals    *prometheus.CounterVec

	mu     sync.Mutex
	failed map[record.Hash]int // change sets at which judging failed
}

// maxFailed bounds how many failing change sets are remembered; past it all are given another chance.
const maxFailed = 1000

// faults adds n to the failures of a change set and returns them.
func (s *stats) faults(h record.Hash, n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n > 0 {
		if s.failed == nil || len(s.failed) >= maxFailed {
			s.failed = map[record.Hash]int{}
		}
		s.failed[h] += n
	}
	return s.failed[h]
}

func newStats() stats {
	const ns = "fieldsync"
	return stats{
		connections: prometheus.NewGauge(prometheus.GaugeOpts{Namespace: ns, Name: "connections", Help: "Devices connected now."}),
		received:    prometheus.NewCounter(prometheus.CounterOpts{Namespace: ns, Name: "received_bytes_total", Help: "Bytes of messages from devices."}),
		sent:        prometheus.NewCounter(prometheus.CounterOpts{Namespace: ns, Name: "sent_bytes_total", Help: "Bytes of messages to devices."}),
		verdicts: prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: ns, Name: "verdicts_total",
			Help: "Change sets judged, by outcome."}, []string{"outcome"}),
		comparisons: prometheus.NewCounter(prometheus.CounterOpts{Namespace: ns, Name: "comparisons_total",
			Help: "Questions of devices whether the rows they hold are the hub's: each asks some of them once a day."}),
		divergences: prometheus.NewCounter(prometheus.CounterOpts{Namespace: ns, Name: "divergences_total",
			Help: "Devices whose rows were found not to be the hub's, though nothing waited. They fetch all anew."}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: ns, Name: "refusals_total",
			Help: "Connections and messages refused, by code."}, []string{"code"}),
	}
}

// Collectors returns the hub's metrics, for a registry.
func (h *Hub) Collectors() []prometheus.Collector {
	s := &h.stats
	return []prometheus.Collector{s.connections, s.received, s.sent, s.verdicts, s.comparisons, s.divergences, s.refusals}
}

var outcomeNames = map[wire.Outcome]string{
	wire.Applied: "applied", wire.Merged: "merged", wire.Quarantined: "quarantined", wire.Forked: "forked",
	wire.Gap: "gap", wire.Released: "released",
}

func (s *stats) count(verdicts []wire.Verdict) {
	for _, v := range verdicts {
		s.verdicts.WithLabelValues(outcomeNames[v.Outcome]).Add(float64(max(v.Count, 1)))
	}
}
