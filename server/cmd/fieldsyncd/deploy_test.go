package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const deploy = "../../deploy"

// What operators install sets what the hub knows: a setting that is misspelled or was given another name would be passed over.
func TestWhatOperatorsInstallSetsWhatThereIs(t *testing.T) {
	t.Parallel()
	var help bytes.Buffer
	if code := run(t.Context(), []string{"serve", "-h"}, strings.NewReader(""), &help, &help); code != exitDone {
		t.Fatal(help.String())
	}
	setting := regexp.MustCompile(`\bFIELDSYNC_[A-Z_]+`)
	known := map[string]bool{"FIELDSYNC_DB_PASSWORD": true} // of the compose file's own
	for _, name := range setting.FindAllString(help.String(), -1) {
		known[name] = true
	}
	for _, file := range []string{"Dockerfile", "compose.yaml", "fieldsync.env", "fieldsync.service", "fieldsync-backup.service"} {
		for _, name := range setting.FindAllString(deployed(t, file), -1) {
			if !known[name] {
				t.Errorf("%s sets %s, which the hub does not know", file, name)
			}
		}
	}
}

// The package is made of files that there are.
func TestThePackageIsMadeOfFilesThatThereAre(t *testing.T) {
	t.Parallel()
	sources := regexp.MustCompile(`(?:src|postinstall|preremove): ([A-Za-z][A-Za-z0-9_./-]+)`).FindAllStringSubmatch(deployed(t, "nfpm.yaml"), -1)
	for _, source := range sources {
		if _, err := os.Stat(filepath.Join("../../..", source[1])); err != nil {
			t.Error(err)
		}
	}
	if len(sources) < 10 {
		t.Errorf("it is made of %d files", len(sources))
	}
}

func deployed(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(deploy, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
