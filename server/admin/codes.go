package admin

import (
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// listOfCodes names the code list of a column whose codes are data, where it is not called like the column.
var listOfCodes = map[string]string{
	"fault_code": aftersales.ListFault, "cause_code": aftersales.ListCause, "remedy_code": aftersales.ListRemedy,
	"reason_code": aftersales.ListVisitReason, "job.kind": aftersales.ListJobKind, "contract.kind": aftersales.ListContractKind,
	"payment.method": aftersales.ListPayment, "absence.kind": aftersales.ListAbsence, "skill.code": aftersales.ListSkill,
	"wait_mark.reason": aftersales.ListWait, "part.category": aftersales.ListPartCategory, "product.category": aftersales.ListProductCategory,
}

// codeList returns the code list of a column that is one of codes; "" where its codes are the program's own.
func codeList(t *schema.Table, c *schema.Column) string {
	if c.Kind != schema.Enum || len(c.Codes) > 0 {
		return ""
	}
	for _, key := range []string{columnKey(t, c), c.Name} {
		if list := listOfCodes[key]; list != "" {
			return list
		}
	}
	return c.Name
}

// code returns what a code of a list is called; one that is not in the list stands as it is.
func (v *Visit) code(n *names, list, code string) (string, error) {
	if code == "" {
		return "", nil
	}
	row, err := n.read.Row(record.Key{Table: n.schema.Table("code").ID, ID: aftersales.CodeID(list, code)})
	if err != nil || row == nil {
		return v.lang.Name(list + "." + code), err
	}
	if label := aftersales.Label(aftersales.CodeOf(row).Label, v.lang.Tag); label != "" {
		return label, nil
	}
	return v.lang.Name(list + "." + code), nil
}
