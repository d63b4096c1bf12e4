package admin

import (
	"strings"
	"testing"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/schema"
)

// What is yes or no is a column that there is, of whole numbers: under another name it would be shown as 0 or 1.
func TestYesOrNoIsAskedOfColumnsThatThereAre(t *testing.T) {
	t.Parallel()
	for _, name := range yesNo {
		table, column, _ := strings.Cut(name, ".")
		noun := aftersales.Schema.Table(table)
		if noun == nil {
			t.Errorf("%s: there is no such table", name)
			continue
		}
		if at := noun.Column(column); at < 0 || noun.Columns[at].Kind != schema.Integer {
			t.Errorf("%s is no column of whole numbers", name)
		}
	}
}
