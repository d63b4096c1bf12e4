package seal

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"fieldsync/sync/fault"
)

// Ring is a list of keys, the newest last; as text a line for each: its number and the key, in hexadecimal. It is what
// stands in a key file, and Keys for whoever has the keys at hand.
type Ring struct{ keys []numbered }

type numbered struct {
	id  KeyID
	key []byte
}

// ParseRing reads what String wrote. The error has the code Wrong.
func ParseRing(text string) (*Ring, error) {
	r := &Ring{}
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		id, err := hex.DecodeString(fields[0])
		if err != nil || len(fields) != 2 || len(id) != 4 {
			return nil, malformed(err)
		}
		key, err := hex.DecodeString(fields[1])
		if err != nil || len(key) != KeySize {
			return nil, malformed(err)
		}
		r.keys = append(r.keys, numbered{KeyID(binary.BigEndian.Uint32(id)), key})
	}
	return r, nil
}

func malformed(err error) error {
	return fault.Wrap(Wrong, "the key file is not one: put the right one in its place", err)
}

// String returns the keys as text. It is as secret as they are.
func (r *Ring) String() string {
	var b strings.Builder
	for _, k := range r.keys {
		fmt.Fprintf(&b, "%08x %x\n", uint32(k.id), k.key)
	}
	return b.String()
}

// Add makes a new key, which is the newest then. What older ones sealed stays readable.
func (r *Ring) Add(random io.Reader) error {
	fresh := make([]byte, 4+KeySize)
	if _, err := io.ReadFull(random, fresh); err != nil {
		return fault.Wrap(fault.Internal, "the system gives no random numbers", err)
	}
	r.keys = append(r.keys, numbered{KeyID(binary.BigEndian.Uint32(fresh)), fresh[4:]})
	return nil
}

// Newest implements Keys.
func (r *Ring) Newest() (KeyID, error) {
	if len(r.keys) == 0 {
		return 0, missing(errors.New("seal: no key"))
	}
	return r.keys[len(r.keys)-1].id, nil
}

// Key implements Keys.
func (r *Ring) Key(id KeyID) ([]byte, error) {
	for _, k := range r.keys {
		if k.id == id {
			return k.key, nil
		}
	}
	return nil, missing(fmt.Errorf("seal: no key %08x", uint32(id)))
}
