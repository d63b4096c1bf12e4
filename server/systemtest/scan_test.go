package systemtest

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"testing"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/code128"
	"github.com/chromedp/chromedp"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// film writes what a camera sees, for Chromium to play in place of one: a bare wall, and then a part with a barcode.
func film(t testing.TB, text string) (path string) {
	t.Helper()
	const width, height = 640, 480
	code, err := code128.Encode(text)
	if err != nil {
		t.Fatal(err)
	}
	bars, err := barcode.Scale(code, 420, 120)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "YUV4MPEG2 W%d H%d F10:1 Ip A1:1 C420\n", width, height)
	for frame := range 20 {
		b.WriteString("FRAME\n")
		wall := image.NewGray(image.Rect(0, 0, width, height))
		for i := range wall.Pix {
			wall.Pix[i] = 200
		}
		for y := 0; frame > 5 && y < 120; y++ {
			for x := range 420 {
				wall.SetGray(110+x, 180+y, color.GrayModel.Convert(bars.At(x, y)).(color.Gray))
			}
		}
		b.Write(wall.Pix)
		b.Write(bytes.Repeat([]byte{128}, width*height/2))
	}
	path = filepath.Join(t.TempDir(), "camera.y4m")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// camera opens a browser of the size of a phone whose camera shows the film; without one it has no camera.
func (h *handset) camera(film string) *screen {
	h.t.Helper()
	var flags []chromedp.ExecAllocatorOption
	if film != "" {
		flags = append(flags, chromedp.Flag("use-fake-device-for-media-stream", true),
			chromedp.Flag("use-fake-ui-for-media-stream", true), chromedp.Flag("use-file-for-fake-video-capture", film))
	}
	return h.window("en", flags...)
}

// scansAPart: the camera finds the barcode of a part, and the phone's own server reads it, with no network anywhere.
func scansAPart(h *handset) {
	part := h.barcoded("6901234500017")
	s := h.camera(film(h.t, "6901234500017"))
	pick := "/jobs/" + h.lift.String() + "/parts/use"
	s.holds("today", `document.querySelector(".job") !== null`)
	s.visit(pick)
	s.holds("a button to scan", `document.querySelector("[data-scan]")?.hidden === false`)
	s.do(tap("[data-scan]"))
	s.holds("the part that carries the code", stands+` && location.pathname === "`+pick+"/"+part.String()+`"`)
	s.do(tap("button.main"))
	s.at("/jobs/" + h.lift.String() + "/parts") // it is used
	s.visit("/search")
	s.holds("a button to scan", `document.querySelector("[data-scan]")?.hidden === false`)
	s.do(tap("[data-scan]"))
	s.holds("the search finds it", `document.getElementById("q").value === "6901234500017" && document.querySelector("#results .row") !== null`)
	s.holds("the camera is off", `document.querySelector("video") === null`)
}

// typesWhereThereIsNoCamera: who has no camera, or does not let the app use it, types.
func typesWhereThereIsNoCamera(h *handset) {
	part := h.barcoded("6901234500017")
	s := h.camera("")
	pick := "/jobs/" + h.lift.String() + "/parts/use"
	s.holds("today", `document.querySelector(".job") !== null`)
	s.visit(pick)
	s.holds("a button to scan", `document.querySelector("[data-scan]")?.hidden === false`)
	s.do(tap("[data-scan]"))
	s.holds("why there is no picture", `document.querySelector(".said")?.textContent.includes("Type the code")`)
	s.do(chromedp.SendKeys("#q", "6901234500017\r"))
	s.holds("the part that carries the code", `location.pathname === "`+pick+"/"+part.String()+`"`)
}

// barcoded gives the seal a barcode, and lets the phone hear of it.
func (h *handset) barcoded(code string) record.ID {
	h.t.Helper()
	h.office("part.edit", func(tx aftersales.Tx) error {
		return tx.Update("part", h.seal, record.Values{"barcode": record.Text(code)})
	})
	h.back()
	h.start()
	return h.seal
}

// films: a film is taken where there is no network, and the page takes a picture out of it.
func films(h *handset) {
	s := h.camera("")
	s.holds("today", `document.querySelector(".job") !== null`)
	s.visit("/jobs/" + h.lift.String() + "/photos")
	s.holds("a field for films", `document.querySelector("input[name=video]") !== null`)
	s.holds("somebody films", `(() => { // what a camera's program would hand over
		const c = document.createElement("canvas"), pen = c.getContext("2d"), pieces = [];
		const recorder = new MediaRecorder(c.captureStream(), {mimeType: "video/webm"});
		const drawing = setInterval(() => { pen.fillStyle = "hsl(" + Math.random() * 360 + " 80% 50%)"; pen.fillRect(0, 0, 300, 150); }, 50);
		recorder.ondataavailable = (e) => {
			if (e.data.size) pieces.push(e.data);
			if (pieces.length === 3) recorder.stop();
		};
		recorder.onstop = () => {
			clearInterval(drawing);
			const input = document.querySelector("input[name=video]"), given = new DataTransfer();
			given.items.add(new File(pieces, "pump.webm", {type: "video/webm"}));
			input.files = given.files;
			input.dispatchEvent(new Event("change"));
		};
		recorder.start(300);
		return true;
	})()`)
	s.holds("the film with a picture", `(() => {
		const film = document.querySelector("video[poster]");
		if (!film) return false;
		window.still ??= Object.assign(new Image(), {src: film.poster});
		return window.still.complete && window.still.naturalWidth > 0;
	})()`)
	h.back()
	if n := h.onHub(h.lift, "attachment"); n != 1 {
		h.t.Errorf("%d files on the hub", n)
	}
}

// speaks: a voice note is recorded where there is no network, kept, played, and sent when there is one.
func speaks(h *handset) {
	s := h.camera(film(h.t, "X"))
	photos := "/jobs/" + h.lift.String() + "/photos"
	s.holds("today", `document.querySelector(".job") !== null`)
	s.visit(photos)
	s.holds("a button to record", `document.querySelector("[data-recorder]") !== null`)
	s.do(tap("[data-recorder]"))
	s.holds("it has heard something", `document.querySelector("[data-recording][data-heard]") !== null`)
	s.do(tap("[data-recorder]"))
	s.holds("the note", `document.querySelector("audio")?.src.includes("/files/")`)
	s.holds("it can be played", `(() => { // the page shows itself anew meanwhile, with another element
		const a = document.querySelector("audio");
		if (a.preload !== "auto") { a.muted = true; a.preload = "auto"; a.load(); }
		return a.readyState >= 2;
	})()`)
	h.back()
	if n := h.onHub(h.lift, "attachment"); n != 1 {
		h.t.Errorf("%d files on the hub", n)
	}
}
