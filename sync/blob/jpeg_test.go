package blob

import (
	"bytes"
	"errors"
	"image"
	"image/draw"
	"image/jpeg"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fieldsync/sync/fault"
)

// samples are photos of one scene as encoders write them: by the number of colours, how fine those are, in one scan or in many, with
// restarts, and grey. testdata/README.md says how they were made.
func samples(t testing.TB) map[string][]byte {
	t.Helper()
	files, _ := filepath.Glob("testdata/*.jpg")
	if len(files) == 0 {
		t.Fatal("there are no samples")
	}
	all := map[string][]byte{}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(name)] = b
	}
	return all
}

// apart returns how far two pictures are from each other: the root of the mean square, and the most, of 255.
func apart(t *testing.T, a, b image.Image) (mean, most float64) {
	t.Helper()
	if a.Bounds().Size() != b.Bounds().Size() {
		t.Fatal(a.Bounds(), b.Bounds())
	}
	x, y := image.NewRGBA(a.Bounds()), image.NewRGBA(b.Bounds())
	draw.Draw(x, x.Rect, a, a.Bounds().Min, draw.Src)
	draw.Draw(y, y.Rect, b, b.Bounds().Min, draw.Src)
	sum := 0.0
	for i := range x.Pix {
		d := math.Abs(float64(x.Pix[i]) - float64(y.Pix[i]))
		sum, most = sum+d*d, max(most, d)
	}
	return math.Sqrt(sum / float64(len(x.Pix))), most
}

// What is drawn small at once looks like what is decoded as a whole and scaled then, and at its own size like what the standard
// library decodes.
func TestAShrunkPhotoLooksLikeTheWhole(t *testing.T) {
	t.Parallel()
	all := samples(t)
	for name, b := range all {
		whole, err := jpeg.Decode(bytes.NewReader(all[strings.ReplaceAll(name, "restarts-440", "440")])) // it reads no such restarts
		if err != nil {
			t.Fatal(name, err)
		}
		size := whole.Bounds().Size()
		for _, side := range []int{max(size.X, size.Y), 300, 200, 130, 77, 40, 9, 1} {
			got, was, err := shrink(bytes.NewReader(b), side, 1)
			if err != nil || was != size {
				t.Fatal(name, side, was, err)
			}
			most := 6.0 // lower frequencies alone do not say quite the same as averages do
			if side >= size.X {
				most = 1.5
			}
			if mean, _ := apart(t, got, scale(whole, side, 1)); mean > most {
				t.Errorf("%s at %d: %.1f apart", name, side, mean)
			}
		}
	}
}

// Wherever a photo ends too early, or a byte of it is another, it is shown or refused, and nothing else.
func TestDamagedPhotos(t *testing.T) {
	t.Parallel()
	for name, b := range samples(t) {
		for n := 0; n < len(b)-2; n += 1 + len(b)/40 {
			_, err := Thumbnail(bytes.NewReader(b[:n]))
			if err != nil && fault.CodeOf(err) != NoPicture {
				t.Fatal(name, n, err)
			}
			bad := bytes.Clone(b)
			bad[n] ^= 0xa5
			if _, err = Thumbnail(bytes.NewReader(bad)); err != nil && fault.CodeOf(err) != NoPicture {
				t.Fatal(name, n, err)
			}
		}
	}
}

// A picture that is decoded as a whole is so only up to a bound, whatever its file says.
func TestAPictureForPrintingIsBounded(t *testing.T) {
	t.Parallel()
	head := []byte("\xff\xd8\xff\xc0\x00\x14\x08\x20\x00\x20\x00\x04\x01\x11\x00\x02\x11\x00\x03\x11\x00\x04\x11\x00\xff\xda\x00\x02")
	if _, _, err := shrink(bytes.NewReader(head), 320, 1); !errors.Is(err, errOther) {
		t.Error(err)
	}
	if _, err := Thumbnail(bytes.NewReader(head)); !errors.Is(err, errTooLarge) {
		t.Error(err)
	}
}

func FuzzShrink(f *testing.F) {
	for _, b := range samples(f) {
		f.Add(b, uint16(100), uint8(1))
	}
	f.Fuzz(func(t *testing.T, b []byte, side uint16, turned uint8) {
		c, err := jpeg.DecodeConfig(bytes.NewReader(b))
		if err != nil || c.Width*c.Height > 1<<18 {
			return // what is large takes long, as it may
		}
		p, was, err := shrink(bytes.NewReader(b), int(side)+1, int(turned)%8+1)
		if err == nil && (p.Bounds().Empty() || was.X < p.Bounds().Dx() && was.Y < p.Bounds().Dx()) {
			t.Fatal(p.Bounds(), was)
		}
	})
}
