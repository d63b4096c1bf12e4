package aftersales

import (
	"reflect"
	"slices"
	"testing"

	"fieldsync/sync/schema"
)

// The numbers of tables are for ever: a change here is a change of every phone's data.
func TestTableNumbersStay(t *testing.T) {
	t.Parallel()
	want := map[string]schema.TableID{
		"party": 10, "contact": 12, "site": 14, "request": 20, "call": 22, "wait_mark": 24, "skill": 106, "absence": 107, "resource": 108, "notice": 162, "notice_attempt": 164, "job": 30, "assignment": 34, "visit": 40, "slip": 44, "document_number": 48,
		"supplement": 46, "unit": 50, "product": 60, "part": 64, "price": 66, "part_cost": 67, "location": 70,
		"stock_level": 72, "movement": 74, "time_mark": 80, "comment": 84, "attachment": 88, "service_record": 92,
		"person": 100, "posting": 102, "device_key": 104, "branch": 110, "team": 114, "membership": 116, "code": 120,
		"substate": 124, "field_set": 128, "field_def": 130, "number_format": 132, "number_start": 133, "number_claim": 134, "setting": 136, "policy": 138,
		"policy_version": 140,
		"finding":        182, "checklist": 183, "checklist_version": 184, "answer": 185, "consent": 187, "approval": 188,
		"approval_secret": 189, "payment": 191, "goods_receipt": 192, "discrepancy": 196,
		"product_component": 142, "meter_reading": 144, "contract": 146, "contract_cover": 147, "charge": 150, "billing_finding": 152,
		"code_list":    154,
		"part_request": 194, "hand_over": 195, "solution": 198, "solution_use": 199, "document": 200,
		"import": 220, "import_line": 222, "api_call": 224, "webhook": 226, "ring": 228, "external_key": 232, "external_base": 234,
		"position": 236, "position_switch": 238,
	}
	if len(Schema.Tables) != len(want) {
		t.Errorf("%d tables, want %d", len(Schema.Tables), len(want))
	}
	for name, id := range want {
		if table := Schema.Table(name); table == nil || table.ID != id {
			t.Errorf("table %s is not number %d", name, id)
		}
	}
}

func TestEveryTableBelongsToABranchAndMostAreArchived(t *testing.T) {
	t.Parallel()
	for _, table := range Schema.Tables {
		if i := table.Column("branch"); table.Name != "branch" && (i < 0 || table.Columns[i].Ref != "branch") {
			t.Errorf("%s has no branch", table.Name)
		}
		if len(table.Columns) > schema.MaxColumns-16 {
			t.Errorf("%s has %d columns: no room to grow", table.Name, len(table.Columns))
		}
	}
	for _, name := range []string{"party", "contact", "site", "request", "job", "visit", "slip", "unit", "part", "product"} {
		if Schema.Table(name).Column("archived_at") < 0 {
			t.Errorf("%s cannot be archived", name)
		}
	}
}

func TestIdsFromNinetyOnMeanTheSameEverywhere(t *testing.T) {
	t.Parallel()
	meaning := map[schema.ColumnID]string{}
	for _, table := range Schema.Tables {
		for _, c := range table.Columns {
			if c.ID < 90 {
				continue
			}
			if m := meaning[c.ID]; m != "" && m != c.Name {
				t.Errorf("%s.%s has the id of %s", table.Name, c.Name, m)
			}
			meaning[c.ID] = c.Name
		}
	}
}

func TestMergeableTablesHaveAliases(t *testing.T) {
	t.Parallel()
	for _, name := range mergeable {
		table := Schema.Table(name)
		for _, column := range []string{"merged_into", "same_as"} {
			if i := table.Column(column); i < 0 || table.Columns[i].Ref != name {
				t.Errorf("%s.%s does not name another %s", name, column, name)
			}
		}
		if owns := slices.ContainsFunc(table.Buckets, func(b schema.Bucket) bool { return b.From == "id" }); owns != (table.Alias == "merged_into") {
			t.Errorf("%s: who holds what is joined with another holds the other: %v", name, owns)
		}
	}
}

