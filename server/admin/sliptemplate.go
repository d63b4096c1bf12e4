package admin

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"fieldsync/sync/aftersales"
	"fieldsync/sync/clock"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

const (
	templateURL = "/slip-template"
	logoURL     = "/slip-logo"
)

// templateForm is how the company's slips look. A branch can have its own on the page of each setting.
var templateForm = &Form{
	Table: "setting", URL: templateURL, New: "Service slip template",
	Asks: []schema.Column{
		ask(aftersales.SettingSlipTitle, schema.Text), askLong(aftersales.SettingSlipHead, 32<<10), askLong(aftersales.SettingSlipFoot, 32<<10),
		ask(aftersales.SettingSlipOrder, schema.Text), ask(aftersales.SettingSlipChecklists, schema.Enum),
		ask(aftersales.SettingSlipTimes, schema.Enum), ask(aftersales.SettingSlipParts, schema.Enum), ask(aftersales.SettingSlipCosts, schema.Enum),
	},
	Flags: []string{aftersales.SettingSlipChecklists, aftersales.SettingSlipTimes, aftersales.SettingSlipParts, aftersales.SettingSlipCosts},
}

// templatePage is that form, with a slip beside it as it would look.
type templatePage struct {
	formPage
	Paper *paperPage
}

// ShowTemplate shows how slips look.
func (o *Office) ShowTemplate(v *Visit) error { return o.template(v, http.StatusOK, "") }

// template shows how slips look, and what is wrong with a picture that was sent for them.
func (o *Office) template(v *Visit, status int, problem string) error {
	page := templatePage{formPage: formPage{Form: templateForm, IsNew: true, Problem: problem}}
	seen := Seen{}
	err := o.Engine.View(v.r.Context(), func(r Reader) (err error) {
		if page.Fields, err = v.formFields(r, templateForm, nil); err != nil {
			return err
		}
		for i := range page.Fields {
			f := &page.Fields[i]
			key, value := o.templateKey(f.Name), ""
			seen[key] = clock.Vector{}
			row, err := seen.overtaken(r, key)
			if err != nil {
				return err
			}
			if row != nil {
				value = row.Get("value").Text()
			}
			if f.Name == aftersales.SettingSlipOrder && value == "" { // which sections there are is best seen where they stand
				value = strings.Join(aftersales.SlipSections, ", ")
			}
			f.Value = v.settingSaid(f.Name, value)
			f.Was = f.Value
		}
		page.Seen = seen.String()
		return v.sample(r, &page)
	})
	if err != nil {
		return err
	}
	return v.showTemplate(status, page)
}

// SendTemplate writes what was changed of how slips look; by the other button, and while one types, it only shows it.
func (o *Office) SendTemplate(v *Visit) error {
	page := templatePage{formPage: formPage{Form: templateForm, IsNew: true, Seen: v.form("seen")}}
	values, err := v.readForm(&page.formPage)
	if err != nil {
		return err
	}
	if v.form("do") == "save" && !page.Marked {
		if page.Problem, err = o.templateReplaces(v, &page.formPage, values); err != nil {
			return err
		}
	}
	if v.form("do") == "save" && !page.Marked && page.Problem == "" {
		err := o.saveTemplate(v, page.Seen, values)
		if err == nil {
			return v.done(templateURL, v.t("Saved."))
		}
		refused, status := statusOf(err)
		if status >= 500 {
			return err
		}
		page.Problem = v.lang.refusal(refused)
	}
	if err := o.Engine.View(v.r.Context(), func(r Reader) error { return v.sample(r, &page) }); err != nil {
		return err
	}
	if page.Marked || page.Problem != "" {
		return v.showTemplate(http.StatusUnprocessableEntity, page)
	}
	return v.showTemplate(http.StatusOK, page)
}

func (o *Office) templateKey(name string) record.Key {
	return record.Key{Table: o.Schema.Table("setting").ID, ID: aftersales.SettingID(name, record.ID{})}
}

