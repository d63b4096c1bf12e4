package systemtest

import (
	"flag"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"fieldsync/server/scope"
	"fieldsync/sync/record"
)

var programsOfAges = flag.String("programs", "", "a folder with fieldsyncd as it was, is and will be: oldest, this and next; .ci/oldnew makes it")

// TestOldNew has a device of one age work with a hub of another, processes all, while each is replaced by the newer, the
// hub's schema with it. It runs by name, as .ci/oldnew does, since it wants programs of other ages.
func TestOldNew(t *testing.T) {
	if *programsOfAges == "" {
		t.Skip("it runs by name: .ci/oldnew")
	}
	for _, ages := range [][2]string{{"oldest", "this"}, {"this", "next"}, {"oldest", "next"}} {
		older, newer := filepath.Join(*programsOfAges, ages[0]), filepath.Join(*programsOfAges, ages[1])
		t.Run("hub of "+ages[0]+", then of "+ages[1]+", device of "+ages[0], func(t *testing.T) {
			t.Parallel()
			meetInAges(t, older, newer, older)
		})
		t.Run("hub of "+ages[0]+", then of "+ages[1]+", device of "+ages[1], func(t *testing.T) {
			t.Parallel()
			meetInAges(t, older, newer, newer)
		})
	}
	t.Run("next rehearses with phones of this", func(t *testing.T) {
		t.Parallel()
		rehearsesInAges(t, filepath.Join(*programsOfAges, "this"), filepath.Join(*programsOfAges, "next"))
	})
}

// rehearsesInAges has the newer program play a day again in which one of two phones is the older: nothing is lost.
func rehearsesInAges(t *testing.T, older, newer string) {
	i := &installation{t: t, program: newer, data: filepath.Join(t.TempDir(), "data")}
	s := i.begin()
	desk := i.desk(s.url)
	li, code := i.hireLi(s.url)
	desk.makes("Pump leaks", li)
	var wang struct{ ID record.ID }
	i.must(&wang, "person", "add", "Wang Fang", "-login", "wang", "-van")
	desk.makes("Fan rattles", wang.ID)
	var enrolment struct{ Code string }
	i.must(&enrolment, "device", "enrol", "wang", "-url", s.url)
	backup := filepath.Join(t.TempDir(), "morning.db")
	i.must(nil, "backup", backup)
	for _, code := range []string{code, enrolment.Code} {
		phone := i.phone()
		phone.do(map[string]any{"Do": "enrol", "Server": s.url, "Code": code, "Name": "phone"})
		phone.sync(s.url)
		phone.do(map[string]any{"Do": "repair", "Jobs": 1})
		phone.sync(s.url)
	}
	s.stop()
	for what, args := range map[string][]string{"the older program": {"-old", older}, "the newer with the older schema": nil} {
		var told struct {
			Phones, Lost int
			Converged    bool
			OlderApp     struct {
				Version, Latest int
				Phones          []string
			} `json:"older_app"`
		}
		i.must(&told, append([]string{"rehearse", backup}, args...)...)
		if told.Phones != 2 || told.Lost > 0 || !told.Converged || told.OlderApp.Version+1 != told.OlderApp.Latest || len(told.OlderApp.Phones) != 1 {
			t.Errorf("with %s: %+v", what, told)
		}
	}
}

// meetInAges has a device work with the older hub, and then, with work on it that was not sent, with the newer one on the
// same folder. In the end the device becomes the newer too, and holds what a new device of the same person fetches.
func meetInAges(t *testing.T, older, newer, devices string) {
	i := &installation{t: t, program: older, data: filepath.Join(t.TempDir(), "data")}
	s := i.begin()
	desk := i.desk(s.url)
	li, code := i.hireLi(s.url)
	desk.makes("Pump leaks", li)
	dir := t.TempDir()
	phone := of(i, devices).phoneIn(dir)
	phone.do(map[string]any{"Do": "enrol", "Server": s.url, "Code": code, "Name": "Li's phone"})
	phone.sync(s.url)
	desk.makes("循环泵压力不足", li)
	phone.do(map[string]any{"Do": "repair", "Jobs": 1})
	phone.sync(s.url)
	desk.makes("Fan rattles", li)
	phone.do(map[string]any{"Do": "repair", "Jobs": 1})

	s.stop()
	i.program = newer
	s = i.begin()
	desk.url = s.url
	phone.sync(s.url)
	desk.makes("Door sticks", li)
	phone.sync(s.url)
	phone.do(map[string]any{"Do": "repair", "Jobs": 1})
	wrote := phone.do(map[string]any{"Do": "state"}).Changes
	phone.end()

	phone = i.phoneIn(dir)
	phone.do(map[string]any{"Do": "repair", "Jobs": 1})
	phone.sync(s.url)
	state := phone.do(map[string]any{"Do": "state"})
	if state.Pending != 0 || state.Refused != 0 || len(wrote) == 0 {
		t.Errorf("the device stands badly: %+v", state)
	}
	for _, id := range wrote {
		if !slices.Contains(state.Changes, id) {
			t.Errorf("the newer program forgot the change %s", id)
		}
	}
	i.sameOnANewPhone(phone, s.url)
	s.stop()
	i.must(nil, "verify")
}

// of is the same installation with another program.
func of(i *installation, program string) *installation {
	other := *i
	other.program = program
	return &other
}

// desk is the office, in which an administrator has signed in.
func (i *installation) desk(url string) *browser {
	i.t.Helper()
	var boss struct{ Password string }
	i.must(&boss, "person", "add", "Anna Berg", "-login", "anna", "-role", "administrator", "-password")
	jar, _ := cookiejar.New(nil)
	v := &browser{t: i.t, url: url, http: &http.Client{Jar: jar, Timeout: patience}}
	v.post("/sign-in", "login", "anna", "password", boss.Password).sees(http.StatusOK)
	return v.post("/password", "current", boss.Password, "password", password, "again", password).sees(http.StatusOK)
}

// hireLi makes a technician with a van, parts and a code for his phone.
func (i *installation) hireLi(url string) (person record.ID, code string) {
	i.t.Helper()
	var li struct{ ID record.ID }
	i.must(&li, "person", "add", "Li Wei", "-login", "li", "-van")
	parts := filepath.Join(i.t.TempDir(), "parts.csv")
	if err := os.WriteFile(parts, []byte("code,name\nSEAL,Seal 40 mm\n"), 0o600); err != nil {
		i.t.Fatal(err)
	}
	i.must(nil, "import", "parts", parts)
	return li.ID, i.codeForLi(url)
}

func (i *installation) codeForLi(url string) string {
	i.t.Helper()
	var enrolment struct{ Code string }
	i.must(&enrolment, "device", "enrol", "li", "-url", url)
	return enrolment.Code
}

// sameOnANewPhone compares the phone's rows with those that a new one of the same person fetches.
func (i *installation) sameOnANewPhone(phone *phone, url string) {
	i.t.Helper()
	fresh := i.phone()
	fresh.do(map[string]any{"Do": "enrol", "Server": url, "Code": i.codeForLi(url), "Name": "Li's new phone"})
	var differ []string
	defer func() {
		for _, d := range differ {
			i.t.Error("the old phone's", d)
		}
	}()
	soon(i.t, "both hold the same", func() bool { // the key of the new one comes to the old, and what the hub finds of the work to both
		fresh.sync(url)
		phone.sync(url)
		had, have := phone.do(map[string]any{"Do": "rows"}).Rows, fresh.do(map[string]any{"Do": "rows"}).Rows
		differ = scope.Differences(had, have)
		return len(have) > 0 && len(differ) == 0
	})
}