// What only the office decides no right of a device may write.
func TestTechniciansWriteNeitherPriceNorSchedule(t *testing.T) {
	t.Parallel()
	forbidden := map[string][]string{
		"job":        {"price", "cost", "charge", "plan_start", "plan_end", "due_at", "priority", "locked_by"},
		"assignment": {"window_start", "window_end", "role"},
		"slip":       {"audited_by", "audited_at", "audit_note"},
		"visit":      {"locked_by"},
		"party":      {"blacklisted", "merged_into", "archived_at"},
		"unit":       {"warranty_until", "warranty_months", "merged_into"},
	}
	for name, columns := range forbidden {
		for _, right := range Schema.Table(name).Rights {
			for _, c := range columns {
				if right.Columns == nil || slices.Contains(right.Columns, c) {
					t.Errorf("%s may write %s.%s", right.Name, name, c)
				}
			}
		}
	}
	for _, name := range []string{"contract", "contract_cover", "product_component", "billing_finding", "policy_version", "document_number", "number_start", "number_claim"} {
		if len(Schema.Table(name).Rights) > 0 {
			t.Errorf("devices may write %s", name)
		}
	}
	for _, name := range []string{"part", "product", "price", "part_cost", "posting", "person", "branch", "setting", "policy", "code", "location"} {
		if len(Schema.Table(name).Rights) > 0 {
			t.Errorf("devices may write %s", name)
		}
	}
}

func TestEveryGrantEndsInABucketThatTablesHave(t *testing.T) {
	t.Parallel()
	kinds := map[schema.BucketKind]bool{}
	for _, table := range Schema.Tables {
		for _, b := range table.Buckets {
			kinds[b.Kind] = true
		}
	}
	for _, table := range Schema.Tables {
		for _, g := range table.Grants {
			for _, p := range g.Paths {
				if !kinds[p.Kind] {
					t.Errorf("%s grants buckets of kind %d, in which nothing lies", table.Name, p.Kind)
				}
				if at := pathEnd(table, p.Via); !slices.Contains(at.Buckets, schema.Bucket{Kind: p.Kind, From: "id"}) &&
					p.Kind != LocationBucket && p.Kind != BranchBucket && p.Kind != CostBucket {
					t.Errorf("%s: the path %v ends at %s, which has no such bucket", table.Name, p.Via, at.Name)
				}
			}
		}
	}
}

func pathEnd(at *schema.Table, via []string) *schema.Table {
	for _, step := range via {
		at = Schema.Table(at.Columns[at.Column(step)].Ref)
	}
	return at
}

// A view's tags are column names: one that is misspelt would stay empty for ever.
func TestViewsNameColumns(t *testing.T) {
	t.Parallel()
	views := map[string]any{
		"party": Party{}, "contact": Contact{}, "site": Site{}, "request": Request{}, "job": Job{},
		"assignment": Assignment{}, "visit": Visit{}, "slip": Slip{}, "supplement": Supplement{}, "unit": Unit{},
		"product": Product{}, "part": Part{}, "part_cost": PartCost{}, "location": Location{}, "movement": Movement{}, "time_mark": TimeMark{},
		"comment": Comment{}, "attachment": Attachment{}, "service_record": ServiceRecord{}, "person": Person{},
		"device_key": DeviceKey{}, "branch": Branch{}, "team": Team{}, "code": Code{}, "field_def": FieldDef{},
		"finding": Finding{}, "checklist": Checklist{}, "checklist_version": ChecklistVersion{}, "answer": Answer{},
		"consent": Consent{}, "approval": Approval{}, "payment": Payment{}, "goods_receipt": GoodsReceipt{},
		"discrepancy":    Discrepancy{},
		"policy_version": PolicyVersion{},
		"call":           Call{}, "wait_mark": WaitMark{}, "skill": Skill{}, "absence": Absence{},
		"product_component": ProductComponent{}, "meter_reading": MeterReading{}, "contract": Contract{}, "charge": Charge{},
		"notice": Notice{}, "notice_attempt": NoticeAttempt{},
		"billing_finding": BillingFinding{}, "document_number": DocumentNumber{}, "number_start": NumberStart{}, "position": SharedPosition{},
	}
	for name, v := range views {
		table, shape := Schema.Table(name), reflect.TypeOf(v)
		for i := range shape.NumField() {
			tag := shape.Field(i).Tag.Get("json")
			if tag != "id" && table.Column(tag) < 0 {
				t.Errorf("%s.%s names no column: %q", shape.Name(), shape.Field(i).Name, tag)
			}
		}
	}
}

func TestProtectedColumnsExist(t *testing.T) {
	t.Parallel()
	for _, name := range slices.Concat(protected, findingColumns) {
		if !slices.ContainsFunc(Schema.Tables, func(table *schema.Table) bool { return table.Column(name) >= 0 }) {
			t.Errorf("no table has %s", name)
		}
	}
}
