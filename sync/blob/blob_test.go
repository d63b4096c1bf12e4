package blob

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"

	"fieldsync/sync/fault"
)

func TestOnlyLowerCaseHexadecimalNamesAFile(t *testing.T) {
	t.Parallel()
	good := strings.Repeat("0a", 32)
	if h, ok := ParseHash(good); !ok || h.String() != good {
		t.Fatalf("%v %v", h, ok)
	}
	for _, bad := range []string{"", "0a", strings.ToUpper(good), good + "0", strings.Repeat("zz", 32), "../" + good[3:]} {
		if _, ok := ParseHash(bad); ok {
			t.Errorf("%q names a file", bad)
		}
	}
}

func TestContentIsKnownByItsBeginning(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ head, kind, want string }{
		{"\xff\xd8\xff\xe0", Photo, "image/jpeg"},
		{"\x89PNG\r\n\x1a\n", Signature, "image/png"},
		{"RIFF\x10\x00\x00\x00WEBPVP8 ", Photo, "image/webp"},
		{"RIFF\x10\x00\x00\x00WAVEfmt ", Voice, "audio/wav"},
		{"\x00\x00\x00\x18ftypheic", Photo, "image/heic"},
		{"\x00\x00\x00\x18ftypM4A ", Voice, "audio/mp4"},
		{"\x00\x00\x00\x18ftypisom", Video, "video/mp4"},
		{"\x00\x00\x00\x18ftypqt  ", Video, "video/quicktime"},
		{"%PDF-1.7", Document, "application/pdf"},
		{"OggS\x00", Voice, "audio/ogg"},
	} {
		if got := Sniff([]byte(c.head)); got != c.want || !Fits(c.kind, got) {
			t.Errorf("%q is %q, want %q; fits a %s: %v", c.head, got, c.want, c.kind, Fits(c.kind, got))
		}
	}
	for _, bad := range []string{
		"", "\xff", "<svg xmlns=", "<?xml version", "<!DOCTYPE html>", "  <script>", "MZ\x90", "PK\x03\x04", "#!/bin/sh",
		"xxxx\x00\x00\x00\x00WEBPVP8", "\x00\x00\x00\x18ftypevil", "BM123456", "plain text",
	} {
		if got := Sniff([]byte(bad)); got != "" {
			t.Errorf("%q is taken as %q", bad, got)
		}
	}
	if Fits(Signature, "application/pdf") || Fits("nothing", "image/png") || Fits(Photo, "") {
		t.Error("a kind takes what it should not")
	}
}

func TestASignatureGoesFirstAndVideoLast(t *testing.T) {
	t.Parallel()
	if Rank(Signature) != 0 || Rank(Photo) > Rank(Document) || Rank(Video) < Rank(Voice) || Rank("new") <= Rank(Video) {
		t.Error("out of order")
	}
}

// photo returns a picture whose left half is red and whose right half is blue.
func photo(w, h int) *image.RGBA {
	p := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{255, 0, 0, 255}
			if x >= w/2 {
				c = color.RGBA{0, 0, 255, 255}
			}
			p.SetRGBA(x, y, c)
		}
	}
	return p
}

func asJPEG(t *testing.T, p image.Image, exif string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, p, nil); err != nil {
		t.Fatal(err)
	}
	if exif == "" {
		return b.Bytes()
	}
	out := append([]byte{0xff, 0xd8, 0xff, 0xe1, 0, byte(len(exif) + 2)}, exif...)
	return append(out, b.Bytes()[2:]...)
}

// turnedRight is an EXIF segment with the orientation 6: the camera was held upright.
const turnedRight = "Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00"

func TestAThumbnailIsSmallAndUpright(t *testing.T) {
	t.Parallel()
	small, err := Thumbnail(bytes.NewReader(asJPEG(t, photo(1200, 600), turnedRight)))
	if err != nil {
		t.Fatal(err)
	}
	p, err := jpeg.Decode(bytes.NewReader(small))
	if err != nil {
		t.Fatal(err)
	}
	if s := p.Bounds().Size(); s != (image.Point{160, 320}) {
		t.Errorf("it is %v", s)
	}
	if r, _, b, _ := p.At(80, 20).RGBA(); r < b {
		t.Error("what was left is not on top")
	}
	if r, _, b, _ := p.At(80, 300).RGBA(); r > b {
		t.Error("what was right is not at the bottom")
	}
}

// corners returns a picture whose corners differ: red, green, blue and yellow, from the upper left one row by row.
func corners(w, h int) *image.RGBA {
	p := image.NewRGBA(image.Rect(0, 0, w, h))
	of := [2][2]color.RGBA{{{200, 0, 0, 255}, {0, 160, 0, 255}}, {{0, 0, 200, 255}, {200, 200, 0, 255}}}
	for y := range h {
		for x := range w {
			p.SetRGBA(x, y, of[y*2/h][x*2/w])
		}
	}
	return p
}

