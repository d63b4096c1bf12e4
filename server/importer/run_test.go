package importer

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"fieldsync/sync/fault"
)

// shelf is a sink that keeps jobs by their identity and can be full.
type shelf struct {
	jobs map[string]JobRow
	room int
}

var errFull = errors.New("no room")

func (s *shelf) Known(identity string) (bool, error) {
	_, ok := s.jobs[identity]
	return ok, nil
}

func (s *shelf) Put(rows []JobRow) (refused []error, err error) {
	if len(s.jobs)+len(rows) > s.room {
		return nil, errFull
	}
	refused = make([]error, len(rows))
	for i, row := range rows {
		if row.Asset == "unknown" {
			refused[i] = fault.New(fault.Invalid, "there is no such asset")
			continue
		}
		s.jobs[row.Identity] = row
	}
	return refused, nil
}

func TestASecondRunDoublesNothingAndSwallowsNothing(t *testing.T) {
	t.Parallel()
	const file = "date,asset,text,cost\n2005-01-01,A,leak,1\n2005-01-01,A,leak,1\n2005-01-01,A,noise,much\nx,A,leak,1\n" +
		"2005-01-01,unknown,leak,1\n"
	s := &shelf{jobs: map[string]JobRow{}, room: 2}
	sum, err := Run(context.Background(), strings.NewReader(file), Options{}, s, Reporter{})
	if !errors.Is(err, errFull) || sum != (Summary{}) || len(s.jobs) > 0 {
		t.Fatalf("%+v %v", sum, err)
	}
	first := file[:strings.Index(file, "2005-01-01,A,noise")]
	sum, err = Run(context.Background(), strings.NewReader(first), Options{}, s, Reporter{})
	if err != nil || sum != (Summary{Imported: 2}) {
		t.Fatalf("%+v %v", sum, err)
	}

	s.room = 10
	var told []string
	report := Reporter{
		Warning: func(w Warning) { told = append(told, fmt.Sprint(w.Line, w.Column)) },
		Refused: func(line int, reason string) { told = append(told, fmt.Sprint(line, reason)) },
	}
	sum, err = Run(context.Background(), strings.NewReader(file), Options{}, s, report)
	if err != nil || sum != (Summary{Imported: 1, Known: 2, Refused: 2, Warnings: 1}) || len(s.jobs) != 3 {
		t.Fatalf("%+v %v", sum, err)
	}
	if len(told) != 3 || told[0] != "4cost" {
		t.Errorf("told %q", told)
	}
}

func TestARunStopsWhenAsked(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s := &shelf{jobs: map[string]JobRow{}, room: 10}
	_, err := Run(ctx, strings.NewReader("date,asset,text\n2005-01-01,A,leak\n"), Options{}, s, Reporter{})
	if !errors.Is(err, context.Canceled) || len(s.jobs) != 0 {
		t.Errorf("%v, %d jobs", err, len(s.jobs))
	}
}

func TestAHeaderAloneStillWarns(t *testing.T) {
	t.Parallel()
	sum, err := Run(context.Background(), strings.NewReader("date,asset,text,shift\n"), Options{}, &shelf{}, Reporter{})
	if err != nil || sum != (Summary{Warnings: 1}) {
		t.Errorf("%+v %v", sum, err)
	}
}

// TestEveryTextComesBackAsTyped writes rows of any text the standard way and finds every one again, in its place.
func TestEveryTextComesBackAsTyped(t *testing.T) {
	t.Parallel()
	text := rapid.StringMatching(`[-a-z ",;\t\r\n漏油é'=]{0,12}[a-z"漏]`)
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOf(text).Draw(t, "texts")
		var file bytes.Buffer
		w := csv.NewWriter(&file)
		w.Comma = rapid.SampledFrom([]rune{',', ';', '\t'}).Draw(t, "delimiter")
		rows := [][]string{{"date", "asset", "text"}}
		for _, s := range texts {
			rows = append(rows, []string{"2005-01-01", "A", s})
		}
		if err := w.WriteAll(rows); err != nil {
			t.Fatal(err)
		}
		checkTexts(t, file.String(), texts)
	})
}

