package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
)

// runDemo is "fieldsyncd demo".
func runDemo(ctx context.Context, args []string, _ io.Reader, out io.Writer) error {
	flags := flag.NewFlagSet("fieldsyncd demo", flag.ContinueOnError)
	story := flags.Bool("story", false, "play the whole scenario by itself and exit 0 only if every claim holds")
	file := flags.String("import", "", "take the jobs from this CSV `file`")
	asJSON := flags.Bool("json", false, "with -story: print one JSON object and nothing else")
	dir := flags.String("data", "", "`folder` for the demo's data; without it a temporary one")
	crew := flags.Int("technicians", 8, "with -story: how many technicians take part, at least 8")
	seed := flags.Uint64("seed", 1, "with -story: what happens when")
	if err := flags.Parse(args); err != nil {
		return usageOf(err)
	}
	if flags.NArg() > 0 || *crew < 8 {
		fmt.Fprintln(flags.Output(), "fieldsyncd demo takes flags only, and at least 8 technicians; see -h")
		return errUsage
	}
	if *dir == "" {
		temporary, err := os.MkdirTemp("", "fieldsync-demo-")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(temporary) }()
		*dir = temporary
	}
	if !*story {
		return liveDemo(ctx, *dir, *file, out)
	}
	log := io.Writer(out)
	if *asJSON {
		log = io.Discard
	}
	told, err := tell(ctx, storyOptions{dir: *dir, file: *file, crew: *crew, seed: *seed, log: log})
	if *asJSON && told != nil {
		if err := json.NewEncoder(out).Encode(told); err != nil {
			return err
		}
	}
	return err
}

// usageOf returns the error for flags that could not be parsed; the flag set has printed why.
func usageOf(err error) error {
	if err == flag.ErrHelp {
		return err
	}
	return errUsage
}
