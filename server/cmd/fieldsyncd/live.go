package main

import (
	"context"
	"errors"
)

func (a *app) liveDemo(ctx context.Context, d *demo) error { return errors.New("to come") }
