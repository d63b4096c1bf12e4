package admin

import (
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// fact is one column of a row; URL leads to the row that it means, "" if that has no page.
type fact struct{ Label, Text, URL string }

// rowPages are the pages of rows, before their ids, by table.
var rowPages = map[string]string{
	"party": customersURL, "contact": contactsURL, "site": sitesURL, "contract": contractsURL, "job": jobsURL, "request": requestsURL,
	"unit": assetsURL, "product": productsURL, "part": partsURL, "location": locationsURL, "movement": movementsURL,
	"solution": solutionsURL, "document": documentsURL,
}

// pageOf returns the page of the row that a column refers to, "" if there is none.
func pageOf(row *record.Row, column string) string {
	i := row.Table.Column(column)
	if i < 0 || row.Table.Columns[i].Kind != schema.Ref || row.Cols[i].IsNull() {
		return ""
	}
	if at := rowPages[row.Table.Columns[i].Ref]; at != "" {
		return at + "/" + row.Cols[i].Ref().String()
	}
	return ""
}

// facts returns the columns that have a value.
func (b *builder) facts(row *record.Row, columns []string) (facts []fact, err error) {
	for _, name := range columns {
		text, err := b.text(row, name)
		if err == nil && text != "" && name == "unit" && row.Table.Name != "unit" {
			text, err = b.n.unit(row.Get(name).Ref(), text)
		}
		if err != nil {
			return nil, err
		}
		if text != "" {
			facts = append(facts, fact{b.label(row.Table, name), text, pageOf(row, name)})
		}
	}
	return facts, nil
}

func (b *builder) text(row *record.Row, column string) (string, error) {
	i := row.Table.Column(column)
	if i < 0 {
		return "", nil
	}
	return b.v.text(b.n, row.Table, &row.Table.Columns[i], row.Cols[i])
}

func (b *builder) label(t *schema.Table, column string) string {
	return b.v.lang.Name(t.Name + "." + column)
}
