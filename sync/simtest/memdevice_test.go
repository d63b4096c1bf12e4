package simtest_test

import (
	"testing"

	"fieldsync/sync/schema"
	"fieldsync/sync/simtest"
)

func TestMemDevice(t *testing.T) {
	t.Parallel()
	simtest.TestDeviceStore(t, func(_ *testing.T, s *schema.Schema) simtest.DeviceStore { return simtest.NewMemDevice(s) })
}
