package server

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// What operators are given to watch the hub by names metrics that there are, and labels that these have: a metric that was given
// another name would leave an alert silent for ever.
func TestAlertsAndTheBoardNameMetricsThatThereAre(t *testing.T) {
	t.Parallel()
	metrics := metricsOf(t)
	named, grouped := regexp.MustCompile(`\b(?:fieldsync|process|go)_[a-z_]+[a-z]\b`), regexp.MustCompile(`\bby \(([a-z, ]+)\)`)
	for _, path := range []string{"deploy/alerts.yaml", "deploy/dashboard.json", "../docs/operations.md"} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if strings.Contains(line, ".deb") {
				continue // the package's file is called as metrics are
			}
			labels := []string{"le"}
			for _, name := range named.FindAllString(line, -1) {
				has, known := metrics[strings.TrimSuffix(name, "_bucket")]
				if !known {
					t.Errorf("%s: there is no metric %s", path, name)
				}
				labels = append(labels, has...)
			}
			for _, by := range grouped.FindAllStringSubmatch(line, -1) {
				for label := range strings.SplitSeq(by[1], ", ") {
					if !slices.Contains(labels, label) {
						t.Errorf("%s: no metric of it has the label %s: %s", path, label, line)
					}
				}
			}
		}
	}
}

// metricsOf returns the labels of each metric that a hub has, by its name.
func metricsOf(t *testing.T) map[string][]string {
	t.Helper()
	s := openHub(t)
	descriptions := make(chan *prometheus.Desc)
	go func() {
		s.parts.Metrics.Describe(descriptions)
		close(descriptions)
	}()
	metrics := map[string][]string{}
	said := regexp.MustCompile(`fqName: "([a-z_]+)".*variableLabels: \{([a-z,]*)\}`)
	for d := range descriptions {
		found := said.FindStringSubmatch(d.String())
		if found == nil {
			t.Fatalf("a metric is not described as it was: %s", d)
		}
		metrics[found[1]] = strings.Split(found[2], ",")
	}
	return metrics
}

// The board is what Grafana reads: JSON, whose panels have queries.
func TestTheBoardIsWhole(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("deploy/dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	for _, p := range board.Panels {
		if p.Title == "" || len(p.Targets) == 0 || p.Targets[0].Expr == "" {
			t.Errorf("a panel asks for nothing: %+v", p)
		}
	}
	if len(board.Panels) == 0 {
		t.Error("it has no panels")
	}
}
