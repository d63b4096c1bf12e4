package auth

import (
	"testing"

	"fieldsync/sync/aftersales"
)

// Every table of which no device may write anything is governed by a permission, or whoever may release refused changes would write it.
func TestWhatNoDeviceWritesIsGoverned(t *testing.T) {
	t.Parallel()
	for _, table := range aftersales.Schema.Tables {
		if devices := table.Create || len(table.Rights) > 0; !devices && !governs[table.Name].Known() {
			t.Errorf("who releases a refused change of %s needs no permission of its own", table.Name)
		}
	}
	for name := range governs {
		if aftersales.Schema.Table(name) == nil {
			t.Errorf("there is no table %s", name)
		}
	}
}
