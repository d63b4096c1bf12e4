package blob

import (
	"bytes"
	"image"
	"io"
)

// A photo is decoded only as large as it is wanted, and never whole: the blocks of a JPEG are drawn with as few pixels as will do,
// row by row, into what becomes of them. One of 12 million pixels takes 4 MB so where image/jpeg takes 18, and 15 where it is a
// progressive one, of which the frequencies that are drawn have to be kept until the end, and image/jpeg takes 90.

// The markers of a JPEG.
const (
	markSOF0 = 0xc0 // the frame: its size, and its planes
	markSOF2 = 0xc2 // one that comes in several scans, rough first
	markDHT  = 0xc4
	markRST0 = 0xd0
	markEOI  = 0xd9
	markSOS  = 0xda
	markDQT  = 0xdb
	markDRI  = 0xdd
	markAPPE = 0xee // Adobe says here which colours they are
)

// maxScans bounds what a small file can make of a large picture: a camera's has ten.
const maxScans = 100

// component is a plane of the picture: light, blue or red.
type component struct {
	id         byte
	h, v       int // blocks of it in a unit, across and down
	quant      byte
	wide, high int // pixels
	n          int // pixels that a block is drawn with, to a side
	place      [64]int8
	dc, ac     *huffman
	last       int32 // the value that the next one is the difference to

	across, down int // blocks, those that fill units up among them
	block        [64]int32
	factors      *[64]int32
	band         []uint8 // a row of units, drawn
	out          *shrinker

	// Of a picture that comes in several scans.
	kept  []int16  // the frequencies that are drawn, block by block
	there []uint64 // which of all of them are not zero
	spot  []int16  // the block that is being read, and what is there of it; nil where none is kept
	seen  *uint64
}

// camera decodes what a camera makes.
type camera struct {
	bits
	size        image.Point
	components  []*component
	units       image.Point // of the picture, across and down
	progressive bool
	quants      [4][64]int32 // in the order of the file
	codes       [2][4]*huffman
	interval    int // units between two restarts; 0 for none
	run         int32
	other       bool // colours that are not light, blue and red
	scans       int
	turned      int
	side        int
	picture     *image.YCbCr
	drawn       bool
}

// shrink returns a JPEG upright and with no side longer than that, and how large it was. The error is errOther where it has to be
// read in another way.
func shrink(r io.Reader, side, turned int) (*image.YCbCr, image.Point, error) {
	c := &camera{bits: bits{source: &source{r: r}}, side: side, turned: turned}
	var start [2]byte
	if err := c.full(start[:]); err != nil || start != [2]byte{0xff, 0xd8} {
		return nil, c.size, errOther
	}
	for !c.drawn {
		m, err := c.finish()
		if err == nil {
			err = c.segment(m)
		}
		if err != nil {
			return nil, c.size, err
		}
	}
	return c.picture, c.size, nil
}

// segment reads what a marker begins.
func (c *camera) segment(m byte) error {
	switch {
	case m == markEOI:
		return c.end()
	case m >= markRST0 && m < markEOI || m == 1:
		return nil
	}
	var length [2]byte
	if err := c.full(length[:]); err != nil {
		return err
	}
	n := int(length[0])<<8 + int(length[1]) - 2
	if n < 0 {
		return errJPEG
	}
	body := make([]byte, n)
	if err := c.full(body); err != nil {
		return err
	}
	switch {
	case m == markDHT:
		return c.tables(body)
	case m >= markSOF0 && m <= 0xcf && m != 0xc8 && m != 0xcc:
		return c.frame(m, body)
	case m == markDQT:
		return c.quantization(body)
	case m == markDRI && n >= 2:
		c.interval = int(body[0])<<8 | int(body[1])
	case m == markAPPE && n >= 12 && bytes.HasPrefix(body, []byte("Adobe")):
		c.other = body[11] == 0
	case m == markSOS:
		return c.scan(body)
	}
	return nil
}

func (c *camera) quantization(b []byte) error {
	for len(b) > 0 {
		wide, which := int(b[0]>>4), b[0]&15
		if b = b[1:]; which > 3 || wide > 1 || len(b) < 64<<wide {
			return errJPEG
		}
		for k := range 64 {
			c.quants[which][k] = int32(b[k])
			if wide == 1 {
				c.quants[which][k] = int32(b[2*k])<<8 | int32(b[2*k+1])
			}
		}
		b = b[64<<wide:]
	}
	return nil
}

func (c *camera) tables(b []byte) error {
	for len(b) > 0 {
		if len(b) < 17 {
			return errJPEG
		}
		class, which, total := b[0]>>4, b[0]&15, 0
		counts := [16]byte(b[1:17])
		for _, n := range counts {
			total += int(n)
		}
		if b = b[17:]; class > 1 || which > 3 || total > 256 || len(b) < total {
			return errJPEG
		}
		c.codes[class][which] = newHuffman(counts, b[:total])
		b = b[total:]
	}
	return nil
}

