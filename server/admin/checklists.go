package admin

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"fieldsync/server/auth"
	"fieldsync/server/list"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/words"
)

// Checklists are what visits answer, each by its versions.
var Checklists = &Noun{
	URL: checklistsURL,
	Lists: &Listing{
		List: &list.List{
			Name: "checklist", ID: "c.id", Where: "c._del = 0", Order: "created",
			From: "checklist c LEFT JOIN code k ON k.id = c.job_kind LEFT JOIN product m ON m.id = c.product",
			Columns: []list.Column{
				{Name: "name", SQL: "c.name", Kind: list.Translated, Ref: "c.id", URL: checklistsURL + "/", Fixed: true},
				{Name: "job_kind", SQL: "k.label", Kind: list.Translated, Fixed: true},
				{Name: "product", SQL: "m.code", Ref: "c.product", URL: productsURL + "/", Fixed: true},
				{Name: "versions", SQL: "(SELECT count(*) FROM checklist_version v WHERE v.checklist = c.id AND v._del = 0)", Kind: list.Number, Fixed: true},
				{Name: "created", SQL: "c.id", Kind: list.Made, Aside: true},
			},
			Filters: []list.Filter{
				{Name: "q", Test: list.Search, Where: `c.name LIKE ? ESCAPE '\' OR k.label LIKE ? ESCAPE '\' OR m.code LIKE ? ESCAPE '\'`},
				archived("c"),
			},
		},
		URL: checklistsURL, Title: "Checklists", New: checklistsURL + "/new", Make: "New checklist", Need: auth.EditChecklists,
		Empty: "What technicians tick off and measure will stand here, each checklist with its versions. Begin with a ready-made one.",
	},
	One: &Detail{
		Table: "checklist", URL: checklistsURL, Form: checklistForm, Facts: []string{"name", "job_kind", "product", "note", "archived_reason"},
	},
	More:  aboutChecklist,
	Deeds: []*Deed{archiveDeed("checklist", auth.EditChecklists), unarchiveDeed("checklist", auth.EditChecklists)},
}

// checklistForm makes a checklist from a ready-made one, or with one question to begin with.
var checklistForm = &Form{
	Table: "checklist",
	Asks: []schema.Column{
		ask("template", schema.Enum, aftersales.ChecklistTemplates()...), ask("name", schema.Translated), ask("job_kind", schema.Text), askRow("product", "product"), ask("note", schema.Text),
	},
	Lists: map[string]string{"job_kind": aftersales.ListJobKind}, URL: checklistsURL, New: "New checklist", Make: "Make the checklist", Made: "The checklist is made. Now say what it asks.",
	Hint:  "It asks at every visit of the kind of job, on machines of the model, or, where both are given, at those that are both.",
	Cause: aftersales.CauseChecklist,
	Create: func(tx aftersales.Tx, v record.Values) (record.ID, error) {
		in, err := aftersales.ChecklistFrom(v["template"].Text())
		if err != nil {
			return record.ID{}, err
		}
		for tag, name := range translations(v, "name") {
			in.Name[tag] = name
		}
		in.JobKind, in.Product, in.Note = cmp.Or(v["job_kind"].Text(), in.JobKind), v["product"].Ref(), v["note"].Text()
		return aftersales.CreateChecklist(tx, in)
	},
}

// aboutChecklist shows what each version asks, the latest first.
func aboutChecklist(b *builder, row *record.Row) ([]block, error) {
	versions, err := b.versions(row.ID)
	if err != nil {
		return nil, err
	}
	var blocks []block
	now := b.o.Now().UnixMilli()
	inForce := slices.IndexFunc(versions, func(v aftersales.ChecklistVersion) bool { return v.ValidFrom <= now })
	for i, version := range versions {
		questions, err := version.Questions()
		if err != nil {
			return nil, err
		}
		state := map[bool]string{true: b.v.t("coming"), false: b.v.t("past")}[version.ValidFrom > now]
		if i == inForce {
			state = b.v.t("in force")
		}
		shown := block{
			ID: fmt.Sprintf("v%d", len(versions)-i), Title: b.v.t("Version %d", len(versions)-i) + " · " + times{b.v.lang, b.o.Zone}.when(version.ValidFrom) + " · " + state,
		}
		for _, h := range []string{"question", "kind", "required", "limits"} {
			shown.Heads = append(shown.Heads, b.v.lang.Name("checklist."+h))
		}
		for _, q := range questions {
			shown.Rows = append(shown.Rows, []spot{
				says(b.v.texts(q.Label, q.Key)), says(b.v.lang.Name("checklist.kind." + q.Kind)), says(b.v.required(q, questions)), says(b.v.limits(q)),
			})
		}
		if i == 0 && b.v.Who.May(auth.EditChecklists) && row.Get("archived_at").IsNull() {
			shown.Links = []link{{checklistsURL + "/" + row.ID.String() + "/questions", b.v.t("Revise")}}
		}
		blocks = append(blocks, shown)
	}
	return blocks, nil
}

