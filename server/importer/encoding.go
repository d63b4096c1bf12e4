package importer

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// The encodings of Options.Encoding. UTF-16 is known by its mark.
const (
	UTF8    = "utf-8"
	GB18030 = "gb18030"      // mainland China; GBK and GB2312 are part of it
	Big5    = "big5"         // Taiwan, Hong Kong
	Latin1  = "windows-1252" // western Europe; ISO 8859-1 is part of it
)

// legacy are the encodings other than UTF-8. In each of them a byte that ends a line, parts or quotes a cell means
// just that wherever it stands, so that a line can be cut off before it is decoded.
var legacy = map[string]encoding.Encoding{
	GB18030: simplifiedchinese.GB18030,
	Big5:    traditionalchinese.Big5,
	Latin1:  charmap.Windows1252,
}

// decoder makes text of lines. An unknown encoding is decided at the first byte beyond ASCII.
type decoder struct {
	name string // "" while undecided
}

// newDecoder returns a decoder for the encoding of that name, or, where it is "", for the one that the file's first
// bytes look like.
func newDecoder(name string, head []byte) decoder {
	if name == "" {
		name = guess(head)
	}
	return decoder{name}
}

// line decodes one line. Bytes that are none of the encoding are read as Latin-1, where every byte is a letter, so
// that they can still be told from one another, with a warning.
func (d *decoder) line(raw []byte) line {
	if d.name == "" {
		d.name = guess(raw)
	}
	if d.name == UTF8 || d.name == "" {
		if utf8.Valid(raw) {
			return line{text: string(raw)}
		}
	} else if text, ok := decode(d.name, raw); ok {
		return line{text: text}
	}
	text, _ := decode(Latin1, raw)
	return line{text: text, warning: Say(OtherCode, d.name, Latin1)}
}

// decode reports whether raw is text in that encoding.
func decode(name string, raw []byte) (string, bool) {
	text, err := legacy[name].NewDecoder().Bytes(raw)
	return string(text), err == nil && !strings.ContainsRune(string(text), utf8.RuneError)
}

// guess returns the encoding that the bytes look like, "" for plain ASCII. Chinese text comes in runs of two-byte
// characters, nearly all of them from the common plane of its own standard; western letters stand alone among ASCII.
func guess(b []byte) string {
	high := 0
	for _, c := range b {
		if c >= utf8.RuneSelf {
			high++
		}
	}
	switch gb, big := chinese(b, commonGB), chinese(b, commonBig5); {
	case high == 0:
		return ""
	case validPrefix(b):
		return UTF8
	case gb >= big && gb*2 > high:
		return GB18030
	case big*2 > high:
		return Big5
	}
	return Latin1
}

// validPrefix reports whether b is UTF-8, perhaps cut off within its last character.
func validPrefix(b []byte) bool {
	for cut := 0; cut < utf8.UTFMax && cut <= len(b); cut++ {
		if utf8.Valid(b[:len(b)-cut]) {
			return cut == 0 || !utf8.FullRune(b[len(b)-cut:])
		}
	}
	return false
}

// chinese counts the bytes beyond ASCII in runs of at least two common characters.
func chinese(b []byte, common func(lead, trail byte) bool) int {
	total, run, high := 0, 0, 0
	for i := 0; i < len(b); {
		if i+1 < len(b) && common(b[i], b[i+1]) {
			run, high = run+1, high+1
			if b[i+1] >= utf8.RuneSelf {
				high++
			}
			i += 2
			continue
		}
		if run >= 2 {
			total += high
		}
		run, high = 0, 0
		i++
	}
	if run >= 2 {
		total += high
	}
	return total
}

// commonGB reports whether the pair is a symbol or a hanzi of GB 2312's first level.
func commonGB(lead, trail byte) bool {
	return trail >= 0xa1 && (lead >= 0xb0 && lead <= 0xd7 || lead >= 0xa1 && lead <= 0xa3)
}

// commonBig5 reports whether the pair is a symbol or a hanzi of Big5's first level.
func commonBig5(lead, trail byte) bool {
	return (trail >= 0xa1 || trail >= 0x40 && trail <= 0x7e) && lead >= 0xa1 && lead <= 0xc6
}
