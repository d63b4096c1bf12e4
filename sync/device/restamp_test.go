package device_test

import (
	"strings"
	"testing"

	"fieldsync/sync/clock"
	"fieldsync/sync/device"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/wire"
)

// The largest change set that a phone records is one that the hub can read under any number: one that it could not read would
// have no verdict, and all behind it would wait.
func TestTheLargestChangeSetMayBeStampedAnew(t *testing.T) {
	t.Parallel()
	for name, rows := range map[string]int{"of few rows": 40, "of many rows": 150} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := onAJob(t)
			tasks := make([]record.Key, rows)
			p.hears(p.does(func(tx *device.Tx) error {
				for i := range tasks {
					tasks[i] = p.key("task")
					p.must(tx.Insert(table("task"), tasks[i].ID, record.Values{"job": record.Ref(p.job.ID)}))
				}
				return nil
			}), wire.Applied, "", nil)
			forked := p.retells(tasks, 1)
			if forked == nil {
				t.Fatal("a small change is refused")
			}
			most := record.MaxChangeSet / rows
			least := most * 9 / 10
			for most-least > 1 {
				if size := (least + most) / 2; p.retells(tasks, size) != nil {
					least = size
				} else {
					most = size
				}
			}
			p.hears(forked, wire.Forked, "", nil)
			p.welcome(wire.Welcome{Actor: actorOf(1<<30, clock.SideDevice)})
			largest := 0
			for _, item := range p.store.Items() {
				largest = max(largest, len(item.Encoded))
				if _, _, err := record.ParseWithin(item.Encoded, record.RoomFor(len(item.Encoded))); err != nil {
					t.Fatalf("%d bytes under a new number: %v", len(item.Encoded), err)
				}
			}
			if largest < record.MaxChangeSet/2 {
				t.Errorf("the largest has %d bytes", largest)
			}
		})
	}
}

// retells gives all the tasks a text of so many bytes at once; nil where that is too much.
func (p *phone) retells(tasks []record.Key, size int) *device.Item {
	p.Helper()
	item, err := p.doing(func(tx *device.Tx) error {
		for _, task := range tasks {
			p.must(tx.Update(table("task"), task.ID, text("text", strings.Repeat("x", size))))
		}
		return nil
	})
	if err != nil {
		p.expectCode(err, fault.TooLarge)
	}
	return item
}
