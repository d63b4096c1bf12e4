package admin

import (
	"fieldsync/server/auth"
	"fieldsync/server/list"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
	"fieldsync/sync/sqlrow"
	"net/url"
	"slices"
)

// ListSettings shows the company's switches, and what holds where one is not set.
func (o *Office) ListSettings(v *Visit) error {
	shown := block{ID: "settings", Heads: []string{v.t("Setting"), v.t("Value"), v.t("Where it is not set")}}
	err := o.Engine.View(v.r.Context(), func(r Reader) error {
		for _, s := range aftersales.Settings() {
			value, err := aftersales.Setting(aftersales.Look(r), s.Name, record.ID{})
			if err != nil {
				return err
			}
			shown.Rows = append(shown.Rows, []spot{leads(v.lang.Name("setting."+s.Name), settingsURL+"/"+s.Name), says(v.settingText(s, value)), says(v.settingText(s, s.Standard))})
		}
		return nil
	})
	if err != nil {
		return err
	}
	return v.showBlocks(settingsURL, v.t("Company"), nil, []block{shown})
}

// settingText returns a value as people say it.
func (v *Visit) settingText(s aftersales.KnownSetting, value string) string {
	if s.Flag && value != "" {
		return v.t(map[bool]string{true: "yes", false: "no"}[value == "1"])
	}
	if slices.Contains(s.Codes, value) {
		return v.lang.Name("setting.value." + value)
	}
	return v.settingSaid(s.Name, value)
}

// setting returns the form of the setting in the URL.
func (v *Visit) setting() (*asking, aftersales.KnownSetting, error) {
	name := v.r.PathValue("name")
	all := aftersales.Settings()
	i := slices.IndexFunc(all, func(s aftersales.KnownSetting) bool { return s.Name == name })
	if i < 0 {
		return nil, aftersales.KnownSetting{}, errNoPage
	}
	value := ask("value", schema.Text)
	flags := []string(nil)
	if all[i].Flag {
		flags = []string{"value"}
	}
	if len(all[i].Codes) > 0 {
		value = ask("value", schema.Enum, all[i].Codes...)
	}
	if all[i].Long {
		value = askLong("value", 32<<10)
	}
	return &asking{
		form: &Form{
			Table: "setting", Asks: []schema.Column{value, askRow("branch", "branch")}, Flags: flags, URL: settingsURL, New: "Set", Make: "Set",
			Hint: "Without a branch it holds for the whole company. Empty: what holds where it is not set.",
		},
		action: settingsURL + "/" + name, back: settingsURL, name: v.lang.Name("setting." + name), done: "Set.", cause: aftersales.CauseSetting,
		do: func(tx aftersales.Tx, values record.Values) error {
			return aftersales.SetSetting(tx, name, values["branch"].Ref(), v.office.settingMeant(name, values["value"].Text()))
		},
		over: func(values record.Values) record.Key {
			return record.Key{Table: v.office.Schema.Table("setting").ID, ID: aftersales.SettingID(name, values["branch"].Ref())}
		},
		stands: func(row *record.Row) string { return v.settingText(all[i], row.Get("value").Text()) },
	}, all[i], nil
}

// ShowSetting shows the form of one setting.
func (o *Office) ShowSetting(v *Visit) error {
	a, s, err := v.setting()
	if err != nil {
		return err
	}
	value := ""
	err = o.Engine.View(v.r.Context(), func(r Reader) (err error) {
		row, err := r.Row(record.Key{Table: o.Schema.Table("setting").ID, ID: aftersales.SettingID(s.Name, record.ID{})})
		if err != nil || row == nil {
			return err
		}
		value = v.settingSaid(s.Name, row.Get("value").Text())
		return nil
	})
	if err != nil {
		return err
	}
	return o.showAsking(v, a, map[string]record.Value{"value": record.Text(value)}, nil)
}

// SetSetting writes it.
func (o *Office) SetSetting(v *Visit) error {
	a, _, err := v.setting()
	if err != nil {
		return err
	}
	return o.sendAsking(v, a)
}

