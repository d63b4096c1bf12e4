package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"time"

	"fieldsync/client"
	"fieldsync/client/link"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/device"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// demo opens an empty replica that belongs to somebody. A program enrols with its hub instead, once: see Client.Enrol.
func demo() (c *client.Client, done func()) {
	dir, err := os.MkdirTemp("", "fieldsync")
	if err != nil {
		log.Fatal(err)
	}
	c, err = client.Open(context.Background(), client.Options{Path: filepath.Join(dir, "field.db")})
	if err != nil {
		log.Fatal(err)
	}
	enrol(c)
	return c, func() {
		_ = c.Close()
		_ = os.RemoveAll(dir)
	}
}

// enrol gives the replica to Li.
func enrol(c *client.Client) {
	hub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]record.ID{"device": li, "person": li})
	}))
	defer hub.Close()
	if err := c.Enrol(context.Background(), hub.URL, "ACDE-FGHJ-KMNP", "Li's phone"); err != nil {
		log.Fatal(err)
	}
	err := c.Update(context.Background(), aftersales.CauseSetUp, func(tx client.Tx) error {
		_, err := aftersales.CreatePerson(tx, aftersales.PersonInput{ID: li, Name: "Li"})
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
}

// Open a replica, enrol it once with the code that the office made, and sync whenever there is a network.
func ExampleOpen() {
	ctx := context.Background()
	c, err := client.Open(ctx, client.Options{Path: "field.db", App: "acme field 1.4"})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if s, err := c.Status(ctx); err == nil && !s.Enrolled {
		err = c.Enrol(ctx, "https://hub.example.com", "ACDE-FGHJ-KMNP", "Li's phone")
		if err != nil {
			log.Fatal(err)
		}
	}
	if err := c.SyncOnce(ctx); err != nil {
		log.Print(err) // there may be no network: everything goes on, and is sent later
	}
}

// Commands in one Update are one change: all of it is recorded, sent and judged, or nothing.
func ExampleClient_Update() {
	c, done := demo()
	defer done()
	ctx := context.Background()
	job, err := c.Jobs().Create(ctx, aftersales.JobInput{Title: "pump leaks"})
	if err != nil {
		log.Fatal(err)
	}
	err = c.Update(ctx, aftersales.CauseJobComplete, func(tx client.Tx) error {
		if _, err := aftersales.AddNote(tx, job, "customer was there"); err != nil {
			return err
		}
		in := aftersales.CompleteInput{Summary: "seal replaced"}
		in.Job, in.Finding = job, "worn seal"
		return aftersales.Complete(tx, in)
	})
	if err != nil {
		log.Fatal(err)
	}
	view, err := c.Jobs().Get(ctx, job)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(view.Job.State, view.Job.Finding, len(view.Comments))
	// Output: done worn seal 1
}

// A list is whole and in the order in which the work is done; words are found at any place, Chinese too.
func ExampleJobs_Each() {
	c, done := demo()
	defer done()
	ctx := context.Background()
	for _, title := range []string{"電梯異音", "pump leaks"} {
		if _, err := c.Jobs().Create(ctx, aftersales.JobInput{Title: title}); err != nil {
			log.Fatal(err)
		}
	}
	for job, err := range c.Jobs().Each(ctx, client.JobFilter{Text: "異音"}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(job.Title, job.State)
	}
	// Output: 電梯異音 planned
}

// A watcher hears of every commit, whoever wrote it, after it was made.
func ExampleClient_Watch() {
	c, done := demo()
	defer done()
	changes, stop := c.Watch("job")
	defer stop()
	if _, err := c.Jobs().Create(context.Background(), aftersales.JobInput{Title: "pump leaks"}); err != nil {
		log.Fatal(err)
	}
	change := <-changes
	fmt.Println(len(change.Rows), "job changed")
	// Output: 1 job changed
}

// What the rules refuse at once is an error with a code, and changes nothing.
func ExampleJobs_Pause() {
	c, done := demo()
	defer done()
	ctx := context.Background()
	job, err := c.Jobs().Create(ctx, aftersales.JobInput{Title: "pump leaks"})
	if err != nil {
		log.Fatal(err)
	}
	err = c.Jobs().Pause(ctx, aftersales.VisitInput{Job: job})
	fmt.Println(fault.CodeOf(err))
	// Output: wrong_state
}

// What the hub refuses later is kept: its author sees why, and sends it again, changes it, or gives it up.
func ExampleClient_Resend() {
	c, done := demo()
	defer done()
	ctx := context.Background()
	refused, err := c.Outbox(ctx, device.Refused)
	if err != nil {
		log.Fatal(err)
	}
	for _, sent := range refused {
		fmt.Println(sent.Cause, sent.Code, sent.Message)
		switch sent.Code {
		case aftersales.UnknownPart: // the part was in the catalogue by another number: book that one
			err = c.Resend(ctx, sent.Dot, sent.Cause, func(tx client.Tx) error {
				_, err := aftersales.UsePart(tx, aftersales.MoveInput{ /* … */ })
				return err
			})
		case fault.NotAllowed: // the office has given the job back meanwhile: the same again
			err = c.SendAgain(ctx, sent.Dot)
		default:
			err = c.Dismiss(ctx, sent.Dot)
		}
		if err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(len(refused), "refused")
	// Output: 0 refused
}

// A photo is kept at once, with its thumbnail; it travels when there is a network for it.
func ExampleClient_Attach() {
	c, done := demo()
	defer done()
	ctx := context.Background()
	job, err := c.Jobs().Create(ctx, aftersales.JobInput{Title: "Pump leaks"})
	if err != nil {
		log.Fatal(err)
	}
	about := aftersales.Row{Table: "job", ID: job}
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 640, 480))); err != nil {
		log.Fatal(err)
	}
	_, err = c.Attach(ctx, about, &picture, client.FileInput{Kind: aftersales.AttachPhoto, Caption: "type plate"})
	if err != nil {
		log.Fatal(err)
	}
	files, err := c.Attachments(ctx, about)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(files[0].Caption, files[0].State)
	// Output: type plate waiting
}

