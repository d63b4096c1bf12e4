package aftersales

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// An Offer is what a hand-over code says: somebody gives a part to one colleague, until a moment.
type Offer struct {
	Giver     [4]byte // the first bytes of the SHA-256 of the public key that signed it
	Taker     [4]byte // those of the SHA-256 of the taker's id
	Token     [5]byte // tells offers of the same thing apart
	Part      record.ID
	Quantity  int64 // thousandths of the part's unit
	Serial    string
	Condition string
	Owner     string
	Expires   int64 // ms UTC, whole minutes
}

// The codes of reading a hand-over code.
const (
	HandOverMistyped fault.Code = "hand_over_mistyped" // a line of it is not as it was shown
	HandOverForged   fault.Code = "hand_over_forged"   // its signature is nobody's whom the phone knows
)

const (
	offerVersion  = 1
	offerFixed    = 1 + 4 + 4 + 5 + 16 + 4 // version and kinds, giver, taker, token, part, minutes
	maxSerial     = 64                     // bytes
	lineSymbols   = 19                     // of a line, before its check symbol
	groupSymbols  = 5
	maxCode       = 512 // symbols: far above any offer's
	epochMinutes  = 26_297_280
	minuteMillis  = 60_000
	offerContext  = "fieldsync hand-over\x00"
	codeSymbols   = "0123456789ABCDEFGHJKMNPQRSTVWXYZ" // Crockford's base 32: neither I, L, O nor U
	fieldModulus  = 0x25                               // x^5 + x^2 + 1, primitive over GF(2)
	symbolBits    = 5
	conditionBits = 2
)

// KeyHint returns how offers name a public key.
func KeyHint(key ed25519.PublicKey) [4]byte { sum := sha256.Sum256(key); return [4]byte(sum[:4]) }

// PersonHint returns how offers name a person.
func PersonHint(person record.ID) [4]byte { sum := sha256.Sum256(person[:]); return [4]byte(sum[:4]) }

func (o Offer) signed(payload []byte) []byte { return append([]byte(offerContext), payload...) }

