package systemtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"math/rand/v2"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"fieldsync/client"
	"fieldsync/client/files"
	"fieldsync/client/link"
	"fieldsync/server"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/blob"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// photoOf returns a JPEG that no other seed gives; noise, so that it is as large as photos are.
func photoOf(t testing.TB, seed uint64, side int) []byte {
	t.Helper()
	p, r := image.NewRGBA(image.Rect(0, 0, side, side)), rand.New(rand.NewPCG(seed, 1))
	for y := range side {
		for x := range side {
			p.SetRGBA(x, y, color.RGBA{uint8(r.Uint32()), uint8(r.Uint32()), uint8(r.Uint32()), 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, p, &jpeg.Options{Quality: 90}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func hashOf(b []byte) blob.Hash { return sha256.Sum256(b) }

// crew is a company with one job for each list of people.
func (w *world) crew(people ...[]record.ID) (jobs []record.ID) {
	w.t.Helper()
	w.office("job.create", func(tx aftersales.Tx) error {
		branch, err := aftersales.CreateBranch(tx, aftersales.BranchInput{Code: "B1", Name: "North", Zone: "Asia/Taipei", Currency: "TWD"})
		known := map[record.ID]bool{}
		for _, crew := range people {
			job, e := aftersales.CreateJob(tx, aftersales.JobInput{Branch: branch, Title: "pump leaks"})
			err = errors.Join(err, e)
			for _, p := range crew {
				if !known[p] {
					known[p] = true
					_, e := aftersales.CreatePerson(tx, aftersales.PersonInput{ID: p, Branch: branch, Name: "P", Technician: true})
					err = errors.Join(err, e)
				}
				_, e := aftersales.AssignJob(tx, aftersales.AssignInput{Job: job, Person: p})
				err = errors.Join(err, e)
			}
			jobs = append(jobs, job)
		}
		return err
	})
	return jobs
}

func (w *world) attach(c *client.Client, job record.ID, kind string, b []byte) record.ID {
	w.t.Helper()
	id, err := c.Attach(w.t.Context(), aftersales.Row{Table: "job", ID: job}, bytes.NewReader(b), client.FileInput{Kind: kind})
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

func (w *world) state(c *client.Client, job record.ID) (states []string) {
	w.t.Helper()
	list, err := c.JobFiles(w.t.Context(), job)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, a := range list {
		states = append(states, a.State)
	}
	return states
}

func (w *world) content(c *client.Client, id record.ID) []byte {
	w.t.Helper()
	f, err := c.OpenAttachment(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(f)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

func (w *world) hubHas(b []byte) bool {
	w.t.Helper()
	has, err := w.core.Files.Has(w.t.Context(), hashOf(b))
	if err != nil {
		w.t.Fatal(err)
	}
	return has
}

func TestAPhotoGoesFromOnePhoneToAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	li, liID := w.technician("li")
	wang, wangID := w.technician("wang")
	job := w.crew([]record.ID{liID, wangID})[0]
	sync(t, li)
	photo := photoOf(t, 1, 400)
	id := w.attach(li, job, aftersales.AttachPhoto, photo)
	if small, err := li.Thumbnail(t.Context(), id); err != nil || len(small) == 0 {
		t.Fatal("no thumbnail offline:", err)
	}
	if s := w.state(li, job); len(s) != 1 || s[0] != client.FileWaiting {
		t.Fatal(s)
	}
	sync(t, li)
	if s := w.state(li, job); s[0] != client.FileDone || !w.hubHas(photo) {
		t.Fatal(s)
	}
	sync(t, wang)
	if s := w.state(wang, job); len(s) != 1 || s[0] != client.FileAway {
		t.Fatal(s)
	}
	if small, err := wang.Thumbnail(t.Context(), id); err != nil || len(small) == 0 {
		t.Error("the thumbnail did not come ahead:", err)
	}
	if _, err := wang.OpenAttachment(t.Context(), id); fault.CodeOf(err) != files.Elsewhere {
		t.Error(err)
	}
	if err := wang.Download(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(w.content(wang, id), photo) {
		t.Error("it arrived changed")
	}
}

// Somebody who knows a hash writes a row that names it: nothing opens, neither for him nor for anybody else, until he
// has shown that he has the file.
func TestARowThatNamesAStrangersHashOpensNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	li, liID := w.technician("li")
	mallory, malloryID := w.technician("mallory")
	helper, helperID := w.technician("helper")
	jobs := w.crew([]record.ID{liID}, []record.ID{malloryID, helperID})
	sync(t, li)
	secret := photoOf(t, 2, 100)
	w.attach(li, jobs[0], aftersales.AttachPhoto, secret)
	sync(t, li)

	sync(t, mallory)
	id, err := mallory.Comments().Attach(t.Context(), aftersales.AttachmentInput{
		About: aftersales.Row{Table: "job", ID: jobs[1]}, Kind: aftersales.AttachPhoto, SHA256: hashOf(secret).String(),
		Size: int64(len(secret)), MediaType: "image/jpeg",
	})
	if err != nil {
		t.Fatal(err)
	}
	sync(t, mallory)
	sync(t, helper)
	for name, c := range map[string]*client.Client{"mallory": mallory, "his helper": helper} {
		if err := c.Download(t.Context(), id); fault.CodeOf(err) != blob.Unknown {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := c.Thumbnail(t.Context(), id); fault.CodeOf(err) != files.Elsewhere {
			t.Errorf("%s has a thumbnail: %v", name, err)
		}
	}
	w.attach(mallory, jobs[1], aftersales.AttachPhoto, secret) // he has it after all
	sync(t, mallory)
	if err := helper.Download(t.Context(), id); err != nil {
		t.Error(err)
	}
}

func TestAFileThatIsThereIsNotSentTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	li, liID := w.technician("li")
	wang, wangID := w.technician("wang")
	jobs := w.crew([]record.ID{liID, wangID}, []record.ID{wangID})
	sync(t, li)
	photo := photoOf(t, 3, 300)
	id := w.attach(li, jobs[0], aftersales.AttachPhoto, photo)
	sync(t, li)
	sync(t, wang)
	if err := wang.Download(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	w.attach(wang, jobs[1], aftersales.AttachPhoto, photo)
	gate := newGate(t, w.url, nil)
	if err := wang.Move(gate.url()); err != nil {
		t.Fatal(err)
	}
	sync(t, wang)
	if s := w.state(wang, jobs[1]); s[0] != client.FileDone {
		t.Error(s)
	}
	if sent := gate.up.Load(); sent > int64(len(photo)) {
		t.Errorf("%d bytes went for a photo of %d that was there", sent, len(photo))
	}
}

func TestABadFileHoldsUpNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.office("setting", func(tx aftersales.Tx) error {
		return aftersales.SetSetting(tx, aftersales.SettingFileSize, record.ID{}, "1")
	})
	li, liID := w.technician("li")
	job := w.crew([]record.ID{liID})[0]
	sync(t, li)
	large, small := photoOf(t, 4, 1200), photoOf(t, 5, 50)
	if len(large) < 1<<20 {
		t.Fatal("the large one is too small for this test:", len(large))
	}
	w.attach(li, job, aftersales.AttachPhoto, large)
	w.attach(li, job, aftersales.AttachPhoto, small)
	sync(t, li)
	list, err := li.JobFiles(t.Context(), job)
	if err != nil || len(list) != 2 {
		t.Fatal(list, err)
	}
	for _, a := range list {
		switch refused := a.SHA256 == hashOf(large).String(); {
		case refused && (a.State != client.FileRefused || a.Code != fault.TooLarge || a.Reason == ""):
			t.Errorf("%+v", a)
		case !refused && a.State != client.FileDone:
			t.Errorf("%+v", a)
		}
	}
	if status, err := li.Status(t.Context()); err != nil || status.Pending != 0 {
		t.Error("rows wait for a file", status.Pending, err)
	}
	w.office("setting", func(tx aftersales.Tx) error {
		return aftersales.SetSetting(tx, aftersales.SettingFileSize, record.ID{}, "100")
	})
	for _, a := range list {
		if a.State == client.FileRefused {
			if err := li.RetryFile(t.Context(), a.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	sync(t, li)
	if !w.hubHas(large) {
		t.Error("the office allowed it, and it did not go")
	}
}

func TestOnMobileDataOnlySignaturesGo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	li, liID := w.technician("li")
	if err := li.Choose(client.Choices{WiFiOnly: true}); err != nil {
		t.Fatal(err)
	}
	job := w.crew([]record.ID{liID})[0]
	sync(t, li)
	photo, signature := photoOf(t, 6, 60), photoOf(t, 7, 40)
	w.attach(li, job, aftersales.AttachPhoto, photo)
	w.attach(li, job, aftersales.AttachSignature, signature)
	li.SetNetwork(client.NetworkMetered)
	sync(t, li)
	if w.hubHas(photo) || !w.hubHas(signature) {
		t.Fatal("photo", w.hubHas(photo), "signature", w.hubHas(signature))
	}
	transfers, stop := li.WatchTransfers()
	defer stop()
	if err := li.Connect(); err != nil {
		t.Fatal(err)
	}
	li.SetNetwork(client.NetworkFree)
	for tr := range transfers {
		if tr.Hash == hashOf(photo) && tr.Ended {
			if tr.Err != nil || tr.Percent() != 100 {
				t.Errorf("%+v", tr)
			}
			break
		}
	}
	if !w.hubHas(photo) {
		t.Error("it did not go on Wi-Fi")
	}
}

// The job leaves the phone: its photos go once the hub has them, not before.
func TestSpaceIsFreedWhenTheJobLeaves(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	li, liID := w.technician("li")
	jobs := w.crew([]record.ID{liID}, []record.ID{liID})
	li.Files.KeepFor = -time.Hour // at once
	sync(t, li)
	photo, stays := photoOf(t, 8, 60), photoOf(t, 9, 60)
	w.attach(li, jobs[0], aftersales.AttachPhoto, photo)
	w.attach(li, jobs[1], aftersales.AttachPhoto, stays)
	sync(t, li)
	w.office("job.unassign", func(tx aftersales.Tx) error {
		held, err := aftersales.Assignments(tx, jobs[0], aftersales.AssignmentOpen)
		if err != nil {
			return err
		}
		return aftersales.Unassign(tx, aftersales.UnassignInput{Assignment: held[0].ID, Reason: "other plans"})
	})
	sync(t, li)
	left, err := filepath.Glob(filepath.Join(li.Path+".files", "fetched", "*"))
	if err != nil || len(left) != 1 || filepath.Base(left[0]) != hashOf(stays).String() {
		t.Error(left, err)
	}
	if !w.hubHas(photo) {
		t.Error("and the hub has it not")
	}
}

// What the hub has lost it gets back from whoever still has it.
func TestAHubThatLostAFileGetsItBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	li, liID := w.technician("li")
	job := w.crew([]record.ID{liID})[0]
	sync(t, li)
	photo := photoOf(t, 10, 60)
	w.attach(li, job, aftersales.AttachPhoto, photo)
	sync(t, li)
	sync(t, li) // it asks what the hub has, once a day from the day that it has files
	if err := w.core.Files.Blobs.Delete(t.Context(), hashOf(photo)); err != nil {
		t.Fatal(err)
	}
	sync(t, li)
	if w.hubHas(photo) {
		t.Fatal("asked on the same day")
	}
	if err := os.Remove(filepath.Join(li.Path+".files", "checked.json")); err != nil { // the day after
		t.Fatal(err)
	}
	sync(t, li)
	if !w.hubHas(photo) {
		t.Error("it is lost")
	}
}

func TestAnErasedSignatureLeavesTheHubAndThePhone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	li, liID := w.technician("li")
	job := w.crew([]record.ID{liID})[0]
	party := server.NewID()
	w.office("party", func(tx aftersales.Tx) error {
		if _, err := aftersales.CreateParty(tx, aftersales.PartyInput{ID: party, Name: "Chen"}); err != nil {
			return err
		}
		return tx.Update("job", job, record.Values{"party": record.Ref(party)})
	})
	sync(t, li)
	signature, machine := photoOf(t, 11, 60), photoOf(t, 12, 60)
	id := w.attach(li, job, aftersales.AttachSignature, signature)
	w.attach(li, job, aftersales.AttachPhoto, machine)
	sync(t, li)
	err := w.core.Erase(t.Context(), record.ID{}, []record.Key{{Table: aftersales.Schema.Table("party").ID, ID: party}})
	if err != nil {
		t.Fatal(err)
	}
	if w.hubHas(signature) || !w.hubHas(machine) {
		t.Fatal("signature", w.hubHas(signature), "machine", w.hubHas(machine))
	}
	_ = os.Remove(filepath.Join(li.Path+".files", "checked.json")) // the day after
	sync(t, li)
	if _, err := li.OpenAttachment(t.Context(), id); fault.CodeOf(err) != files.Elsewhere || w.hubHas(signature) {
		t.Error("it is still there:", err)
	}
}

// gate is a way to the hub that counts what passes, cuts connections, and loses what they carry.
type gate struct {
	t      testing.TB
	listen net.Listener
	to     string
	up     atomic.Int64
	down   atomic.Int64
	cutAt  func() int64 // after how many bytes up a connection is cut; nil never
	shut   atomic.Bool  // whoever comes is sent away; the port stays taken, so that no other test's hub stands there

	most   atomic.Int64 // bytes up in all, beyond which what a connection carries is lost on the way; 0: no such bound
	losing atomic.Bool
}

func newGate(t testing.TB, to string, cutAt func() int64) *gate {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{t: t, listen: l, to: strings.TrimPrefix(to, "http://"), cutAt: cutAt}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if g.shut.Load() {
				_ = c.Close()
				continue
			}
			go g.carry(c)
		}
	}()
	return g
}

func (g *gate) url() string { return "http://" + g.listen.Addr().String() }

func (g *gate) carry(phone net.Conn) {
	hub, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", g.to)
	if err != nil {
		_ = phone.Close()
		return
	}
	defer func() { _ = phone.Close(); _ = hub.Close() }()
	go func() { _, _ = io.Copy(phone, counted{hub, &g.down}); _ = phone.Close() }()
	left := int64(1 << 62)
	if g.cutAt != nil {
		left = g.cutAt()
	}
	lost := false
	for b := make([]byte, 8<<10); left > 0; {
		n, err := phone.Read(b[:min(int64(len(b)), left)])
		if err != nil {
			return
		}
		if lost = lost || g.loses(n); lost {
			continue
		}
		if _, err := hub.Write(b[:n]); err != nil {
			return
		}
		left -= int64(n)
	}
}

// counted counts what is read.
type counted struct {
	io.Reader
	n *atomic.Int64
}

func (c counted) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.n.Add(int64(n))
	return n, err
}

// loses counts bytes that go up, and reports whether they are lost on the way.
func (g *gate) loses(n int) bool {
	if up, most := g.up.Add(int64(n)), g.most.Load(); most == 0 || up <= most {
		return false
	}
	g.up.Add(-int64(n))
	g.losing.Store(true)
	return true
}

// until lets so many bytes more up, and returns what waits until they have gone. What it sees is the middle of something
// on a machine of any speed: nothing more gets through.
func (g *gate) until(bytes int) (gone func()) {
	g.losing.Store(false)
	g.most.Store(g.up.Load() + int64(bytes))
	return func() {
		g.t.Helper()
		soon(g.t, fmt.Sprintf("%d bytes are under way", bytes), g.losing.Load)
	}
}

// Every connection is cut after a few thousand bytes: the photos arrive all the same, and little goes twice.
func TestCutsAtRandomBytes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	li, liID := w.technician("li")
	wang, wangID := w.technician("wang")
	job := w.crew([]record.ID{liID, wangID})[0]
	sync(t, li)
	photos, total := [][]byte{}, 0
	for i := range uint64(3) {
		photos = append(photos, photoOf(t, 20+i, 700))
		w.attach(li, job, aftersales.AttachPhoto, photos[i])
		total += len(photos[i])
	}
	r, turn := rand.New(rand.NewPCG(7, 7)), make(chan struct{}, 1)
	g := newGate(t, w.url, func() int64 {
		turn <- struct{}{}
		defer func() { <-turn }()
		return 2000 + r.Int64N(60_000)
	})
	if err := li.Move(g.url()); err != nil {
		t.Fatal(err)
	}
	for i := 0; len(li.Waiting()) > 0; i++ {
		if i > 300 {
			t.Fatal("it never gets through: ", li.Waiting())
		}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		if err := li.SyncOnce(ctx); err != nil && fault.CodeOf(err) != link.NoNetwork {
			t.Fatal(err)
		}
		cancel()
	}
	if sent := g.up.Load(); sent > int64(2*total)+1<<20 {
		t.Errorf("%d bytes went for %d", sent, total)
	}
	sync(t, wang)
	list, err := wang.JobFiles(t.Context(), job)
	if err != nil || len(list) != 3 {
		t.Fatal(list, err)
	}
	for _, a := range list {
		if err := wang.Download(t.Context(), a.ID); err != nil || hashOf(w.content(wang, a.ID)).String() != a.SHA256 {
			t.Error(err)
		}
	}
	if _, _, err := w.core.Files.Verify(t.Context(), func(p string) { t.Error(p) }); err != nil {
		t.Error(err)
	}
}

// photosAreSentThroughKills kills the program in the middle of sending, again and again.
func photosAreSentThroughKills(s *shop) {
	s.enrolled()
	photo := photoOf(s.t, 30, 1000)
	path := filepath.Join(s.t.TempDir(), "plate.jpg")
	if err := os.WriteFile(path, photo, 0o600); err != nil {
		s.t.Fatal(err)
	}
	s.done("photo", "J-100", path, "-caption", "type plate", "-original")
	s.wantColumn([]string{"waiting"}, "state", "files", "J-100")
	g := newGate(s.t, s.url, nil)
	for i := range 4 {
		underWay := g.until(len(photo) / 8)
		cmd := s.command("sync", "-server", g.url())
		if err := cmd.Start(); err != nil {
			s.t.Fatal(err)
		}
		underWay()
		if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
			s.t.Fatal(err)
		}
		_ = cmd.Wait()
		if i == 0 {
			s.wantColumn([]string{"waiting"}, "state", "files", "J-100")
		}
	}
	g.most.Store(0)
	s.done("sync", "-server", g.url())
	s.wantColumn([]string{"done"}, "state", "files", "J-100")
	if !s.hubHas(photo) {
		s.t.Fatal("the hub does not have it")
	}
	if sent := g.up.Load(); sent > int64(len(photo))*2 {
		s.t.Errorf("%d bytes went for %d: it did not go on where it stopped", sent, len(photo))
	}
	s.wants(s.done("files"), "No file waits.")
	to := s.t.TempDir()
	s.done("fetch", "J-100", "-to", to)
	out, err := os.ReadFile(filepath.Join(to, hashOf(photo).String()[:16]+".jpeg"))
	if err != nil || !bytes.Equal(out, photo) {
		s.t.Error(err)
	}
}

// small mounts a file system of so many MiB; where that is not allowed the test is skipped by name.
func small(t testing.TB, mebibytes int) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dm", mebibytes)); err != nil {
		t.Skip("a small disk cannot be mounted here:", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, 0) })
	return dir
}

