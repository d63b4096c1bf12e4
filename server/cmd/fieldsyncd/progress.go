package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// progress is one line on a terminal that tells how far something long has come. Elsewhere it prints nothing.
type progress struct {
	to    io.Writer // nil for nowhere
	title string
	shown time.Time
}

// progress returns a line for standard error, if that is a terminal.
func (a *app) progress(title string) *progress {
	p := &progress{title: title}
	if isTerminal(a.err) && !a.json {
		p.to = a.err
	}
	return p
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// redrawEvery keeps the line from costing more than the work.
const redrawEvery = 100 * time.Millisecond

const barWidth = 24

// show draws the bar at done of total, with what there is to say beside it. A total of 0 draws no bar.
func (p *progress) show(done, total int64, beside string) {
	if p.to == nil || time.Since(p.shown) < redrawEvery {
		return
	}
	p.shown = time.Now()
	bar := ""
	if total > 0 {
		n := int(barWidth * min(done, total) / total)
		bar = fmt.Sprintf(" [%s%s] %3d %%", strings.Repeat("█", n), strings.Repeat("·", barWidth-n), 100*min(done, total)/total)
	}
	_, _ = fmt.Fprintf(p.to, "\r\033[K%s%s  %s", p.title, bar, beside)
}

// clear takes the line away.
func (p *progress) clear() {
	if p.to != nil && !p.shown.IsZero() {
		_, _ = fmt.Fprint(p.to, "\r\033[K")
	}
}

// during shows the line while do runs, asking now and then how far it is.
func (p *progress) during(far func() (done, total int64, beside string), do func() error) error {
	if p.to == nil {
		return do()
	}
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for tick := time.NewTicker(2 * redrawEvery); ; {
			select {
			case <-end:
				tick.Stop()
				return
			case <-tick.C:
				p.show(far())
			}
		}
	}()
	err := do()
	close(end)
	<-ended
	p.clear()
	return err
}

// mebibytes is how sizes are shown.
func mebibytes(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
