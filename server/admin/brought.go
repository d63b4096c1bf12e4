package admin

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"

	"fieldsync/sync/fault"
	"fieldsync/sync/parcel"
	"fieldsync/sync/record"
	"fieldsync/sync/scan"
)

// Brought is what came out of unsent work that somebody brought from a device.
type Brought struct {
	Device  record.ID
	Name    string // the device's
	Person  record.ID
	Changes []BroughtChange
	Files   []BroughtFile
	Missing bool // the hub wants changes before these, which a connection or a new file brings
	Forked  bool // another copy of the device wrote under the same numbers: it must connect
	Cut     bool // some files at the end are missing
}

// BroughtChange is one of its change sets.
type BroughtChange struct {
	Change  *record.ChangeSet
	Again   bool // the hub had it before
	Refused bool
	Code    fault.Code // why
	Message string
}

// BroughtFile is one of its files, with why it was refused.
type BroughtFile struct {
	Kind    string
	Size    int64
	Code    fault.Code
	Message string
}

// broughtPage takes in work by file and by codes.
type broughtPage struct {
	frame
	Problem string
	Done    []broughtView
	Chains  []chainView // codes of which some are missing
	Frames  string      // the texts of those that were read
	Bad     int         // texts that are damaged
	Unread  int         // pictures without a code
	Reading bool        // codes, of which there are none yet
}

type broughtView struct {
	Brought
	Owner string
	Lines []broughtLine
	New   int
}

type broughtLine struct {
	BroughtChange
	When  int64
	Cause string
	About string
	URL   string
	Why   string
}

type chainView struct {
	Have, Of int
	Missing  string // the numbers
}

// ShowBrought shows how to bring work from a phone that cannot connect.
func (o *Office) ShowBrought(v *Visit) error {
	return v.show(http.StatusOK, "brought", o.broughtPage(v))
}

func (o *Office) broughtPage(v *Visit) *broughtPage {
	return &broughtPage{frame: v.frame(v.t("Brought by hand"), broughtURL)}
}

// TakeBrought takes in a file, or codes. Codes that do not make a whole yet stay in the form, with those that are missing
// named: whoever shows them goes on from there.
func (o *Office) TakeBrought(v *Visit) error {
	page, status := o.broughtPage(v), http.StatusOK
	form, err := v.multipart()
	if err == nil {
		err = o.readBrought(v, form, page)
	}
	if err == nil {
		err = o.takeChains(v, page)
	}
	var refused *fault.Error
	if errors.As(err, &refused) {
		page.Problem, status, err = v.lang.refusal(refused), http.StatusUnprocessableEntity, nil
	}
	if err != nil {
		return err
	}
	return v.show(status, "brought", page)
}

const (
	maxPicture = 32 << 20
	maxTexts   = 1 << 20
)

// readBrought reads the form part by part: a file may be larger than memory.
func (o *Office) readBrought(v *Visit, form *multipart.Reader, page *broughtPage) error {
	for {
		part, err := form.NextPart()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fault.Wrap(BadForm, "The form is too long or damaged. Go back and try again.", err)
		}
		switch {
		case part.FormName() == "frames":
			err = page.readTexts(part)
		case part.FormName() == "pictures" && part.FileName() != "":
			err = page.readPicture(part)
		case part.FormName() == "file" && part.FileName() != "":
			err = o.take(v, part, page)
		}
		if err != nil {
			return err
		}
	}
}

func (p *broughtPage) readTexts(from io.Reader) error {
	b, err := io.ReadAll(io.LimitReader(from, maxTexts))
	p.Frames, p.Reading = p.Frames+string(b), true
	return err
}

// readPicture adds the text of a photographed code.
func (p *broughtPage) readPicture(from io.Reader) error {
	b, err := io.ReadAll(io.LimitReader(from, maxPicture))
	if err != nil {
		return fault.Wrap(BadForm, "The form is too long or damaged. Go back and try again.", err)
	}
	text, err := scan.Read(bytes.NewReader(b))
	if err != nil {
		p.Unread++
		return nil
	}
	p.Frames += "\n" + text
	return nil
}

// takeChains takes in what is complete of the codes that were read, and keeps the others.
func (o *Office) takeChains(v *Visit, page *broughtPage) error {
	chains, bad := parcel.Collect(page.Frames)
	page.Bad, page.Frames = bad, ""
	for _, c := range chains {
		missing := c.Missing()
		if len(missing) == 0 {
			whole, err := c.Parcel()
			if err == nil {
				err = o.take(v, bytes.NewReader(whole), page)
			}
			if err != nil {
				return err
			}
			continue
		}
		page.Chains = append(page.Chains, chainView{c.Have(), c.Of, numbers(missing)})
		page.Frames += strings.Join(c.Frames(), "\n") + "\n"
	}
	page.Reading = page.Reading && len(page.Done) == 0 && len(page.Chains) == 0
	return nil
}

// numbers writes 3, 4, 5, 9 as "3–5, 9".
func numbers(list []int) string {
	var parts []string
	for i := 0; i < len(list); {
		j := i
		for j+1 < len(list) && list[j+1] == list[j]+1 {
			j++
		}
		part := strconv.Itoa(list[i])
		if j > i {
			part += "–" + strconv.Itoa(list[j])
		}
		parts, i = append(parts, part), j+1
	}
	return strings.Join(parts, ", ")
}

// take takes in one parcel, and shows what came.
func (o *Office) take(v *Visit, from io.Reader, page *broughtPage) error {
	b, err := o.Phones.TakeParcel(v.r.Context(), from)
	if b.Device.IsZero() {
		return err
	}
	view := broughtView{Brought: b}
	failed := o.Engine.View(v.r.Context(), func(r Reader) (err error) {
		if view.Owner, err = r.PersonName(b.Person); err != nil {
			return err
		}
		n := o.names(r)
		for _, c := range b.Changes {
			line, err := o.broughtLine(v, n, c)
			if err != nil {
				return err
			}
			if view.Lines = append(view.Lines, line); !c.Again {
				view.New++
			}
		}
		return nil
	})
	page.Done = append(page.Done, view)
	return errors.Join(err, failed)
}

func (o *Office) broughtLine(v *Visit, n *names, c BroughtChange) (line broughtLine, err error) {
	line = broughtLine{BroughtChange: c, When: c.Change.Stamp.Add(c.Change.Offset).Millis(), Cause: v.lang.Name("cause." + c.Change.Cause)}
	if c.Refused {
		line.Why = v.lang.refusal(fault.New(c.Code, c.Message))
		line.URL = refusedURL + "/" + c.Change.Dot.Text()
	}
	for i := range c.Change.Rows {
		key := c.Change.Rows[i].Key()
		t := o.Schema.TableByID(key.Table)
		if t == nil {
			continue
		}
		job, err := jobOf(n.read, t, key)
		if err != nil {
			return line, err
		}
		if !job.IsZero() {
			key = record.Key{Table: o.Schema.Table("job").ID, ID: job}
			if line.URL == "" {
				line.URL = jobURL(job)
			}
		}
		line.About, err = n.row(key)
		return line, err
	}
	return line, nil
}
