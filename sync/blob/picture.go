package blob

import (
	"bytes"
	"encoding/binary"
	"image"
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
	p, err := decode(r)
	if err != nil {
		return nil, err
	}
	return p.within(ThumbnailSide).encode(thumbnailQuality)
}

// Reduce returns a JPEG of the picture that is good enough to read a type plate by, upright and without what the
// camera wrote into it, nil where the picture is no larger than that already; and its thumbnail. The picture is decoded
// once for both: on a phone that takes more memory than anything else. The error has the code NoPicture.
func Reduce(r io.ReadSeeker) (reduced, thumbnail []byte, err error) {
	p, err := decode(r)
	if err != nil {
		return nil, nil, err
	}
	if size := p.Bounds().Size(); max(size.X, size.Y) > ReducedSide {
		p = p.within(ReducedSide)
		if reduced, err = p.encode(reducedQuality); err != nil {
			return nil, nil, err
		}
	}
	thumbnail, err = p.within(ThumbnailSide).encode(thumbnailQuality)
	return reduced, thumbnail, err
}

// picture is one that was decoded, and how the camera was held: 1 to 8, as EXIF numbers it, 1 for upright.
type picture struct {
	image.Image
	turned int
}

// within returns the picture upright, with no side longer than that.
func (p picture) within(side int) picture {
	size := p.Bounds().Size()
	w, h := size.X, size.Y
	if long := max(w, h); long > side {
		w, h = max(1, w*side/long), max(1, h*side/long)
	}
	return picture{scale(p.Image, w, h, p.turned), 1}
}

func (p picture) encode(quality int) ([]byte, error) {
	var out bytes.Buffer
	if err := jpeg.Encode(&out, p.Image, &jpeg.Options{Quality: quality}); err != nil {
		return nil, fault.Wrap(NoPicture, "this picture cannot be made smaller", err)
	}
	return out.Bytes(), nil
}

func decode(r io.ReadSeeker) (picture, error) {
	refused := func(err error) (picture, error) {
		return picture{}, fault.Wrap(NoPicture, "this is no picture that can be shown small", err)
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
	return picture{src, orientation(head)}, nil
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