// templateReplaces says what of the values would write over something that the page did not show; "" for nothing.
func (o *Office) templateReplaces(v *Visit, page *formPage, values record.Values) (says string, err error) {
	seen, err := parseSeen(page.Seen)
	if err != nil {
		return "", err
	}
	err = o.Engine.View(v.r.Context(), func(r Reader) error {
		for _, name := range slices.Sorted(maps.Keys(values)) {
			row, err := seen.overtaken(r, o.templateKey(name))
			if err != nil {
				return err
			}
			if row != nil {
				says = v.standsNow(v.settingSaid(name, row.Get("value").Text()))
			}
		}
		return nil
	})
	page.Seen = seen.String()
	return says, err
}

func (o *Office) saveTemplate(v *Visit, shown string, values record.Values) error {
	seen, err := parseSeen(shown)
	if err != nil {
		return err
	}
	return o.Engine.Do(v.r.Context(), v.author(), seen, aftersales.CauseSetting, func(tx aftersales.Tx) error {
		for name, value := range values {
			if err := aftersales.SetSetting(tx, name, record.ID{}, v.office.settingMeant(name, value.Text())); err != nil {
				return err
			}
		}
		return nil
	})
}

func (v *Visit) showTemplate(status int, page templatePage) error {
	page.frame = v.frame(v.t(page.New), templateURL)
	page.Paper.frame = page.frame
	return v.show(status, "sliptemplate", page)
}

// sample lays out a slip that never was, as what stands in the form has it.
func (v *Visit) sample(r Reader, page *templatePage) error {
	typed := func(name string) (string, error) {
		i := slices.IndexFunc(page.Fields, func(f field) bool { return f.Name == name })
		return v.office.settingMeant(name, strings.TrimSpace(strings.ReplaceAll(page.Fields[i].Value, "\r", ""))), nil
	}
	page.Paper = v.samplePaper()
	if v.form("paper") == paperWidths[1] {
		page.Paper.Width = paperWidths[1]
	}
	if err := page.Paper.look(v, typed); err != nil {
		return err
	}
	return page.Paper.logo(r)
}

// samplePaper is the slip of a visit that never was, with something in every section.
func (v *Visit) samplePaper() *paperPage {
	now := v.office.Now().UnixMilli()
	const hour = 60 * 60 * 1000
	return &paperPage{
		Width: paperWidths[0], URL: templateURL,
		SlipPaper: &aftersales.SlipPaper{
			Job:     aftersales.Job{Number: "J-1042", Title: v.t("The compressor does not start"), Description: v.t("It hums, then the fuse blows.")},
			Slip:    aftersales.Slip{Number: "S-1042", SignedBy: v.t("Chen Jing"), SignedAt: now},
			Party:   aftersales.Party{Name: v.t("Quayside Hotel"), Phone: "+86 21 5555 0101"},
			Site:    aftersales.Site{Address: v.t("18 Harbour Road")},
			Unit:    aftersales.Unit{Name: v.t("Cold room 2"), Serial: "WF-3318"},
			Person:  v.t("Li Wei"),
			Visit:   aftersales.Visit{ArrivedAt: now - 2*hour, FinishedAt: now - hour/2},
			Goods:   []aftersales.GoodsReceipt{{Items: v.t("One control board, for repair")}},
			Consent: aftersales.Consent{SignedBy: v.t("Chen Jing")},
		},
		Times: []fact{{Label: v.lang.Name("time_mark.kind.work"), Text: v.lang.length(90 * 60 * 1e9)}},
		Found: []fact{{Label: v.t("does not start"), Text: v.t("Start capacitor replaced.")}},
		Checklists: []filledView{{Name: v.t("Handing over"), Lines: []answerView{
			{Question: v.t("The site is clean"), Answer: v.t("yes")}, {Question: v.t("Suction pressure"), Answer: "4.2 bar"},
		}}},
		Lines:   []paperPart{{Name: "CAP-45 " + v.t("Start capacitor"), Quantity: "1 pcs", Condition: v.lang.Name("movement.cause.repair_use")}},
		Charges: []chargeView{{What: "CAP-45 " + v.t("Start capacitor"), Quantity: "1 pcs", Gross: "180.00 CNY"}, {What: v.lang.Name("charge.kind.labour"), Quantity: "1.5 h", Gross: "320.00 CNY"}},
		ToPay:   "500.00 CNY", Agreed: "500.00 CNY",
	}
}