// Codes are the entries of the company's code lists.
var Codes = &Noun{
	URL: codesURL,
	Lists: &Listing{
		List: &list.List{
			Name: "code", ID: "c.id", Where: "c._del = 0", Order: "list", From: "code c",
			Columns: []list.Column{
				{Name: "label", SQL: "c.label", Kind: list.Translated, Ref: "c.id", URL: codesURL + "/", Fixed: true},
				{Name: "list", SQL: "c.list", Kind: list.Code, Codes: "code.list"},
				{Name: "code", SQL: "c.code", Fixed: true},
				{Name: "rank", SQL: "c.rank", Kind: list.Number, Fixed: true},
				{Name: "retired_at", SQL: "c.retired_at", Kind: list.Instant, Fixed: true},
			},
			Filters: []list.Filter{
				{Name: "q", Test: list.Search, Where: `c.label LIKE ? ESCAPE '\' OR c.code LIKE ? ESCAPE '\'`},
				{Name: "list", Test: list.Refers, Where: "c.code_list", Options: "SELECT id, name FROM code_list WHERE _del = 0 ORDER BY name"},
				{Name: "retired", Test: list.Is, Where: "c.retired_at IS NOT NULL"},
			},
		},
		URL: codesURL, Title: "Code lists", New: codesURL + "/new", Make: "New code", Need: auth.EditSettings,
		Empty: "The codes that people choose from will stand here: faults, causes, remedies, reasons.",
	},
	One: &Detail{Table: "code", URL: codesURL, Form: codeForm, Facts: []string{"list", "code", "label", "rank", "parent", "retired_at"}},
	Deeds: []*Deed{
		labelDeed(aftersales.CauseCodePut, auth.EditSettings, nil, func(tx aftersales.Tx, row *record.Row, v record.Values) error {
			c := aftersales.CodeOf(row)
			return aftersales.PutCode(tx, aftersales.CodeInput{List: c.List, Code: c.Code, Label: translations(v, "label"), Rank: v["rank"].Number(), Parent: c.Parent})
		}),
		retireDeed(aftersales.CauseCodePut, auth.EditSettings, nil, func(tx aftersales.Tx, row *record.Row, _ record.Values) error {
			c := aftersales.CodeOf(row)
			return aftersales.RetireCode(tx, c.List, c.Code)
		}),
	},
}

// codeLists are the lists that there are: those of the program, and those of the company's own fields.
func (v *Visit) codeLists(r Reader) (options []option, err error) {
	names := aftersales.CodeLists()
	err = r.Select(func(q *sqlrow.Rows) error {
		if name := q.Text(0); !slices.Contains(names, name) {
			names = append(names, name)
		}
		return q.Err()
	}, "SELECT name FROM code_list WHERE _del = 0 ORDER BY name")
	for _, name := range names {
		options = append(options, option{name, capital(v.lang.Name("code.list." + name))})
	}
	return options, err
}

var codeForm = &Form{
	Table: "code", Asks: []schema.Column{ask("list", schema.Text), ask("code", schema.Text), ask("label", schema.Translated), ask("rank", schema.Integer), ask("parent", schema.Text)},
	Offers: map[string]func(*Visit, Reader) ([]option, error){"list": (*Visit).codeLists},
	Needed: []string{"list", "code"}, URL: codesURL, New: "New code", Make: "Make the code", Made: "The code is in its list.", Cause: aftersales.CauseCodePut,
	Create: func(tx aftersales.Tx, v record.Values) (record.ID, error) {
		in := aftersales.CodeInput{List: v["list"].Text(), Code: v["code"].Text(), Label: translations(v, "label"), Rank: v["rank"].Number(), Parent: v["parent"].Text()}
		return aftersales.CodeID(in.List, in.Code), aftersales.PutCode(tx, in)
	},
}

// Fields are the fields of the company's own, on customers, machines, requests, jobs.
var Fields = &Noun{
	URL: fieldsURL,
	Lists: &Listing{
		List: &list.List{
			Name: "field_def", ID: "d.id", Where: "d._del = 0", Order: "field", From: "field_def d JOIN field_set s ON s.id = d.field_set",
			Columns: []list.Column{
				{Name: "field", SQL: "d.field", Ref: "d.id", URL: fieldsURL + "/"},
				{Name: "label", SQL: "d.label", Kind: list.Translated, Fixed: true},
				{Name: "table_name", SQL: "s.table_name", Kind: list.Code, Codes: "table", Fixed: true},
				{Name: "kind", SQL: "d.kind", Kind: list.Code, Codes: "field_def.kind", Fixed: true},
				{Name: "required_on", SQL: "d.required_on", Kind: list.Code, Codes: "field_def.required_on", Fixed: true},
				{Name: "retired_at", SQL: "d.retired_at", Kind: list.Instant, Fixed: true},
			},
			Filters: []list.Filter{
				{Name: "q", Test: list.Search, Where: `d.field LIKE ? ESCAPE '\' OR d.label LIKE ? ESCAPE '\'`},
				{Name: "retired", Test: list.Is, Where: "d.retired_at IS NOT NULL"},
			},
		},
		URL: fieldsURL, Title: "Fields", New: fieldsURL + "/new", Make: "New field", Need: auth.EditSettings,
		Empty: "Fields of your own on customers, machines, requests and jobs will stand here: an engine number, a frame number, a disk.",
	},
	One:  &Detail{Table: "field_def", URL: fieldsURL, Form: fieldForm, Facts: []string{"field", "label", "kind", "list", "required_on", "minimum", "maximum", "rank", "builtin", "retired_at"}},
	More: aboutField,
	Deeds: []*Deed{{
		Name: "retire", Title: "Retire it", Done: "Retired. What was filled in stays.", Cause: aftersales.CauseField, Need: auth.EditSettings,
		Fits: notRetired,
		Do: func(tx aftersales.Tx, row *record.Row, _ record.Values) error {
			set, err := tx.Row("field_set", row.Get("field_set").Ref())
			if err != nil || set == nil {
				return err
			}
			return aftersales.RetireField(tx, set.Get("table_name").Text(), row.Get("field").Text())
		},
	}},
}

