package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// The demo's files come in as anybody's do: through the forms of the office's pages.

// clerk is somebody in front of the office's pages.
type clerk struct {
	ctx    context.Context
	office string
	cookie *http.Cookie
	client http.Client
}

// papers brings files: a logo, a manual, a photo of a job, two files to import, one of which is taken back again.
func (l *live) papers(ctx context.Context) error {
	session, err := signIn(ctx, l.company.url(), "boss", l.password)
	if err != nil {
		return err
	}
	c := &clerk{ctx: ctx, office: l.company.url(), cookie: session, client: http.Client{Timeout: time.Minute}}
	defer c.client.CloseIdleConnections()
	job, err := l.jobWith(ctx, demoVisits[1].number)
	if err != nil {
		return err
	}
	pdf := []byte("%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n")
	for _, send := range []struct {
		path, file string
		content    []byte
		form       url.Values
	}{
		{"/slip-logo", "logo.png", drawn(240, 80, 40), nil},
		{"/documents", "DT-9.pdf", pdf, url.Values{"kind": {"manual"}, "title.en": {"Passenger lift DT-9, manual"}, "title.zh-Hans": {"客梯 DT-9 使用手册"}, "product": {"DT-9"}, "edition": {"5"}}},
		{"/jobs/" + job.String() + "/files", "bearing.png", drawn(640, 480, 9), url.Values{"kind": {"photo"}, "caption": {"The bearing 轴承"}}},
	} {
		if _, err := c.send(send.path, send.file, send.content, send.form); err != nil {
			return err
		}
	}
	if _, err := c.post("/programs", url.Values{"name": {"Telephone system"}, "may": {string(auth.SeeCustomers), string(auth.SeeJobs)}}); err != nil {
		return err
	}
	return l.imports(c)
}

// The files that the demo imports. A line of each cannot be taken.
const (
	demoNewCustomers = "Name,Phone,City,Address\n高雄冷鏈物流,+886 7 5550 1455,高雄市,前鎮區新生路 248 號\nBunbury Timber,+61 8 5550 0177,Bunbury,9 Estuary Drive\n,+61 8 5550 0178,Bunbury,no name\n"
	demoOldCustomers = "Name,Phone,City\n临时客户甲,+886 2 5550 1900,台北市\n临时客户乙,+886 2 5550 1901,台北市\n"
)

// imports takes a file of customers in, and another, of which all is taken back that nobody has touched.
func (l *live) imports(c *clerk) error {
	if _, err := c.takes(demoNewCustomers, "customers-2026.csv", branchID("N")); err != nil {
		return err
	}
	at, err := c.takes(demoOldCustomers, "trade-fair.csv", branchID("N"))
	if err != nil {
		return err
	}
	err = l.company.do(c.ctx, aftersales.CauseEdit, func(tx aftersales.Tx) error {
		rows, err := tx.Refs("party", "branch", branchID("N"))
		if err != nil {
			return err
		}
		for _, row := range rows {
			if row.Get("name").Text() == "临时客户甲" {
				return aftersales.Edit(tx, aftersales.EditInput{Table: "party", ID: row.ID, Values: record.Values{"address": record.Text("信義路五段 1 號")}})
			}
		}
		return nil
	})
	if err == nil {
		_, err = c.post(at+"/undo", nil)
	}
	if err == nil {
		err = c.waits(at, "undone")
	}
	return err
}

// takes imports a file of customers, and returns the page of the import.
func (c *clerk) takes(content, name string, branch record.ID) (page string, err error) {
	if page, err = c.send("/import", name, []byte(content), url.Values{"kind": {"customers"}}); err != nil {
		return "", err
	}
	form := url.Values{"branch": {branch.String()}, "c0": {"name"}, "c1": {"phone"}, "c2": {"city"}, "c3": {"address"}}
	for _, step := range [][2]string{{"/check", "checked"}, {"/take", "taken"}} {
		if _, err := c.post(page+step[0], form); err != nil {
			return "", err
		}
		if err := c.waits(page, step[1]); err != nil {
			return "", err
		}
	}
	return page, nil
}

// phase is how far an import is, on its page.
var phase = regexp.MustCompile(`<span class="chip ([a-z]+)">`)

// waits until the import has come that far.
func (c *clerk) waits(page, until string) error {
	for {
		body, _, err := c.ask(http.MethodGet, page, "", nil)
		if err != nil {
			return err
		}
		switch m := phase.FindSubmatch(body); {
		case m != nil && string(m[1]) == until:
			return nil
		case m != nil && string(m[1]) == "stopped":
			return fmt.Errorf("the import %s stopped before it was %s", page, until)
		}
		select {
		case <-c.ctx.Done():
			return c.ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// post sends a form, and returns the page that it leads to.
func (c *clerk) post(path string, form url.Values) (page string, err error) {
	_, page, err = c.ask(http.MethodPost, path, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
	return page, err
}

// send sends a form with a file.
func (c *clerk) send(path, name string, content []byte, form url.Values) (page string, err error) {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for key, values := range form {
		for _, value := range values {
			if err := w.WriteField(key, value); err != nil {
				return "", err
			}
		}
	}
	part, err := w.CreateFormFile("file", name)
	if err == nil {
		_, err = part.Write(content)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return "", err
	}
	_, page, err = c.ask(http.MethodPost, path, w.FormDataContentType(), &body)
	return page, err
}

// ask returns what the office answers, and the path of the page that it comes to.
func (c *clerk) ask(method, path, kind string, body io.Reader) (answered []byte, page string, err error) {
	r, err := http.NewRequestWithContext(c.ctx, method, c.office+path, body)
	if err != nil {
		return nil, "", err
	}
	r.AddCookie(c.cookie)
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	answer, err := c.client.Do(r)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = answer.Body.Close() }()
	if answered, err = io.ReadAll(answer.Body); err == nil && answer.StatusCode >= http.StatusBadRequest {
		err = fmt.Errorf("the office answers %s %s with %d", method, path, answer.StatusCode)
	}
	return answered, answer.Request.URL.Path, err
}

// jobWith returns the job with the number.
func (l *live) jobWith(ctx context.Context, number string) (record.ID, error) {
	jobs, err := l.company.ids(ctx, "SELECT id FROM job WHERE number = ? AND _del = 0", number)
	if err == nil && len(jobs) == 0 {
		err = fmt.Errorf("there is no job %s", number)
	}
	if err != nil {
		return record.ID{}, err
	}
	return jobs[0], nil
}

// drawn is a picture in place of a camera's, as a PNG: rings around its middle.
func drawn(width, height, ring int) []byte {
	picture := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			dx, dy := x-width/2, y-height/2
			shade := uint8(90 + (dx*dx+dy*dy)/(ring*ring*4)%6*25)
			picture.Set(x, y, color.RGBA{shade, shade, shade / 2 * 2, 255})
		}
	}
	var b bytes.Buffer
	_ = png.Encode(&b, picture) // into memory
	return b.Bytes()
}
