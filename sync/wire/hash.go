package wire

import (
	"encoding/binary"

	"fieldsync/sync/record"
)

// RowSum returns the hash of a row's place in the feed; a bucket's checksum is the sum of its rows' sums, modulo 2^64.
// It guards against faults, not against forgery.
func RowSum(k record.Key, seq uint64) uint64 {
	h := mix(uint64(k.Table))
	h = mix(h ^ binary.BigEndian.Uint64(k.ID[:8]))
	h = mix(h ^ binary.BigEndian.Uint64(k.ID[8:]))
	return mix(h ^ seq)
}

// mix is a step of SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// WipedText returns what a device signs to say that it has destroyed what it held, by the hub's order.
func WipedText(device record.ID) []byte {
	return append([]byte("fieldsync device wiped 1\x00"), device[:]...)
}

// ChallengeText returns what a device signs to prove who it is: the nonce behind words that no other signature covers.
func ChallengeText(nonce []byte) []byte {
	return append([]byte("fieldsync device challenge 1\x00"), nonce...)
}