// payload returns the offer's bytes, without the signature.
func (o Offer) payload() []byte {
	kinds := offerVersion<<4 | slices.Index(conditions, o.Condition)<<conditionBits | slices.Index(owners, o.Owner)
	b := []byte{byte(kinds)}
	b = append(b, o.Giver[:]...)
	b = append(b, o.Taker[:]...)
	b = append(b, o.Token[:]...)
	b = append(b, o.Part[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(o.Expires/minuteMillis-epochMinutes))
	b = binary.AppendUvarint(b, uint64(o.Quantity))
	return append(b, o.Serial...)
}

// check refuses an offer that a code cannot say. Codes: BadQuantity, MissingSerial, BadWindow.
func (o Offer) check() error {
	minutes := o.Expires/minuteMillis - epochMinutes
	switch {
	case o.Quantity <= 0:
		return fault.New(BadQuantity, "how many? More than nothing must move")
	case len(o.Serial) > maxSerial:
		return fault.New(MissingSerial, "the serial number is too long for a code: have the part transferred by the office")
	case minutes < 0 || minutes >= 1<<32:
		return fault.New(BadWindow, "until when does the offer stand?")
	case slices.Index(conditions, o.Condition) < 0 || slices.Index(owners, o.Owner) < 0:
		return fault.New(UnknownCode, "a part is good, defective or refurbished, and somebody's")
	}
	return nil
}

// Sign returns the code of the offer: lines of four groups of five symbols, each line with a check of its own, so that
// a person who types it is told which line is wrong. Without its separators it fits a QR code's alphanumeric mode.
// Codes: BadQuantity, MissingSerial, BadWindow, UnknownCode.
func (o Offer) Sign(key ed25519.PrivateKey) (string, error) {
	if len(key) != ed25519.PrivateKeySize {
		return "", fault.New(HandOverForged, "this device has no key to sign with: enrol it")
	}
	if err := o.check(); err != nil {
		return "", err
	}
	payload := o.payload()
	return spell(append(payload, ed25519.Sign(key, o.signed(payload))...)), nil
}

// ReadOffer reads a code, with or without its separators and in either case, and returns the offer with its signature
// and the bytes it signs. Codes: HandOverMistyped.
func ReadOffer(code string) (o Offer, signed, signature []byte, err error) {
	b, err := unspell(code)
	if err != nil {
		return o, nil, nil, err
	}
	n := len(b) - ed25519.SignatureSize
	if n < offerFixed+1 || b[0]>>4 != offerVersion {
		return o, nil, nil, fault.New(HandOverMistyped, "this is not the whole code, or not a hand-over code: begin again")
	}
	payload := b[:n]
	if err := o.read(payload); err != nil {
		return Offer{}, nil, nil, err
	}
	return o, o.signed(payload), b[n:], nil
}

func (o *Offer) read(b []byte) error {
	condition, owner := int(b[0]>>conditionBits)&3, int(b[0])&3
	quantity, n := binary.Uvarint(b[offerFixed:])
	if condition >= len(conditions) || n <= 0 || quantity > 1<<62 {
		return fault.New(HandOverMistyped, "this is not a hand-over code that this app can read: update it")
	}
	o.Condition, o.Owner = conditions[condition], owners[owner]
	o.Giver, o.Taker, o.Token = [4]byte(b[1:5]), [4]byte(b[5:9]), [5]byte(b[9:14])
	o.Part = record.ID(b[14:30])
	o.Expires = (int64(binary.BigEndian.Uint32(b[30:34])) + epochMinutes) * minuteMillis
	o.Quantity, o.Serial = int64(quantity), strings.ToValidUTF8(string(b[offerFixed+n:]), "?")
	if len(o.Serial) > maxSerial || string(o.payload()) != string(b) {
		return fault.New(HandOverMistyped, "this is not a hand-over code that this app can read: update it")
	}
	return nil
}

// Name returns what both halves of the hand-over are called after: whoever knows the code knows it.
func (o Offer) Name() string {
	sum := sha256.Sum256(o.payload())
	return hex.EncodeToString(sum[:16])
}

// spell writes bytes as lines of symbols.
func spell(b []byte) string {
	var symbols []byte
	bits, n := uint32(0), 0
	for _, c := range b {
		bits, n = bits<<8|uint32(c), n+8
		for ; n >= symbolBits; n -= symbolBits {
			symbols = append(symbols, byte(bits>>(n-symbolBits))&31)
		}
	}
	if n > 0 {
		symbols = append(symbols, byte(bits<<(symbolBits-n))&31)
	}
	var lines []string
	for line := range slices.Chunk(symbols, lineSymbols) {
		var groups []string
		for group := range slices.Chunk(append(slices.Clone(line), checkSymbol(len(lines), line)), groupSymbols) {
			groups = append(groups, letters(group))
		}
		lines = append(lines, strings.Join(groups, "-"))
	}
	return strings.Join(lines, "\n")
}

func letters(symbols []byte) string {
	b := make([]byte, len(symbols))
	for i, s := range symbols {
		b[i] = codeSymbols[s]
	}
	return string(b)
}

// checkSymbol returns the check of a line: a sum in GF(32) where each place has a weight of its own, so that every
// wrong symbol, and every pair that changed places, is noticed; lines that changed places are too.
func checkSymbol(line int, symbols []byte) byte {
	sum := byte(line+1) & 31
	for _, s := range symbols {
		sum = double(sum) ^ s
	}
	return double(sum)
}

// double multiplies by x in GF(32).
func double(a byte) byte {
	if a <<= 1; a&32 != 0 {
		a ^= fieldModulus
	}
	return a & 31
}

// unspell reads what spell wrote. Codes: HandOverMistyped.
func unspell(code string) ([]byte, error) {
	symbols, err := symbolsOf(code)
	if err != nil {
		return nil, err
	}
	var data []byte
	line := 0
	for full := range slices.Chunk(symbols, lineSymbols+1) {
		last := len(full) - 1
		if last == 0 || checkSymbol(line, full[:last]) != full[last] {
			return nil, fault.Newf(HandOverMistyped, "line %d is not as it is shown: type it again", line+1)
		}
		data, line = append(data, full[:last]...), line+1
	}
	var b []byte
	bits, n := uint32(0), 0
	for _, s := range data {
		bits, n = bits<<symbolBits|uint32(s), n+symbolBits
		if n >= 8 {
			b, n = append(b, byte(bits>>(n-8))), n-8
		}
	}
	return b, nil
}

// symbolsOf returns the symbols among what was typed: what looks like another is that other.
func symbolsOf(code string) ([]byte, error) {
	var symbols []byte
	for _, r := range strings.ToUpper(code) {
		switch r {
		case ' ', '-', '\n', '\r', '\t':
			continue
		case 'O':
			r = '0'
		case 'I', 'L':
			r = '1'
		}
		i := strings.IndexRune(codeSymbols, r)
		if i < 0 || len(symbols) == maxCode {
			return nil, fault.Newf(HandOverMistyped, "\"%s\" does not occur in a hand-over code", string(r))
		}
		symbols = append(symbols, byte(i))
	}
	return symbols, nil
}
