package wire

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"fieldsync/sync/clock"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// jobSchema is the table of the generated jobs: eleven columns beside the id.
var jobSchema = schema.Must(schema.New("bench", 1, &schema.Table{
	ID: 1, Name: "job",
	Columns: []schema.Column{
		{ID: 1, Name: "status", Kind: schema.Enum, Codes: jobStates},
		{ID: 2, Name: "customer_name", Kind: schema.Text},
		{ID: 3, Name: "phone", Kind: schema.Text},
		{ID: 4, Name: "address", Kind: schema.Text},
		{ID: 5, Name: "fault", Kind: schema.Text},
		{ID: 6, Name: "priority", Kind: schema.Integer},
		{ID: 7, Name: "scheduled_at", Kind: schema.Instant},
		{ID: 8, Name: "updated_at", Kind: schema.Instant},
		{ID: 9, Name: "technician_id", Kind: schema.Text},
		{ID: 10, Name: "asset_serial", Kind: schema.Text},
		{ID: 11, Name: "notes", Kind: schema.Text},
	},
	Buckets: []schema.Bucket{{Kind: schema.SharedBucket}},
}))

var (
	jobStates = []string{"new", "assigned", "en_route", "on_site", "waiting_parts", "done", "cancelled"}
	enFirst   = strings.Fields("James Mary Wei Olivia Noah Emma Liam Ava Lucas Sofia Mason Isla Ethan Mia Hugo Ruby Owen Zoe Felix Nora Ivan Clara Oscar Hannah")
	enLast    = strings.Fields("Smith Johnson Brown Taylor Wilson Khan Patel Garcia Müller Rossi Novak Silva Jensen Dubois Okafor Tanaka Nguyen Murphy Walker Reid")
	zhSur     = []rune("王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高")
	zhGiven   = []rune("伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰志建国文海燕晓东宇轩梓涵")
	enStreet  = strings.Fields("High Station Church Park Victoria Green Mill Kings Queen Bridge Albert Grove Manor Windsor Chester Orchard Harbour Cedar Maple Union")
	enCity    = strings.Fields("Leeds Bristol Portland Austin Dublin Calgary Perth Auckland Oakland Denver")
	zhCity    = strings.Fields("上海市浦东新区 北京市朝阳区 深圳市南山区 广州市天河区 杭州市西湖区 成都市武侯区 南京市鼓楼区 武汉市洪山区")
	zhRoad    = strings.Fields("世纪大道 建国路 科技园南路 体育东路 文三路 人民南路 中山北路 珞喻路 解放路 长江路")
	enFault   = strings.Split("unit does not start after power cut|compressor makes a loud grinding noise|water leaks from the lower panel onto the floor|display shows error code E%d and the fan stops|temperature drifts about %d degrees above setpoint|door seal is torn and frost builds up inside|circuit breaker trips within %d minutes of start|intermittent network dropouts reported by the controller|customer smells burning near the control board|pump pressure falls below %d bar under load|filter clogged again since the last visit|remote control has no effect on mode changes", "|")
	zhFault   = strings.Split("设备断电后无法启动|压缩机运行时噪音很大|下部面板漏水流到地面|显示故障代码E%d风扇停转|温度比设定值高约%d度|门封条破损内部结霜|启动后%d分钟内跳闸|控制器网络时断时续|控制板附近有焦糊味|负载下水泵压力低于%d巴|上次维修后滤网再次堵塞|遥控器切换模式无反应", "|")
	enNote    = strings.Split("call before arrival, gate code %d|parking in the rear, ask for the night guard|bring spare gasket and a %d mm wrench|customer prefers mornings, dog on premises|warranty claim pending with the vendor|roof access needs a second technician", "|")
	zhNote    = strings.Split("到达前请电话联系门禁码%d|车辆停后院找值班保安|带备用密封圈和%d毫米扳手|客户希望上午上门家里有狗|正在向厂家申请保修|上屋顶需要两名技术员同行", "|")
)

