package parcel

import "encoding/binary"

// parse reads the manifest, and returns for which hub it was packed.
func (p *Parcel) parse() (hub PublicKey, err error) {
	r := reader{b: p.packed}
	copy(p.Device[:], r.take(len(p.Device)))
	copy(hub[:], r.take(len(hub)))
	for n := r.count(1); n > 0 && r.err == nil; n-- {
		p.messages = append(p.messages, r.take(r.count(1)))
	}
	for n := r.count(len(File{}.Hash) + 2); n > 0 && r.err == nil; n-- {
		p.Files = append(p.Files, r.file())
	}
	if len(r.b) > 0 {
		r.fail()
	}
	return hub, r.err
}

// reader reads the parts of a manifest. After a first error it reads zeros.
type reader struct {
	b   []byte
	err error
}

func (r *reader) fail() {
	r.b = nil
	if r.err == nil {
		r.err = errUnreadable
	}
}

func (r *reader) take(n int) []byte {
	if n > len(r.b) {
		r.fail()
		return nil
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) number() uint64 {
	x, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return x
}

// count reads how many things follow, of at least so many bytes each: more than there are bytes for is no count.
func (r *reader) count(each int) int {
	n := r.number()
	if n > uint64(len(r.b)/each) {
		r.fail()
		return 0
	}
	return int(n)
}

func (r *reader) file() (f File) {
	copy(f.Hash[:], r.take(len(f.Hash)))
	n := r.count(1)
	if n > maxKind {
		r.fail()
	}
	f.Kind = string(r.take(n))
	size := r.number()
	if size > 1<<40 {
		r.fail()
	}
	f.Size = int64(size)
	return f
}
