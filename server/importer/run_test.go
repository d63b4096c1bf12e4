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

	"fieldsync/server/formula"
	"fieldsync/sync/fault"
)

// shelf is a sink that keeps rows by their identity and can be full.
type shelf struct {
	rows map[string]Row
	room int
}

var errFull = errors.New("no room")

func (s *shelf) Put(rows []Row) (fates []Fate, err error) {
	if len(s.rows)+len(rows) > s.room {
		return nil, errFull
	}
	for _, row := range rows {
		_, known := s.rows[row.Identity]
		switch {
		case row.Text(Asset) == "unknown":
			fates = append(fates, Fate{Did: Refused, Why: Say(PartLacks, "unknown")})
		case known:
			fates = append(fates, Fate{Did: Same})
		default:
			s.rows[row.Identity] = row
			fates = append(fates, Fate{Did: Made})
		}
	}
	return fates, nil
}

// runs takes a file in.
func runs(t *testing.T, ctx context.Context, file string, sink Sink, report Reporter) (Summary, error) {
	t.Helper()
	f, err := Open(Jobs, strings.NewReader(file), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return Run(ctx, f, sink, report)
}

// refusals tells of what is refused.
func refusals(told *[]string) Reporter {
	return Reporter{
		Warning: func(w Warning) { *told = append(*told, fmt.Sprint(w.Line, w.Column)) },
		Row: func(item Item, fate Fate) error {
			if fate.Did == Refused {
				*told = append(*told, fmt.Sprint(item.Row.Line, fate.Why))
			}
			return nil
		},
	}
}

func TestASecondRunDoublesNothingAndSwallowsNothing(t *testing.T) {
	t.Parallel()
	const file = "date,asset,text,cost\n2005-01-01,A,leak,1\n2005-01-01,A,leak,1\n2005-01-01,A,noise,much\nx,A,leak,1\n" +
		"2005-01-01,unknown,leak,1\n"
	s := &shelf{rows: map[string]Row{}, room: 2}
	sum, err := runs(t, context.Background(), file, s, Reporter{})
	if !errors.Is(err, errFull) || sum != (Summary{}) || len(s.rows) > 0 {
		t.Fatalf("%+v %v", sum, err)
	}
	first := file[:strings.Index(file, "2005-01-01,A,noise")]
	sum, err = runs(t, context.Background(), first, s, Reporter{})
	if err != nil || sum != (Summary{Made: 2}) {
		t.Fatalf("%+v %v", sum, err)
	}

	s.room = 20
	var told []string
	report := refusals(&told)
	sum, err = runs(t, context.Background(), file, s, report)
	if err != nil || sum != (Summary{Made: 1, Same: 2, Refused: 2, Warnings: 1}) || len(s.rows) != 3 {
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
	s := &shelf{rows: map[string]Row{}, room: 10}
	_, err := runs(t, ctx, "date,asset,text\n2005-01-01,A,leak\n", s, Reporter{})
	if !errors.Is(err, context.Canceled) || len(s.rows) != 0 {
		t.Errorf("%v, %d jobs", err, len(s.rows))
	}
}

func TestAHeaderAloneStillWarns(t *testing.T) {
	t.Parallel()
	sum, err := runs(t, context.Background(), "date,asset,text,shift\n", &shelf{}, Reporter{})
	if err != nil || sum != (Summary{Warnings: 1}) {
		t.Errorf("%+v %v", sum, err)
	}
}

// TestEveryTextComesBackAsTyped writes rows of any text the standard way, as an export guards it, and finds every one again, in its place.
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
			rows = append(rows, []string{"2005-01-01", "A", formula.Guard(s)})
		}
		if err := w.WriteAll(rows); err != nil {
			t.Fatal(err)
		}
		checkTexts(t, file.String(), texts)
	})
}

func checkTexts(t *rapid.T, file string, texts []string) {
	f, err := Open(Jobs, strings.NewReader(file), Options{})
	if err != nil {
		t.Fatal(err)
	}
	i, line := 0, 2
	for item, err := range f.Items() {
		if err != nil || item.Refused.Says() || len(item.Warnings) > 0 || i == len(texts) {
			t.Fatalf("%+v %v", item, err)
		}
		if item.Row.Text(Text) != texts[i] || item.Row.Line != line {
			t.Fatalf("line %d %q, want line %d %q", item.Row.Line, item.Row.Text(Text), line, texts[i])
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
		jobs, err := Open(Jobs, bytes.NewReader(file), Options{DateOrder: order, Encoding: encoding})
		if err != nil {
			if fault.CodeOf(err) == "" {
				t.Fatalf("an error without a code: %v", err)
			}
			return
		}
		seen, last := map[string]bool{}, 0
		for item, err := range jobs.Items() {
			job := item.Row
			if err != nil || job.Line <= last || seen[job.Identity] {
				t.Fatalf("%+v after line %d: %v", item, last, err)
			}
			last = job.Line
			if job.Identity != "" {
				seen[job.Identity] = true
			}
			if !item.Refused.Says() && (job.Identity == "" || job.Value(Date).IsNull() || job.Text(Asset) == "" || job.Text(Text) == "") {
				t.Fatalf("passed %+v", item)
			}
		}
	})
}