func pick[T any](r *rand.Rand, a []T) T { return a[r.IntN(len(a))] }

func phrase(r *rand.Rand, a []string, top int) string {
	s := pick(r, a)
	if strings.Contains(s, "%d") {
		s = fmt.Sprintf(s, 1+r.IntN(top))
	}
	return s
}

func phrases(r *rand.Rand, en, zh []string, bytes, top int) string {
	from, between := en, "; "
	if r.IntN(3) == 0 {
		from, between = zh, "，"
	}
	var b strings.Builder
	for b.Len() < bytes {
		if b.Len() > 0 {
			b.WriteString(between)
		}
		b.WriteString(phrase(r, from, top))
	}
	return b.String()
}

func uuid4(r *rand.Rand) string {
	a, b := r.Uint64(), r.Uint64()
	a = a&^0xf000 | 0x4000
	b = b&^(0xc0<<56) | 0x80<<56
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", a>>32, a>>16&0xffff, a&0xffff, b>>48, b&0xffffffffffff)
}

// jobRow makes one of the rows that fieldsync and its peers are measured on: two thirds English, one third Chinese.
func jobRow(r *rand.Rand, technicians []string) Row {
	base := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC).UnixMilli()
	id, _ := record.ParseID(uuid4(r))
	status, priority, technician := pick(r, jobStates), 1+r.IntN(5), pick(r, technicians)
	var name, phone, address string
	if r.IntN(3) == 0 {
		name = string(pick(r, zhSur)) + string(pick(r, zhGiven)) + string(pick(r, zhGiven))
		phone = fmt.Sprintf("+86 1%d %04d %04d", 30+r.IntN(60), r.IntN(10000), r.IntN(10000))
		address = fmt.Sprintf("%s%s%d号%d栋%d室", pick(r, zhCity), pick(r, zhRoad), 1+r.IntN(999), 1+r.IntN(20), 101+r.IntN(2400))
	} else {
		name = pick(r, enFirst) + " " + pick(r, enLast)
		phone = fmt.Sprintf("+44 7%03d %06d", r.IntN(1000), r.IntN(1000000))
		address = fmt.Sprintf("%d %s Road, Unit %d, %s %05d", 1+r.IntN(400), pick(r, enStreet), 1+r.IntN(60), pick(r, enCity), r.IntN(100000))
	}
	scheduled := base + r.Int64N(180*86400)*1000
	updated := base - r.Int64N(30*86400*1000)
	serial := fmt.Sprintf("%c%c-%06d-%c%d", 'A'+r.IntN(26), 'A'+r.IntN(26), r.IntN(1000000), 'A'+r.IntN(26), r.IntN(100))
	fault := phrases(r, enFault, zhFault, 105, 99)
	notes := phrases(r, enNote, zhNote, 45, 9999)
	return Row{ID: id, Values: []record.Value{
		record.Text(status), record.Text(name), record.Text(phone), record.Text(address), record.Text(fault),
		record.Number(int64(priority)), record.Instant(scheduled), record.Instant(updated), record.Text(technician),
		record.Text(serial), record.Text(notes),
	}}
}

// jobRows makes n rows from the seed, as imported by the hub in change sets of their own.
func jobRows(n int, seed uint64) Rows {
	r := rand.New(rand.NewPCG(seed, 0x5eed))
	technicians := make([]string, 200)
	for i := range technicians {
		technicians[i] = uuid4(r)
	}
	hub, _ := clock.NewActor(0, 1, clock.SideHub)
	rows := Rows{Table: 1, Whole: true}
	for c := range jobSchema.Tables[0].Columns {
		rows.Columns = append(rows.Columns, schema.ColumnID(c+1))
	}
	for i := range n {
		row := jobRow(r, technicians)
		row.Seq = uint64(i + 1)
		row.Vector = clock.VectorOf(clock.Dot{Actor: hub, Counter: uint64(i + 1)})
		rows.Rows = append(rows.Rows, row)
	}
	return rows
}
