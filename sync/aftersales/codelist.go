package aftersales

import (
	"cmp"
	"slices"
	"strings"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// A code is an entry of a code list: data, with a label in every language, retired but never deleted. Its id follows
// from list and code (CodeID), so that a code has one row.
var codeTable = &schema.Table{
	ID: 120, Name: "code",
	Columns: slices.Concat(branch(), []schema.Column{
		text(1, "list", required, fixed, indexed),
		text(2, "code", required, fixed),
		translated(3, "label", searchable),
		integer(4, "rank"), // order in which lists show it
		instant(5, "retired_at"),
		text(6, "parent"), // a code of the same list
		ref(7, "code_list", "code_list", fixed),
	}),
	Buckets: shared(),
}

// A code list gathers the codes of one list. Its id follows from the list's name (CodeListID).
var codeListTable = &schema.Table{
	ID: 154, Name: "code_list",
	Columns: slices.Concat(branch(), []schema.Column{text(1, "name", required, fixed)}),
	Buckets: shared(),
}

// A substate is a state of the company's own under one that the code knows. Its id follows from table and code.
var substateTable = &schema.Table{
	ID: 124, Name: "substate",
	Columns: slices.Concat(branch(), []schema.Column{
		text(1, "table_name", required, fixed, indexed), // "job", "request"
		text(2, "code", required, fixed),
		text(3, "state", required), // the state it stands under
		translated(4, "label"),
		integer(5, "rank"),
		instant(6, "retired_at"),
	}),
	Buckets: shared(),
}

// The lists that commands check codes against.
const (
	ListFault        = "fault"
	ListCause        = "cause"
	ListRemedy       = "remedy"
	ListVisitReason  = "visit_reason" // why a visit was declined, or met a closed door
	ListJobKind      = "job_kind"
	ListPayment      = "payment"
	ListChannel      = "channel"
	ListSeverity     = "severity" // of a request; one that is a number is its priority
	ListSkill        = "skill"
	ListAbsence      = "absence"
	ListWait         = "wait"          // what a request waits for
	ListServiceLevel = "service_level" // what a contract promises

	ListService      = "service"   // what is charged beside parts: labour, travel
	ListExclusion    = "exclusion" // what was found that voids a warranty
	ListContractKind = "contract_kind"

	ListPartCategory    = "part_category"    // prices and who pays can go by it
	ListProductCategory = "product_category" // of models: who pays can go by it

	ListServiceType     = "service_type"
	ListCustomerGroup   = "customer_group"
	ListRegion          = "region"   // of a site: service promises go by it
	ListPosition        = "position" // of a contact
	ListCallbackMethod  = "callback_method"
	ListCallbackPurpose = "callback_purpose"
	ListCallbackOpinion = "callback_opinion"
	ListScrap           = "scrap"
)

// CodeLists are the lists that commands check codes against; a company may have others.
func CodeLists() []string {
	return []string{
		ListFault, ListCause, ListRemedy, ListVisitReason, ListJobKind, ListPayment, ListChannel, ListSeverity, ListSkill, ListAbsence,
		ListWait, ListServiceLevel, ListService, ListExclusion, ListContractKind, ListServiceType, ListCustomerGroup, ListRegion,
		ListPosition, ListCallbackMethod, ListCallbackPurpose, ListCallbackOpinion, ListScrap,
		ListPartCategory, ListProductCategory,
	}
}

// Code is a row of the table code.
type Code struct {
	ID        record.ID         `json:"id"`
	List      string            `json:"list"`
	Code      string            `json:"code"`
	Label     map[string]string `json:"label"`
	Rank      int64             `json:"rank"`
	RetiredAt int64             `json:"retired_at"`
	Parent    string            `json:"parent"`
}

// CodeOf returns the row as a Code; the zero Code for nil.
func CodeOf(r *record.Row) Code { return view[Code](r) }

// CodeID returns the id of a code's row.
func CodeID(list, code string) record.ID { return NamedID("code", list, code) }

// CodeListID returns the id of the row that gathers a list's codes.
func CodeListID(list string) record.ID { return NamedID("code_list", list) }

// Codes returns the codes of a list that are in use, by rank, then code; with retired, those that are not as well: for
// showing what old rows have.
func Codes(v View, list string, retired bool) ([]Code, error) {
	rows, err := v.Refs("code", "code_list", CodeListID(list))
	if err != nil {
		return nil, err
	}
	var codes []Code
	for _, row := range rows {
		if c := CodeOf(row); retired || c.RetiredAt == 0 {
			codes = append(codes, c)
		}
	}
	slices.SortFunc(codes, func(a, b Code) int { return byRank(a.Rank, b.Rank, a.Code, b.Code) })
	return codes, nil
}

// CodeInput says what a code is called.
type CodeInput struct {
	List, Code string
	Label      map[string]string // by language tag: "en", "zh-Hans", "zh-Hant"
	Rank       int64
	Parent     string
}

// PutCode adds a code to its list, or gives it new labels; one that was retired is in use again. Codes: MissingText.
func PutCode(tx Tx, in CodeInput) error {
	list, err := textFor("the list", in.List)
	if err != nil {
		return err
	}
	code, err := textFor("the code", in.Code)
	if err != nil {
		return err
	}
	gathers := CodeListID(list)
	if err := upsert(tx, "code_list", gathers, record.Values{"name": record.Text(list)}); err != nil {
		return err
	}
	values := record.Values{
		"code_list": record.Ref(gathers), "list": record.Text(list), "code": record.Text(code), "rank": at(in.Rank), "parent": optional(in.Parent),
		"retired_at": record.Null,
	}
	addTexts(values, "label", in.Label)
	return upsert(tx, "code", CodeID(list, code), values)
}

// RetireCode takes a code out of use; rows that have it keep it. Codes: fault.UnknownRow.
func RetireCode(tx Tx, list, code string) error {
	row, err := need(tx, "code", CodeID(list, code))
	if err != nil {
		return err
	}
	return tx.Update("code", row.ID, record.Values{"retired_at": record.Instant(tx.Now())})
}

// checkCode refuses a code that its list does not have, or no longer; an empty one passes.
func checkCode(tx Tx, list, code string) error {
	if code == "" {
		return nil
	}
	row, err := tx.Row("code", CodeID(list, code))
	if err != nil {
		return err
	}
	if row == nil || !row.Get("retired_at").IsNull() {
		return fault.Newf(UnknownCode, "the list %s has no code %s: choose one of the list", list, code)
	}
	return nil
}

// SubstateInput says what a state of the company's own is called, and under which state it stands.
type SubstateInput struct {
	Table string // "job" or "request"
	Code  string
	State string
	Label map[string]string
	Rank  int64
}

// PutSubstate adds a sub-state, or changes it. Codes: MissingText, UnknownCode for a state that the table has not.
func PutSubstate(tx Tx, in SubstateInput) error {
	code, err := textFor("the code", in.Code)
	if err != nil {
		return err
	}
	states := map[string][]string{"job": jobStates, "request": requestStates}
	if !slices.Contains(states[in.Table], in.State) {
		return fault.Newf(UnknownCode, "a sub-state stands under a state of the job or request, not under %v", in.State)
	}
	values := record.Values{
		"table_name": record.Text(in.Table), "code": record.Text(code), "state": record.Text(in.State),
		"rank": at(in.Rank), "retired_at": record.Null,
	}
	addTexts(values, "label", in.Label)
	return upsert(tx, "substate", substateID(in.Table, code), values)
}

// RetireSubstate keeps a sub-state from being chosen; what has it keeps it. Codes: fault.UnknownRow.
func RetireSubstate(tx Tx, table, code string) error {
	row, err := need(tx, "substate", SubstateID(table, code))
	if err != nil || !row.Get("retired_at").IsNull() {
		return err
	}
	return tx.Update("substate", row.ID, record.Values{"retired_at": record.Instant(tx.Now())})
}

// RelabelSubstate calls a sub-state something else, or puts it elsewhere among those of its state: the columns label and rank;
// what is not in the values stays. Codes: NotEditable, fault.UnknownRow.
func RelabelSubstate(tx Tx, id record.ID, values record.Values) error {
	row, err := need(tx, "substate", id)
	if err != nil || len(values) == 0 {
		return err
	}
	for name := range values {
		if column, _, _ := strings.Cut(name, "."); column != "label" && column != "rank" {
			return fault.Newf(NotEditable, "%v is not edited: there is a command for it", readable(column))
		}
	}
	return tx.Update("substate", row.ID, values)
}

// ReuseSubstate lets a retired sub-state be chosen again. Codes: fault.UnknownRow.
func ReuseSubstate(tx Tx, table, code string) error {
	row, err := need(tx, "substate", SubstateID(table, code))
	if err != nil {
		return err
	}
	return tx.Update("substate", row.ID, record.Values{"retired_at": record.Null})
}

// States are those of jobs and requests, under which sub-states can stand, each once.
func States() []string {
	all := slices.Clone(jobStates)
	for _, s := range requestStates {
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}

// SubstateID returns the id of the sub-state of a table with that code.
func SubstateID(table, code string) record.ID { return substateID(table, code) }

func substateID(table, code string) record.ID { return NamedID("substate", table, code) }

// checkSubstate refuses a sub-state that is unknown, retired or stands under another state; "" passes.
func checkSubstate(tx Tx, table, state, code string) error {
	if code == "" {
		return nil
	}
	row, err := tx.Row("substate", substateID(table, code))
	if err != nil {
		return err
	}
	if row == nil || !row.Get("retired_at").IsNull() || row.Get("state").Text() != state {
		return fault.Newf(UnknownCode, "there is no sub-state %s under %v", code, state)
	}
	return nil
}

// putSubstate names the company's own state under that of a job or request, "" none.
func putSubstate(tx Tx, table string, id record.ID, substate string) error {
	row, err := need(tx, table, id)
	if err != nil {
		return err
	}
	if err := checkSubstate(tx, table, row.Get("state").Text(), substate); err != nil {
		return err
	}
	return tx.Update(table, id, record.Values{"substate": optional(substate)})
}

// byRank compares two entries of a list: by rank, then code.
func byRank(rank, otherRank int64, code, otherCode string) int {
	return cmp.Or(cmp.Compare(rank, otherRank), cmp.Compare(code, otherCode))
}