func fill(t testing.TB, dir string) (path string) {
	t.Helper()
	path = filepath.Join(dir, "filler")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Write(make([]byte, 64<<20))
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal("the disk is not full:", err)
	}
	_ = f.Close()
	return path
}

func TestAPhoneWithAFullDiskSaysSoAndGoesOnLater(t *testing.T) {
	t.Parallel()
	dir := small(t, 4)
	w := newWorld(t)
	li, liID := w.technician("li")
	job := w.crew([]record.ID{liID})[0]
	sync(t, li)
	full, err := client.Open(t.Context(), client.Options{
		Path: filepath.Join(t.TempDir(), "x.db"), Files: client.FileOptions{Directory: filepath.Join(dir, "files")}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = full.Close() })
	filler := fill(t, dir)
	photo := photoOf(t, 40, 300)
	if _, err := full.Stage(t.Context(), bytes.NewReader(photo), client.FileInput{Kind: aftersales.AttachPhoto}); fault.CodeOf(err) != files.DiskFull {
		t.Errorf("a photo on a full disk: %v", err)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if _, err := full.Stage(t.Context(), bytes.NewReader(photo), client.FileInput{Kind: aftersales.AttachPhoto}); err != nil {
		t.Error("with space again:", err)
	}
	if s := w.state(li, job); len(s) != 0 {
		t.Error(s)
	}
}

// doomed starts a hub that is going to be killed.
func (i *installation) doomed() (url string, kill func()) {
	i.t.Helper()
	c := i.command("serve", "-addr", "127.0.0.1:0", "-json")
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		i.t.Fatal(err)
	}
	var said struct{ URL string }
	if err := json.NewDecoder(out).Decode(&said); err != nil {
		i.t.Fatal(err)
	}
	return said.URL, func() { _ = c.Process.Kill(); _ = c.Wait() }
}

