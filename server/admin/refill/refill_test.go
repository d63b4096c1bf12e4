package refill_test

import (
	"net/url"
	"strings"
	"testing"

	"fieldsync/server/admin/refill"
)

const page = `<!DOCTYPE html><html><head><title>x</title></head><body><p class="problem" data-problem>That is no address.</p><input name="q" autofocus>
<details id="away"><form method="post" action="/c/1/part"><input name="name"></form></details>
<details id="here"><summary>Add</summary><form method="post" action="/c/1/contacts"><input type="hidden" name="seen" value="new"><input name="name"><input name="unit"><input type="hidden" name="ref.unit" value="">
<select name="kind"><option value="a" selected>A</option><option value="b">B</option></select><textarea name="note">old</textarea>
<input type="checkbox" name="on" value="1" checked><input type="password" name="secret"><button>Add</button></form></details>
<form method="post" action="/c/1/back"><input type="hidden" name="charge" value="7"><input id="b7" name="reason"></form>
<form method="post" action="/c/1/back"><input type="hidden" name="charge" value="8"><input id="b8" name="reason"></form>
<form method="post" action="/c/1/close"><button>Close</button></form></body></html>`

func filled(t *testing.T, path string, typed url.Values) string {
	t.Helper()
	b, err := refill.Form([]byte(page), path, typed)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestARefusedFormIsAsItWasTyped(t *testing.T) {
	t.Parallel()
	got := filled(t, "/c/1/contacts", url.Values{"seen": {"old"}, "name": {`Li "<b>"`}, "unit": {"Pump"}, "ref.unit": {"77"}, "kind": {"b"}, "note": {"a\n</textarea><b>"}, "secret": {"s"}})
	for _, want := range []string{
		`<details id="here" open="">`, `<form method="post" action="/c/1/contacts"><p class="problem" data-problem="" id="refused">That is no address.</p>`, `name="seen" value="new"`,
		`<input name="name" value="Li &#34;&lt;b&gt;&#34;" autofocus="" aria-describedby="refused"/>`, `value="77"`, `<option value="a">`, `<option value="b" selected="">`,
		"a\n&lt;/textarea&gt;&lt;b&gt;</textarea>", `name="on" value="1"/>`, `<input type="password" name="secret"/>`, `<details id="away"><form`, `<input name="q"/>`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("it lacks %s:\n%s", want, got)
		}
	}
	if n := strings.Count(got, "data-problem"); n != 1 {
		t.Errorf("the reason stands there %d times", n)
	}
}

// Of several forms to one path the one about the same thing comes back; one that is a button alone, or is there no more,
// leaves the page as it was.
func TestOtherFormsStayAsTheyWere(t *testing.T) {
	t.Parallel()
	if got := filled(t, "/c/1/back", url.Values{"charge": {"8"}, "reason": {"why"}}); !strings.Contains(got, `id="b8" name="reason" value="why"`) || strings.Contains(got, `id="b7" name="reason" value`) {
		t.Errorf("another form was filled:\n%s", got)
	}
	for _, path := range []string{"/c/1/close", "/c/1/gone"} {
		if got := filled(t, path, url.Values{"seen": {"old"}}); got != page {
			t.Errorf("%s changed the page:\n%s", path, got)
		}
	}
}
