package blob

import (
	"image"
	"image/color"
	"image/draw"
)

// scale returns the picture upright, with no side longer than that: each new pixel is the average of the old ones that fall on it.
func scale(src image.Image, side, turned int) *image.YCbCr {
	size := within(src.Bounds().Size(), side)
	if from, ok := src.(*image.YCbCr); ok {
		return scalePlanes(from, size.X, size.Y, turned)
	}
	return scaleRows(src, size.X, size.Y, turned)
}

// upright returns how large a picture is when it was turned.
func upright(w, h, turned int) image.Rectangle {
	if turned > 4 {
		w, h = h, w
	}
	return image.Rect(0, 0, w, h)
}

// scalePlanes scales what a camera made in its planes of light and colour.
func scalePlanes(from *image.YCbCr, w, h, turned int) *image.YCbCr {
	to := image.NewYCbCr(upright(w, h, turned), image.YCbCrSubsampleRatio420)
	scalePlane(to.Y, to.YStride, w, h, turned, from.Y, from.YStride, from.Rect.Size())
	colour := colours(from)
	scalePlane(to.Cb, to.CStride, (w+1)/2, (h+1)/2, turned, from.Cb, from.CStride, colour)
	scalePlane(to.Cr, to.CStride, (w+1)/2, (h+1)/2, turned, from.Cr, from.CStride, colour)
	return to
}

// colours returns how large the planes of colour are.
func colours(p *image.YCbCr) image.Point {
	last := p.COffset(p.Rect.Max.X-1, p.Rect.Max.Y-1) - p.COffset(p.Rect.Min.X, p.Rect.Min.Y)
	return image.Pt(last%p.CStride+1, last/p.CStride+1)
}

func scalePlane(to []uint8, toStride, w, h, turned int, from []uint8, stride int, size image.Point) {
	s := newShrinker(to, toStride, w, h, turned, size.X, size.Y, 8)
	for y := range size.Y {
		s.add(from[y*stride:][:size.X])
	}
}

// steps returns where the first pixel of a picture of w times h goes when it is turned, and how far from one to the next, to
// the right of it and below it.
func steps(stride, w, h, turned int) (start, right, down int) {
	switch turned {
	case 2:
		return w - 1, -1, stride
	case 3:
		return (h-1)*stride + w - 1, -1, -stride
	case 4:
		return (h - 1) * stride, 1, -stride
	case 5:
		return 0, stride, 1
	case 6:
		return h - 1, stride, -1
	case 7:
		return (w-1)*stride + h - 1, -stride, -1
	case 8:
		return (w - 1) * stride, -stride, 1
	}
	return 0, 1, stride
}

// scaleRows scales a picture of any other kind, row by row, so that a large one is never in memory twice. What is transparent shows
// on white.
func scaleRows(src image.Image, w, h, turned int) *image.YCbCr {
	from := src.Bounds()
	to := image.NewYCbCr(upright(w, h, turned), image.YCbCrSubsampleRatio444)
	row := image.NewRGBA(image.Rect(0, 0, from.Dx(), 1))
	var planes [3]*shrinker
	var lines [3][]uint8
	for i, pix := range [][]uint8{to.Y, to.Cb, to.Cr} {
		planes[i] = newShrinker(pix, to.YStride, w, h, turned, from.Dx(), from.Dy(), 8)
		lines[i] = make([]uint8, from.Dx())
	}
	for y := range from.Dy() {
		draw.Draw(row, row.Rect, image.White, image.Point{}, draw.Src)
		draw.Draw(row, row.Rect, src, image.Pt(from.Min.X, from.Min.Y+y), draw.Over)
		for x := range from.Dx() {
			lines[0][x], lines[1][x], lines[2][x] = color.RGBToYCbCr(row.Pix[4*x], row.Pix[4*x+1], row.Pix[4*x+2])
		}
		for i, p := range planes {
			p.add(lines[i])
		}
	}
	return to
}