// aboutField shows what a choice chooses from, and leads to where its list is given more.
func aboutField(b *builder, row *record.Row) ([]block, error) {
	d := aftersales.FieldDefOf(row)
	if d.Kind != aftersales.FieldChoice || d.List == "" {
		return nil, nil
	}
	id := aftersales.CodeListID(d.List)
	codes := block{ID: "choices", Title: b.v.t("What it chooses from"), Empty: b.v.t("Nothing yet. Add a code to its list, and it is on the forms."),
		Links: []link{{codesURL + "/new?list=" + url.QueryEscape(d.List), b.v.t("New code")}, {codesURL + "?list=" + id.String(), b.v.t("All of the list")}}}
	options, err := b.v.codes(b.r, d.List, "")
	for _, o := range options {
		codes.Lines = append(codes.Lines, saying{Text: o.Label, Small: o.Value})
	}
	return []block{codes}, err
}

var fieldForm = &Form{
	Table: "field_def",
	Asks: []schema.Column{
		ask("table_name", schema.Enum, aftersales.FieldTables()...), ask("field", schema.Text), ask("label", schema.Translated),
		ask("kind", schema.Enum, aftersales.FieldText, aftersales.FieldInteger, aftersales.FieldDate, aftersales.FieldChoice),
		ask("list", schema.Text), ask("required_on", schema.Enum, aftersales.RequiredNever, aftersales.RequiredCreate, aftersales.RequiredComplete),
		ask("minimum", schema.Integer), ask("maximum", schema.Integer), ask("rank", schema.Integer),
	},
	Needed: []string{"table_name", "field"}, URL: fieldsURL, New: "New field", Make: "Define it", Made: "The field is on its forms.", Cause: aftersales.CauseField,
	Create: func(tx aftersales.Tx, v record.Values) (record.ID, error) {
		in := aftersales.FieldDefInput{
			Table: v["table_name"].Text(), Field: v["field"].Text(), Kind: v["kind"].Text(), Label: translations(v, "label"), List: v["list"].Text(),
			RequiredOn: v["required_on"].Text(), Minimum: v["minimum"].Number(), Maximum: v["maximum"].Number(), Rank: v["rank"].Number(),
		}
		return aftersales.FieldDefID(in.Table, in.Field), aftersales.DefineField(tx, in)
	},
}

// Branches are the parts of the company.
var Branches = &Noun{
	URL: branchesURL,
	Lists: &Listing{
		List: &list.List{
			Name: "branch", ID: "b.id", Where: "b._del = 0", Order: "code", From: "branch b LEFT JOIN branch p ON p.id = b.parent",
			Columns: []list.Column{
				{Name: "name", SQL: "b.name", Ref: "b.id", URL: branchesURL + "/", Fixed: true}, {Name: "code", SQL: "b.code"},
				{Name: "parent", SQL: "p.name", Fixed: true}, {Name: "zone", SQL: "b.zone", Fixed: true}, {Name: "currency", SQL: "b.currency", Fixed: true},
			},
			Filters: []list.Filter{archived("b")},
		},
		URL: branchesURL, Title: "Branches", New: branchesURL + "/new", Make: "New branch", Need: auth.EditSettings, Empty: "Your branches will stand here, each with its clock and currency.",
	},
	One: &Detail{
		Table: "branch", URL: branchesURL, Form: branchForm, Edit: auth.EditSettings, Facts: []string{"code", "name", "parent", "zone", "currency", "address", "phone", "archived_reason"},
		Sections: []sectionOf{{table: "person", via: "branch", columns: []string{"name", "phone"}}, {table: "location", via: "branch", columns: []string{"name", "kind", "holder"}, url: locationsURL + "/"}},
	},
	Deeds: []*Deed{costsDeed, archiveDeed("branch", auth.EditSettings), unarchiveDeed("branch", auth.EditSettings)},
}

