package blob

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/draw"
	_ "image/gif" // decoders that image.Decode chooses from
	"image/jpeg"
	_ "image/png"
	"io"

	"fieldsync/sync/fault"
)

// The sizes of pictures, in pixels of their longer side.
const (
	ThumbnailSide = 320
	ReducedSide   = 1920
)

const (
	thumbnailQuality = 70
	reducedQuality   = 82
	maxPixels        = 64 << 20 // more is no photo: a small file can claim to be a picture of gigabytes
	exifWithin       = 64 << 10 // the longest segment of a JPEG
)

// NoPicture says that there can be no small version of the content: it is no picture, or of a format that this
// program does not read, or damaged.
const NoPicture fault.Code = "no_picture"

// Thumbnail returns a small JPEG of the picture, upright. The error has the code NoPicture.
func Thumbnail(r io.ReadSeeker) ([]byte, error) {
	return shrink(r, ThumbnailSide, thumbnailQuality, true)
}

// Reduce returns a JPEG of the picture that is good enough to read a type plate by, upright and without what the
// camera wrote into it; nil where the picture is no larger than that already. The error has the code NoPicture.
func Reduce(r io.ReadSeeker) ([]byte, error) {
	return shrink(r, ReducedSide, reducedQuality, false)
}

func shrink(r io.ReadSeeker, side, quality int, always bool) ([]byte, error) {
	src, turned, err := decode(r)
	if err != nil {
		return nil, err
	}
	size := src.Bounds().Size()
	long := max(size.X, size.Y)
	if long <= side && !always {
		return nil, nil
	}
	w, h := size.X, size.Y
	if long > side {
		w, h = max(1, w*side/long), max(1, h*side/long)
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, upright(scale(src, w, h), turned), &jpeg.Options{Quality: quality}); err != nil {
		return nil, fault.Wrap(NoPicture, "this picture cannot be made smaller", err)
	}
	return out.Bytes(), nil
}

// decode returns the picture and how the camera was held.
func decode(r io.ReadSeeker) (image.Image, int, error) {
	refused := func(err error) (image.Image, int, error) {
		return nil, 0, fault.Wrap(NoPicture, "this is no picture that can be shown small", err)
	}
	head, err := io.ReadAll(io.LimitReader(r, exifWithin))
	if err == nil {
		_, err = r.Seek(0, io.SeekStart)
	}
	if err != nil {
		return refused(err)
	}
	config, _, err := image.DecodeConfig(r)
	if err != nil || config.Width <= 0 || config.Height <= 0 || config.Width > maxPixels/config.Height {
		return refused(err)
	}
	if _, err = r.Seek(0, io.SeekStart); err != nil {
		return refused(err)
	}
	src, _, err := image.Decode(r)
	if err != nil || src.Bounds().Empty() {
		return refused(err)
	}
	return src, orientation(head), nil
}

// scale averages the pixels that fall on each new one. It takes the source a band of rows at a time, so that a large
// photo is never in memory twice.
func scale(src image.Image, w, h int) *image.RGBA {
	from, to := src.Bounds(), image.NewRGBA(image.Rect(0, 0, w, h))
	rows := (from.Dy()+h-1)/h + 1
	band := image.NewRGBA(image.Rect(0, 0, from.Dx(), rows))
	for y := range h {
		top, bottom := span(y, h, from.Dy())
		part := image.Rect(0, 0, from.Dx(), bottom-top)
		draw.Draw(band, part, image.White, image.Point{}, draw.Src) // what is transparent shows on white
		draw.Draw(band, part, src, image.Pt(from.Min.X, from.Min.Y+top), draw.Over)
		for x := range w {
			left, right := span(x, w, from.Dx())
			average(band, image.Rect(left, 0, right, bottom-top), to.Pix[to.PixOffset(x, y):])
		}
	}
	return to
}

// span returns which of old pixels fall on the new one at n.
func span(n, count, old int) (from, to int) {
	from = n * old / count
	return from, max(from+1, (n+1)*old/count)
}

func average(band *image.RGBA, r image.Rectangle, pixel []uint8) {
	var sum [3]int
	for y := r.Min.Y; y < r.Max.Y; y++ {
		line := band.Pix[band.PixOffset(r.Min.X, y):band.PixOffset(r.Max.X, y)]
		for ; len(line) >= 4; line = line[4:] {
			sum[0], sum[1], sum[2] = sum[0]+int(line[0]), sum[1]+int(line[1]), sum[2]+int(line[2])
		}
	}
	n := r.Dx() * r.Dy()
	pixel[0], pixel[1], pixel[2], pixel[3] = uint8(sum[0]/n), uint8(sum[1]/n), uint8(sum[2]/n), 255
}

// upright turns a picture as EXIF's orientation says, 1 to 8; 1 leaves it as it is.
func upright(p *image.RGBA, turned int) *image.RGBA {
	if turned < 2 || turned > 8 {
		return p
	}
	w, h := p.Bounds().Dx(), p.Bounds().Dy()
	size := image.Rect(0, 0, w, h)
	if turned > 4 {
		size = image.Rect(0, 0, h, w)
	}
	out := image.NewRGBA(size)
	for y := range h {
		for x := range w {
			to := [...]image.Point{{x, y}, {w - 1 - x, y}, {w - 1 - x, h - 1 - y}, {x, h - 1 - y},
				{y, x}, {h - 1 - y, x}, {h - 1 - y, w - 1 - x}, {y, w - 1 - x}}[turned-1]
			copy(out.Pix[out.PixOffset(to.X, to.Y):][:4], p.Pix[p.PixOffset(x, y):][:4])
		}
	}
	return out
}

// orientation returns how the camera was held, by the EXIF segment of a JPEG; 1 where nothing says so.
func orientation(head []byte) int {
	if len(head) < 4 || head[0] != 0xff || head[1] != 0xd8 {
		return 1
	}
	for b := head[2:]; len(b) >= 4 && b[0] == 0xff && b[1] != 0xda; {
		n := int(binary.BigEndian.Uint16(b[2:])) + 2
		if n < 4 || n > len(b) {
			return 1
		}
		if b[1] == 0xe1 && bytes.HasPrefix(b[4:n], []byte("Exif\x00\x00")) {
			return orientationIn(b[10:n])
		}
		b = b[n:]
	}
	return 1
}

// orientationIn looks for the tag in a TIFF header and its first directory.
func orientationIn(tiff []byte) int {
	if len(tiff) < 8 {
		return 1
	}
	var e binary.ByteOrder = binary.LittleEndian
	if string(tiff[:2]) == "MM" {
		e = binary.BigEndian
	}
	at := uint64(e.Uint32(tiff[4:]))
	if at+2 > uint64(len(tiff)) {
		return 1
	}
	entries := tiff[at+2:]
	for range e.Uint16(tiff[at:]) {
		if len(entries) < 12 {
			break
		}
		if e.Uint16(entries) == 0x0112 {
			if v := int(e.Uint16(entries[8:])); v >= 1 && v <= 8 {
				return v
			}
			break
		}
		entries = entries[12:]
	}
	return 1
}