// versions returns those of a checklist, the one that begins last first.
func (b *builder) versions(checklist record.ID) (list []aftersales.ChecklistVersion, err error) {
	rows, err := aftersales.Look(b.r).Refs("checklist_version", "checklist", checklist)
	for _, row := range rows {
		list = append(list, aftersales.ChecklistVersionOf(row))
	}
	slices.SortStableFunc(list, func(x, y aftersales.ChecklistVersion) int { return cmp.Compare(y.ValidFrom, x.ValidFrom) })
	return list, err
}

// required says when a question must be answered.
func (v *Visit) required(q aftersales.Question, all []aftersales.Question) string {
	said := v.lang.Name("checklist.required." + cmp.Or(q.Required, aftersales.AskIfYouLike))
	if q.Required == aftersales.AskWhen {
		i := slices.IndexFunc(all, func(o aftersales.Question) bool { return o.Key == q.When })
		if i >= 0 {
			said = v.t("if “%s” is %s", v.texts(all[i].Label, q.When), v.lang.Name("checklist.answer."+q.Is))
		}
	}
	if q.Photo {
		said += " · " + v.t("with a photo")
	}
	return said
}

// limits says what an answer may be.
func (v *Visit) limits(q aftersales.Question) string {
	var said []string
	bound := func(n *int64) string {
		if n == nil {
			return ""
		}
		return quantity(*n, aftersales.QuantityScale)
	}
	if q.Minimum != nil || q.Maximum != nil {
		said = append(said, strings.TrimSpace(bound(q.Minimum)+" … "+bound(q.Maximum)+" "+q.Unit))
	} else if q.Unit != "" {
		said = append(said, q.Unit)
	}
	for _, c := range q.Choices {
		said = append(said, v.texts(c.Label, c.Code))
	}
	return strings.Join(said, " · ")
}

// questionsPage is the form of a new version: a line a question.
type questionsPage struct {
	frame
	Name      string
	Action    string
	Back      string
	Problem   string
	From      string // datetime-local
	Seen      int    // how many versions there are
	Questions []questionView
	Kinds     []option
	Required  []option
	Languages []string
}

// questionView is a question as it is typed.
type questionView struct {
	N                                                              int
	Key, Kind, Required, When, Is, Minimum, Maximum, Unit, Choices string
	Labels                                                         []string
	Photo                                                          bool
}

// moreQuestions is how many empty lines the form offers below those that there are.
const moreQuestions = 4

// ShowQuestions shows the form of a checklist's next version, which begins as the last one is.
func (o *Office) ShowQuestions(v *Visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	page := v.questions(id)
	err = o.Engine.View(v.r.Context(), func(r Reader) error {
		row, err := living(r, o.Schema.Table("checklist"), id)
		if err != nil {
			return err
		}
		b := o.builder(v, r, &about{})
		page.Name = v.translated(row.Get("name"))
		versions, err := b.versions(id)
		if err != nil || len(versions) == 0 {
			return err
		}
		page.Seen = len(versions)
		list, err := versions[0].Questions()
		for _, q := range list {
			page.Questions = append(page.Questions, viewOf(q))
		}
		return err
	})
	if err != nil {
		return err
	}
	return v.showQuestions(http.StatusOK, page)
}

func (v *Visit) questions(id record.ID) *questionsPage {
	back := checklistsURL + "/" + id.String()
	page := &questionsPage{Action: back + "/questions", Back: back, Languages: words.Names}
	for _, k := range []string{aftersales.AskYesNo, aftersales.AskText, aftersales.AskNumber, aftersales.AskChoice, aftersales.AskPhoto} {
		page.Kinds = append(page.Kinds, option{k, v.lang.Name("checklist.kind." + k)})
	}
	for _, k := range []string{aftersales.AskIfYouLike, aftersales.AskAlways, aftersales.AskWhen} {
		page.Required = append(page.Required, option{k, v.lang.Name("checklist.required." + k)})
	}
	return page
}

func (v *Visit) showQuestions(status int, page *questionsPage) error {
	for range moreQuestions {
		page.Questions = append(page.Questions, questionView{Kind: aftersales.AskYesNo, Labels: make([]string, len(words.Tags))})
	}
	for i := range page.Questions {
		page.Questions[i].N = i
	}
	page.frame = v.frame(v.t("Revise %s", page.Name), checklistsURL)
	return v.show(status, "questions", page)
}