// SendLogo puts the picture that is sent on every slip, or takes the one there is off.
func (o *Office) SendLogo(v *Visit) error {
	picture, shown, err := v.smallFile(maxLogoFile)
	if err == nil {
		err = o.Engine.Do(v.r.Context(), v.author(), nil, aftersales.CauseSetting, func(tx aftersales.Tx) error {
			now, err := aftersales.Logo(tx)
			if err == nil {
				err = stillShown(shown, logoMark(now))
			}
			if err != nil {
				return err
			}
			return aftersales.SetLogo(tx, picture)
		})
	}
	if refused, status := statusOf(err); err != nil && status < 500 {
		return o.template(v, http.StatusUnprocessableEntity, v.lang.refusal(refused))
	}
	if err != nil {
		return err
	}
	if picture == nil {
		return v.done(templateURL, v.t("The logo is off the slips."))
	}
	return v.done(templateURL, v.t("The logo stands on every slip."))
}

// maxLogoFile is the longest file that a logo is made of, in bytes.
const maxLogoFile = 4 << 20

var (
	errLogoTooLarge = fault.New(fault.TooLarge, "This picture is larger than 4 MB. Choose a smaller one.")
	errNoPicture    = fault.New(BadForm, "Choose a picture first: JPEG, PNG or GIF.")
)

// smallFile reads the one file of a form into memory, nil where the form says to remove what is there; and what the form
// says that its page showed.
func (v *Visit) smallFile(most int64) (content []byte, shown string, err error) {
	form, err := v.multipart()
	if err != nil {
		return nil, "", err
	}
	for {
		part, err := form.NextPart()
		switch {
		case err != nil:
			return nil, "", errNoPicture
		case part.FormName() == "shown":
			mark, err := io.ReadAll(io.LimitReader(part, 64))
			if err != nil {
				return nil, "", errNoPicture
			}
			shown = string(mark)
			continue
		case part.FormName() == "remove":
			return nil, shown, nil
		case part.FormName() != "file" || part.FileName() == "":
			continue
		}
		content, err = io.ReadAll(io.LimitReader(part, most+1))
		switch {
		case err != nil || len(content) == 0:
			return nil, "", errNoPicture
		case int64(len(content)) > most:
			return nil, "", errLogoTooLarge
		}
		return content, shown, nil
	}
}

// ShowLogo sends the company's picture for its slips: our own small JPEG of it, never the file that was sent.
func (o *Office) ShowLogo(v *Visit) error {
	var picture []byte
	err := o.Engine.View(v.r.Context(), func(r Reader) (err error) {
		picture, err = aftersales.Logo(aftersales.Look(r))
		return err
	})
	if err == nil && picture == nil {
		err = errNoFile
	}
	if err != nil {
		return err
	}
	h := v.w.Header()
	h.Set("Content-Type", "image/jpeg")
	h.Set("Content-Security-Policy", "default-src 'none'")
	h.Set("Cache-Control", "private, max-age=31536000, immutable") // its URL says which it is
	http.ServeContent(v.w, v.r, "", o.Now(), bytes.NewReader(picture))
	return nil
}

// logo says where the company's picture is, if it has one.
func (p *paperPage) logo(r Reader) error {
	picture, err := aftersales.Logo(aftersales.Look(r))
	if p.LogoMark = logoMark(picture); picture != nil {
		p.Logo = logoURL + "?v=" + p.LogoMark
	}
	return err
}

// logoMark tells one picture from another, and from none.
func logoMark(picture []byte) string {
	if picture == nil {
		return "none"
	}
	sum := sha256.Sum256(picture)
	return hex.EncodeToString(sum[:6])
}
