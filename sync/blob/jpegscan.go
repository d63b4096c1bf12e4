package blob

// scanning is one scan of a JPEG: which frequencies of which planes it says, and how exactly.
type scanning struct {
	*camera
	planes     []*component
	begin, end int  // frequencies, in the order of the file
	high, low  uint // bits that are known already, and below which it says nothing; high 0 says something for the first time
	kept       bool // blocks are kept until the end
}

// scan reads a scan, and draws it at once where it is the whole picture.
func (c *camera) scan(b []byte) error {
	s := &scanning{camera: c}
	if err := s.head(b); err != nil {
		return err
	}
	if c.scans++; c.scans > maxScans {
		return errJPEG
	}
	s.kept = c.progressive || len(s.planes) < len(c.components)
	if c.drawn = !s.kept; c.scans > 1 && c.drawn {
		return errJPEG // the whole picture a second time
	}
	for _, p := range s.planes {
		p.factors = &c.quants[p.quant]
		if s.kept && p.kept == nil {
			p.kept = make([]int16, p.across*p.down*p.n*p.n)
			p.there = make([]uint64, p.across*p.down)
		}
		if c.drawn {
			p.band = make([]uint8, p.across*p.n*p.n*p.v)
		}
	}
	s.anew()
	if len(s.planes) == 1 {
		return s.alone(s.planes[0])
	}
	return s.together()
}

// head reads which planes come, and which of their frequencies.
func (s *scanning) head(b []byte) error {
	if len(b) < 1 || len(b) < 4+2*int(b[0]) || len(s.components) == 0 {
		return errJPEG
	}
	count := int(b[0])
	for i := range count {
		for _, p := range s.components {
			if p.id == b[1+2*i] {
				p.dc, p.ac = s.codes[0][b[2+2*i]>>4&3], s.codes[1][b[2+2*i]&3]
				s.planes = append(s.planes, p)
			}
		}
	}
	if count == 0 || len(s.planes) != count {
		return errJPEG
	}
	s.begin, s.end = 0, 63
	if !s.progressive {
		return nil
	}
	b = b[1+2*count:]
	s.begin, s.end, s.high, s.low = int(b[0]), int(b[1]), uint(b[2]>>4), uint(b[2]&15)
	if s.begin > s.end || s.end > 63 || s.begin == 0 && s.end != 0 || s.begin > 0 && count > 1 || s.low > 13 || s.high != 0 && s.high != s.low+1 {
		return errJPEG
	}
	return nil
}

// anew forgets what came before, as every restart does.
func (s *scanning) anew() {
	s.run = 0
	for _, p := range s.planes {
		p.last = 0
	}
}

// restarted goes over a restart where one is due before the unit.
func (s *scanning) restarted(unit int) error {
	if s.interval == 0 || unit == 0 || unit%s.interval != 0 {
		return nil
	}
	m, err := s.finish()
	if err == nil && (m < markRST0 || m > markRST0+7) {
		err = errJPEG
	}
	s.anew()
	return err
}

// alone reads the blocks of one plane: those that hold pixels of the picture, without the ones that fill units up.
func (s *scanning) alone(p *component) error {
	across, down := parts(p.wide, 8), parts(p.high, 8)
	for y := range down {
		for x := range across {
			if err := s.restarted(y*across + x); err != nil {
				return err
			}
			if err := s.unit(p, x, y, 0); err != nil {
				return err
			}
		}
		if !s.kept {
			p.push(p.n)
		}
	}
	return nil
}

// together reads units: some blocks of each plane.
func (s *scanning) together() error {
	for y := range s.units.Y {
		for x := range s.units.X {
			if err := s.restarted(y*s.units.X + x); err != nil {
				return err
			}
			for _, p := range s.planes {
				for i := range p.h * p.v {
					if err := s.unit(p, x*p.h+i%p.h, y*p.v+i/p.h, i/p.h); err != nil {
						return err
					}
				}
			}
		}
		for _, p := range s.planes {
			if !s.kept {
				p.push(p.n * p.v)
			}
		}
	}
	return nil
}

// unit reads a block, which lies in a row of those that are drawn together, or keeps it.
func (s *scanning) unit(p *component, x, y, row int) error {
	size := p.n * p.n
	if s.kept {
		at := y*p.across + x
		p.seen, p.spot = &p.there[at], p.kept[at*size:][:size]
		return s.keep(p)
	}
	clear(p.block[:size])
	err := s.sequential(p)
	stride := p.across * p.n
	drawBlock(p.band[row*p.n*stride+x*p.n:], stride, p.n, p.block[:size])
	return err
}

