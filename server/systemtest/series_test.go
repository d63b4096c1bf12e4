package systemtest

import (
	"net/http"
	"testing"

	"fieldsync/server/auth"
	"fieldsync/sync/aftersales"
)

// The office says from which number a series goes on, and sees beside the series what a restore forgot of it.
func TestTheOfficeSeesWhereASeriesGoesOnAndWhatItLost(t *testing.T) {
	t.Parallel()
	b := newBureau(t)
	b.hire("boss", "Anna Berg", auth.Administrator)
	v, branch, lost := b.browser("boss"), b.onlyBranch(), b.customer("Südwind")
	v.get("/numbers").sees(http.StatusOK, "/numbers/A/start").lacks("Numbers lost by a restore")
	v.get("/numbers/J/start").sees(http.StatusNotFound)
	v.get("/numbers/A/start").sees(http.StatusOK, "</form>")
	v.post("/numbers/A/start", "first", "400", "branch", "North", "ref.branch", branch.String()).sees(http.StatusOK, "Set.")
	b.office("lost", func(tx aftersales.Tx) error {
		return aftersales.LoseNumbers(tx, []aftersales.GivenNumber{
			{Series: aftersales.SeriesAudit, Branch: branch, Position: 400, Number: "A-N-2026-000400", About: aftersales.Row{Table: "party", ID: lost}},
			{Series: aftersales.SeriesAudit, Branch: branch, Position: 401, Number: "A-N-2026-000401", About: aftersales.Row{Table: "slip", ID: branch}},
			{Series: aftersales.SeriesAudit, Branch: branch, Position: 402, Number: "A-N-2026-000402"},
		})
	})
	v.get("/numbers").sees(http.StatusOK, "Numbers lost by a restore", "A-N-2026-000400", "A-N-2026-000401", "A-N-2026-000402", "Südwind", "North")
	v.post("/numbers/A/start", "first", "400", "branch", "North", "ref.branch", branch.String()).sees(http.StatusUnprocessableEntity, "let it go on above")
}
