package aftersales

import "testing"

func TestSchemaLoads(t *testing.T) {
	t.Parallel()
	if Schema.Table("job") == nil {
		t.Fatal("no job")
	}
}
