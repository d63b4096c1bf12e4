package systemtest

import (
	"net/http"
	"testing"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
)

// A row that names the hash of another branch's file opens it to nobody who is bound to one, in the office neither: who works there
// with a phone as well would write that row himself.
func TestARowOpensNoFileOfAnotherBranch(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	li, mallory := b.hire("li", "Li Wei", auth.Technician), b.hire("mallory", "Mallory", auth.Technician)
	home, ours := b.abroad("Hamburg")
	_, theirs := b.abroad(elsewhere)
	if _, err := b.srv.People().SetRoles(t.Context(), mallory, nil, auth.Post{Role: auth.Manager, Branch: home}); err != nil {
		t.Fatal(err)
	}
	b.office("jobs", func(tx aftersales.Tx) error {
		_, err := aftersales.AssignJob(tx, aftersales.AssignInput{Job: ours[8], Person: mallory})
		if err == nil {
			_, err = aftersales.AssignJob(tx, aftersales.AssignInput{Job: theirs[8], Person: li})
		}
		return err
	})
	boss, v := b.browser("boss"), b.browser("mallory")
	hers, his := b.phone(boss, li, "Li's phone"), b.phone(boss, mallory, "his phone")
	sync(t, hers)
	sync(t, his)
	secret := photoOf(t, 2, 100)
	b.attach(hers, theirs[8], aftersales.AttachPhoto, secret)
	sync(t, hers)
	id, err := his.Comments().Attach(t.Context(), aftersales.AttachmentInput{
		About: aftersales.Row{Table: "job", ID: ours[8]}, Kind: aftersales.AttachPhoto, SHA256: hashOf(secret).String(),
		Size: int64(len(secret)), MediaType: "image/jpeg",
	})
	if err != nil {
		t.Fatal(err)
	}
	sync(t, his)
	at := "/attachments/" + id.String()
	v.get("/jobs/"+ours[8].String()).sees(http.StatusOK, "still on its way").lacks(at + "/thumbnail")
	v.get(at).sees(http.StatusNotFound, "There is no such file")
	v.get(at+"/thumbnail").sees(http.StatusNotFound, "There is no such file")
	boss.get(at + "/thumbnail").sees(http.StatusOK)        // who sees every branch
	b.attach(his, ours[8], aftersales.AttachPhoto, secret) // he has it after all
	sync(t, his)
	v.get(at + "/thumbnail").sees(http.StatusOK)
}
