package systemtest

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"fieldsync/client"
	"fieldsync/server"
	"fieldsync/server/store"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// The door code of a site goes from the office to a phone and back, collides on the way, and waits, is refused or kept
// in a history wherever a hub keeps things; nobody who has the files alone reads it.
func TestADoorCodeIsReadByThoseWhoMayAndStandsInNoFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	li, person := w.technician("li")
	job, site := server.NewID(), server.NewID()
	secrets := []string{"doorcode-office-4711", "doorcode-phone-0815", "doorcode-again-1234", "doorcode-waits-9999"}
	w.office("job.create", func(tx aftersales.Tx) error {
		branch, err := aftersales.CreateBranch(tx, aftersales.BranchInput{Code: "B1", Name: "North", Zone: "Asia/Taipei", Currency: "TWD"})
		if err != nil {
			return err
		}
		if _, err := aftersales.CreatePerson(tx, aftersales.PersonInput{ID: person, Branch: branch, Name: "Li", Technician: true}); err != nil {
			return err
		}
		in := aftersales.SiteInput{ID: site, Branch: branch, Name: "Hall 4", Address: "北京市海淀区", AccessNote: secrets[0]}
		if _, err := aftersales.CreateSite(tx, in); err != nil {
			return err
		}
		if _, err := aftersales.CreateJob(tx, aftersales.JobInput{ID: job, Branch: branch, Site: site, Title: "主轴有噪音"}); err != nil {
			return err
		}
		_, err = aftersales.AssignJob(tx, aftersales.AssignInput{Job: job, Person: person})
		return err
	})
	sync(t, li)
	if got := w.accessNote(li, site); got != secrets[0] {
		t.Errorf("the phone shows %q", got)
	}
	note := func(text string) func(aftersales.Tx) error {
		return func(tx aftersales.Tx) error {
			return tx.Update("site", site, record.Values{"access_note": record.Text(text)})
		}
	}
	if err := li.Update(t.Context(), "site.note", note(secrets[1])); err != nil {
		t.Fatal(err)
	}
	w.office("site.note", note(secrets[2])) // neither has seen the other's: one stands beside the other
	sync(t, li)
	if err := li.Update(t.Context(), "site.note", note(secrets[3])); err != nil { // and this one is not sent
		t.Fatal(err)
	}
	var there string
	err := w.core.Store.Read(t.Context(), func(v *store.View) error {
		row, err := v.Row(record.Key{Table: aftersales.Schema.Table("site").ID, ID: site})
		if err == nil {
			there = row.Get("access_note").Text()
		}
		return err
	})
	if err != nil || there != secrets[1] && there != secrets[2] {
		t.Errorf("the office shows %q, %v", there, err)
	}
	backup := filepath.Join(filepath.Dir(w.path), "backup.db")
	if _, err := w.core.Store.Backup(t.Context(), backup); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{filepath.Dir(w.path), filepath.Dir(li.Path)} {
		tellsNone(t, folder, secrets)
	}
	if err := li.Close(); err != nil {
		t.Fatal(err)
	}
	tellsNone(t, filepath.Dir(li.Path), secrets)
}

func (w *world) accessNote(c *client.Client, site record.ID) (text string) {
	w.t.Helper()
	err := c.View(w.t.Context(), func(tx client.Tx) error {
		row, err := tx.Row("site", site)
		text = aftersales.SiteOf(row).AccessNote
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return text
}

// tellsNone looks into every file below the folder.
func tellsNone(t testing.TB, folder string, secrets []string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		files++
		content, err := os.ReadFile(path)
		for _, secret := range secrets {
			if bytes.Contains(content, []byte(secret)) {
				t.Errorf("%s tells %s", path, secret)
			}
		}
		return err
	})
	if err != nil || files < 3 {
		t.Errorf("%d files looked into, %v", files, err)
	}
}

// What came from the hub is found on the phone, and what was written on the phone, at once; what was taken away, no more.
func TestAPhoneSearchesWhatItHolds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	li, person := w.technician("li")
	job := server.NewID()
	var assigned record.ID
	w.office("job.create", func(tx aftersales.Tx) error {
		branch, err := aftersales.CreateBranch(tx, aftersales.BranchInput{Code: "B1", Name: "North", Zone: "Asia/Taipei", Currency: "TWD"})
		if err != nil {
			return err
		}
		if _, err := aftersales.CreatePerson(tx, aftersales.PersonInput{ID: person, Branch: branch, Name: "Li", Technician: true}); err != nil {
			return err
		}
		if _, err := aftersales.CreateJob(tx, aftersales.JobInput{ID: job, Branch: branch, Title: "主轴有噪音"}); err != nil {
			return err
		}
		assigned, err = aftersales.AssignJob(tx, aftersales.AssignInput{Job: job, Person: person})
		return err
	})
	sync(t, li)
	finds := func(query string, want int) {
		t.Helper()
		soon(t, fmt.Sprintf("%s: %d hits", query, want), func() bool {
			hits, err := li.Search(t.Context(), query, client.SearchOptions{Tables: []string{"job", "comment"}})
			s, e := li.Status(t.Context())
			if err = errors.Join(err, e); err != nil {
				t.Fatal(err)
			}
			return len(hits) == want && s.SearchReady
		})
	}
	finds("噪音", 1)
	if err := li.Update(t.Context(), "comment", func(tx client.Tx) error {
		_, err := aftersales.AddComment(tx, aftersales.CommentInput{About: aftersales.Row{Table: "job", ID: job}, Text: "Ersatzteil WX-77 bestellt"})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	finds("wx77", 1)
	sync(t, li)
	finds("wx77", 1)
	w.office("job.unassign", func(tx aftersales.Tx) error {
		return aftersales.Unassign(tx, aftersales.UnassignInput{Assignment: assigned, Reason: "elsewhere"})
	})
	sync(t, li)
	finds("噪音", 0)
	finds("wx77", 0)
}