// keep reads what a scan says of a block.
func (s *scanning) keep(p *component) error {
	switch {
	case !s.progressive:
		return s.sequential(p)
	case s.begin == 0 && s.high == 0:
		v, err := s.difference(p)
		p.spot[0] = int16(v << s.low)
		return err
	case s.begin == 0:
		bit, err := s.take(1)
		p.spot[0] |= int16(bit << s.low)
		return err
	case s.high == 0:
		return s.first(p)
	}
	return s.refine(p)
}

// put sets a frequency.
func (p *component) put(k int, v int32) {
	at := p.place[k]
	switch {
	case p.spot == nil && at >= 0:
		p.block[at] = v * p.factors[k]
	case p.spot != nil:
		if *p.seen |= 1 << k; at >= 0 {
			p.spot[at] = int16(v)
		}
	}
}

// difference reads the lowest frequency: what it is more than that of the block before.
func (s *scanning) difference(p *component) (int32, error) {
	n, err := s.symbol(p.dc)
	if err != nil || n > 15 {
		return 0, errJPEG
	}
	d, err := s.number(uint(n))
	p.last += d
	return p.last, err
}

// sequential reads a whole block.
func (s *scanning) sequential(p *component) error {
	v, err := s.difference(p)
	if err != nil {
		return err
	}
	p.put(0, v)
	for k := 1; k < 64; k++ {
		code, err := s.symbol(p.ac)
		if err != nil {
			return err
		}
		if code&15 == 0 && code != 0xf0 {
			return nil
		}
		if k += int(code >> 4); k > 63 {
			return errJPEG
		}
		if code&15 == 0 {
			continue
		}
		if v, err = s.number(uint(code & 15)); err != nil {
			return err
		}
		p.put(k, v)
	}
	return nil
}

// blank reads for how many blocks nothing follows, this one among them.
func (s *scanning) blank(code byte) error {
	more, err := s.take(uint(code >> 4))
	s.run = 1<<(code>>4) + more
	return err
}

// first reads higher frequencies of a block for the first time.
func (s *scanning) first(p *component) error {
	for k := s.begin; k <= s.end && s.run == 0; k++ {
		code, err := s.symbol(p.ac)
		if err != nil {
			return err
		}
		if code&15 == 0 && code < 0xf0 {
			if err := s.blank(code); err != nil {
				return err
			}
			break
		}
		if k += int(code >> 4); k > s.end {
			break
		}
		if code&15 == 0 {
			continue
		}
		v, err := s.number(uint(code & 15))
		if err != nil {
			return err
		}
		p.put(k, v<<s.low)
	}
	s.run = max(0, s.run-1)
	return nil
}

// refine reads one more bit of each frequency that is there, and what comes into being with it.
func (s *scanning) refine(p *component) error {
	k := s.begin
	for ; k <= s.end && s.run == 0; k++ {
		code, err := s.symbol(p.ac)
		if err != nil {
			return err
		}
		if code&15 == 0 && code < 0xf0 {
			if err := s.blank(code); err != nil {
				return err
			}
			break
		}
		fresh, err := s.sign(code & 15)
		if err == nil {
			k, err = s.sharpen(p, k, int(code>>4))
		}
		if err != nil || k > s.end {
			return err
		}
		if fresh != 0 {
			p.put(k, fresh<<s.low)
		}
	}
	if s.run == 0 {
		return nil
	}
	s.run--
	_, err := s.sharpen(p, k, -1)
	return err
}

// sign reads whether a frequency that comes into being is positive; 0 where none does.
func (s *scanning) sign(size byte) (int32, error) {
	switch size {
	case 0:
		return 0, nil
	case 1:
		bit, err := s.take(1)
		return 2*bit - 1, err
	}
	return 0, errJPEG
}

// sharpen goes over so many frequencies that are zero, to the one after them, or with -1 to the end, and reads a bit of each on the
// way that is not.
func (s *scanning) sharpen(p *component, k, zeros int) (int, error) {
	for ; k <= s.end; k++ {
		if *p.seen>>k&1 == 0 {
			if zeros == 0 {
				break
			}
			zeros--
			continue
		}
		bit, err := s.take(1)
		if err != nil {
			return k, err
		}
		if at := p.place[k]; bit == 1 && at >= 0 {
			if delta := int16(1) << s.low; p.spot[at] >= 0 {
				p.spot[at] += delta
			} else {
				p.spot[at] -= delta
			}
		}
	}
	return k, nil
}
