package importer

import "slices"

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

	Name         Field = "name"
	Phone        Field = "phone"
	Email        Field = "email"
	Province     Field = "province"
	City         Field = "city"
	District     Field = "district"
	Address      Field = "address"
	Group        Field = "group"
	Site         Field = "site"
	SiteAddress  Field = "site_address"
	SiteCity     Field = "site_city"
	Contact      Field = "contact"
	ContactPhone Field = "contact_phone"

	Serial    Field = "serial"
	Model     Field = "model"
	Place     Field = "place"
	Sold      Field = "sold"
	Installed Field = "installed"
	Warranty  Field = "warranty"
	Meter     Field = "meter"

	Code     Field = "code"
	NameZH   Field = "name_zh"
	Barcode  Field = "barcode"
	Unit     Field = "unit"
	Category Field = "category"
	Price    Field = "price"
	Months   Field = "months"
	ABC      Field = "abc"
	Tracked  Field = "serial_tracked"

	Location Field = "location"
	Quantity Field = "quantity"
	Minimum  Field = "minimum"
	Maximum  Field = "maximum"
)

// Kind is how a field is read.
type Kind uint8

// The kinds.
const (
	Short  Kind = iota // a text of one line, without the blanks around it
	Long               // a text exactly as typed
	Day                // a date: record.Date
	Amount             // record.Money
	Count              // a whole number that is not negative: record.Number
	Thou               // a decimal number, in thousandths: record.Number
	YesNo              // record.Number, 1 or 0
	Coded              // one of Options.Codes of the field, any short text where that lists none
	Kept               // the note: several columns may go there
)

// Spec declares a field of a sheet.
type Spec struct {
	Field   Field
	Kind    Kind
	Needed  bool     // a row without it is refused
	Headers []string // the names under which it goes elsewhere, folded; the likeliest first
}

// Sheet declares what the rows of a kind of file hold.
type Sheet struct {
	Name   string
	Thing  string   // what a row is, in messages: "job"
	Fields []Spec   // in the order in which a page offers them
	Key    []Field  // what tells which thing a row is about; where a row lacks all of one of them, its content does
	Else   []Field  // the key of a row that lacks Key, where there is one
	Same   sameness // what two rows with one key are
	Theirs []Field  // what means something else in the system that it comes from: who imports is told that it goes to the note
}

type sameness uint8

const (
	apart   sameness = iota // separate things, told apart by their order
	once                    // a mistake: the second is refused
	further                 // more about the same thing
)

// Sheets are all kinds of file.
var Sheets = []*Sheet{Jobs, Customers, Machines, Parts, Stock}

