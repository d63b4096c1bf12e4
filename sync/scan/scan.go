// Package scan reads the codes that are printed on parts, machines and screens out of pictures: QR and Data Matrix, Code
// 128 and 39, EAN and UPC. A phone's own server uses it for the frames of the camera, the office for photographed codes.
package scan

import (
	"image"
	_ "image/jpeg" // what cameras send
	_ "image/png"  // what screens are saved as
	"io"
	"strings"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/datamatrix"
	"github.com/makiuchi-d/gozxing/oned"
	"github.com/makiuchi-d/gozxing/qrcode"

	"fieldsync/sync/fault"
)

// Why there is no text.
const (
	Nothing fault.Code = "no_code"         // no code can be read in the picture
	Strange fault.Code = "unknown_picture" // no picture, or a larger one than any camera takes
)

const (
	// MaxPixels is how large a picture may be: a photo as cameras take them; another, which may be a screen in a few bytes
	// and sixteen bits a colour, a third of that.
	MaxPixels = 64 << 20
	// fine and coarse are the longest sides that a picture is looked at with: small codes need the one, and a code that is
	// blurred or large is found in the other.
	fine, coarse = 1600, 640
)

var (
	errNothing = fault.New(Nothing, "there is no code in the picture that can be read")
	errStrange = fault.New(Strange, "this is no picture that can be read: send a JPEG or PNG")
)

// Read returns the text of a code in the picture: JPEG or PNG. Codes: Nothing, Strange; what r says otherwise.
func Read(r io.ReadSeeker) (string, error) {
	head, kind, err := image.DecodeConfig(r)
	most := MaxPixels
	if kind != "jpeg" {
		most /= 3
	}
	if err != nil || head.Width <= 0 || head.Height <= 0 || head.Width > most/head.Height {
		return "", fault.Wrap(errStrange.Code, errStrange.Message, err)
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	m, _, err := image.Decode(r)
	if err != nil {
		return "", fault.Wrap(errStrange.Code, errStrange.Message, err)
	}
	return In(m)
}

// In returns the text of a code in the picture. The code of the error is Nothing.
func In(m image.Image) (text string, err error) {
	for _, side := range []int{fine, coarse} {
		if text = look(grey(m, side)); text != "" {
			return text, nil
		}
		if size := m.Bounds().Size(); max(size.X, size.Y) <= coarse {
			break
		}
	}
	return "", errNothing
}

// look tries each kind of code, and returns "" where none is found. The decoder is made for pictures of codes: that it
// fails at any other in an unforeseen way means that there is none.
func look(m *image.Gray) (text string) {
	defer func() {
		if trouble := recover(); trouble != nil {
			text = ""
		}
	}()
	for _, of := range []*image.Gray{m, turned(m)} {
		if text = decode(of, qrcode.NewQRCodeReader()); text != "" {
			return text
		}
	}
	return decode(m, oned.NewCode128Reader(), oned.NewMultiFormatUPCEANReader(harder), oned.NewCode39Reader(), datamatrix.NewDataMatrixReader())
}

var harder = map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true}

// decode returns what the first of the readers reads that finds its kind of code, "" where none does.
func decode(m *image.Gray, readers ...gozxing.Reader) string {
	size := m.Bounds().Size()
	source, err := gozxing.NewPlanarYUVLuminanceSource(m.Pix, size.X, size.Y, 0, 0, size.X, size.Y, false)
	if err != nil {
		return ""
	}
	picture, err := gozxing.NewBinaryBitmap(gozxing.NewHybridBinarizer(source))
	if err != nil {
		return ""
	}
	for _, reader := range readers {
		if found, err := reader.Decode(picture, harder); err == nil && strings.TrimSpace(found.GetText()) != "" {
			return strings.TrimSpace(found.GetText())
		}
	}
	return ""
}

// turned returns the picture turned by a quarter. Of a hundred QR codes, however sharp, the decoder takes a pattern within one
// or two for a corner of theirs, which depends on the order in which it goes through the rows.
func turned(m *image.Gray) *image.Gray {
	size := m.Bounds().Size()
	out := image.NewGray(image.Rect(0, 0, size.Y, size.X))
	for y := range size.Y {
		for x := range size.X {
			out.Pix[x*out.Stride+size.Y-1-y] = m.Pix[y*m.Stride+x]
		}
	}
	return out
}

// grey returns the picture's brightness, with no side longer than that: each pixel the mean of those it stands for.
func grey(m image.Image, side int) *image.Gray {
	from := m.Bounds()
	step := max(1, (max(from.Dx(), from.Dy())+side-1)/side)
	out := image.NewGray(image.Rect(0, 0, max(1, from.Dx()/step), max(1, from.Dy()/step)))
	bright := brightness(m)
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			sum, n := 0, 0
			for dy := range min(step, from.Dy()) {
				for dx := range min(step, from.Dx()) {
					sum += bright(from.Min.X+x*step+dx, from.Min.Y+y*step+dy)
					n++
				}
			}
			out.Pix[y*out.Stride+x] = byte(sum / max(1, n))
		}
	}
	return out
}

func brightness(m image.Image) func(x, y int) int {
	switch m := m.(type) {
	case *image.YCbCr:
		return func(x, y int) int { return int(m.Y[m.YOffset(x, y)]) }
	case *image.Gray:
		return func(x, y int) int { return int(m.GrayAt(x, y).Y) }
	}
	return func(x, y int) int {
		r, g, b, a := m.At(x, y).RGBA()
		return int((299*r+587*g+114*b)/1000+(0xffff-a)) >> 8 // what is transparent is paper
	}
}