// frame learns how large the picture is, and what it is made of.
func (c *camera) frame(m byte, b []byte) error {
	if len(b) < 6 || len(b) < 6+3*int(b[5]) || len(c.components) > 0 {
		return errJPEG
	}
	count := int(b[5])
	c.size = image.Pt(int(b[3])<<8|int(b[4]), int(b[1])<<8|int(b[2]))
	if m > markSOF2 || b[0] != 8 || c.other || count != 1 && count != 3 || c.size.X == 0 || c.size.Y == 0 {
		return errOther
	}
	if c.size.X > maxPixels/c.size.Y {
		return errJPEG
	}
	c.progressive = m == markSOF2
	for i := range count {
		p := b[6+3*i:]
		one := &component{id: p[0], h: int(p[1] >> 4), v: int(p[1] & 15), quant: p[2]}
		if count == 1 {
			one.h, one.v = 1, 1
		}
		if one.h < 1 || one.h > 4 || one.v < 1 || one.v > 4 || one.quant > 3 {
			return errJPEG
		}
		c.components = append(c.components, one)
	}
	if count == 3 && c.components[0].id == 'R' && c.components[1].id == 'G' {
		return errOther
	}
	c.lay()
	return nil
}

// lay makes room for what the picture becomes, and decides how large each plane is drawn.
func (c *camera) lay() {
	h, v := 1, 1
	for _, p := range c.components {
		h, v = max(h, p.h), max(v, p.v)
	}
	c.units = image.Pt(parts(c.size.X, 8*h), parts(c.size.Y, 8*v))
	to := within(c.size, c.side)
	c.picture = image.NewYCbCr(upright(to.X, to.Y, c.turned), image.YCbCrSubsampleRatio420)
	planes := [][]uint8{c.picture.Y, c.picture.Cb, c.picture.Cr}
	if len(c.components) == 1 {
		fill(c.picture.Cb, 128)
		fill(c.picture.Cr, 128)
	}
	for i, p := range c.components {
		w, high, stride := to.X, to.Y, c.picture.YStride
		if i > 0 {
			w, high, stride = (w+1)/2, (high+1)/2, c.picture.CStride
		}
		p.wide, p.high = parts(c.size.X*p.h, h), parts(c.size.Y*p.v, v)
		p.across, p.down = c.units.X*p.h, c.units.Y*p.v
		p.n = min(8, max(1, parts(8*w, p.wide), parts(8*high, p.high)))
		p.places()
		p.band = make([]uint8, p.across*p.n*p.n)
		p.out = newShrinker(planes[i], stride, w, high, c.turned, p.wide, p.high, p.n)
	}
}

// parts returns how many parts of that size it takes.
func parts(n, of int) int { return (n + of - 1) / of }

func fill(pix []uint8, v uint8) {
	for i := range pix {
		pix[i] = v
	}
}

// within returns a size with no side longer than that.
func within(size image.Point, side int) image.Point {
	if long := max(size.X, size.Y); long > side {
		return image.Pt(max(1, size.X*side/long), max(1, size.Y*side/long))
	}
	return size
}

// zigzag is where the frequencies of a block lie in the order of a file: row by row, eight to a row.
var zigzag = [64]int8{
	0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
}

// places says where each frequency goes among those that are drawn; -1 for one that is not.
func (p *component) places() {
	for k, at := range zigzag {
		p.place[k] = -1
		if u, v := int(at)%8, int(at)/8; u < p.n && v < p.n {
			p.place[k] = int8(v*p.n + u)
		}
	}
}

// end draws what was kept of a picture that came in several scans.
func (c *camera) end() error {
	if c.scans == 0 {
		return errJPEG
	}
	for _, p := range c.components {
		if p.kept == nil {
			return errJPEG
		}
		size := p.n * p.n
		var factors [64]int32
		for k, at := range p.place {
			if at >= 0 {
				factors[at] = c.quants[p.quant][k]
			}
		}
		for y := range p.down {
			for x := range p.across {
				for i, f := range p.kept[(y*p.across+x)*size:][:size] {
					p.block[i] = int32(f) * factors[i]
				}
				drawBlock(p.band[x*p.n:], p.across*p.n, p.n, p.block[:size])
			}
			p.push(p.n)
		}
	}
	c.drawn = true
	return nil
}

// push hands on so many rows of the band.
func (p *component) push(rows int) {
	stride := p.across * p.n
	for y := range rows {
		p.out.add(p.band[y*stride : (y+1)*stride])
	}
}
