//go:build unix

package pgtest

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// immediate is what the server takes for an order to stop at once.
const immediate = syscall.SIGQUIT

// servant returns whom the server runs as: PostgreSQL refuses to run as root. Nil is oneself.
func servant() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	var errs error
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			errs = errors.Join(errs, err)
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		gid, e := strconv.ParseUint(u.Gid, 10, 32)
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(err, e)
	}
	return nil, errs
}

// own gives the folder to whom the server runs as.
func own(dir string) error {
	as, err := servant()
	if err != nil || as == nil {
		return err
	}
	return errors.Join(os.Chown(dir, int(as.Uid), int(as.Gid)), os.Chmod(dir, 0o755))
}

func (c *cluster) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(c.programs, program), args...)
	cmd.Dir = c.dir
	as, _ := servant() // own has looked
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	return cmd
}
