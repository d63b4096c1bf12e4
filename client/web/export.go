package web

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/boombuler/barcode/qr"

	"fieldsync/client"
	"fieldsync/sync/fault"
	"fieldsync/sync/parcel"
)

// The second way out for unsent work, where there is no network for long: a file, or codes that the office reads off the
// screen. Both are encrypted for the office alone.

const exportURL = "/export"

// exportPage says what waits, and offers the ways.
type exportPage struct {
	frame
	Changes int
	Files   int
	Upto    uint64
	Codes   int  // how many codes the changes take; 0 where they do not fit
	TooMany bool // changes for codes
	Nothing bool
	Handed  bool
	Why     string // why there is no way
}

func (v *request) export() error {
	p := exportPage{frame: v.frame("Hand over without network"), Files: len(v.client.Waiting())}
	p.Tab, p.Back = "outbox", outboxURL
	frames, e, err := v.client.ExportFrames(v.ctx())
	p.Changes, p.Upto, p.Codes = e.Changes, e.Upto, len(frames)
	var refused *fault.Error
	switch {
	case errors.Is(err, client.ErrNothingUnsent):
		p.Nothing = p.Files == 0
	case fault.CodeOf(err) == parcel.TooMuch:
		p.TooMany = true
	case errors.As(err, &refused):
		p.Why = v.lang.refusal(refused.Code, refused.Message)
	case err != nil:
		return err
	}
	if p.Handed, err = v.client.Leavable(v.ctx()); err != nil {
		return err
	}
	p.Handed = p.Handed && !p.Nothing
	return v.show("export", p)
}

// exportFile sends everything that waits as one file. It is written to the disk first: a download that breaks off in the
// middle would look like a file. It lies beside the database, since an app may have no other folder to write to, and has no name
// there, so that nothing of it stays when the app is killed; where the system takes no name off an open file it goes at the end.
func (v *request) exportFile() (err error) {
	f, err := os.CreateTemp(filepath.Dir(v.client.Path), ".export-*")
	if err != nil {
		return fault.Wrap("disk_full", "there is no space to make the file: free some, or hand over by codes", err)
	}
	unnamed := os.Remove(f.Name()) == nil
	defer func() {
		if err = errors.Join(err, f.Close()); !unnamed {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if _, err := v.client.ExportFile(v.ctx(), f); err != nil {
		return err
	}
	name := "fieldsync-" + v.client.Now().In(v.Zone).Format("20060102-1504") + ".fsp"
	v.w.Header().Set("Content-Type", "application/octet-stream")
	v.w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	http.ServeContent(v.w, v.r, "", v.client.Now(), f)
	return nil
}

// handedOver notes that the person has brought it: then he may log out.
func (v *request) handedOver() error {
	upto, err := strconv.ParseUint(v.form("upto"), 10, 64)
	if err != nil || v.form("sure") == "" {
		return fault.New(fault.Invalid, "Say that the office has it before you go on.")
	}
	if len(v.client.Waiting()) > 0 && v.form("by") != "file" {
		return fault.New(fault.Invalid, "Photos are in the file only. Hand over the file too.")
	}
	if err := v.client.HandedOver(upto); err != nil {
		return err
	}
	return v.redirect(exportURL)
}

// codesPage shows the chain of codes, one after another.
type codesPage struct {
	frame
	Number  int
	Of      int
	Only    string // those that the office still wants, as it was typed; "" for all
	Next    string
	Before  string
	Text    string
	Changes int
	Files   int
	Upto    uint64
}

func (v *request) codes() error {
	frames, e, err := v.client.ExportFrames(v.ctx())
	if errors.Is(err, client.ErrNothingUnsent) {
		return v.redirect(exportURL)
	}
	if err != nil {
		return err
	}
	p := codesPage{frame: v.frame("Show codes"), Of: len(frames), Changes: e.Changes, Files: len(v.client.Waiting()), Upto: e.Upto}
	p.Tab, p.Back, p.Only = "outbox", exportURL, v.form("only")
	list := wanted(p.Only, len(frames))
	at := max(0, slices.Index(list, atoi(v.form("n"))))
	p.Number, p.Text = list[at], frames[list[at]-1]
	p.Next, p.Before = codeURL(list[(at+1)%len(list)], p.Only), codeURL(list[(at+len(list)-1)%len(list)], p.Only)
	return v.show("codes", p)
}

func codeURL(n int, only string) string {
	if only == "" {
		return exportURL + "/codes?n=" + strconv.Itoa(n)
	}
	return exportURL + "/codes?n=" + strconv.Itoa(n) + "&only=" + strings.ReplaceAll(only, " ", "+")
}

// wanted reads "3, 5-7" as the numbers that it says, and anything that says none as all of them.
func wanted(only string, of int) (list []int) {
	for _, part := range strings.FieldsFunc(only, func(r rune) bool { return r == ',' || r == ' ' || r == '，' || r == '、' }) {
		from, to, both := strings.Cut(strings.NewReplacer("–", "-", "—", "-").Replace(part), "-")
		first, last := atoi(from), atoi(from)
		if both {
			last = atoi(to)
		}
		for n := max(first, 1); n <= min(last, of); n++ {
			if !slices.Contains(list, n) {
				list = append(list, n)
			}
		}
	}
	if len(list) == 0 {
		for n := range of {
			list = append(list, n+1)
		}
	}
	slices.Sort(list)
	return list
}

func atoi(s string) int {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil || n > 1_000_000 {
		return 0
	}
	return n
}

// codeQR draws one code of the chain.
func (v *request) codeQR() error {
	frames, _, err := v.client.ExportFrames(v.ctx())
	if err != nil {
		return err
	}
	n := atoi(v.r.PathValue("n"))
	if n < 1 || n > len(frames) {
		return fault.New(fault.UnknownRow, "there is nothing at this address")
	}
	code, err := qr.Encode(frames[n-1], qr.L, qr.AlphaNumeric)
	if err != nil {
		return fmt.Errorf("web: no QR code holds a frame: %w", err)
	}
	v.w.Header().Set("Content-Type", "image/svg+xml")
	_, _ = bytes.NewReader(drawQR(code)).WriteTo(v.w) // who has gone away needs no answer
	return nil
}
