package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fieldsync/client"
)

// When the lease is over only what shows nothing of customers is answered; what cannot be used as an authority is told.
func TestPolicyOnTheCommandLine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "replica.db")
	c, err := client.Open(t.Context(), client.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	account := `{"server":"http://127.0.0.1:1","device":"0198c0c0-0000-7000-8000-000000000001","met":1}`
	if err := os.WriteFile(path+".account", []byte(account), 0o600); err != nil {
		t.Fatal(err)
	}
	none := filepath.Join(dir, "none.pem")
	if err := os.WriteFile(none, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, s := range []struct {
		args []string
		exit int
		says string
	}{
		{[]string{"jobs", "-lease", "14"}, exitRefused, "has not met the office"},
		{[]string{"jobs"}, exitRefused, "not enrolled"},
		{[]string{"status", "-lease", "14"}, exitDone, ""},
		{[]string{"choose", "-photos", "huge"}, exitUsage, "small or full"},
		{[]string{"choose", "-send", "pigeon"}, exitUsage, "any or wifi"},
		{[]string{"jobs", "-lease", "-1"}, exitUsage, "number of days"},
		{[]string{"jobs", "-authority", filepath.Join(dir, "absent.pem")}, exitUsage, "-authority"},
		{[]string{"jobs", "-authority", none}, exitRefused, "give them as PEM"},
	} {
		said := tell(t, "", append(s.args, "-data", dir)...)
		if said.exit != s.exit || !strings.Contains(said.err, s.says) {
			t.Errorf("%v: %+v", s.args, said)
		}
	}
}

// What is chosen once holds at the next run.
func TestWhatIsChosenHoldsAtTheNextRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c, err := client.Open(t.Context(), client.Options{Path: filepath.Join(dir, "replica.db")})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	for _, s := range []struct {
		args []string
		says string
	}{
		{nil, `{"reduce":false,"wifi_only":false}`},
		{[]string{"-photos", "small", "-send", "wifi"}, `{"reduce":true,"wifi_only":true}`},
		{[]string{"-send", "any"}, `{"reduce":true,"wifi_only":false}`},
		{nil, `{"reduce":true,"wifi_only":false}`},
	} {
		said := tell(t, "", append(append([]string{"choose"}, s.args...), "-json", "-data", dir)...)
		if said.exit != exitDone || strings.TrimSpace(said.out) != s.says {
			t.Errorf("%v: %+v", s.args, said)
		}
	}
	if said := tell(t, "", "choose", "-data", dir); !strings.Contains(said.out, "small") || !strings.Contains(said.out, "any network") {
		t.Errorf("%+v", said)
	}
}