// What a scheduler calls when the system lets a program run in the background for a short while, as WorkManager and
// BGTaskScheduler do: everything that fits into the time goes, and the rest next time.
func ExampleClient_SyncOnce() {
	c, done := demo()
	defer done()
	ctx, cancel := context.WithTimeout(context.Background(), 25*time.Second)
	defer cancel()
	switch err := c.SyncOnce(ctx); fault.CodeOf(err) {
	case "": // both ends are level
	case link.NoNetwork: // nothing is lost: ask to be woken when there is a network
		fmt.Println("later")
	case fault.Unauthentic, fault.Revoked: // the work stays on the device: a person has to enrol it again
		fmt.Println("enrol again")
	default:
		log.Print(err)
	}
	// Output: later
}

// Where there is no network for long, unsent work is brought to the office as a file that only the hub can read. What
// comes by network later is judged no second time.
func ExampleClient_ExportTo() {
	ctx := context.Background()
	c, err := client.Open(ctx, client.Options{Path: "field.db"})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	packed, err := c.ExportTo(ctx, "/media/stick/li.fsp")
	if errors.Is(err, client.ErrNothingUnsent) {
		return // the hub has it all
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(packed.Changes, "changes and", packed.Files, "files")
}

// A company that signs its hub's certificate itself gives its authority to its phones.
func ExampleReach() {
	pem, err := os.ReadFile("company-ca.pem")
	if err != nil {
		log.Fatal(err)
	}
	c, err := client.Open(context.Background(), client.Options{
		Path: "field.db", Reach: client.Reach{Roots: pem, DNS: []string{"192.0.2.53"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = c.Close() }()
}

// A program keeps tables of its own beside those of after-sales: they are written in the same changes, travel in the same
// buckets and merge by the same rules. The hub runs with the same schema.
func ExampleOptions_ownTables() {
	rentals := &schema.Table{
		ID: 10_001, Name: "acme_rental", // numbers and names that ours will never take
		Columns: []schema.Column{
			{ID: 1, Name: "job", Kind: schema.Ref, Ref: "job", Flags: schema.Required | schema.Immutable},
			{ID: 2, Name: "tool", Kind: schema.Text, Flags: schema.Required},
			{ID: 3, Name: "days", Kind: schema.Integer, Policy: schema.Max},
		},
		Buckets: []schema.Bucket{{Kind: aftersales.JobBucket, From: "job"}}, // it is where its job is
		Rights:  []schema.Right{{Name: aftersales.RightWork, Insert: true, Columns: []string{"days"}}},
	}
	acme, err := schema.New("acme", aftersales.Version, append(slices.Clone(aftersales.Schema.Tables), rentals)...)
	if err != nil {
		log.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "acme")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	c, err := client.Open(context.Background(), client.Options{Path: filepath.Join(dir, "field.db"), Schema: acme})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	enrol(c)

	job, err := c.Jobs().Create(context.Background(), aftersales.JobInput{Title: "pump leaks"})
	if err != nil {
		log.Fatal(err)
	}
	err = c.Update(context.Background(), "acme.rent", func(tx client.Tx) error {
		return tx.Insert("acme_rental", tx.NewID(), record.Values{
			"job": record.Ref(job), "tool": record.Text("core drill"), "days": record.Number(3),
		})
	})
	if err != nil {
		log.Fatal(err)
	}
	rows, err := c.Query(context.Background(), "SELECT tool, days FROM acme_rental WHERE job = ?", job[:])
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var tool string
		var days int
		if err := rows.Scan(&tool, &days); err != nil {
			log.Fatal(err)
		}
		fmt.Println(tool, days)
	}
	// Output: core drill 3
}
