package blob

import (
	"bytes"
	"encoding/binary"
	"errors"
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
	maxWhole         = 16 << 20 // of a picture that has to be decoded as a whole, at four bytes each
	exifWithin       = 64 << 10 // the longest segment of a JPEG
)

// NoPicture says that there can be no small version of the content: it is no picture, or of a format that this
// program does not read, or damaged.
const NoPicture fault.Code = "no_picture"

var errTooLarge = errors.New("blob: this picture has no pixels, or too many")

// Thumbnail returns a small JPEG of the picture, upright. The error has the code NoPicture.
func Thumbnail(r io.ReadSeeker) ([]byte, error) {
	p, _, err := decode(r, ThumbnailSide)
	if err != nil {
		return nil, err
	}
	return encode(p, thumbnailQuality)
}

// Reduce returns a JPEG of the picture that is good enough to read a type plate by, upright and without what the
// camera wrote into it, nil where the picture is no larger than that already; and its thumbnail. The picture is decoded
// once for both, and what a camera makes never as a whole: see shrink. The error has the code NoPicture.
func Reduce(r io.ReadSeeker) (reduced, thumbnail []byte, err error) {
	p, was, err := decode(r, ReducedSide)
	if err != nil {
		return nil, nil, err
	}
	if max(was.X, was.Y) > ReducedSide {
		if reduced, err = encode(p, reducedQuality); err != nil {
			return nil, nil, err
		}
	}
	thumbnail, err = encode(scale(p, ThumbnailSide, 1), thumbnailQuality)
	return reduced, thumbnail, err
}

func encode(p image.Image, quality int) ([]byte, error) {
	var out bytes.Buffer
	if err := jpeg.Encode(&out, p, &jpeg.Options{Quality: quality}); err != nil {
		return nil, fault.Wrap(NoPicture, "this picture cannot be made smaller", err)
	}
	return out.Bytes(), nil
}

// decode returns the picture upright, with no side longer than that, and how large it was.
func decode(r io.ReadSeeker, side int) (p *image.YCbCr, was image.Point, err error) {
	head, err := io.ReadAll(io.LimitReader(r, exifWithin))
	if err == nil {
		_, err = r.Seek(0, io.SeekStart)
	}
	if err == nil {
		p, was, err = shrink(r, side, orientation(head))
	}
	if errors.Is(err, errOther) {
		if _, err = r.Seek(0, io.SeekStart); err == nil {
			p, was, err = decodeWhole(r, side, orientation(head))
		}
	}
	if err != nil {
		err = fault.Wrap(NoPicture, "this is no picture that can be shown small", err)
	}
	return p, was, err
}

// decodeWhole reads a picture that is no camera's: a screen's, a drawing, or a JPEG for printing. It is in memory as a whole.
func decodeWhole(r io.ReadSeeker, side, turned int) (*image.YCbCr, image.Point, error) {
	config, _, err := image.DecodeConfig(r)
	if err != nil {
		return nil, image.Point{}, err
	}
	was := image.Pt(config.Width, config.Height)
	if was.X <= 0 || was.Y <= 0 || was.X > maxWhole/was.Y {
		return nil, was, errTooLarge
	}
	if _, err = r.Seek(0, io.SeekStart); err != nil {
		return nil, was, err
	}
	src, _, err := image.Decode(r)
	if err != nil {
		return nil, was, err
	}
	if src.Bounds().Empty() {
		return nil, was, errTooLarge
	}
	return scale(src, side, turned), was, nil
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
