package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"time"

	"fieldsync/sync/record"
)

// job is one row as a line of a -data file has it.
type job struct {
	ID           record.ID `json:"id"`
	Status       string    `json:"status"`
	CustomerName string    `json:"customer_name"`
	Phone        string    `json:"phone"`
	Address      string    `json:"address"`
	Fault        string    `json:"fault"`
	Priority     int64     `json:"priority"`
	ScheduledAt  int64     `json:"scheduled_at"`
	UpdatedAt    int64     `json:"updated_at"`
	TechnicianID record.ID `json:"technician_id"`
	AssetSerial  string    `json:"asset_serial"`
	Notes        string    `json:"notes"`
}

// source says where the rows of a measurement come from.
type source struct {
	rows int
	data string // a file of JSON lines; "" makes them
	seed uint64
}

// load returns the rows in the order of their ids.
func (s source) load() ([]job, error) {
	jobs, err := s.read()
	if err != nil {
		return nil, err
	}
	slices.SortFunc(jobs, func(a, b job) int { return slices.Compare(a.ID[:], b.ID[:]) })
	return jobs, nil
}

func (s source) read() ([]job, error) {
	if s.data == "" {
		return generate(s.rows, s.seed), nil
	}
	f, err := os.Open(s.data)
	if err != nil {
		return nil, fmt.Errorf("-data: %w", err)
	}
	defer func() { _ = f.Close() }()
	jobs, err := parse(f, s.rows)
	if err != nil {
		return nil, fmt.Errorf("-data %s: %w", s.data, err)
	}
	return jobs, nil
}

// parse reads the first n rows of a file of JSON lines.
func parse(r io.Reader, n int) ([]job, error) {
	in := json.NewDecoder(bufio.NewReaderSize(r, 1<<20))
	jobs := make([]job, n)
	for i := range jobs {
		switch err := in.Decode(&jobs[i]); {
		case errors.Is(err, io.EOF):
			return nil, fmt.Errorf("the file has %d rows, and -rows asks for %d", i, n)
		case err != nil:
			return nil, fmt.Errorf("row %d: %w", i+1, err)
		case jobs[i].ID.IsZero() || jobs[i].TechnicianID.IsZero():
			return nil, fmt.Errorf("row %d: id or technician_id is missing", i+1)
		}
	}
	return jobs, nil
}

// maker makes rows that look like those of a service company, the same ones from the same seed: about 560 bytes of JSON
// each, a third in Chinese.
type maker struct{ *rand.Rand }

func newMaker(seed uint64) *maker { return &maker{rand.New(rand.NewPCG(seed, 0xf1e1d))} }

// tongue is the language of one text.
type tongue struct {
	faults, notes []string
	between       string
}

// technicians is how many people the rows are spread over.
const technicians = 200

var (
	statuses = []string{"new", "assigned", "travelling", "on_site", "waiting", "done", "cancelled"}
	english  = tongue{
		faults: strings.Split("spindle stops with alarm %d after warm-up|hydraulic oil drips from the left cylinder|"+
			"no signal from limit switch %d|the cabin heater blows cold air only|bucket drifts down about %d mm a minute|"+
			"fuel filter light stays on after replacement|belt squeals when the load rises above %d percent|"+
			"engine starts only at the second attempt|display freezes in menu %d until it is switched off|"+
			"coolant is lost and no leak can be seen", "|"),
		notes: strings.Split("ask for the shift lead at gate %d|the machine is behind hall %d|safety shoes are required|"+
			"bring the long ladder and a torque wrench|invoice goes to the head office|call %d minutes before arrival", "|"),
		between: "; ",
	}
	chinese = tongue{
		faults: strings.Split("主轴预热后报警%d停机|左侧油缸漏油|限位开关%d无信号|驾驶室暖风只出冷风|铲斗每分钟下沉约%d毫米|"+
			"更换滤芯后故障灯仍然亮|负载超过百分之%d时皮带异响|发动机需要启动两次|菜单%d界面死机|冷却液减少但未见泄漏", "|"),
		notes:   strings.Split("到%d号门找值班长|机器在%d号厂房后面|必须穿安全鞋|请带长梯和扭力扳手|发票寄到总公司|到达前%d分钟打电话", "|"),
		between: "，",
	}
	tongues  = []*tongue{&english, &english, &chinese}
	given    = strings.Fields("Anna Ben Carla David Elena Frank Greta Henry Ines Jonas Karin Leo Maria Niels Olga Paul Rita Sam")
	families = strings.Fields("Adler Brandt Cole Duarte Ekberg Fischer Grant Hansen Ito Jansen Keller Lopez Meyer Novotny Olsen")
	streets  = strings.Fields("Harbor Market Linden Quarry Foundry Canal Meadow Tower Orchard Railway Chapel Granary")
	towns    = strings.Fields("Hamburg Gdansk Porto Leeds Graz Aarhus Ghent Turin Bergen Lyon")
	surnames = []rune("王李张刘陈杨赵黄周吴徐孙")
	names    = []rune("伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平")
	cities   = strings.Fields("上海市闵行区 北京市海淀区 台北市信义区 高雄市前镇区 广州市番禺区 苏州市吴中区 成都市锦江区")
	roads    = strings.Fields("中山路 和平东路 工业大道 港口路 建设路 光明街 人民路")
)

