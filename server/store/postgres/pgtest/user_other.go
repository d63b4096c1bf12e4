//go:build !unix

package pgtest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
)

var immediate = os.Kill

func own(string) error { return nil }

func (c *cluster) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, filepath.Join(c.programs, program), args...)
}
