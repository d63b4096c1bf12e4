package aftersales

import (
	"slices"

	"fieldsync/sync/record"
)

// SetUp gives a company what commands count on: the locations that are no stores, and code lists and policies to begin
// with. Done twice, it changes nothing that the company changed meanwhile.
func SetUp(tx Tx) error {
	names := map[string]string{
		LocationCustomer: "Customer", LocationScrap: "Scrap", LocationSupplier: "Supplier",
		LocationInTransit: "In transit", LocationAdjustment: "Stock adjustment",
	}
	for _, kind := range locationKinds {
		id := VirtualLocation(kind)
		if row, err := tx.Row("location", id); err != nil || row != nil || names[kind] == "" {
			if err != nil {
				return err
			}
			continue
		}
		values := record.Values{"name": record.Text(names[kind]), "kind": record.Text(kind)}
		if err := insert(tx, "location", id, values); err != nil {
			return err
		}
	}
	for i, c := range slices.Concat(starterCodes, customerCodes) {
		row, err := tx.Row("code", CodeID(c[0], c[1]))
		if err != nil {
			return err
		}
		if row != nil {
			continue
		}
		label := map[string]string{"en": c[2], "zh-Hans": c[3], "zh-Hant": c[4]}
		if err := PutCode(tx, CodeInput{List: c[0], Code: c[1], Label: label, Rank: int64(i + 1)}); err != nil {
			return err
		}
	}
	return setUpPolicies(tx)
}

// starterCodes are list, code, and the label in English, simplified and traditional Chinese.
var starterCodes = [][5]string{
	{ListJobKind, "install", "Installation", "安装", "安裝"},
	{ListJobKind, "repair", "Repair", "维修", "維修"},
	{ListJobKind, "maintenance", "Maintenance", "保养", "保養"},
	{ListJobKind, "inspection", "Inspection", "巡检", "巡檢"},
	{ListFault, "noise", "Noise", "噪音", "噪音"},
	{ListFault, "leak", "Leak", "泄漏", "洩漏"},
	{ListFault, "no_start", "Does not start", "无法启动", "無法啟動"},
	{ListFault, "electrical", "Electrical fault", "电气故障", "電氣故障"},
	{ListFault, "other", "Other", "其他", "其他"},
	{ListCause, "wear", "Wear", "磨损", "磨損"},
	{ListCause, "misuse", "Misuse", "使用不当", "使用不當"},
	{ListCause, "material", "Material or workmanship", "材料或工艺", "材料或工藝"},
	{ListCause, "other", "Other", "其他", "其他"},
	{ListRemedy, "replaced", "Replaced", "更换", "更換"},
	{ListRemedy, "repaired", "Repaired", "修复", "修復"},
	{ListRemedy, "adjusted", "Adjusted", "调整", "調整"},
	{ListRemedy, "cleaned", "Cleaned", "清洁", "清潔"},
	{ListRemedy, "advised", "Advised", "指导", "指導"},
	{ListVisitReason, "absent", "Customer absent", "客户不在", "客戶不在"},
	{ListVisitReason, "no_access", "No access", "无法进入", "無法進入"},
	{ListVisitReason, "no_parts", "Parts missing", "缺少备件", "缺少備件"},
	{ListVisitReason, "no_time", "No time", "时间不足", "時間不足"},
	{ListVisitReason, "no_skill", "Not trained for it", "技能不符", "技能不符"},
	{ListPayment, "cash", "Cash", "现金", "現金"},
	{ListPayment, "card", "Card", "银行卡", "銀行卡"},
	{ListPayment, "transfer", "Bank transfer", "转账", "轉帳"},
	{ListPayment, "invoice", "Invoice", "发票", "發票"},
	{ListChannel, "phone", "Telephone", "电话", "電話"},
	{ListChannel, "mail", "E-mail", "邮件", "郵件"},
	{ListChannel, "web", "Web form", "网页表单", "網頁表單"},
	{ListChannel, "chat", "Chat", "在线聊天", "線上聊天"},
	{ListChannel, "visit", "In person", "现场", "現場"},
	{ListSeverity, "1", "Out of service", "停机", "停機"},
	{ListSeverity, "2", "Partly out of service, or about to be", "部分停机或有停机风险", "部分停機或有停機風險"},
	{ListSeverity, "3", "Works, with a fault", "可运行但有故障", "可運行但有故障"},
	{ListWait, "customer", "Waits for the customer", "等待客户", "等待客戶"},
	{ListWait, "parts", "Waits for parts", "等待备件", "等待備件"},
	{ListWait, "supplier", "Waits for the maker", "等待厂家", "等待廠家"},
	{ListWait, EventPlan, "Waits for our plan", "等待我方方案", "等待我方方案"},
	{ListWait, EventReport, "Waits for our report", "等待我方报告", "等待我方報告"},
	{ListSkill, "electrical", "Electrical", "电气", "電氣"},
	{ListSkill, "hydraulics", "Hydraulics", "液压", "液壓"},
	{ListSkill, "mechanical", "Mechanical", "机械", "機械"},
	{ListSkill, "refrigeration", "Refrigeration", "制冷", "製冷"},
	{ListSkill, "software", "Software", "软件", "軟體"},
	{ListAbsence, "holiday", "Holiday", "休假", "休假"},
	{ListAbsence, "sick", "Sick", "病假", "病假"},
	{ListAbsence, "training", "Training", "培训", "培訓"},
	{ListServiceLevel, "basic", "Basic", "基础", "基礎"},
	{ListServiceLevel, "standard", "Standard", "标准", "標準"},
	{ListServiceLevel, "premium", "Premium", "尊享", "尊享"},
}
