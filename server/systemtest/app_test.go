package systemtest

import (
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// TestTheApp builds fieldtech once, and plays the stories of its app: the device is a process of its own, that is
// killed, and the hub behind a gate that is closed.
func TestTheApp(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "fieldtech")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, module+"/client/cmd/fieldtech")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for name, story := range map[string]func(*handset){
		"a day by touch, in English":            func(h *handset) { h.dayByTouch(english) },
		"a day by touch, in Chinese":            func(h *handset) { h.dayByTouch(chinese) },
		"killed in the middle of every step":    killedInTheMiddle,
		"logging out is refused with work":      logOutIsRefused,
		"a refused change is mended and resent": refusedIsMended,
		"a part is scanned by the camera":       scansAPart,
		"a code is typed without a camera":      typesWhereThereIsNoCamera,
		"a voice note is recorded":              speaks,
		"a film has a picture":                  films,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			story(newHandset(t, program))
		})
	}
}

func logOutIsRefused(h *handset) {
	h.page("/jobs/" + h.lift.String() + "/comments")
	h.sends("/jobs/"+h.lift.String()+"/comments", "text", "mine")
	h.page("/settings", "only")
	if status, _, err := h.ask(http.MethodPost, "/settings", url.Values{"leave": {"yes"}}); err != nil || status != http.StatusUnprocessableEntity {
		h.t.Fatal(status, err)
	}
	h.back()
	h.start()
	if status, _, err := h.ask(http.MethodPost, "/settings", url.Values{"leave": {"yes"}}); err != nil || status != http.StatusOK {
		h.t.Fatal(status, err)
	}
	if err := h.app.Wait(); err != nil {
		h.t.Error("the app ends with", err)
	}
	if left, _ := filepath.Glob(filepath.Join(h.data, "replica.db*")); len(left) > 0 {
		h.t.Error("left on the phone:", left)
	}
}

// The office takes a part out of the catalogue that Li has used, and rewrites what he found: he reads why, mends what was
// refused, gives it up at last, and sees what became of his words.
func refusedIsMended(h *handset) {
	job := "/jobs/" + h.lift.String()
	h.page(job + "/parts/use/" + h.seal.String())
	h.sends(job+"/parts/use/"+h.seal.String(), "quantity", "2")
	h.page(job + "/findings")
	h.sends(job+"/findings", "text", "worn by sand")
	h.office("row.delete", func(tx aftersales.Tx) error { return tx.Delete("part", h.seal) })
	h.back()
	h.office("job.finding", func(tx aftersales.Tx) error {
		return tx.Update("job", h.lift, record.Values{"finding": record.Text("worn by rust")})
	})
	h.done("sync", "-within", patience.String())
	h.start()
	h.page("/", `class="refused"`)
	h.page("/outbox", "Refused: to be mended", "worn by sand", "worn by rust", "You wrote")
	refused := regexp.MustCompile(`href="(/outbox/[^"]+)"`)
	change := refused.FindStringSubmatch(h.body)[1]
	h.page(change, `value="2"`, "Nothing is lost")
	h.sends(change, "do", "again", "c0-1", "1")
	soon(h.t, "what was mended is sent, and refused under a name of its own", func() bool { // the hub is there again
		h.page("/outbox", "J-100")
		now := refused.FindStringSubmatch(h.body)
		return now != nil && now[1] != change
	})
	change = refused.FindStringSubmatch(h.body)[1]
	h.page(change, `value="1"`)
	h.sends(change, "do", "drop", "sure", "1")
	h.wantColumn(nil, "state", "outbox")
}