// SheetNamed returns the sheet of that name, nil for none.
func SheetNamed(name string) *Sheet {
	for _, s := range Sheets {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// Spec returns what the sheet says of a field, nil for one that it has not.
func (s *Sheet) Spec(f Field) *Spec {
	i := slices.IndexFunc(s.Fields, func(spec Spec) bool { return spec.Field == f })
	if i < 0 {
		return nil
	}
	return &s.Fields[i]
}

// called returns a field under the name that pages have for it.
func (s *Sheet) called(f Field) Arg { return Called("import."+s.Name+"."+string(f), string(f)) }

// keeps reports whether what has no other place goes to a note.
func (s *Sheet) keeps() bool { return s.Spec(Note) != nil }

var noteHeaders = []string{"note", "notes", "comment", "comments", "remark", "remarks", "备注", "備註"}

var customerHeaders = []string{"customer", "customername", "client", "account", "company", "客户", "客戶", "客户名称", "客戶名稱"}

// Jobs are orders of work.
var Jobs = &Sheet{
	Name: "jobs", Thing: "job", Key: []Field{Number}, Theirs: []Field{Status, Priority},
	Fields: []Spec{
		{Date, Day, true, []string{"date", "bscstartdate", "basicstartdate", "startdate", "start", "orderdate", "planneddate",
			"duedate", "createdon", "createddate", "created", "reported", "日期", "开始日期", "開始日期", "派工日期", "开单日期",
			"開單日期", "报修日期", "報修日期"}},
		{Asset, Short, true, []string{"asset", "assetid", "assetno", "assetname", "equipment", "equipmentno", "equipmentid",
			"machine", "machineno", "unit", "serialnumber", "serialno", "serial", "设备", "設備", "设备编号", "設備編號", "机台",
			"機台", "机号", "機號", "序列号", "序列號"}},
		{Text, Long, true, []string{"text", "description", "originalshorttext", "shorttext", "longtext", "problem", "fault",
			"symptom", "subject", "title", "描述", "故障描述", "问题描述", "問題描述", "故障", "问题", "問題", "内容", "內容"}},
		{Number, Short, false, []string{"id", "number", "no", "jobno", "jobnumber", "order", "orderno", "ordernumber", "workorder",
			"workorderno", "workordernumber", "wo", "ticket", "ticketno", "key", "externalid", "单号", "單號", "工单号", "工單號"}},
		{Customer, Short, false, customerHeaders},
		{Type, Coded, false, []string{"type", "jobtype", "ordertype", "worktype", "pmtype", "category", "类型", "類型", "工单类型",
			"工單類型"}},
		{Status, Coded, false, []string{"status", "jobstatus", "orderstatus", "state", "状态", "狀態"}},
		{Priority, Coded, false, []string{"priority", "prio", "urgency", "优先级", "優先級", "紧急程度", "緊急程度"}},
		{Cost, Amount, false, []string{"cost", "costs", "totalcost", "totalcosts", "actualcost", "amount", "total", "费用", "費用",
			"金额", "金額"}},
		{Note, Kept, false, noteHeaders},
	},
}

// Customers are who is served, with a site or a contact of theirs a row.
var Customers = &Sheet{
	Name: "customers", Thing: "customer", Key: []Field{Number}, Else: []Field{Name, Phone}, Same: further,
	Fields: []Spec{
		{Name, Short, true, append([]string{"name", "公司", "名称", "名稱"}, customerHeaders...)},
		{Number, Short, false, []string{"id", "number", "no", "customerno", "customernumber", "customerid", "accountno",
			"key", "externalid", "客户编号", "客戶編號", "编号", "編號"}},
		{Phone, Short, false, []string{"phone", "telephone", "tel", "mobile", "phonenumber", "电话", "電話", "手机", "手機"}},
		{Email, Short, false, []string{"email", "mail", "emailaddress", "邮箱", "電子郵件", "电子邮件"}},
		{Province, Short, false, []string{"province", "state", "county", "省", "省份"}},
		{City, Short, false, []string{"city", "town", "城市", "市"}},
		{District, Short, false, []string{"district", "区", "區", "区县", "區縣"}},
		{Address, Short, false, []string{"address", "street", "streetaddress", "地址"}},
		{Group, Short, false, []string{"group", "customergroup", "class", "客户组", "客戶群組", "类别", "類別"}},
		{Site, Short, false, []string{"site", "sitename", "location", "地点", "地點", "场所", "場所"}},
		{SiteCity, Short, false, []string{"sitecity", "地点城市", "地點城市"}},
		{SiteAddress, Short, false, []string{"siteaddress", "locationaddress", "地点地址", "地點地址"}},
		{Contact, Short, false, []string{"contact", "contactname", "contactperson", "联系人", "聯絡人"}},
		{ContactPhone, Short, false, []string{"contactphone", "contactmobile", "联系电话", "聯絡電話"}},
		{Note, Kept, false, noteHeaders},
	},
}

// Machines are the installed base.
var Machines = &Sheet{
	Name: "machines", Thing: "machine", Key: []Field{Serial}, Else: []Field{Name, Customer}, Same: once,
	Fields: []Spec{
		{Serial, Short, false, []string{"serial", "serialnumber", "serialno", "sn", "assetno", "assetid", "equipmentno",
			"machineno", "序列号", "序列號", "机号", "機號", "设备编号", "設備編號"}},
		{Name, Short, false, []string{"name", "asset", "assetname", "machine", "equipment", "description", "设备", "設備", "名称",
			"名稱"}},
		{Model, Short, false, []string{"model", "modelno", "product", "productcode", "type", "型号", "型號", "机型", "機型"}},
		{Customer, Short, false, customerHeaders},
		{Site, Short, false, []string{"site", "sitename", "location", "地点", "地點", "场所", "場所"}},
		{Place, Short, false, []string{"place", "position", "room", "位置"}},
		{Sold, Day, false, []string{"sold", "soldon", "saledate", "purchasedate", "销售日期", "銷售日期", "购买日期", "購買日期"}},
		{Installed, Day, false, []string{"installed", "installedon", "installdate", "installationdate", "安装日期", "安裝日期"}},
		{Warranty, Day, false, []string{"warranty", "warrantyuntil", "warrantyend", "warrantyexpires", "保修到期", "保固到期"}},
		{Months, Count, false, []string{"warrantymonths", "保修月数", "保固月數"}},
		{Meter, Count, false, []string{"meter", "hours", "reading", "meterreading", "读数", "讀數", "小时", "小時"}},
		{Note, Kept, false, noteHeaders},
	},
}

// Parts are the catalogue.
var Parts = &Sheet{
	Name: "parts", Thing: "part", Key: []Field{Code}, Same: once,
	Fields: []Spec{
		{Code, Short, true, []string{"code", "part", "partno", "partnumber", "partcode", "sku", "item", "itemno", "number", "no",
			"备件编号", "備件編號", "料号", "料號", "编码", "編碼", "编号", "編號"}},
		{Name, Short, false, []string{"name", "description", "partname", "text", "名称", "名稱", "备件名称", "備件名稱"}},
		{NameZH, Short, false, []string{"namezh", "chinesename", "中文名称", "中文名稱"}},
		{Barcode, Short, false, []string{"barcode", "ean", "gtin", "条码", "條碼"}},
		{Unit, Short, false, []string{"unit", "uom", "unitofmeasure", "单位", "單位"}},
		{Category, Short, false, []string{"category", "group", "class", "类别", "類別", "分类", "分類"}},
		{Price, Amount, false, []string{"price", "listprice", "unitprice", "价格", "價格", "单价", "單價"}},
		{Months, Count, false, []string{"warranty", "warrantymonths", "保修月数", "保固月數"}},
		{ABC, Short, false, []string{"abc", "abcclass"}},
		{Tracked, YesNo, false, []string{"serialtracked", "tracked", "serialnumbers", "序列号管理", "序號管理"}},
	},
}

// Stock is how much of a part lies where: a count.
var Stock = &Sheet{
	Name: "stock", Thing: "count", Key: []Field{Code, Location}, Same: once,
	Fields: []Spec{
		{Code, Short, true, Parts.Fields[0].Headers},
		{Location, Short, true, []string{"location", "store", "warehouse", "van", "locationcode", "库位", "庫位", "仓库", "倉庫"}},
		{Quantity, Thou, true, []string{"quantity", "qty", "counted", "stock", "onhand", "balance", "数量", "數量", "库存", "庫存"}},
		{Minimum, Thou, false, []string{"minimum", "min", "least", "最低库存", "最低庫存", "下限"}},
		{Maximum, Thou, false, []string{"maximum", "max", "most", "最高库存", "最高庫存", "上限"}},
	},
}