func pick[T any](m *maker, of []T) T { return of[m.IntN(len(of))] }

func (m *maker) id() (id record.ID) {
	binary.BigEndian.PutUint64(id[:], m.Uint64())
	binary.BigEndian.PutUint64(id[8:], m.Uint64())
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return id
}

// text strings phrases together until they are so many bytes long.
func (m *maker) text(phrases []string, between string, length int) string {
	var b strings.Builder
	for b.Len() < length {
		if b.Len() > 0 {
			b.WriteString(between)
		}
		phrase := pick(m, phrases)
		if strings.Contains(phrase, "%d") {
			phrase = fmt.Sprintf(phrase, 1+m.IntN(99))
		}
		b.WriteString(phrase)
	}
	return b.String()
}

func (m *maker) notes(t *tongue) string { return m.text(t.notes, t.between, 45) }

// epoch is about when the rows were made.
var epoch = time.Date(2026, 5, 1, 6, 0, 0, 0, time.UTC).UnixMilli()

const day = 24 * 60 * 60 * 1000

func (m *maker) updated() int64 { return epoch - m.Int64N(30*day) }

func (m *maker) job(people []record.ID) job {
	j := job{
		ID: m.id(), Status: pick(m, statuses), Priority: 1 + m.Int64N(5), TechnicianID: pick(m, people),
		ScheduledAt: epoch + m.Int64N(180*day)/1000*1000, UpdatedAt: m.updated(),
		AssetSerial: fmt.Sprintf("%c%c-%06d-%c%d", 'A'+m.IntN(26), 'A'+m.IntN(26), m.IntN(1e6), 'A'+m.IntN(26), m.IntN(100)),
	}
	if pick(m, tongues) == &chinese {
		j.CustomerName = string([]rune{pick(m, surnames), pick(m, names), pick(m, names)})
		j.Phone = fmt.Sprintf("+886 9%02d %03d %03d", m.IntN(100), m.IntN(1000), m.IntN(1000))
		j.Address = fmt.Sprintf("%s%s%d号%d栋%d室", pick(m, cities), pick(m, roads), 1+m.IntN(999), 1+m.IntN(20), 101+m.IntN(2400))
	} else {
		j.CustomerName = pick(m, given) + " " + pick(m, families)
		j.Phone = fmt.Sprintf("+49 15%02d %07d", m.IntN(100), m.IntN(1e7))
		j.Address = fmt.Sprintf("%d %s Street, Hall %d, %05d %s", 1+m.IntN(400), pick(m, streets), 1+m.IntN(60), m.IntN(1e5), pick(m, towns))
	}
	of := pick(m, tongues)
	j.Fault, j.Notes = m.text(of.faults, of.between, 105), m.notes(pick(m, tongues))
	return j
}

func generate(n int, seed uint64) []job {
	m := newMaker(seed)
	people := make([]record.ID, technicians)
	for i := range people {
		people[i] = m.id()
	}
	jobs := make([]job, n)
	for i := range jobs {
		jobs[i] = m.job(people)
	}
	return jobs
}

// spread picks n of the ids at even distances, again from the beginning where there are fewer.
func spread(ids []record.ID, n int) []record.ID {
	picked := make([]record.ID, 0, n)
	for i := range n {
		at := i % len(ids)
		if n < len(ids) {
			at = i * len(ids) / n
		}
		picked = append(picked, ids[at])
	}
	return picked
}
