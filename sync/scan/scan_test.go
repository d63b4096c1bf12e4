package scan_test

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/code128"
	"github.com/boombuler/barcode/code39"
	"github.com/boombuler/barcode/datamatrix"
	"github.com/boombuler/barcode/ean"
	"github.com/boombuler/barcode/qr"

	"fieldsync/sync/fault"
	"fieldsync/sync/scan"
)

// photo puts a code on a grey wall, a little noisy, as a camera would see it.
func photo(code barcode.Barcode, width, height, codeWidth, codeHeight int) *image.RGBA {
	scaled, err := barcode.Scale(code, codeWidth, codeHeight)
	if err != nil {
		panic(err)
	}
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(m, m.Bounds(), image.NewUniform(color.Gray{Y: 170}), image.Point{}, draw.Src)
	at := image.Pt((width-codeWidth)/2, (height-codeHeight)/2)
	paper := image.Rectangle{at, at.Add(image.Pt(codeWidth, codeHeight))}.Inset(-30)
	draw.Draw(m, paper, image.White, image.Point{}, draw.Src)
	draw.Draw(m, paper.Inset(30), scaled, scaled.Bounds().Min, draw.Src)
	noise := rand.New(rand.NewPCG(1, 2))
	for i := range m.Pix {
		if i%4 != 3 {
			m.Pix[i] = byte(min(255, max(0, int(m.Pix[i])/2+40+noise.IntN(30))))
		}
	}
	return m
}

func made(code barcode.Barcode, err error) barcode.Barcode {
	if err != nil {
		panic(err)
	}
	return code
}

func TestEveryKindOfCode(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		code          barcode.Barcode
		width, height int
		want          string
	}{
		"QR":          {made(qr.Encode("KX-100/密封", qr.M, qr.Unicode)), 200, 200, "KX-100/密封"},
		"Code 128":    {made(code128.Encode("SN-2026-00417")), 400, 80, "SN-2026-00417"},
		"Code 39":     {made(code39.Encode("PUMP-7", false, false)), 400, 80, "PUMP-7"},
		"EAN":         {made(ean.Encode("6901234567892")), 300, 100, "6901234567892"},
		"Data Matrix": {made(datamatrix.Encode("A-77-9")), 160, 160, "A-77-9"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b bytes.Buffer
			if err := jpeg.Encode(&b, photo(c.code, 640, 480, c.width, c.height), nil); err != nil {
				t.Fatal(err)
			}
			if got, err := scan.Read(bytes.NewReader(b.Bytes())); err != nil || got != c.want {
				t.Errorf("read %q: %v", got, err)
			}
		})
	}
}

// The decoder takes something in these for a corner of the code, until they are turned.
func TestACodeThatLooksLikeAnother(t *testing.T) {
	t.Parallel()
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567:/"
	for size, seeds := range map[int][]uint64{300: {62, 111}, 600: {12, 121}, 900: {46, 154}, 1100: {10, 22, 23, 143}} {
		for _, seed := range seeds {
			random, text := rand.New(rand.NewPCG(seed, uint64(size))), make([]byte, size)
			for i := range text {
				text[i] = letters[random.IntN(len(letters))]
			}
			large := made(barcode.Scale(made(qr.Encode(string(text), qr.L, qr.AlphaNumeric)), 900, 900))
			m := image.NewGray(image.Rect(0, 0, 1000, 1000))
			draw.Draw(m, m.Bounds(), image.White, image.Point{}, draw.Src)
			draw.Draw(m, image.Rect(50, 50, 950, 950), large, image.Point{}, draw.Src)
			if got, err := scan.In(m); err != nil || got != string(text) {
				t.Errorf("%d letters of seed %d: %q, %v", size, seed, got, err)
			}
		}
	}
}

// TestADenseCodeOnALargePhoto: a frame of a chain of codes, photographed off a screen.
func TestADenseCodeOnALargePhoto(t *testing.T) {
	t.Parallel()
	text := "FSP1:ABCDEFGH:3/14:" + strings.Repeat("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 30)
	var b bytes.Buffer
	if err := png.Encode(&b, photo(made(qr.Encode(text, qr.L, qr.AlphaNumeric)), 3000, 2200, 1200, 1200)); err != nil {
		t.Fatal(err)
	}
	if got, err := scan.Read(bytes.NewReader(b.Bytes())); err != nil || got != text {
		t.Errorf("read %q: %v", got, err)
	}
}

func TestNothingToRead(t *testing.T) {
	t.Parallel()
	empty := image.NewGray(image.Rect(0, 0, 320, 240))
	if got, err := scan.In(empty); fault.CodeOf(err) != scan.Nothing {
		t.Errorf("in the dark: %q, %v", got, err)
	}
	if _, err := scan.In(image.NewGray(image.Rect(0, 0, 1, 1))); fault.CodeOf(err) != scan.Nothing {
		t.Errorf("a point: %v", err)
	}
	for _, wrong := range []string{"", "no picture", "\x89PNG\r\n\x1a\n", screen(t, 6000, 5000)} {
		if _, err := scan.Read(strings.NewReader(wrong)); fault.CodeOf(err) != scan.Strange {
			t.Errorf("%.40q: %v", wrong, err)
		}
	}
}

// screen is an empty picture as screens are saved: a few kB, and as many times that as it has points once it is unpacked.
func screen(t *testing.T, width, height int) string {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, width, height))); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func BenchmarkFrame(b *testing.B) {
	for name, m := range map[string]image.Image{
		"with a code":    photo(made(code128.Encode("SN-2026-00417")), 640, 480, 400, 80),
		"without a code": photo(made(qr.Encode("x", qr.M, qr.Auto)), 640, 480, 21, 21),
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				_, _ = scan.In(m)
			}
		})
	}
}

// A picture comes from a camera, or from whoever sends one to the phone's own server.
func FuzzRead(f *testing.F) {
	var good bytes.Buffer
	if err := png.Encode(&good, photo(made(code128.Encode("KX-100")), 320, 120, 240, 60)); err != nil {
		f.Fatal(err)
	}
	f.Add(good.Bytes())
	f.Add(good.Bytes()[:good.Len()/2])
	f.Add([]byte("\x89PNG\r\n\x1a\n"))
	f.Fuzz(func(t *testing.T, picture []byte) {
		text, err := scan.Read(bytes.NewReader(picture))
		if code := fault.CodeOf(err); err != nil && code != scan.Nothing && code != scan.Strange {
			t.Fatalf("%q: %v", text, err)
		}
	})
}
