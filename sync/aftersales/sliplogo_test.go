package aftersales

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"testing"

	"fieldsync/sync/blob"
	"fieldsync/sync/fault"
)

func TestTheLogoOfSlipsIsAPictureMadeSmall(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if logo, err := Logo(w); logo != nil || err != nil {
		t.Fatal(logo, err)
	}
	drawn := image.NewNRGBA(image.Rect(0, 0, 1600, 400)) // see-through but for a stripe
	for x := range 1600 {
		drawn.Set(x, 200, color.NRGBA{R: 200, A: 255})
	}
	var file bytes.Buffer
	if err := png.Encode(&file, drawn); err != nil {
		t.Fatal(err)
	}
	w.ok(SetLogo(w, append(file.Bytes(), "<script>"...)))
	logo, err := Logo(w)
	if err != nil || bytes.Contains(logo, []byte("script")) {
		t.Fatal(err)
	}
	shown, kind, err := image.Decode(bytes.NewReader(logo))
	if err != nil || kind != "jpeg" || shown.Bounds().Dx() != blob.ThumbnailSide {
		t.Fatal(shown.Bounds(), kind, err)
	}
	if r, g, b, _ := shown.At(4, 4).RGBA(); min(r, g, b) < 0xf000 {
		t.Errorf("paper is white, not %x %x %x", r, g, b)
	}
	for _, none := range []string{"<svg/>", "%PDF-1.7", "GIF89a"} {
		if err := SetLogo(w, []byte(none)); fault.CodeOf(err) != blob.NoPicture {
			t.Errorf("%s: %v", none, err)
		}
	}
	w.ok(SetLogo(w, nil))
	if logo, err := Logo(w); logo != nil || err != nil {
		t.Error("it is still there", err)
	}
}