func checkTexts(t *rapid.T, file string, texts []string) {
	f, err := Jobs(strings.NewReader(file), Options{})
	if err != nil {
		t.Fatal(err)
	}
	i, line := 0, 2
	for item, err := range f.Items() {
		if err != nil || item.Refused != "" || len(item.Warnings) > 0 || i == len(texts) {
			t.Fatalf("%+v %v", item, err)
		}
		if item.Job.Text != texts[i] || item.Job.Line != line {
			t.Fatalf("line %d %q, want line %d %q", item.Job.Line, item.Job.Text, line, texts[i])
		}
		line += 1 + strings.Count(texts[i], "\n")
		i++
	}
	if i != len(texts) {
		t.Fatalf("%d of %d rows", i, len(texts))
	}
}

// TestHostileFilesTakeTimeByTheirSize reads files made to be read again and again.
func TestHostileFilesTakeTimeByTheirSize(t *testing.T) {
	t.Parallel()
	const size = MaxRecord * 5 / 4
	const header = "date,asset,text\n"
	for name, line := range map[string]string{
		"quotes that open and close across every line": "x\",\",\n",
		"quotes that open and never close":             "a,\"b\n",
		"commas":                                       strings.Repeat(",x", 1<<18) + "\n",
		"one line":                                     strings.Repeat("x", 1<<16),
		"escaped quotes":                               `"a"",`,
		"tiny lines after a quote":                     "\"\n" + strings.Repeat("\n", 1<<16),
	} {
		file := header + strings.Repeat(line, size/len(line))
		began := time.Now()
		rows, err := newRecords(strings.NewReader(file), "")
		for err == nil {
			_, err = rows.next()
		}
		if !errors.Is(err, io.EOF) {
			t.Fatal(name, err)
		}
		if took := time.Since(began); took > time.Minute {
			t.Errorf("%s: %v for %d bytes", name, took, size)
		}
	}
}

// FuzzJobs finds no file that makes the reader panic, hang, name two rows alike, or pass a job that lacks something.
func FuzzJobs(f *testing.F) {
	for _, seed := range []string{
		"date,asset,text\n2005-01-01,A,leak\n2005-01-01,A,leak\n",
		"sep=;\ndate;asset;text;cost;status;x\n1.2.2005;A;\"le\n\"\"ak\";1.234,50;done;y;z\n",
		"date,asset,text\n2005-01-01,A,\"open\n2005-01-01,A,5\" hose\n\"a\"b,\"\"\n",
		"\xff\xfed\x00a\x00t\x00e\x00,\x00", "date,asset,text\r2005-01-01,\xbe\xf3\xbb\xfa,\xc2\xa9\xd3\xcd\r",
	} {
		f.Add([]byte(seed), "", "")
	}
	f.Fuzz(func(t *testing.T, file []byte, order, encoding string) {
		jobs, err := Jobs(bytes.NewReader(file), Options{DateOrder: order, Encoding: encoding})
		if err != nil {
			if fault.CodeOf(err) == "" {
				t.Fatalf("an error without a code: %v", err)
			}
			return
		}
		seen, last := map[string]bool{}, 0
		for item, err := range jobs.Items() {
			job := item.Job
			if err != nil || job.Line <= last || seen[job.Identity] {
				t.Fatalf("%+v after line %d: %v", item, last, err)
			}
			last = job.Line
			if job.Identity != "" {
				seen[job.Identity] = true
			}
			if item.Refused == "" && (job.Identity == "" || job.Date.IsNull() || job.Asset == "" || job.Text == "") {
				t.Fatalf("passed %+v", item)
			}
		}
	})
}

// squatted is a shelf on which somebody else's things lie.
type squatted struct{ shelf }

func (squatted) Known(string) (bool, error) {
	return false, fault.New(Clash, "something else has this number")
}

func TestARowWhosePlaceIsTakenIsReported(t *testing.T) {
	t.Parallel()
	var told []string
	report := Reporter{Refused: func(line int, reason string) { told = append(told, fmt.Sprint(line, reason)) }}
	sum, err := Run(context.Background(), strings.NewReader("date,asset,text\n2005-01-01,A,leak\n"), Options{}, &squatted{}, report)
	if err != nil || sum != (Summary{Refused: 1}) || len(told) != 1 {
		t.Errorf("%+v %q %v", sum, told, err)
	}
}