// costsDeed lets a person's phone hold what things cost the branch, or takes it from him.
var costsDeed = &Deed{
	Name: "costs", Title: "Let somebody see what parts cost", Done: "Set. His phone hears of it with the next signal.", Cause: aftersales.CauseCostsShown, Need: auth.ManagePeople,
	Asks: []schema.Column{askRow("person", "person"), ask("costs", schema.Enum, aftersales.CostsSeen)}, Needed: []string{"person"},
	Hint: "On his phone, for the parts of this branch. In the office a permission of his role decides. Empty: he sees them no longer.",
	Do: func(tx aftersales.Tx, row *record.Row, v record.Values) error {
		return aftersales.LetSeeCosts(tx, v["person"].Ref(), row.ID, v["costs"].Text() == aftersales.CostsSeen)
	},
}

var branchForm = &Form{
	Table: "branch", Columns: []string{"name", "code", "parent", "zone", "currency", "address", "phone"}, Needed: []string{"name", "code"},
	URL: branchesURL, New: "New branch", Edit: "Edit %s", Make: "Make the branch", Made: "The branch is made.", Cause: aftersales.CauseCreate,
	Create: func(tx aftersales.Tx, v record.Values) (record.ID, error) {
		id, err := aftersales.CreateBranch(tx, aftersales.BranchInput{
			Code: v["code"].Text(), Name: v["name"].Text(), Parent: v["parent"].Ref(), Zone: v["zone"].Text(), Currency: v["currency"].Text(),
		})
		return id, orEdit(err, tx, "branch", id, v, "address", "phone")
	},
}

// ListNumbers shows how the numbers of each series look.
func (o *Office) ListNumbers(v *Visit) error {
	shown := block{ID: "numbers", Heads: []string{v.t("Series"), v.t("Pattern")}, Hint: v.t("Numbers stay unique even when they are given on phones without signal. Those given before stay as they are.")}
	var lost block
	err := o.Engine.View(v.r.Context(), func(r Reader) (err error) {
		for _, series := range aftersales.NumberSeries() {
			pattern, err := aftersales.NumberPattern(aftersales.Look(r), series, record.ID{})
			if err != nil {
				return err
			}
			shown.Rows = append(shown.Rows, []spot{leads(v.lang.Name("series."+series), numbersURL+"/"+series), says(pattern)})
			if aftersales.IsGapless(series) {
				shown.Links = append(shown.Links, link{numbersURL + "/" + series + "/start", v.lang.Name("series."+series) + ": " + v.t("Go on from a number")})
			}
		}
		lost, err = v.lostNumbers(r)
		return err
	})
	if err != nil {
		return err
	}
	blocks := []block{shown}
	if len(lost.Rows) > 0 {
		blocks = append(blocks, lost)
	}
	return v.showBlocks(numbersURL, v.t("Numbers"), nil, blocks)
}

func (v *Visit) series() (*asking, string, error) {
	series := v.r.PathValue("series")
	if !slices.Contains(aftersales.NumberSeries(), series) {
		return nil, "", errNoPage
	}
	return &asking{
		form: &Form{
			Table: "number_format", Asks: []schema.Column{ask("pattern", schema.Text), askRow("branch", "branch")}, Needed: []string{"pattern"}, URL: numbersURL, New: "Set", Make: "Set",
			Hint: "{number} stands for the number, {branch} for the branch's code, {year} for the year. Without a branch it holds for the whole company.",
		},
		action: numbersURL + "/" + series, back: numbersURL, name: v.lang.Name("series." + series), done: "Set.", cause: aftersales.CauseNumbers,
		do: func(tx aftersales.Tx, values record.Values) error {
			return aftersales.SetNumberFormat(tx, series, values["branch"].Ref(), values["pattern"].Text())
		},
		over: func(values record.Values) record.Key {
			return record.Key{Table: v.office.Schema.Table("number_format").ID, ID: aftersales.NumberFormatID(series, values["branch"].Ref())}
		},
		stands: func(row *record.Row) string { return row.Get("pattern").Text() },
	}, series, nil
}

// ShowNumber shows the form of one series.
func (o *Office) ShowNumber(v *Visit) error {
	a, series, err := v.series()
	if err != nil {
		return err
	}
	pattern := ""
	err = o.Engine.View(v.r.Context(), func(r Reader) (err error) {
		pattern, err = aftersales.NumberPattern(aftersales.Look(r), series, record.ID{})
		return err
	})
	if err != nil {
		return err
	}
	return o.showAsking(v, a, map[string]record.Value{"pattern": record.Text(pattern)}, nil)
}

// SetNumber writes it.
func (o *Office) SetNumber(v *Visit) error {
	a, _, err := v.series()
	if err != nil {
		return err
	}
	return o.sendAsking(v, a)
}
