package blob

import "math"

// waves are the cosines of the inverse transform for blocks that are drawn with so many pixels to a side, in 1/8192: by size, pixel
// and frequency. Drawn with fewer than eight, a block is what its lower frequencies say.
var waves = func() (t [9][64]int32) {
	for n := 1; n <= 8; n++ {
		for x := range n {
			for u := range n {
				scale := 0.5
				if u == 0 {
					scale = math.Sqrt2 / 4
				}
				t[n][x*n+u] = int32(math.Round(8192 * scale * math.Cos(float64((2*x+1)*u)*math.Pi/float64(2*n))))
			}
		}
	}
	return t
}()

// drawBlock writes a block of n times n frequencies as so many pixels into pix.
func drawBlock(pix []uint8, stride, n int, block []int32) {
	if flat(block) {
		v := level((block[0] + 4) >> 3)
		for y := range n {
			for x := range n {
				pix[y*stride+x] = v
			}
		}
		return
	}
	var across [64]int32 // by row of frequencies, and pixel
	wave := waves[n][:n*n]
	for v := range n {
		row := block[v*n : v*n+n]
		if flat(row) && row[0] == 0 {
			continue
		}
		for x := range n {
			sum := int32(0)
			for u, f := range row {
				sum += f * wave[x*n+u]
			}
			across[v*n+x] = (sum + 1<<9) >> 10
		}
	}
	for y := range n {
		for x := range n {
			sum := int32(1 << 15)
			for v := range n {
				sum += across[v*n+x] * wave[y*n+v]
			}
			pix[y*stride+x] = level(sum >> 16)
		}
	}
}

// flat reports whether all but the first are zero.
func flat(block []int32) bool {
	for _, f := range block[1:] {
		if f != 0 {
			return false
		}
	}
	return true
}

// level returns the light of a pixel: 0 stands in the middle.
func level(v int32) uint8 { return uint8(max(0, min(255, v+128))) }

// shrinker makes a plane of a picture smaller as its rows come, so that only what becomes of them is in memory: each new pixel
// is the average of what lies under it, with the part of each old one that does.
type shrinker struct {
	pix                []uint8
	start, right, down int // where new pixels go
	w, h               int // the new plane, before it is turned
	wide, high         int // the old one, in eighths of the pixels that come: n of them for each of its own
	across             []extent
	line               []uint64 // the row that came, w wide, in 1/256
	sum                []uint64
	came, done         int // rows
}

// extent is which pixels lie under a new one, and how much of the first and of the last, of 8*w.
type extent struct {
	from, to    int
	first, last uint64
}

// newShrinker makes a plane of w times h, turned, of rows of a plane that is wide times high and comes with n pixels for each eight.
func newShrinker(pix []uint8, stride, w, h, turned, wide, high, n int) *shrinker {
	s := &shrinker{pix: pix, w: w, h: h, wide: wide * n, high: high * n, line: make([]uint64, w), sum: make([]uint64, w)}
	s.start, s.right, s.down = steps(stride, w, h, turned)
	for t := range w {
		left, right := t*s.wide, (t+1)*s.wide
		e := extent{from: left / (8 * w), to: (right + 8*w - 1) / (8 * w)}
		e.first = uint64(min(right, (e.from+1)*8*w) - left)
		e.last = uint64(right - (e.to-1)*8*w)
		s.across = append(s.across, e)
	}
	return s
}

// add takes the next row; one below the picture is none.
func (s *shrinker) add(row []uint8) {
	if s.done == s.h {
		return
	}
	s.squeeze(row)
	top, bottom := s.came*8*s.h, (s.came+1)*8*s.h
	for s.came++; s.done < s.h; {
		begin, end := s.done*s.high, (s.done+1)*s.high
		part := uint64(min(bottom, end) - max(top, begin))
		for t, v := range s.line {
			s.sum[t] += v * part
		}
		if bottom < end {
			return
		}
		s.put()
		if bottom == end {
			return
		}
	}
}

// squeeze averages a row across.
func (s *shrinker) squeeze(row []uint8) {
	whole, all := uint64(8*s.w), uint64(s.wide)
	for t, e := range s.across {
		sum := uint64(row[e.from]) * e.first
		if e.to-1 > e.from {
			for _, v := range row[e.from+1 : e.to-1] {
				sum += uint64(v) * whole
			}
			sum += uint64(row[e.to-1]) * e.last
		}
		s.line[t] = sum << 8 / all
	}
}

// put writes a row that is complete.
func (s *shrinker) put() {
	all := uint64(s.high) << 8
	at := s.start + s.done*s.down
	for t, v := range s.sum {
		s.pix[at] = uint8((v + all/2) / all)
		s.sum[t] = 0
		at += s.right
	}
	s.done++
}
