package record

import "fieldsync/sync/schema"

// Redact returns the encoded change set without the personal values that it wrote into the rows, nor its salt, and whether
// there were any. Its bytes then no longer have the hash it is known by, which stays what it was.
func Redact(s *schema.Schema, encoded []byte, rows map[Key]bool) ([]byte, bool, error) {
	cs, err := ParseChangeSet(encoded)
	if err != nil {
		return nil, false, err
	}
	redacted := false
	for i := range cs.Rows {
		c := &cs.Rows[i]
		t := s.TableByID(c.Table)
		if t == nil || !rows[c.Key()] {
			continue
		}
		for j := range c.Cells {
			if w := &c.Cells[j]; w.isPersonal(t) {
				w.Value, w.Saw, redacted = Null, Null, true
			}
		}
	}
	if !redacted {
		return encoded, false, nil
	}
	cs.Salt = Salt{}
	return cs.AppendBinary(nil), true, nil
}