func keepsFiles(t *testing.T, i *installation) {
	keepsFilesAt(t, i, func() {
		if err := os.RemoveAll(filepath.Join(i.data, "hub.db.files")); err != nil {
			t.Fatal(err)
		}
	})
}

func keepsFilesInABucket(t *testing.T, i *installation) {
	store := s3mem.New()
	if err := store.CreateBucket("company"); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(gofakes3.New(store, gofakes3.WithLogger(gofakes3.DiscardLog())).Server())
	t.Cleanup(srv.Close)
	i.files = "s3://key:sesame@" + strings.TrimPrefix(srv.URL, "http://") + "/company/hub?tls=off"
	keepsFilesAt(t, i, func() {
		left, err := store.ListBucket("company", nil, gofakes3.ListBucketPage{})
		if err != nil || len(left.Contents) == 0 {
			t.Fatalf("nothing is in the bucket: %v", err)
		}
		for _, o := range left.Contents {
			if _, err := store.DeleteObject("company", o.Key); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func keepsFilesAt(t *testing.T, i *installation, lose func()) {
	url, stop := i.serve()
	code := i.employ("li", 1, url)
	stop()
	url, kill := i.doomed()
	li, err := client.Open(t.Context(), client.Options{Path: filepath.Join(t.TempDir(), "li.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = li.Close() })
	if err := li.Enrol(t.Context(), url, code, "Li's phone"); err != nil {
		t.Fatal(err)
	}
	sync(t, li)
	jobs, err := li.Jobs().List(t.Context(), client.JobFilter{Which: client.JobsAll})
	if err != nil || len(jobs) != 1 {
		t.Fatal(jobs, err)
	}
	photo, w := photoOf(t, 60, 900), &world{t: t}
	id := w.attach(li, jobs[0].ID, aftersales.AttachPhoto, photo)

	g := newGate(t, url, nil)
	if err := li.Move(g.url()); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	underWay := g.until(len(photo) / 2)
	go func() { ended <- li.SyncOnce(t.Context()) }()
	underWay()
	kill()
	t.Log("ended with:", <-ended) // its rows were level already: a file that is cut off is no error of theirs
	if s := w.state(li, jobs[0].ID); s[0] != client.FileWaiting {
		t.Fatal(s)
	}
	url, stop = i.serve()
	if err := li.Move(url); err != nil {
		t.Fatal(err)
	}
	sync(t, li)
	if s := w.state(li, jobs[0].ID); s[0] != client.FileDone {
		t.Fatal(s)
	}

	var made struct{ Files int }
	backup := filepath.Join(t.TempDir(), "backup.db")
	i.must(&made, "backup", backup)
	stop()
	if made.Files != 1 {
		t.Fatalf("%d files are in the backup", made.Files)
	}
	lose()
	if r := i.run("verify"); r.code != 1 || !strings.Contains(r.out, "is gone") {
		t.Errorf("verify does not miss the photo: %+v", r)
	}
	i.must(nil, "restore", backup, "-force")
	i.must(nil, "verify")
	if err := os.RemoveAll(li.Path + ".files"); err != nil { // and the phone's
		t.Fatal(err)
	}
	url, stop = i.serve()
	defer stop()
	if err := errors.Join(li.Close(), reopenAt(t, li.Path, url, id, photo)); err != nil {
		t.Error(err)
	}
}

// reopenAt opens a phone that has lost its files and fetches one.
func reopenAt(t testing.TB, path, url string, id record.ID, want []byte) error {
	t.Helper()
	c, err := client.Open(t.Context(), client.Options{Path: path})
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	if err := c.Move(url); err != nil {
		return err
	}
	sync(t, c)
	if err := c.Download(t.Context(), id); err != nil {
		return err
	}
	if got := (&world{t: t}).content(c, id); !bytes.Equal(got, want) {
		return errors.New("it is another photo")
	}
	return nil
}