func viewOf(q aftersales.Question) questionView {
	view := questionView{Key: q.Key, Kind: q.Kind, Required: cmp.Or(q.Required, aftersales.AskIfYouLike), When: q.When, Is: q.Is, Unit: q.Unit, Photo: q.Photo}
	for _, tag := range words.Tags {
		view.Labels = append(view.Labels, q.Label[tag])
	}
	if q.Minimum != nil {
		view.Minimum = quantity(*q.Minimum, aftersales.QuantityScale)
	}
	if q.Maximum != nil {
		view.Maximum = quantity(*q.Maximum, aftersales.QuantityScale)
	}
	var choices []string
	for _, c := range q.Choices {
		labels := []string{c.Code}
		for _, tag := range words.Tags {
			labels = append(labels, c.Label[tag])
		}
		choices = append(choices, strings.Join(labels, " | "))
	}
	view.Choices = strings.Join(choices, "\n")
	return view
}

// SendQuestions gives the checklist its next version.
func (o *Office) SendQuestions(v *Visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	page := v.questions(id)
	page.Name, page.From, page.Seen = v.form("name.row"), v.form("from"), v.count("seen")
	asked, err := v.readQuestions(page)
	from := int64(0)
	if value, bad := v.parse(&schema.Column{Kind: schema.Instant}, page.From); err == nil {
		from, err = value.Number(), bad
	}
	if err == nil {
		err = o.Engine.Do(v.r.Context(), v.author(), nil, aftersales.CauseChecklist, func(tx aftersales.Tx) error {
			_, err := aftersales.ReviseChecklist(tx, aftersales.ReviseChecklistInput{Checklist: id, ValidFrom: from, Questions: asked, Seen: page.Seen})
			return err
		})
	}
	if err == nil {
		return v.done(page.Back, v.t("Revised. Visits that have begun to answer go on with what they began."))
	}
	f, status := statusOf(err)
	if status >= 500 || f.Code == fault.UnknownRow {
		return err
	}
	page.Problem = v.lang.refusal(f)
	return v.showQuestions(http.StatusUnprocessableEntity, page)
}

// readQuestions reads the lines that say something, in the order of their numbers.
func (v *Visit) readQuestions(page *questionsPage) (list []aftersales.Question, err error) {
	for i := 0; v.r.PostForm.Has(fmt.Sprintf("q.%d.key", i)); i++ {
		typed := func(name string) string { return strings.TrimSpace(v.form(fmt.Sprintf("q.%d.%s", i, name))) }
		view := questionView{
			Key: typed("key"), Kind: typed("kind"), Required: typed("required"), When: typed("when"), Is: typed("is"), Minimum: typed("minimum"),
			Maximum: typed("maximum"), Unit: typed("unit"), Choices: typed("choices"), Photo: typed("photo") == "1",
		}
		for _, tag := range words.Tags {
			view.Labels = append(view.Labels, typed("label."+tag))
		}
		if view.Key == "" && strings.Join(view.Labels, "") == "" {
			continue
		}
		page.Questions = append(page.Questions, view)
		q, e := view.question(i)
		list = append(list, q)
		if err == nil {
			err = e
		}
	}
	return list, err
}

var errLimit = fault.New(fault.Invalid, "A limit is a number, with a point before its decimals: 2.5.")

func (q questionView) question(n int) (aftersales.Question, error) {
	out := aftersales.Question{
		Key: cmp.Or(q.Key, "q"+strconv.Itoa(n+1)), Kind: q.Kind, Label: map[string]string{}, Required: q.Required, Unit: q.Unit, Photo: q.Photo,
	}
	if q.Required == aftersales.AskWhen {
		out.When, out.Is = q.When, q.Is
	}
	for i, tag := range words.Tags {
		if q.Labels[i] != "" {
			out.Label[tag] = q.Labels[i]
		}
	}
	for _, limit := range []struct {
		typed string
		to    **int64
	}{{q.Minimum, &out.Minimum}, {q.Maximum, &out.Maximum}} {
		if limit.typed == "" {
			continue
		}
		n, err := parseDecimal(limit.typed, aftersales.QuantityScale)
		if err != nil {
			return out, errLimit
		}
		*limit.to = &n
	}
	for line := range strings.Lines(q.Choices) {
		if c, ok := choiceOf(line); ok {
			out.Choices = append(out.Choices, c)
		}
	}
	return out, nil
}

// choiceOf reads "code | English | 简体 | 繁體".
func choiceOf(line string) (c aftersales.Choice, ok bool) {
	parts := strings.Split(line, "|")
	c = aftersales.Choice{Code: strings.TrimSpace(parts[0]), Label: map[string]string{}}
	for i, tag := range words.Tags {
		if i+1 < len(parts) && strings.TrimSpace(parts[i+1]) != "" {
			c.Label[tag] = strings.TrimSpace(parts[i+1])
		}
	}
	return c, c.Code != ""
}
