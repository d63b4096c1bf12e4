package parcel

import "testing"

// FuzzParse: what a device signs is not therefore sound.
func FuzzParse(f *testing.F) {
	m := Manifest{Files: []File{{Kind: "photo", Size: 3}}}
	packed, err := m.Pack(PublicKey{1}, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(packed)
	f.Add(packed[:50])
	f.Add(append(packed[:48:48], 0xff, 0xff, 0xff, 0xff, 0x0f))
	f.Fuzz(func(t *testing.T, b []byte) {
		p := Parcel{packed: b}
		if _, err := p.parse(); err != nil && len(b) == len(packed) && string(b) == string(packed) {
			t.Fatal(err)
		}
	})
}
