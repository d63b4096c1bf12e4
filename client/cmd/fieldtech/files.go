package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"fieldsync/client"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/cli"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

func photoCommand() *command {
	var in client.FileInput
	return &command{
		Name: "photo", Args: "JOB FILE [-kind KIND] [-caption TEXT]", Least: 2, Most: 2, Needs: writing,
		Brief: "attach a photo, or another file, to a job",
		About: "The file is copied at once and sent by fieldtech sync, apart from the job's changes and behind them; a\n" +
			"transfer that is cut off goes on where it stopped. FILE as - is read from standard input.",
		Example: "fieldtech photo J-d1-42 plate.jpg -caption \"type plate\"",
		Flags: func(f *flag.FlagSet) {
			f.StringVar(&in.Kind, "kind", aftersales.AttachPhoto, "KIND of file: photo, signature, document, voice or video")
			f.StringVar(&in.Caption, "caption", "", "TEXT that says what it shows")
			f.BoolVar(&in.Original, "original", false, "keep a photo as large as it is")
		},
		Do: func(ctx context.Context, a *app, args []string) error { return a.attach(ctx, args[0], args[1], in) },
	}
}

func (a *app) attach(ctx context.Context, said, path string, in client.FileInput) error {
	job, err := a.client.Jobs().Find(ctx, said)
	if err != nil {
		return err
	}
	content := a.in
	if path != "-" {
		f, err := openFile(path)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }() // it was only read
		content, in.Name = f, filepath.Base(path)
	}
	id, err := a.client.Attach(ctx, aftersales.Row{Table: "job", ID: job}, content, in)
	if err != nil {
		return err
	}
	return a.answer(struct {
		Job  record.ID `json:"job"`
		File record.ID `json:"file"`
	}{job, id}, func() { a.say("Attached. It goes with the next fieldtech sync.\n") })
}

// openFile opens what somebody named to be read. The error is a usage error: it is not there, or is a folder.
func openFile(path string) (*os.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, cli.Usage("%s cannot be read: %v", path, err)
	}
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, errors.Join(cli.Usage("%s is a folder: name a file", path), f.Close())
	}
	return f, nil
}

func filesCommand() *command {
	return &command{
		Name: "files", Args: "[JOB]", Most: 1, Needs: reading,
		Brief: "list the files of a job, or those that the hub does not have yet",
		About: "The state is waiting, sending with its share, done, refused with the reason, or away: then\n" +
			"fieldtech fetch brings the file here.",
		Example: "fieldtech files J-d1-42",
		Do: func(ctx context.Context, a *app, args []string) error {
			if len(args) == 0 {
				return a.waitingFiles()
			}
			return a.onFiles(ctx, args[0], func(client.Attachment) error { return nil })
		},
	}
}

func (a *app) waitingFiles() error {
	var t table
	t.add("KIND", "SIZE", "TAKEN", "STATE")
	for _, item := range a.client.Waiting() {
		err := a.answer(struct {
			SHA256  string     `json:"sha256"`
			Kind    string     `json:"kind"`
			Size    int64      `json:"size"`
			Added   int64      `json:"added"`
			Code    fault.Code `json:"code,omitempty"`
			Message string     `json:"message,omitempty"`
		}{item.Hash.String(), item.Kind, item.Size, item.Added, item.Code, item.Message}, func() {
			how := "waiting"
			if item.Code != "" {
				how = "refused: " + item.Message
			}
			t.add(item.Kind, kilobytes(item.Size), when(item.Added), how)
		})
		if err != nil {
			return err
		}
	}
	a.list(&t, "No file waits.\n")
	return nil
}

// onFiles does something with each file of a job and then lists them.
func (a *app) onFiles(ctx context.Context, said string, do func(client.Attachment) error) error {
	job, err := a.client.Jobs().Find(ctx, said)
	if err != nil {
		return err
	}
	list, err := a.client.JobFiles(ctx, job)
	if err != nil {
		return err
	}
	for _, f := range list {
		if err := do(f); err != nil {
			return err
		}
	}
	if list, err = a.client.JobFiles(ctx, job); err != nil {
		return err
	}
	var t table
	t.add("FILE", "KIND", "SIZE", "STATE", "WHAT")
	for _, f := range list {
		err := a.answer(f, func() {
			t.add(f.ID.String(), f.Kind, kilobytes(f.Size), fileState(f), short(strings.TrimSpace(f.Caption+" "+f.Name), 40))
		})
		if err != nil {
			return err
		}
	}
	a.list(&t, "The job has no files. fieldtech photo attaches one.\n")
	return nil
}

func fileState(f client.Attachment) string {
	switch f.State {
	case client.FileSending, client.FileFetching:
		return f.State + " " + strconv.Itoa(f.Percent) + " %"
	case client.FileRefused:
		return "refused: " + f.Reason
	}
	return f.State
}

func kilobytes(n int64) string { return strconv.FormatInt((n+1023)/1024, 10) + " KB" }

func fetchCommand() *command {
	var to string
	return &command{
		Name: "fetch", Args: "JOB [-to FOLDER]", Least: 1, Most: 1, Needs: writing,
		Brief:   "download the files of a job, and copy them out",
		About:   "What is here already is not downloaded again; a download that is cut off goes on where it stopped.",
		Example: "fieldtech fetch J-d1-42 -to photos",
		Flags:   func(f *flag.FlagSet) { f.StringVar(&to, "to", "", "FOLDER for copies, which is made") },
		Do: func(ctx context.Context, a *app, args []string) error {
			if to != "" {
				if err := os.MkdirAll(to, 0o700); err != nil {
					return cli.Usage("the folder %s cannot be made: %v", to, err)
				}
			}
			return a.onFiles(ctx, args[0], func(f client.Attachment) error {
				if f.State == client.FileAway {
					if err := a.client.Download(ctx, f.ID); err != nil {
						return err
					}
				}
				if to == "" {
					return nil
				}
				return a.copyOut(ctx, f, to)
			})
		},
	}
}

// copyOut copies a file under its hash, with an ending that its content has: its name is only what somebody called it.
func (a *app) copyOut(ctx context.Context, f client.Attachment, to string) error {
	from, err := a.client.OpenAttachment(ctx, f.ID)
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }() // it was only read
	_, ending, _ := strings.Cut(f.MediaType, "/")
	if strings.Trim(ending, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
		ending = "file"
	}
	out, err := os.Create(filepath.Join(to, f.SHA256[:16]+"."+ending))
	if err != nil {
		return cli.Usage("no file can be made in %s: %v", to, err)
	}
	if _, err = io.Copy(out, from); err != nil {
		_ = out.Close()
		return err
	}
	return out.Close()
}
