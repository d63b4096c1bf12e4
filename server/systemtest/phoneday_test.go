package systemtest

import (
	"bytes"
	"flag"
	"fmt"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// dayPhotos is how many photos BenchmarkPhonesDay takes.
var dayPhotos = flag.Int("photos", 200, "how many photos of 12 million pixels BenchmarkPhonesDay takes")

// dayPhoto is a photo to take in place of the one that is made: a progressive one, say.
var dayPhoto = flag.String("photo", "", "the JPEG that BenchmarkPhonesDay takes, again and again")

// daySize is how large the photos are kept.
var daySize = flag.String("kept", "full", "small or full: how large BenchmarkPhonesDay keeps its photos")

// phonesLimits are what a phone grants a program that is not in front, at the least.
var phonesLimits = []string{"GOMEMLIMIT=64MiB", "GOMAXPROCS=1"}

// phonesDay is what a phone does on its first day, and how much of it.
type phonesDay struct {
	*handset
	parts, visits, photos int
	shot                  int  // photos that were taken
	compares              bool // the day is as long as it takes the phone to be compared with the hub
	jobs                  []record.ID
	seen                  []figures
}

// figures are what one part of the day took.
type figures struct {
	what     string
	took     time.Duration
	peakMiB  float64 // the largest resident set of the app meanwhile
	wire     int64   // bytes, both ways
	database int64   // bytes, with its log, at the end
	files    int64
}

// A phone's whole day in small: the app works under a phone's limits, nothing fails, and all that was done is with the office.
func TestAPhonesDay(t *testing.T) {
	t.Parallel()
	d := newPhonesDay(t, 2_000, 3, 4)
	d.play()
	for _, f := range d.seen {
		t.Logf("%+v", f)
	}
}

// BenchmarkPhonesDay is the day at its full size; docs/performance.md has its figures. Nothing is asked of time and memory but
// that nothing fails.
func BenchmarkPhonesDay(b *testing.B) {
	d := newPhonesDay(b, 20_000, 8, *dayPhotos)
	d.compares = true
	for b.Loop() {
		d.play()
	}
	for _, f := range d.seen {
		b.ReportMetric(f.took.Seconds(), f.what+"-s")
		b.ReportMetric(f.peakMiB, f.what+"-peak-MiB")
		b.ReportMetric(float64(f.wire)/1e6, f.what+"-wire-MB")
		b.ReportMetric(float64(f.database)/1e6, f.what+"-db-MB")
		b.ReportMetric(float64(f.files)/1e6, f.what+"-files-MB")
	}
}

func newPhonesDay(t testing.TB, parts, visits, photos int) *phonesDay {
	t.Helper()
	program := filepath.Join(t.TempDir(), "fieldtech")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, module+"/client/cmd/fieldtech")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	d := &phonesDay{handset: furnishedHandset(t, program), parts: parts, visits: visits, photos: photos}
	d.env = phonesLimits
	d.done("choose", "-photos", *daySize)
	d.office("job.create", d.planDay)
	for from := 0; from < parts; from += 500 {
		d.office("part.import", func(tx aftersales.Tx) error { return catalogue(tx, from, min(from+500, parts)) })
	}
	return d
}

// planDay gives Li his jobs of today, and the parts for them.
func (d *phonesDay) planDay(tx aftersales.Tx) error {
	van, err := aftersales.VanOf(tx, d.li)
	if err != nil {
		return err
	}
	_, err = aftersales.ReceivePart(tx, aftersales.MoveInput{
		Part: d.seal, Quantity: aftersales.Quantity{Amount: int64(2*d.visits) * aftersales.One}, To: van.ID})
	for i := 0; i < d.visits && err == nil; i++ {
		start := tx.Now() + int64(i)*time.Hour.Milliseconds()
		var job record.ID
		job, err = aftersales.CreateJob(tx, aftersales.JobInput{
			Branch: d.branch, Number: "D-" + strconv.Itoa(i), Title: "電梯異音", Unit: d.unit, PlanStart: start, PlanEnd: start + time.Hour.Milliseconds()})
		if err == nil {
			_, err = aftersales.AssignJob(tx, aftersales.AssignInput{Job: job, Person: d.li})
		}
		d.jobs = append(d.jobs, job)
	}
	return err
}

