package wire

import (
	"crypto/sha256"
	"encoding/binary"

	"fieldsync/sync/schema"
)

// Dictionary returns the bytes that both ends of one schema version start compression from.
func Dictionary(s *schema.Schema) []byte {
	var d []byte
	for _, t := range s.Tables {
		for i := range t.Columns {
			for _, code := range t.Columns[i].Codes {
				d = append(d, code...)
			}
		}
	}
	return append(d, "fieldsync"...)
}

// DictionaryID returns the number by which compressed messages name a dictionary: from 1 to 65,535, by its hash.
func DictionaryID(d []byte) uint32 {
	sum := sha256.Sum256(d)
	return 1 + uint32(binary.BigEndian.Uint64(sum[:])%0xffff)
}