// However the camera was held, and whatever its format is: what was on top is on top, and each colour is what it was.
func TestEveryPictureIsTurnedUpright(t *testing.T) {
	t.Parallel()
	for turned, want := range map[int]string{
		1: "rgby", 2: "gryb", 3: "ybgr", 4: "byrg", 5: "rbgy", 6: "bryg", 7: "ygbr", 8: "gyrb",
	} {
		for _, size := range []image.Point{{400, 300}, {641, 479}, {3, 5}, {10, 8}} {
			src := corners(size.X, size.Y)
			decoded, err := jpeg.Decode(bytes.NewReader(asJPEG(t, src, "")))
			if err != nil {
				t.Fatal(err)
			}
			shrunk, was, err := shrink(bytes.NewReader(asJPEG(t, src, "")), 320, turned)
			if err != nil || was != size {
				t.Fatal(was, err)
			}
			for _, p := range []image.Image{scale(src, 320, turned), scale(decoded, 320, turned), shrunk} {
				if got := named(p); got != want && size.X >= 10 { // of fewer pixels only that it can be done
					t.Errorf("%T %v turned %d: %s, want %s", p, size, turned, got, want)
				}
			}
		}
	}
}

// named returns the colours of the corners, row by row.
func named(p image.Image) string {
	size := p.Bounds().Size()
	var names []byte
	for _, at := range []image.Point{{1, 1}, {size.X - 2, 1}, {1, size.Y - 2}, {size.X - 2, size.Y - 2}} {
		r, g, b, _ := p.At(at.X, at.Y).RGBA()
		name := byte('?')
		switch r, g, b = r>>8, g>>8, b>>8; {
		case r > 150 && g > 150 && b < 90:
			name = 'y'
		case r > 150 && g < 90 && b < 90:
			name = 'r'
		case g > 110 && r < 90 && b < 90:
			name = 'g'
		case b > 150 && r < 90 && g < 90:
			name = 'b'
		}
		names = append(names, name)
	}
	return string(names)
}

// A photo of a phone's camera is kept smaller without being in memory more than once.
func BenchmarkReduce(b *testing.B) {
	var large bytes.Buffer
	if err := jpeg.Encode(&large, photo(4000, 3000), nil); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := Reduce(bytes.NewReader(large.Bytes())); err != nil {
			b.Fatal(err)
		}
	}
}

func TestAPhotoIsReducedOnlyWhereItIsLarge(t *testing.T) {
	t.Parallel()
	if b, small, err := Reduce(bytes.NewReader(asJPEG(t, photo(640, 480), ""))); b != nil || small == nil || err != nil {
		t.Errorf("%d bytes, %d of its thumbnail, %v", len(b), len(small), err)
	}
	b, small, err := Reduce(bytes.NewReader(asJPEG(t, photo(4000, 3000), "")))
	if err != nil {
		t.Fatal(err)
	}
	if c, err := jpeg.DecodeConfig(bytes.NewReader(small)); err != nil || c.Width != ThumbnailSide || c.Height != 240 {
		t.Errorf("%v, %v", c, err)
	}
	if c, err := jpeg.DecodeConfig(bytes.NewReader(b)); err != nil || c.Width != ReducedSide || c.Height != 1440 {
		t.Errorf("%v, %v", c, err)
	}
}

func TestWhatIsNoPictureHasNoThumbnail(t *testing.T) {
	t.Parallel()
	var bomb bytes.Buffer // a picture that says it is 60,000 pixels wide and high
	if err := png.Encode(&bomb, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
		t.Fatal(err)
	}
	b := bomb.Bytes()
	copy(b[16:], "\x00\x00\xea\x60\x00\x00\xea\x60")
	for _, bad := range [][]byte{nil, []byte("%PDF-1.7"), []byte("\xff\xd8\xff\xe1\xff\xff"), b} {
		if _, err := Thumbnail(bytes.NewReader(bad)); fault.CodeOf(err) != NoPicture {
			t.Errorf("%.8q: %v", bad, err)
		}
	}
}

func FuzzPicture(f *testing.F) {
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x22" + turnedRight))
	f.Add([]byte("\x89PNG\r\n\x1a\n"))
	f.Add([]byte("GIF89a\x01\x00\x01\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		Sniff(b)
		if n := orientation(b); n < 1 || n > 8 {
			t.Fatal(n)
		}
		if len(b) < 1<<10 { // enough for the headers; what is behind them is the standard library's
			_, _ = Thumbnail(bytes.NewReader(b))
		}
	})
}
