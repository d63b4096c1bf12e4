package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
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

// Both services write the hub's folder, and systemd lets them write nothing but what they name: not what is above it.
func TestServicesMayWriteTheHubsFolder(t *testing.T) {
	t.Parallel()
	folder := regexp.MustCompile(`(?m)^FIELDSYNC_DATA=/var/lib/(.+)$`).FindStringSubmatch(deployed(t, "fieldsync.env"))
	for _, unit := range []string{"fieldsync.service", "fieldsync-backup.service"} {
		named := regexp.MustCompile(`(?m)^StateDirectory=(.+)$`).FindStringSubmatch(deployed(t, unit))
		if folder == nil || named == nil || !slices.Contains(strings.Fields(named[1]), folder[1]) {
			t.Errorf("%s may write %v, the hub is in %v", unit, named, folder)
		}
	}
}

// SQLite puts aside what a large transaction may have to undo, and an image of one file has no /tmp.
func TestTheContainerHasRoomForTemporaryFiles(t *testing.T) {
	t.Parallel()
	image := deployed(t, "Dockerfile")
	volume := regexp.MustCompile(`(?m)^VOLUME (.+)$`).FindStringSubmatch(image)
	temporary := regexp.MustCompile(`(?m)^ENV .*\bTMPDIR=(\S+)`).FindStringSubmatch(image)
	if volume == nil || temporary == nil || volume[1] != temporary[1] {
		t.Errorf("temporary files go to %v, the volume is %v", temporary, volume)
	}
}

// Who may not read /proc/sys has a queue of 128 connections, however long the system's is.
func TestTheServiceKnowsHowManyMayWait(t *testing.T) {
	t.Parallel()
	if regexp.MustCompile(`(?m)^ProcSubset=pid`).MatchString(deployed(t, "fieldsync.service")) {
		t.Error("the service does not see /proc/sys/net/core/somaxconn")
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
