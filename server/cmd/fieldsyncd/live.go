package main

import (
	"context"
	"errors"
	"io"
)

func liveDemo(ctx context.Context, dir, file string, out io.Writer) error {
	return errors.New("not yet")
}
