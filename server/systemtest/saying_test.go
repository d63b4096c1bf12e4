package systemtest

import (
	"net/http"
	"testing"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

// What is said about a request, in the office or by a program, stands on its page.
func TestARequestIsTalkedAbout(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	boss := b.browser("boss")
	var request record.ID
	b.office("create", func(tx aftersales.Tx) error {
		party, err := aftersales.CreateParty(tx, aftersales.PartyInput{Name: "Harbour Hotel"})
		if err != nil {
			return err
		}
		if request, err = aftersales.CreateRequest(tx, aftersales.RequestInput{Party: party, Title: "It hums"}); err != nil {
			return err
		}
		_, err = aftersales.AddComment(tx, aftersales.CommentInput{About: aftersales.Row{Table: "request", ID: request}, Text: "he calls from a ship"})
		return err
	})
	at := "/requests/" + request.String()
	boss.get(at).sees(http.StatusOK, "he calls from a ship")
	boss.post(at+"/comments", "text", "ask <b>twice").sees(http.StatusOK, "Added.", "he calls from a ship", "ask <b>twice", "Anna Berg")
	boss.post(at+"/comments", "text", " ").sees(http.StatusUnprocessableEntity)
}

// A field that is a choice is given its list, and the list its codes, by pages alone.
func TestAChoiceIsGivenItsListByPages(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	boss := b.browser("boss")
	boss.post("/fields", "table_name", "party", "field", "colour", "label.en", "Colour", "kind", "choice", "list", "colours of doors").
		sees(http.StatusOK, "The field is on its forms.", "What it chooses from", "Nothing yet.")
	field := boss.at.Path
	boss.get(boss.find(`href="(/codes/new\?list=[^"]+)"`)).sees(http.StatusOK, `<option value="colours of doors" selected>`, `<option value="fault">`)
	boss.post("/codes", "list", "colours of doors", "code", "red", "label.en", "Signal red").sees(http.StatusOK, "The code is in its list.")
	boss.get(field).sees(http.StatusOK, "Signal red")
	boss.get(boss.find(`href="(/codes\?list=[^"]+)"`)).sees(http.StatusOK, "Signal red", "1 shown of 1")
	boss.get("/customers/new").sees(http.StatusOK, `<option value="red">Signal red</option>`)
}
