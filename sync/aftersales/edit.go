package aftersales

import (
	"maps"
	"slices"
	"strings"

	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// NotEditable says that a column is written by a command of its own, or by none.
const NotEditable fault.Code = "not_editable"

// editable are the tables whose rows people edit in a form.
var editable = []string{
	"party", "contact", "site", "request", "job", "unit", "product", "part", "location", "stock_level", "solution",
	"person", "branch", "team", "contract",
}

// noted are the tables of which people edit a few columns only: what a contract promises is not edited in place.
var noted = map[string][]string{"contract": {"note"}}

// protected are the columns that only their commands write.
var protected = []string{
	"state", "substate", "state_reason", "number", "merged_into", "same_as", "archived_at", "archived_reason",
	"locked_by", "first_response_at", "started_at", "finished_at", "solved_at", "plan_start", "plan_end", "holder",
	"handler", "handler_team", "level", "closed_at", "blacklisted", "blacklist_reason",
}

// decided are columns that what happened, or the hub, decides: a request's clocks start when the customer asked, whoever
// would rather have it later.
var decided = map[string][]string{"request": {"received_at", "due_at", "taken_by"}}

// Editable reports whether people and programs may write the column of a row that there is.
func Editable(table, column string) bool {
	few, some := noted[table]
	return !slices.Contains(protected, column) && !slices.Contains(decided[table], column) && (!some || slices.Contains(few, column))
}

// editLists are the code lists of the columns that people choose from one.
var editLists = map[string]map[string]string{
	"party":   {"customer_group": ListCustomerGroup},
	"contact": {"position": ListPosition},
	"site":    {"region": ListRegion},
	"request": {"fault_code": ListFault, "severity": ListSeverity, "channel": ListChannel, "service_level": ListServiceLevel},
	"job":     {"fault_code": ListFault, "cause_code": ListCause, "remedy_code": ListRemedy, "kind": ListJobKind},
}

// EditInput is what a form sends: cells by name, "fields.engine_no" for one of a keyed column; null clears.
type EditInput struct {
	Table  string
	ID     record.ID
	Values record.Values
}

// Edit writes the cells of a row that no command of its own guards; of an alias, those of the row that stands for it.
// Codes: NotEditable, CodeJobClosed, CodeSlipAudited for findings, UnknownCode, BadField, BadPhone, BadMail,
// BadMoney, Backdated where a promise that was missed would be none any more, fault.Invalid, fault.UnknownRow.
func Edit(tx Tx, in EditInput) error {
	if !slices.Contains(editable, in.Table) {
		return fault.Newf(NotEditable, "rows of %v are not edited", in.Table)
	}
	row, err := living(tx, in.Table, in.ID)
	if err != nil {
		return err
	}
	given := FieldValues{}
	for name, v := range in.Values {
		column, key, _ := strings.Cut(name, ".")
		if !Editable(in.Table, column) {
			return fault.Newf(NotEditable, "%v is not edited: there is a command for it", readable(column))
		}
		if column == "fields" {
			given[key] = v
		}
	}
	if err := CheckFields(tx, in.Table, given); err != nil {
		return err
	}
	if err := followUp(tx, row, in.Values); err != nil {
		return err
	}
	if len(in.Values) == 0 {
		return nil
	}
	for column, list := range editLists[in.Table] {
		v := in.Values[column]
		if v == row.Get(column) { // a code that was retired stays where it stands
			continue
		}
		if err := checkCode(tx, list, v.Text()); err != nil {
			return err
		}
	}
	values := maps.Clone(in.Values)
	if err := reachable(tx, in.Table, row.Get("branch").Ref(), values); err != nil {
		return err
	}
	return missesStay(tx, row, values, func() error { return tx.Update(in.Table, row.ID, values) })
}

// followUp refuses what a row's state forbids, and writes what an edit entails.
func followUp(tx Tx, row *record.Row, values record.Values) error {
	switch price, given := values["list_price"]; {
	case row.Table.Name == "job":
		return checkJobEdit(tx, row.ID, values)
	case row.Table.Name == "request":
		return keepPromised(tx, row, values)
	case row.Table.Name == "site", row.Table.Name == "branch":
		return keepPlace(tx, row, values)
	case row.Table.Name == "part" && given:
		return keepListPrice(tx, PartOf(row), Money{price.Number(), price.Text()})
	}
	return nil
}

// checkJobEdit refuses to edit a job that is over, and the findings of one whose slip is audited.
func checkJobEdit(tx Tx, id record.ID, values record.Values) error {
	open := openJob
	for name := range values {
		if slices.Contains(findingColumns, name) {
			open = unlockedJob
		}
	}
	if _, err := open(tx, id); err != nil {
		return err
	}
	return nil
}
