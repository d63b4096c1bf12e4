package aftersales

// The code lists of customers, contracts, charges and callbacks that a new company begins with; as starterCodes: list,
// code, and the label in English, simplified and traditional Chinese.
var customerCodes = [][5]string{
	{ListCause, "quality", "Defect of the product", "产品质量", "產品品質"},
	{ListCause, "transport", "Transport damage", "运输损坏", "運輸損壞"},
	{ListCause, "installation", "Installation", "安装不当", "安裝不當"},
	{ListCause, "environment", "Power or surroundings", "电源或环境", "電源或環境"},
	{ListCause, "software", "Software, not the machine", "软件问题，非设备故障", "軟體問題，非設備故障"},

	{ListExclusion, "unauthorised_repair", "Opened or repaired by others", "自行拆修或非授权维修", "自行拆修或非授權維修"},
	{ListExclusion, "modification", "Modified without leave", "擅自改装", "擅自改裝"},
	{ListExclusion, "misuse", "Used against the manual", "未按说明使用", "未按說明使用"},
	{ListExclusion, "transport", "Wrong transport or storage", "运输或存放不当", "運輸或存放不當"},
	{ListExclusion, "expired_part", "Expired component", "部件超过使用期限", "部件超過使用期限"},
	{ListExclusion, "force_majeure", "Force majeure", "不可抗力", "不可抗力"},
	{ListExclusion, "serial_altered", "Serial label altered or missing", "序列号标签涂改或缺失", "序號標籤塗改或缺失"},
	{ListExclusion, "no_proof", "No proof of purchase", "无购买凭证", "無購買憑證"},
	{ListExclusion, "wrong_model", "Model is not the card's", "型号与保修卡不符", "型號與保固卡不符"},
	{ListExclusion, "software", "System, virus or procedure", "系统、病毒或操作流程问题", "系統、病毒或操作流程問題"},

	{ListService, "labour", "Labour", "工时", "工時"},
	{ListService, "travel", "Travel", "交通", "交通"},
	{ListService, "visit", "Visit", "上门", "到府"},
	{ListService, "freight", "Freight", "运费", "運費"},
	{ListService, freightInbound, "Freight to the workshop", "寄来运费", "寄來運費"},
	{ListService, freightReturn, "Freight back to the customer", "寄回运费", "寄回運費"},

	{ListPartCategory, partsCommon, "Common part", "通用件", "通用件"},
	{ListPartCategory, "special", "Special part", "专用件", "專用件"},
	{ListPartCategory, partsConsumable, "Consumable", "易耗件", "易耗件"},
	{ListProductCategory, builtIn, "Built in, cannot be brought", "固定安装，不可移动", "固定安裝，不可移動"},
	{ListProductCategory, "portable", "Can be brought or sent", "可送修或寄修", "可送修或寄修"},

	{ListServiceType, TypeInstall, "Installation and commissioning", "安装调试", "安裝調試"},
	{ListServiceType, TypeInWarranty, "Repair in warranty", "保内维修", "保內維修"},
	{ListServiceType, TypeOutOfWarranty, "Repair out of warranty", "保外维修", "保外維修"},
	{ListServiceType, TypeMaintenance, "Maintenance", "保养", "保養"},
	{ListServiceType, TypeOther, "Other", "其他", "其他"},

	{ListContractKind, "maintenance", "Maintenance", "保养合同", "保養合約"},
	{ListContractKind, "full", "Full service", "全包合同", "全包合約"},
	{ListContractKind, "labour", "Labour only", "人工合同", "人工合約"},
	{ListContractKind, "extended", "Extended warranty", "延长保修", "延長保固"},

	{ListCustomerGroup, "key", "Key customer", "重点客户", "重點客戶"},
	{ListCustomerGroup, "ordinary", "Ordinary customer", "普通客户", "普通客戶"},
	{ListCustomerGroup, "dealer", "Customer of a dealer", "经销商客户", "經銷商客戶"},

	{ListRegion, "city", "City", "市区", "市區"},
	{ListRegion, "suburb", "Suburb", "郊区", "郊區"},
	{ListRegion, "remote", "Remote", "偏远地区", "偏遠地區"},

	{ListPosition, "owner", "Owner", "业主", "業主"},
	{ListPosition, "operator", "Operator", "操作员", "操作員"},
	{ListPosition, "maintenance", "Maintenance", "维护人员", "維護人員"},
	{ListPosition, "purchasing", "Purchasing", "采购", "採購"},
	{ListPosition, "accounts", "Accounts", "财务", "財務"},

	{ListCallbackMethod, "phone", "Telephone", "电话", "電話"},
	{ListCallbackMethod, "visit", "Visit", "上门", "到府"},
	{ListCallbackMethod, "message", "Message", "短信", "簡訊"},
	{ListCallbackPurpose, "after_service", "After a service", "售后回访", "售後回訪"},
	{ListCallbackPurpose, "after_sale", "After a sale", "销售回访", "銷售回訪"},
	{ListCallbackPurpose, "complaint", "After a complaint", "投诉回访", "投訴回訪"},
	{ListCallbackOpinion, "pleased", "Pleased", "满意", "滿意"},
	{ListCallbackOpinion, "fair", "Fair", "一般", "一般"},
	{ListCallbackOpinion, "displeased", "Displeased", "不满意", "不滿意"},

	{ListScrap, "broken", "Broken", "损坏", "損壞"},
	{ListScrap, "expired", "Expired", "过期", "過期"},
	{ListScrap, "lost", "Lost", "丢失", "遺失"},
	{ListScrap, "obsolete", "Obsolete", "淘汰", "淘汰"},
}
