package wire

import (
	"encoding/binary"

	"fieldsync/sync/record"
)

// RowSum returns the hash of a row: of its place in the feed, and of every value that it shows in a column that the schema
// version knows. A bucket's checksum is the sum of its rows' sums, modulo 2^64. It guards against faults, not against
// forgery.
func RowSum(row *record.Row, version int) uint64 {
	place := mix(uint64(row.Table.ID))
	place = mix(place ^ binary.BigEndian.Uint64(row.ID[:8]))
	place = mix(place ^ binary.BigEndian.Uint64(row.ID[8:]))
	place = mix(place ^ row.Seq)
	sum, buffer := place, [64]byte{}
	for i, value := range row.Cols {
		if c := &row.Table.Columns[i]; !value.IsNull() && c.Since <= version {
			b := binary.AppendUvarint(buffer[:0], uint64(c.ID))
			sum += mix(place ^ fnv1a(value.AppendBinary(b)))
		}
	}
	return sum
}

// fnv1a is the 64-bit hash FNV-1a (Fowler, Noll, Vo; RFC 9923).
func fnv1a(b []byte) uint64 {
	h := uint64(0xcbf29ce484222325)
	for _, c := range b {
		h = (h ^ uint64(c)) * 0x100000001b3
	}
	return h
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
