// Command containers reads a Dockerfile and a compose file as those do who build and start from them, and fails where they would
// refuse, or the builder's own checks find fault.
//
//	containers DOCKERFILE COMPOSE
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: containers DOCKERFILE COMPOSE")
		os.Exit(2)
	}
	if err := errors.Join(dockerfile(os.Args[1]), compose(os.Args[2])); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// dockerfile reads the file to its instructions.
func dockerfile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	read, err := parser.Parse(f)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	var found []error
	for _, w := range read.Warnings {
		found = append(found, fmt.Errorf("%s: %s", path, w.Short))
	}
	checks := linter.New(&linter.Config{Warn: func(rule, _, _, message string, at []parser.Range) {
		line := 0
		if len(at) > 0 {
			line = at[0].Start.Line
		}
		found = append(found, fmt.Errorf("%s:%d: %s: %s", path, line, rule, message))
	}})
	stages, _, err := instructions.Parse(read.AST, checks)
	if err == nil && len(stages) == 0 {
		err = errors.New("nothing is built")
	}
	if err != nil {
		found = append(found, fmt.Errorf("%s: %w", path, err))
	}
	return errors.Join(found...)
}

// compose reads the file against the schema of compose files, with a password in the place of the one that an operator brings, and
// checks that services, volumes and conditions fit together.
func compose(path string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	project, err := loader.LoadWithContext(context.Background(), types.ConfigDetails{
		WorkingDir:  filepath.Dir(path),
		ConfigFiles: []types.ConfigFile{{Filename: path, Content: content}},
		Environment: types.Mapping{"FIELDSYNC_DB_PASSWORD": "secret"},
	}, func(o *loader.Options) { o.SetProjectName("fieldsync", true) })
	if err == nil && len(project.Services) == 0 {
		err = errors.New("nothing is started")
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
