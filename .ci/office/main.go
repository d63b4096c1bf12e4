// Command office is somebody in the office, for tests that are not written in Go: it opens a hub's folder beside the hub
// that serves it, as fieldsyncd's own commands do, carries out orders from standard input, one a line, and answers each
// with one line of JSON.
//
//	job TITLE LOGIN…    makes a job and assigns it                       {"id":…}
//	part CODE           puts a part into the catalogue                   {"id":…}
//	drop TABLE ID       deletes a row                                    {}
//	cancel ID           cancels a job                                    {}
//	conflicts           counts what stands open                          {"open":…}
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"fieldsync/server"
	"fieldsync/server/hub"
	"fieldsync/server/store"
	"fieldsync/sync/aftersales"
	"fieldsync/sync/record"
)

func main() {
	data := flag.String("data", "", "the hub's `folder`")
	flag.Parse()
	if err := run(context.Background(), *data, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "office:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, data string, in io.Reader, out io.Writer) error {
	core, err := server.OpenCore(ctx, server.CoreOptions{
		Path: filepath.Join(data, "hub.db"), Schema: aftersales.Schema, Rules: server.Rules(), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return err
	}
	o := &office{ctx, core}
	answers := json.NewEncoder(out)
	for lines := bufio.NewScanner(in); lines.Scan(); {
		answer, err := o.obey(strings.Split(lines.Text(), "\t"))
		if err != nil {
			answer = map[string]string{"error": err.Error()}
		}
		if err := answers.Encode(answer); err != nil {
			return err
		}
	}
	return core.Close(0)
}

type office struct {
	context.Context
	core *server.Core
}

func (o *office) obey(words []string) (any, error) {
	switch {
	case words[0] == "job" && len(words) > 2:
		return o.makes(func(tx aftersales.Tx) (record.ID, error) { return o.job(tx, words[1], words[2:]) })
	case words[0] == "part" && len(words) == 2:
		return o.makes(func(tx aftersales.Tx) (record.ID, error) {
			return aftersales.CreatePart(tx, aftersales.PartInput{Code: words[1], Name: map[string]string{"en": words[1]}})
		})
	case words[0] == "drop" && len(words) == 3:
		return o.on(words[2], func(tx aftersales.Tx, id record.ID) error { return tx.Delete(words[1], id) })
	case words[0] == "cancel" && len(words) == 2:
		return o.on(words[1], func(tx aftersales.Tx, id record.ID) error {
			return aftersales.CancelJob(tx, aftersales.CancelInput{Job: id, Reason: "sold"})
		})
	case words[0] == "conflicts":
		return o.conflicts()
	}
	return nil, fmt.Errorf("there is no order %q", words)
}

func (o *office) do(command func(aftersales.Tx) error) error {
	_, err := o.core.Hub.Do(o, record.ID{}, nil, aftersales.CauseEdit, func(h *hub.Office) error {
		return command(server.Bind(h, record.ID{}))
	})
	return err
}

func (o *office) makes(command func(aftersales.Tx) (record.ID, error)) (answer struct {
	ID record.ID `json:"id"`
}, err error) {
	err = o.do(func(tx aftersales.Tx) (err error) {
		answer.ID, err = command(tx)
		return err
	})
	return answer, err
}

func (o *office) on(text string, command func(aftersales.Tx, record.ID) error) (struct{}, error) {
	id, err := record.ParseID(text)
	if err != nil {
		return struct{}{}, err
	}
	return struct{}{}, o.do(func(tx aftersales.Tx) error { return command(tx, id) })
}

func (o *office) job(tx aftersales.Tx, title string, logins []string) (record.ID, error) {
	job, err := aftersales.CreateJob(tx, aftersales.JobInput{Branch: aftersales.NamedID("branch", "MAIN"), Title: title})
	for _, login := range logins {
		person, err := o.person(login)
		if err != nil {
			return job, err
		}
		if _, err := aftersales.AssignJob(tx, aftersales.AssignInput{Job: job, Person: person}); err != nil {
			return job, err
		}
	}
	return job, err
}

func (o *office) person(login string) (id record.ID, err error) {
	err = o.core.Store.Read(o, func(v *store.View) error {
		p, err := v.PersonByLogin(login)
		if p == nil {
			return fmt.Errorf("nobody is called %s: %w", login, err)
		}
		id = p.ID
		return err
	})
	return id, err
}

func (o *office) conflicts() (answer struct {
	Open int `json:"open"`
}, err error) {
	rows, err := o.core.Store.Query(o, "SELECT count(*) FROM _conflict")
	if err != nil {
		return answer, err
	}
	defer func() { _ = rows.Close() }() // it was only read
	for rows.Next() {
		err = rows.Scan(&answer.Open)
	}
	return answer, err
}
