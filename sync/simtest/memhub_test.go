package simtest_test

import (
	"testing"

	"fieldsync/sync/schema"
	"fieldsync/sync/simtest"
)

func TestMemHub(t *testing.T) {
	t.Parallel()
	simtest.TestHubStore(t, func(_ *testing.T, s *schema.Schema) simtest.HubStore { return simtest.NewMemHub(s) })
}
