package aftersales

import "testing"

// Every ready-made checklist can be made as it is, asks in three languages, and goes with a kind of job that new
// companies have.
func TestReadyMadeChecklistsCanBeMade(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, name := range append(ChecklistTemplates(), "") {
		in, err := ChecklistFrom(name)
		w.ok(err)
		if name == "" {
			in.Name, in.JobKind = texts("Own", "自定", "自訂"), "repair"
		}
		w.id(CreateChecklist(w, in))
		for _, q := range in.Questions {
			if len(q.Label) != 3 || q.Label["zh-Hant"] == "" {
				t.Errorf("%s asks %s in %v", name, q.Key, q.Label)
			}
		}
	}
	if len(ChecklistTemplates()) != 7 {
		t.Errorf("%v", ChecklistTemplates())
	}
	in, _ := ChecklistFrom("install_quality")
	if q := in.Questions[3]; q.Unit != "%" || *q.Maximum != 100*One || *q.Minimum != 0 {
		t.Errorf("%+v", q)
	}
	_, err := ChecklistFrom("none")
	w.refused(UnknownCode, err)
}
