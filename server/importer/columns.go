package importer

import (
	"slices"
	"strings"
	"unicode"

	"fieldsync/sync/fault"
)

// Field names what a column can hold.
type Field string

// The fields. Note may be mapped to several columns, and so may Skip, which leaves a column out.
const (
	Date     Field = "date"
	Asset    Field = "asset"
	Text     Field = "text"
	Type     Field = "type"
	Status   Field = "status"
	Priority Field = "priority"
	Customer Field = "customer"
	Number   Field = "id"
	Cost     Field = "cost"
	Note     Field = "note"
	Skip     Field = "skip"
)

// needed is what every job needs.
var needed = []Field{Date, Asset, Text}

// headers are the names under which columns go elsewhere, as fold leaves them; of two columns that fit, the one whose
// name stands further left here is taken.
var headers = map[Field][]string{
	Date: {"date", "bscstartdate", "basicstartdate", "startdate", "start", "orderdate", "planneddate", "duedate",
		"createdon", "createddate", "created", "reported", "日期", "开始日期", "開始日期", "派工日期", "开单日期",
		"開單日期", "报修日期", "報修日期"},
	Asset: {"asset", "assetid", "assetno", "assetname", "equipment", "equipmentno", "equipmentid", "machine",
		"machineno", "unit", "serialnumber", "serialno", "serial", "设备", "設備", "设备编号", "設備編號", "机台",
		"機台", "机号", "機號", "序列号", "序列號"},
	Text: {"text", "description", "originalshorttext", "shorttext", "longtext", "problem", "fault", "symptom",
		"subject", "title", "描述", "故障描述", "问题描述", "問題描述", "故障", "问题", "問題", "内容", "內容"},
	Type:     {"type", "jobtype", "ordertype", "worktype", "pmtype", "category", "类型", "類型", "工单类型", "工單類型"},
	Status:   {"status", "jobstatus", "orderstatus", "state", "状态", "狀態"},
	Priority: {"priority", "prio", "urgency", "优先级", "優先級", "紧急程度", "緊急程度"},
	Customer: {"customer", "customername", "client", "account", "company", "客户", "客戶", "客户名称", "客戶名稱"},
	Number: {"id", "number", "no", "jobno", "jobnumber", "order", "orderno", "ordernumber", "workorder", "workorderno",
		"workordernumber", "wo", "ticket", "ticketno", "key", "externalid", "单号", "單號", "工单号", "工單號"},
	Cost: {"cost", "costs", "totalcost", "totalcosts", "actualcost", "amount", "total", "费用", "費用", "金额", "金額"},
	Note: {"note", "notes", "comment", "comments", "remark", "remarks", "备注", "備註"},
}

// Mapping says that a column, by its name in the header, holds a field.
type Mapping struct {
	Field  Field
	Column string
}

// ParseMap reads "date=BscStartDate,asset=Asset". The error is a *fault.Error with the code BadMapping.
func ParseMap(s string) ([]Mapping, error) {
	var maps []Mapping
	for pair := range strings.SplitSeq(s, ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		name, col, ok := strings.Cut(pair, "=")
		field := Field(strings.ToLower(strings.TrimSpace(name)))
		if _, known := headers[field]; !ok || !known && field != Skip {
			return nil, fault.New(BadMapping, "Cannot read "+quote(pair)+" in the mapping: it takes FIELD=COLUMN pairs, "+
				"FIELD one of date, asset, text, type, status, priority, customer, id, cost, note, skip.")
		}
		maps = append(maps, Mapping{field, strings.TrimSpace(col)})
	}
	return maps, nil
}

// column is one column of the file. Its field is "" where nothing said what it holds: its values go to the note.
type column struct {
	name  string
	field Field
}

// maxColumns is the width of the widest sheet that spreadsheet programs make.
const maxColumns = 16384

// resolve finds what each column holds: first what the mapping says, then by the headers.
func resolve(header rawRecord, maps []Mapping) ([]column, []Warning, error) {
	if len(header.cells) > maxColumns {
		return nil, nil, fault.New(Unreadable, "The file's first line is no line of column names: it has too many cells.")
	}
	cols := make([]column, len(header.cells))
	for i, name := range header.cells {
		cols[i].name = strings.TrimSpace(name)
	}
	if err := applyMap(cols, maps); err != nil {
		return nil, nil, err
	}
	for field, names := range headers {
		if !slices.ContainsFunc(cols, func(c column) bool { return c.field == field }) {
			applyHeaders(cols, field, names)
		}
	}
	for _, field := range needed {
		if !slices.ContainsFunc(cols, func(c column) bool { return c.field == field }) {
			return nil, nil, fault.New(NoColumn, "No column is known to hold the "+string(field)+" of a job. Name it, as in "+
				string(field)+"=COLUMN. The file's columns are: "+list(cols)+".")
		}
	}
	return cols, headerWarnings(header, cols), nil
}

// applyMap enters what the mapping says. A field but Note and Skip has one column, a column one field.
func applyMap(cols []column, maps []Mapping) error {
	used := map[Field]bool{}
	for _, m := range maps {
		i := slices.IndexFunc(cols, func(c column) bool { return c.field == "" && fold(c.name) == fold(m.Column) })
		if i < 0 {
			return fault.New(BadMapping, "The mapping names the column "+quote(m.Column)+" for "+string(m.Field)+
				", and the file has none left of that name. Its columns are: "+list(cols)+".")
		}
		if used[m.Field] && m.Field != Note && m.Field != Skip {
			return fault.New(BadMapping, "The mapping names two columns for "+string(m.Field)+". Choose one.")
		}
		used[m.Field] = true
		cols[i].field = m.Field
	}
	return nil
}

// applyHeaders gives the field to the column with the likeliest name, if there is one.
func applyHeaders(cols []column, field Field, names []string) {
	for _, name := range names {
		for i := range cols {
			if cols[i].field == "" && fold(cols[i].name) == name {
				cols[i].field = field
				return
			}
		}
	}
}

// headerWarnings tells of columns whose values go to the note.
func headerWarnings(header rawRecord, cols []column) []Warning {
	var out []Warning
	for _, message := range header.warnings {
		out = append(out, Warning{Line: header.line, Message: message})
	}
	for _, c := range cols {
		if c.field == "" && c.name != "" {
			out = append(out, Warning{header.line, c.name, "no field of a job is known for this column: kept in the note"})
		}
	}
	return out
}

// fold makes header names comparable: letters and digits only, in lower case.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}

// list names the columns for a message.
func list(cols []column) string {
	names := make([]string, min(len(cols), 50))
	for i := range names {
		names[i] = quote(cols[i].name)
	}
	return strings.Join(names, ", ")
}

// quote shows a value of the file in a message, cut to a readable length.
func quote(s string) string {
	if r := []rune(s); len(r) > 40 {
		s = string(r[:40]) + "…"
	}
	return "“" + s + "”"
}
