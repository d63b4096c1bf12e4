package blob

import (
	"image"
	"image/color"
	"image/draw"
)

// scale returns the picture at so many pixels before it is turned, upright: each new pixel is the average of the old ones that
// fall on it. What a camera makes is scaled in its planes of light and colour as they were decoded; a picture of 12 million
// pixels has 18 MB of those, and would be 48 MB as red, green and blue.
func scale(src image.Image, w, h, turned int) image.Image {
	if from, ok := src.(*image.YCbCr); ok {
		return scalePlanes(from, w, h, turned)
	}
	return scaleBands(src, w, h, turned)
}

// upright returns how large a picture is when it was turned.
func upright(w, h, turned int) image.Rectangle {
	if turned > 4 {
		w, h = h, w
	}
	return image.Rect(0, 0, w, h)
}

func scalePlanes(from *image.YCbCr, w, h, turned int) *image.YCbCr {
	to := image.NewYCbCr(upright(w, h, turned), image.YCbCrSubsampleRatio420)
	light := plane{from.Y, from.YStride, from.Rect.Dx(), from.Rect.Dy()}
	light.scale(to.Y, to.YStride, w, h, turned)
	cw, ch := colours(from)
	blue, red := plane{from.Cb, from.CStride, cw, ch}, plane{from.Cr, from.CStride, cw, ch}
	blue.scale(to.Cb, to.CStride, (w+1)/2, (h+1)/2, turned)
	red.scale(to.Cr, to.CStride, (w+1)/2, (h+1)/2, turned)
	return to
}

// colours returns how large the planes of colour are.
func colours(p *image.YCbCr) (w, h int) {
	last := p.COffset(p.Rect.Max.X-1, p.Rect.Max.Y-1) - p.COffset(p.Rect.Min.X, p.Rect.Min.Y)
	return last%p.CStride + 1, last/p.CStride + 1
}

// plane is one of the numbers of each pixel.
type plane struct {
	pix          []uint8
	stride, w, h int
}

// scale writes the plane at w times h into pix, turned.
func (p plane) scale(pix []uint8, stride, w, h, turned int) {
	start, right, down := steps(stride, w, h, turned)
	for y := range h {
		top, bottom := span(y, h, p.h)
		at := start + y*down
		for x := range w {
			left, end := span(x, w, p.w)
			pix[at] = p.average(left, top, end, bottom)
			at += right
		}
	}
}

func (p plane) average(left, top, right, bottom int) uint8 {
	sum := 0
	for y := top; y < bottom; y++ {
		for _, v := range p.pix[y*p.stride+left : y*p.stride+right] {
			sum += int(v)
		}
	}
	n := (right - left) * (bottom - top)
	return uint8((sum + n/2) / n)
}

// span returns which of old pixels fall on the new one at n.
func span(n, count, old int) (from, to int) {
	from = n * old / count
	return from, max(from+1, (n+1)*old/count)
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

// scaleBands scales a picture of any other kind, a band of rows at a time, so that a large one is never in memory twice. What
// is transparent shows on white.
func scaleBands(src image.Image, w, h, turned int) *image.YCbCr {
	from := src.Bounds()
	to := image.NewYCbCr(upright(w, h, turned), image.YCbCrSubsampleRatio444)
	start, right, down := steps(to.YStride, w, h, turned)
	band := image.NewRGBA(image.Rect(0, 0, from.Dx(), (from.Dy()+h-1)/h+1))
	for y := range h {
		top, bottom := span(y, h, from.Dy())
		part := image.Rect(0, 0, from.Dx(), bottom-top)
		draw.Draw(band, part, image.White, image.Point{}, draw.Src)
		draw.Draw(band, part, src, image.Pt(from.Min.X, from.Min.Y+top), draw.Over)
		for x := range w {
			left, end := span(x, w, from.Dx())
			at := start + x*right + y*down
			to.Y[at], to.Cb[at], to.Cr[at] = averageColour(band, image.Rect(left, 0, end, bottom-top))
		}
	}
	return to
}

func averageColour(band *image.RGBA, r image.Rectangle) (light, blue, red uint8) {
	var sum [3]int
	for y := r.Min.Y; y < r.Max.Y; y++ {
		line := band.Pix[band.PixOffset(r.Min.X, y):band.PixOffset(r.Max.X, y)]
		for ; len(line) >= 4; line = line[4:] {
			sum[0], sum[1], sum[2] = sum[0]+int(line[0]), sum[1]+int(line[1]), sum[2]+int(line[2])
		}
	}
	n := r.Dx() * r.Dy()
	return color.RGBToYCbCr(uint8(sum[0]/n), uint8(sum[1]/n), uint8(sum[2]/n))
}
