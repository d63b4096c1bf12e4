package device_test

import (
	"errors"
	"testing"

	"fieldsync/sync/clock"
	"fieldsync/sync/device"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/wire"
)

// segmentPart is a part of a segment of the library, of a hub at commit 7.
func segmentPart(after, resume string) device.Part {
	return device.Part{
		Class: schema.ClassLibrary, Schema: 3, At: 7, After: []byte(after), Resume: []byte(resume),
	}
}

// takesPart takes a part with one row, and returns that.
func (p *phone) takesPart(is device.Part) (key record.Key, err error) {
	key = p.key("part")
	err = p.store.Write(func(tx device.Store) error {
		r, err := device.Open(tx, p.schema)
		if err != nil {
			return err
		}
		return r.TakePart(&is, func() error {
			row := record.Row{Table: table("part"), ID: key.ID, Seq: 5, Cols: make([]record.Value, len(table("part").Columns))}
			return tx.PutRow(&row)
		})
	})
	return key, err
}

func (p *phone) lacks(class schema.Class) (yes bool) {
	p.tx(func(tx device.Store) (err error) { yes, err = device.Lacks(tx, p.schema, class); return err })
	return yes
}

func TestASegmentIsTheBeginningOfAPage(t *testing.T) {
	t.Parallel()
	p := newPhone(t)
	if !p.lacks(schema.ClassLibrary) {
		t.Error("a new phone lacks nothing")
	}
	first, err := p.takesPart(segmentPart("", "one"))
	p.must(err)
	second, err := p.takesPart(segmentPart("one", "two"))
	p.must(err)
	if id := p.identity(); string(id.Resume) != "two" || id.Partial != [3]uint64{uint64(schema.ClassLibrary), 0, 7} || id.Cursors[schema.ClassLibrary] != 0 {
		t.Errorf("%+v", id)
	}
	if p.lacks(schema.ClassLibrary) {
		t.Error("it lacks what it has taken")
	}
	own := record.PersonBucket(p.person)
	p.takes(&wire.Page{Class: schema.ClassLibrary, To: 7, Enter: []record.Bucket{own}, Last: true})
	if p.row(first) == nil || p.row(second) == nil {
		t.Error("what came with the segment has gone with the end of its page")
	}
	if id := p.identity(); id.Cursors[schema.ClassLibrary] != 7 || id.Resume != nil {
		t.Errorf("%+v", id)
	}
}

func TestASegmentThatDoesNotFitIsNotTaken(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(*phone, *device.Part){
		"it follows on another part":  func(_ *phone, is *device.Part) { is.After = []byte("two") },
		"it is of another epoch":      func(_ *phone, is *device.Part) { is.Epoch = 2 },
		"it is of another schema":     func(_ *phone, is *device.Part) { is.Schema = 2 },
		"it is of the first class":    func(_ *phone, is *device.Part) { is.Class = schema.ClassWork },
		"it is of no class":           func(_ *phone, is *device.Part) { is.Class = schema.Classes },
		"it ends with another commit": func(_ *phone, is *device.Part) { is.At = 8 },
		"it begins anew":              func(_ *phone, is *device.Part) { is.After = nil },
		"another page is under way":   func(p *phone, _ *device.Part) { p.takes(&wire.Page{To: 3, Resume: []byte("three")}) },
		"a row of it has something unsent": func(p *phone, _ *device.Part) {
			p.tx(func(tx device.Store) error { return tx.PutBase(p.key("part"), &device.Base{}) })
		},
	} {
		p := newPhone(t)
		_, err := p.takesPart(segmentPart("", "one"))
		p.must(err)
		is := segmentPart("one", "two")
		prepare(p, &is)
		before := p.identity()
		key, err := p.takesPart(is)
		if !errors.Is(err, device.ErrSegment) || p.row(key) != nil || string(p.identity().Resume) != string(before.Resume) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestASegmentTellsOfAnotherCopyOfThePhone(t *testing.T) {
	t.Parallel()
	p := newPhone(t)
	is := segmentPart("", "one")
	is.Seen = p.identity().Counter + 1
	_, err := p.takesPart(is)
	p.must(err)
	if a := p.identity().Actor; a != device.Provisional || a == clock.Actor(0) {
		t.Errorf("it goes on as %v", a)
	}
}
