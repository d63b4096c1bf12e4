package systemtest

import (
	"bytes"
	"image"
	picture "image/draw"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"

	"fieldsync/client"
	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/device"
	"fieldsync/sync/fault"
	"fieldsync/sync/parcel"
	"fieldsync/sync/record"
)

// brings sends the form of the page on which work is brought by hand: names, and after each what is in it; a name that
// begins with @ is a file.
func (v *browser) brings(pairs ...string) *browser {
	v.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for i := 0; i < len(pairs); i += 2 {
		var part io.Writer
		var err error
		if name, ok := strings.CutPrefix(pairs[i], "@"); ok {
			part, err = form.CreateFormFile(name, "x")
		} else {
			part, err = form.CreateFormField(pairs[i])
		}
		if err == nil {
			_, err = io.WriteString(part, pairs[i+1])
		}
		if err != nil {
			v.t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		v.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(v.t.Context(), http.MethodPost, v.url+"/brought", &body)
	if err != nil {
		v.t.Fatal(err)
	}
	r.Header.Set("Content-Type", form.FormDataContentType())
	response, err := v.http.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	v.status, v.source, v.body, v.at = response.StatusCode, string(b), string(b), response.Request.URL
	return v
}

// lonely is a phone in a valley: it has its job, and no network any more.
type lonely struct {
	*bureau
	ada   *browser
	phone *client.Client
	job   record.ID
	path  string
}

func newLonely(t *testing.T) *lonely {
	t.Helper()
	return lonelyAt(newBureau(t))
}

func lonelyAt(b *bureau) *lonely {
	t := b.t
	t.Helper()
	b.hire("ada", "Ada", auth.Administrator)
	li := b.hire("li", "Li Wei", auth.Technician)
	l := &lonely{bureau: b, ada: b.browser("ada")}
	l.phone = b.phone(l.ada, li, "li")
	l.job, l.path = l.ada.makes("pump leaks", li)
	sync(t, l.phone)
	return l
}

// notes writes comments, a change each.
func (l *lonely) notes(texts ...string) {
	l.t.Helper()
	for _, text := range texts {
		err := l.phone.Update(l.t.Context(), aftersales.CauseComment, func(tx client.Tx) error {
			_, err := aftersales.AddComment(tx, aftersales.CommentInput{About: aftersales.Row{Table: "job", ID: l.job}, Text: text})
			return err
		})
		if err != nil {
			l.t.Fatal(err)
		}
	}
}

func (l *lonely) file() []byte {
	l.t.Helper()
	var b bytes.Buffer
	if _, err := l.phone.ExportFile(l.t.Context(), &b); err != nil {
		l.t.Fatal(err)
	}
	return b.Bytes()
}

// comments counts those on the hub.
func (l *lonely) comments() (n int) {
	l.t.Helper()
	l.one("SELECT COUNT(*) FROM comment WHERE job = ?", l.job, &n)
	return n
}

// one reads the one value of a query about the row.
func (l *lonely) one(query string, id record.ID, to any) {
	l.t.Helper()
	rows, err := l.core.Store.Query(l.t.Context(), query, id[:])
	if err != nil {
		l.t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	if !rows.Next() || rows.Scan(to) != nil {
		l.t.Fatal("no row: ", query)
	}
}

// level wants a sync to find that the hub has everything, once.
func (l *lonely) level(comments int) {
	l.t.Helper()
	sync(l.t, l.phone)
	s, err := l.phone.Status(l.t.Context())
	if err != nil || s.Pending != 0 || s.Refused != 0 || len(l.phone.Waiting()) != 0 {
		l.t.Errorf("after the sync: %+v, %d files, %v", s, len(l.phone.Waiting()), err)
	}
	if n := l.comments(); n != comments {
		l.t.Errorf("%d comments on the hub, not %d", n, comments)
	}
}

// A file carries changes and photos to the office. Brought again, and sent when there is a network at last, it is all
// judged once.
func TestUnsentWorkIsBroughtAsAFile(t *testing.T) {
	t.Parallel()
	l := newLonely(t)
	l.notes("the seal is worn", "泵已修好")
	photo := photoOf(t, 3, 700)
	id := l.attach(l.phone, l.job, aftersales.AttachPhoto, photo)
	file := l.file()
	if bytes.Contains(file, []byte("worn")) {
		t.Error("the file can be read by anybody")
	}

	l.ada.brings("@file", string(file)).sees(http.StatusOK, "3 changes came in, 3 of them new; 1 files.", "Li Wei, li", l.path, "came in")
	l.ada.get(l.path).sees(http.StatusOK, "the seal is worn", "泵已修好", "/attachments/"+id.String()+"/thumbnail")
	if !l.hubHas(photo) {
		t.Error("the photo is not there")
	}
	l.ada.brings("@file", string(file)).sees(http.StatusOK, "3 changes came in, 0 of them new", "was here already")
	l.notes("and a third, later")
	l.level(3)
}

// Of what comes half by a connection and half by hand nothing is lost or doubled, whichever is first.
func TestHalfByNetworkHalfByHand(t *testing.T) {
	t.Parallel()
	l := newLonely(t)
	l.notes("one")
	first := l.file()
	l.notes("two")
	both := l.file()
	l.ada.brings("@file", string(both)).sees(http.StatusOK, "2 changes came in, 2 of them new")
	l.ada.brings("@file", string(first)).sees(http.StatusOK, "1 changes came in, 0 of them new")
	l.notes("three")
	l.level(3)
	l.ada.brings("@file", string(both)).sees(http.StatusOK, "2 changes came in, 0 of them new")
	if _, err := l.phone.ExportFile(t.Context(), io.Discard); fault.CodeOf(err) != fault.Closed {
		t.Errorf("with nothing to export: %v", err)
	}
	if n := l.comments(); n != 3 {
		t.Errorf("%d comments", n)
	}
}

// A chain of codes comes in any order, some pasted and one photographed; what is missing is named.
func TestUnsentWorkIsBroughtAsCodes(t *testing.T) {
	t.Parallel()
	l := newLonely(t)
	for i := range 40 {
		l.notes("note " + strings.Repeat(string(rune('a'+i%26)), i) + record.NewID(int64(i), [10]byte{byte(i)}).String())
	}
	frames, e, err := l.phone.ExportFrames(t.Context())
	if err != nil || e.Changes != 40 || len(frames) < 3 {
		t.Fatalf("%d frames, %+v, %v", len(frames), e, err)
	}
	again, _, err := l.phone.ExportFrames(t.Context())
	if err != nil || !slices.Equal(again, frames) {
		t.Error("the same work gave other codes", err)
	}
	l.ada.brings("frames", "nothing at all").sees(http.StatusOK, "No code was found")
	some := append([]string{frames[2], frames[0], frames[0]}, frames[3:]...)
	l.ada.brings("frames", strings.ToLower(strings.Join(some, "\r\n"))).sees(http.StatusOK, "Still missing: 2", frames[0])
	if l.comments() != 0 {
		t.Error("half a chain was taken in")
	}
	l.ada.brings("frames", strings.Join(some, " "), "@pictures", pictureOf(t, frames[1]), "@pictures", "no picture").
		sees(http.StatusOK, "40 changes came in, 40 of them new", "In 1 pictures no code could be read")
	l.level(40)
}

// pictureOf is a photo of a code.
func pictureOf(t *testing.T, text string) string {
	t.Helper()
	code, err := qr.Encode(text, qr.L, qr.AlphaNumeric)
	if err != nil {
		t.Fatal(err)
	}
	large, err := barcode.Scale(code, 900, 900)
	if err != nil {
		t.Fatal(err)
	}
	m := image.NewGray(image.Rect(0, 0, 1000, 1000))
	picture.Draw(m, m.Bounds(), image.White, image.Point{}, picture.Src)
	picture.Draw(m, image.Rect(50, 50, 950, 950), large, image.Point{}, picture.Src)
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// What was made for another hub, or by nobody, is not taken in; of a phone that was shut out everything is kept apart.
func TestWorkThatIsNotToBeTrusted(t *testing.T) {
	t.Parallel()
	l, other := newLonely(t), lonelyAt(newBureauOn(t, filepath.Join(t.TempDir(), "other.db"), "")) // who is no copy of the first
	l.notes("mine")
	other.notes("theirs")
	l.ada.brings("@file", string(other.file())).sees(http.StatusUnprocessableEntity, "another server")
	l.ada.brings("@file", "no parcel at all").sees(http.StatusUnprocessableEntity, "no file of unsent work")
	file := l.file()
	l.ada.brings("@file", string(file[:len(file)-1])).sees(http.StatusUnprocessableEntity)
	b := l.visitor()
	b.brings("@file", string(file)).sees(http.StatusOK, "Sign-in name")
	if n := l.comments(); n != 0 {
		t.Fatalf("%d comments came in", n)
	}

	id, err := l.phone.Person(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var raw []byte
	l.one("SELECT id FROM _device WHERE person = ?", id, &raw)
	if err := l.core.Devices.SetStanding(t.Context(), record.ID(raw), auth.HardRevoked); err != nil {
		t.Fatal(err)
	}
	l.ada.brings("@file", string(file)).sees(http.StatusOK, "refused", "/refused/")
	if n := l.comments(); n != 0 {
		t.Error("what a stolen phone brought stands on the job")
	}
	l.ada.get("/refused").sees(http.StatusOK, "li")
}

// Who has handed everything over may leave; what is written after that keeps him.
func TestLeavingAfterHandingOver(t *testing.T) {
	t.Parallel()
	l := newLonely(t)
	leavable := func(want bool, when string) {
		t.Helper()
		if may, err := l.phone.Leavable(t.Context()); err != nil || may != want {
			t.Errorf("%s: %v, %v", when, may, err)
		}
	}
	leavable(true, "with nothing unsent")
	l.notes("one")
	leavable(false, "with unsent work")
	var file bytes.Buffer
	e, err := l.phone.ExportFile(t.Context(), &file)
	if err != nil {
		t.Fatal(err)
	}
	leavable(false, "before it is handed over")
	l.notes("two")
	if err := l.phone.HandedOver(e.Upto); err != nil {
		t.Fatal(err)
	}
	leavable(false, "with something written since")
	if _, e, err = l.phone.ExportFrames(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := l.phone.HandedOver(e.Upto); err != nil {
		t.Fatal(err)
	}
	leavable(true, "handed over")
	for range client.MaxFrameChanges {
		l.notes("more")
	}
	if _, _, err := l.phone.ExportFrames(t.Context()); fault.CodeOf(err) != parcel.TooMuch {
		t.Errorf("202 changes as codes: %v", err)
	}
	if waiting, err := l.phone.Outbox(t.Context(), device.Pending); err != nil || len(waiting) != 202 {
		t.Errorf("%d wait, %v", len(waiting), err)
	}
}

// A phone that was enrolled and has not met the hub since may hand over what was done on it, too; the first contact then finds
// that it is there already.
func TestWorkBeforeTheFirstContactIsBrought(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("ada", "Ada Berg", auth.Administrator)
	ada, li := b.browser("ada"), b.hire("li", "Li", auth.Technician)
	phone := b.phone(ada, li, "Li's phone")
	var job record.ID
	err := phone.Update(t.Context(), aftersales.CauseJobCreate, func(tx client.Tx) (err error) {
		job, err = aftersales.CreateJob(tx, aftersales.JobInput{Title: "Found on site"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if e, err := phone.ExportFile(t.Context(), &file); err != nil || e.Changes != 1 {
		t.Fatal(e, err)
	}
	ada.brings("@file", file.String()).sees(http.StatusOK, "1 changes came in, 1 of them new")
	ada.get("/jobs/"+job.String()).sees(http.StatusOK, "Found on site")
	if err := phone.SyncOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s, err := phone.Status(t.Context()); err != nil || s.Pending != 0 || s.Refused != 0 {
		t.Errorf("%+v %v", s, err)
	}
	var n int
	(&lonely{bureau: b}).one("SELECT count(*) FROM job WHERE id = ?", job, &n)
	if n != 1 {
		t.Errorf("%d jobs", n)
	}
}