func catalogue(tx aftersales.Tx, from, to int) error {
	for i := from; i < to; i++ {
		_, err := aftersales.CreatePart(tx, aftersales.PartInput{
			Code: fmt.Sprintf("P-%06d", i), Barcode: strconv.Itoa(700_000 + i),
			Name: map[string]string{"en": fmt.Sprintf("bearing %d x %d", 10+i%90, 20+i%170), "zh-Hant": fmt.Sprintf("軸承 %d", i)},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// play goes through the day: the phone is new in the morning, works where there is no signal, is opened in the evening where
// there is, takes photos there, and some more while it is compared with the hub.
func (d *phonesDay) play() {
	d.start()
	d.measure("first-sync", func() { d.comes("/settings", "everything") })
	d.kill()
	d.gate.shut.Store(true)
	d.start()
	d.measure("work", d.work)
	d.kill()
	d.gate.shut.Store(false)
	d.start()
	connected, before := time.Now(), d.comparisons()
	d.measure("evening", d.allSent)
	d.measure("photos", func() { d.shoot(func(taken int) bool { return taken < d.photos }); d.allSent() })
	if d.compares {
		time.Sleep(time.Until(connected.Add(beforeComparison)))
		d.measure("compared", func() { d.shoot(d.untilCompared(before)); d.allSent() })
	}
	d.arrived()
}

// untilCompared wants photos until the phone was compared with the hub more often than before it connected, which a slow machine
// does while the first photos are taken; and some while it looks at what the hub said.
func (d *phonesDay) untilCompared(before int) (more func(taken int) bool) {
	until := 0
	return func(taken int) bool {
		if until == 0 && d.comparisons() > before {
			until = taken + 10
		}
		return until == 0 || taken < until
	}
}

// beforeComparison is how long after the phone connected photos are taken again: a minute after, it is compared.
const beforeComparison = 58 * time.Second

// work is the visits, and what somebody looks at on the way.
func (d *phonesDay) work() {
	for _, job := range d.jobs {
		d.page("/")
		for _, look := range []string{"/ready", "/machine", "/cover", "/price", "/knowledge", "/parts/use?q=bearing"} {
			d.page("/jobs/" + job.String() + look)
		}
		for _, step := range d.steps(job) {
			d.page(step[0])
			d.sends(step[1], step[2:]...)
		}
	}
	d.page("/mine")
	d.page("/outbox")
}

// comes waits until a page shows the text.
func (d *phonesDay) comes(path, text string) {
	soon(d.t, path+" shows "+text, func() bool {
		status, _, err := d.ask(http.MethodGet, path, nil)
		return err == nil && status == http.StatusOK && strings.Contains(d.body, text)
	})
}

func (d *phonesDay) allSent() { d.comes("/settings", ">changes: 0, files: 0") }

// shoot takes photos in turn at all jobs, as long as more are wanted after so many. They are of 12 million pixels and no two
// are the same.
func (d *phonesDay) shoot(more func(taken int) bool) {
	picture := d.scene()
	for taken := 0; more(taken); taken++ {
		path := "/jobs/" + d.jobs[d.shot%len(d.jobs)].String() + "/photos"
		d.page(path)
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		for name, values := range d.form() {
			_ = form.WriteField(name, values[0]) // a buffer takes everything
		}
		part, err := form.CreateFormFile("photo", "photo.jpg")
		if err != nil {
			d.t.Fatal(err)
		}
		comment := fmt.Sprintf("\xff\xfe\x00\x08%06d", d.shot) // behind the beginning of a JPEG
		_, _ = part.Write(append(append(bytes.Clone(picture[:2]), comment...), picture[2:]...))
		_ = form.Close()
		d.takes(path, form.FormDataContentType(), &body)
		d.shot++
	}
}

// scene returns the photo that is taken.
func (d *phonesDay) scene() []byte {
	if *dayPhoto == "" {
		return twelveMegapixels(d.t)
	}
	b, err := os.ReadFile(*dayPhoto)
	if err != nil {
		d.t.Fatal(err)
	}
	return b
}

// takes posts a form with files as the browser does.
func (d *phonesDay) takes(path, kind string, body *bytes.Buffer) {
	r, err := http.NewRequestWithContext(d.t.Context(), http.MethodPost, d.base+path, body)
	if err != nil {
		d.t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Origin", d.base)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	answer, err := d.http.Do(r)
	if err != nil {
		d.t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusSeeOther {
		d.t.Fatalf("%s: %d", path, answer.StatusCode)
	}
}

// twelveMegapixels is a photo as a phone's camera makes them: about 1 MB.
func twelveMegapixels(t testing.TB) []byte {
	t.Helper()
	p := image.NewYCbCr(image.Rect(0, 0, 4000, 3000), image.YCbCrSubsampleRatio420)
	chance := rand.NewPCG(7, 11)
	for i := range p.Y {
		p.Y[i] = uint8(i%4000/24 + i/4000/50 + int(chance.Uint64()&7))
	}
	for i := range p.Cb {
		p.Cb[i], p.Cr[i] = uint8(i%2000/10), uint8(i/2000/8)
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, p, &jpeg.Options{Quality: 85}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// arrived checks that the office has all of it, once.
func (d *phonesDay) arrived() {
	d.t.Helper()
	photos := 0
	d.office("look", func(tx aftersales.Tx) error {
		for _, id := range d.jobs {
			job, err := tx.Row("job", id)
			if err != nil {
				return err
			}
			if state := job.Get("state").Text(); state != aftersales.JobDone {
				d.t.Errorf("job %s is %s", job.Get("number").Text(), state)
			}
			files, err := tx.Refs("attachment", "about", id)
			if err != nil {
				return err
			}
			photos += len(files)
		}
		return nil
	})
	if photos != d.shot {
		d.t.Errorf("the office has %d photos, want %d", photos, d.shot)
	}
}

// measure runs a part of the day and notes what it took.
func (d *phonesDay) measure(what string, part func()) {
	process := fmt.Sprintf("/proc/%d/", d.app.Process.Pid)
	_ = os.WriteFile(process+"clear_refs", []byte("5"), 0) // the peak begins anew; where the system knows no such thing, with the process
	wire, begun := d.gate.up.Load()+d.gate.down.Load(), time.Now()
	part()
	f := figures{what: what, took: time.Since(begun), peakMiB: peakOf(process + "status")}
	f.wire = d.gate.up.Load() + d.gate.down.Load() - wire
	f.database = sizeOf(d.data, func(name string) bool {
		return strings.HasPrefix(name, "replica.db") && !strings.Contains(name, ".files")
	})
	f.files = sizeOf(d.data, func(name string) bool { return strings.HasPrefix(name, "replica.db.files") })
	d.seen = append(d.seen, f)
}

// peakOf returns the largest resident set of a process, in MiB; 0 where the system does not tell.
func peakOf(status string) float64 {
	b, _ := os.ReadFile(status)
	for line := range strings.Lines(string(b)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			n, _ := strconv.ParseFloat(strings.Fields(value)[0], 64) // "  12345 kB"
			return n / 1024
		}
	}
	return 0
}

// sizeOf adds up the files below the folder whose path in it is wanted.
func sizeOf(folder string, wanted func(name string) bool) (total int64) {
	_ = filepath.WalkDir(folder, func(path string, e os.DirEntry, err error) error {
		name, _ := filepath.Rel(folder, path)
		if err == nil && e.Type().IsRegular() && wanted(name) {
			if info, err := e.Info(); err == nil {
				total += info.Size()
			}
		}
		return nil // what goes meanwhile counts no more
	})
	return total
}
