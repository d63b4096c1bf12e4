package systemtest

import (
	"bytes"
	"html"
	"image/jpeg"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"fieldsync/client"
	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// uploads sends a file from the page of a job.
func (v *browser) uploads(path, kind, name string, content []byte) *browser {
	v.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	_ = form.WriteField("kind", kind)
	_ = form.WriteField("caption", "type plate")
	file, err := form.CreateFormFile("file", name)
	if err == nil {
		_, err = file.Write(content)
	}
	if err != nil || form.Close() != nil {
		v.t.Fatal(err)
	}
	return v.sendBody(path+"/files", form.FormDataContentType(), &body)
}

// sendBody posts a body of that type.
func (v *browser) sendBody(path, mediaType string, body io.Reader) *browser {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), http.MethodPost, v.url+path, body)
	if err != nil {
		v.t.Fatal(err)
	}
	r.Header.Set("Content-Type", mediaType)
	response, err := v.http.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	v.status, v.source, v.body, v.at = response.StatusCode, string(b), html.UnescapeString(string(b)), response.Request.URL
	return v
}

func TestThePageOfAJobShowsFilesAndTakesThemIn(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("ada", "Ada", auth.Administrator)
	li := b.hire("li", "Li Wei", auth.Technician)
	ada := b.browser("ada")
	phone := b.phone(ada, li, "li")
	job, path := ada.makes("pump leaks", li)
	sync(t, phone)

	plate, leak := photoOf(t, 50, 900), photoOf(t, 51, 500)
	ada.uploads(path, aftersales.AttachPhoto, "<script>.jpg", plate).sees(http.StatusOK, "The file is attached.", "type plate")
	ada.uploads(path, aftersales.AttachPhoto, "x.svg", []byte(`<svg onload="alert(1)"/>`)).
		sees(http.StatusUnprocessableEntity, "not what it is said to be")
	ada.uploads(path, "program", "x", plate).sees(http.StatusUnprocessableEntity)
	ada.uploads(path, aftersales.AttachPhoto, "", nil).sees(http.StatusBadRequest)

	sync(t, phone)
	list, err := phone.JobFiles(t.Context(), job)
	if err != nil || len(list) != 1 || list[0].State != client.FileAway {
		t.Fatalf("%+v %v", list, err)
	}
	if err := phone.Download(t.Context(), list[0].ID); err != nil || !bytes.Equal(b.content(phone, list[0].ID), plate) {
		t.Fatal(err)
	}

	id := b.attach(phone, job, aftersales.AttachPhoto, leak)
	sync(t, phone)
	ada.get(path).sees(http.StatusOK, "/attachments/"+id.String()+"/thumbnail")
	ada.get("/attachments/" + id.String() + "/thumbnail").sees(http.StatusOK)
	if _, err := jpeg.Decode(strings.NewReader(ada.body)); err != nil {
		t.Error(err)
	}
	ada.get("/attachments/" + id.String()).sees(http.StatusOK)
	if ada.body != string(leak) {
		t.Error("the office has another file")
	}
	if err := b.core.Files.Blobs.Delete(t.Context(), hashOf(leak)); err != nil {
		t.Fatal(err)
	}
	ada.get(path).sees(http.StatusOK, "still on its way")
	ada.get("/attachments/" + id.String()).sees(http.StatusNotFound)
	b.visitor().get("/attachments/"+id.String()).sees(http.StatusOK, "Sign-in name")
}

// A photo that comes with the report goes with it: onto the request, onto the job that is made of it later, and onto the
// phone of whoever gets that.
func TestAPhotoOfTheReportGoesWithTheJob(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("ada", "Ada", auth.Administrator)
	li := b.hire("li", "Li Wei", auth.Technician)
	ada := b.browser("ada")
	phone := b.phone(ada, li, "li")
	var request, job record.ID
	party := b.party("Harbour Cold Store", "+886255501177")
	b.office(aftersales.CauseRequestCreate, func(tx aftersales.Tx) (err error) {
		request, err = aftersales.CreateRequest(tx, aftersales.RequestInput{Party: party, Title: "pump leaks"})
		return err
	})
	leak := photoOf(t, 52, 600)
	ada.uploads("/requests/"+request.String(), aftersales.AttachPhoto, "leak.jpg", leak).sees(http.StatusOK, "The file is attached.", "type plate")
	b.office(aftersales.CauseJobCreate, func(tx aftersales.Tx) (err error) {
		if job, err = aftersales.CreateJob(tx, aftersales.JobInput{Request: request}); err != nil {
			return err
		}
		_, err = aftersales.AssignJob(tx, aftersales.AssignInput{Job: job, Person: li})
		return err
	})
	ada.get("/jobs/"+job.String()).sees(http.StatusOK, "/thumbnail", "type plate")
	sync(t, phone)
	list, err := phone.JobFiles(t.Context(), job)
	if err != nil || len(list) != 1 || list[0].Caption != "type plate" {
		t.Fatalf("%+v %v", list, err)
	}
	if err := phone.Download(t.Context(), list[0].ID); err != nil || !bytes.Equal(b.content(phone, list[0].ID), leak) {
		t.Error(err)
	}
}
