package api

import (
	"slices"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/blob"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
	"fieldsync/sync/schema"
)

// The resources about what the company knows, and about files.
var knowledgeResources = []*resource{
	{
		Path: "solutions", Table: "solution", See: auth.SeeKnowledge, Edit: auth.EditKnowledge, Create: auth.EditKnowledge,
		Takes: []string{"title", "product", "fault", "symptom", "solution", "note"}, Needs: []string{"title", "solution"},
		Changes: []string{"title", "product", "fault", "symptom", "solution", "note"},
		Make: func(tx aftersales.Tx, _ record.ID, v record.Values) (record.ID, error) {
			code, err := codeOf(tx, v["fault"].Ref())
			if err != nil {
				return record.ID{}, err
			}
			return aftersales.PutSolution(tx, aftersales.SolutionInput{
				Product: v["product"].Ref(), FaultCode: code, Title: v["title"].Text(), Symptom: v["symptom"].Text(), Solution: v["solution"].Text(), Note: v["note"].Text(),
			})
		},
		Actions: slices.Concat(
			[]action{tidied("approve", aftersales.SolutionApproved), tidied("retire", aftersales.SolutionRetired)},
			joining("solution", auth.EditKnowledge), archiving("solution", auth.EditKnowledge),
		),
	},
	{
		Path: "documents", Table: "document", See: auth.SeeKnowledge, Create: auth.EditKnowledge, Files: []string{blob.Document},
		Takes: []string{"branch", "kind", "title", "product", "text", "sha256", "name", "edition", "replaces"}, Needs: []string{"kind", "title"},
		Make: func(tx aftersales.Tx, _ record.ID, v record.Values) (record.ID, error) {
			return aftersales.AddDocument(tx, aftersales.DocumentInput{
				Branch: v["branch"].Ref(), Kind: v["kind"].Text(), Title: textsOf(v, "title"), Product: v["product"].Ref(), Text: v["text"].Text(),
				SHA256: v["sha256"].Text(), Size: v["size"].Number(), MediaType: v["media_type"].Text(), Name: v["name"].Text(), Edition: v["edition"].Text(),
				Replaces: v["replaces"].Ref(),
			})
		},
		Actions: archiving("document", auth.EditKnowledge),
	},
	{
		Path: "attachments", Table: "attachment", See: auth.SeeJobs, Create: auth.Comment,
		Files: []string{blob.Photo, blob.Document, blob.Voice, blob.Video, blob.Signature},
		Takes: []string{"about", "kind", "sha256", "name", "caption", "replaces", "occurred"}, Needs: []string{"about", "kind", "sha256"}, Make: attach,
	},
	{Path: "codes", Table: "code", See: auth.SignedIn, Create: auth.EditSettings, Takes: []string{"list", "code", "label", "rank", "parent"}, Needs: []string{"list", "code"}, Make: makeCode, Actions: codeActions},
}

// codeOf returns the code that a row of the table code is for.
func codeOf(tx aftersales.Tx, id record.ID) (string, error) {
	if id.IsZero() {
		return "", nil
	}
	row, err := tx.Row("code", id)
	return aftersales.CodeOf(row).Code, err
}

// tidied gives a solution another state, and leaves the rest of it as it is.
func tidied(name, state string) action {
	return action{
		Name: name, Need: auth.EditKnowledge, Cause: aftersales.CauseSolution, Undoes: true,
		Do: func(tx aftersales.Tx, row record.ID, _ record.Values) error {
			is, err := tx.Row("solution", row)
			if err != nil {
				return err
			}
			s := aftersales.SolutionOf(is)
			code, err := codeOf(tx, s.Fault)
			if err != nil {
				return err
			}
			_, err = aftersales.PutSolution(tx, aftersales.SolutionInput{
				ID: s.ID, Product: s.Product, FaultCode: code, Title: s.Title, Symptom: s.Symptom, Solution: s.Solution, State: state, Note: s.Note,
			})
			return err
		},
	}
}

// attachable are the kinds of row that programs attach files to: those of which a page shows them.
var attachable = []string{"job", "request"}

func attach(tx aftersales.Tx, _ record.ID, v record.Values) (record.ID, error) {
	key := v["about"].Key()
	t := aftersales.Schema.TableByID(key.Table)
	if t == nil || !slices.Contains(attachable, t.Name) {
		return record.ID{}, refused("about", fault.Invalid, nil, "A file is attached to a job or a request.")
	}
	at, err := momentOf(tx, v, "occurred")
	if err != nil {
		return record.ID{}, err
	}
	return aftersales.AddAttachment(tx, aftersales.AttachmentInput{
		About: aftersales.Row{Table: t.Name, ID: key.ID}, Kind: v["kind"].Text(), SHA256: v["sha256"].Text(), Size: v["size"].Number(),
		MediaType: v["media_type"].Text(), Name: v["name"].Text(), Caption: v["caption"].Text(), Replaces: v["replaces"].Ref(), At: at,
	})
}

// makeCode adds a code to its list. One that is there already is given other names by an action of its own.
func makeCode(tx aftersales.Tx, _ record.ID, v record.Values) (record.ID, error) {
	id := aftersales.CodeID(v["list"].Text(), v["code"].Text())
	row, err := tx.Row("code", id)
	if err == nil && row != nil {
		err = refused("code", fault.Exists, nil, "The list has this code already: %s.", id)
	}
	if err == nil {
		err = listed(tx, v["list"].Text())
	}
	if err != nil {
		return id, err
	}
	return id, aftersales.PutCode(tx, aftersales.CodeInput{
		List: v["list"].Text(), Code: v["code"].Text(), Label: textsOf(v, "label"), Rank: v["rank"].Number(), Parent: v["parent"].Text(),
	})
}

// listed refuses a list that neither commands check codes against nor a field of the company's own chooses from.
func listed(tx aftersales.Tx, list string) error {
	if slices.Contains(aftersales.CodeLists(), list) {
		return nil
	}
	row, err := tx.Row("code_list", aftersales.CodeListID(list))
	if err == nil && row == nil {
		err = refused("list", aftersales.UnknownCode, nil, "There is no list of this name.")
	}
	return err
}

var codeActions = []action{
	{
		Name: "label", Need: auth.EditSettings, Cause: aftersales.CauseCodePut, Sets: true,
		Takes: []schema.Column{takes("label", schema.Translated, ""), takes("rank", schema.Integer, "")},
		Do: func(tx aftersales.Tx, row record.ID, v record.Values) error {
			is, err := tx.Row("code", row)
			if err != nil {
				return err
			}
			c, rank := aftersales.CodeOf(is), is.Get("rank")
			if given, ok := v["rank"]; ok {
				rank = given
			}
			return aftersales.PutCode(tx, aftersales.CodeInput{List: c.List, Code: c.Code, Label: textsOf(v, "label"), Rank: rank.Number(), Parent: c.Parent})
		},
	},
	{
		Name: "retire", Need: auth.EditSettings, Cause: aftersales.CauseCodePut, Undoes: true,
		Do: func(tx aftersales.Tx, row record.ID, _ record.Values) error {
			is, err := tx.Row("code", row)
			if err != nil {
				return err
			}
			c := aftersales.CodeOf(is)
			return aftersales.RetireCode(tx, c.List, c.Code)
		},
	},
}
