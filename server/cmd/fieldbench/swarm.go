package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"fieldsync/client/link"
	"fieldsync/sync/wire"
)

// swarmProcess is many light devices.
type swarmProcess struct {
	place
	server  string
	tls     *tls.Config // nil without TLS
	codec   *wire.Codec
	devices []*light
	online  []*online
	again   atomic.Int64 // dials that were refused, and tried again
}

// online is one connection of a light device.
type online struct {
	*light
	link  *link.Link
	leave context.CancelFunc
	ended chan link.End
}

func openSwarm(_ context.Context, p place) (func(context.Context, order) (answer, error), func() error, error) {
	codec, err := wire.NewCodec(crowdSchema)
	s := &swarmProcess{place: p, codec: codec}
	return s.obey, s.leaveAll, err
}

func (s *swarmProcess) obey(ctx context.Context, o order) (answer, error) {
	switch o.Do {
	case "crowd":
		s.server = o.Server
		var err error
		if s.tls, err = trusting(o.Trusted); err != nil {
			return answer{}, err
		}
		for _, w := range crowd(o.Count, o.Seed) {
			s.devices = append(s.devices, newLight(w))
		}
		return answer{Count: len(s.devices)}, nil
	case "connect":
		return s.connect(ctx, o.AtOnce)
	case "leave":
		return answer{}, s.leaveAll()
	case "work":
		return s.work(ctx, time.Duration(o.Seconds)*time.Second, o.Seed)
	}
	return answer{}, fmt.Errorf("unknown order %q", o.Do)
}

// connect connects every device, so many at a time, and returns how long it took until all were level with the hub, and
// how long each waited.
func (s *swarmProcess) connect(ctx context.Context, atOnce int) (answer, error) {
	s.again.Store(0)
	turns := make(chan struct{}, atOnce)
	waited, errs := make([]float64, len(s.devices)), make([]error, len(s.devices))
	s.online = make([]*online, len(s.devices))
	begun := time.Now()
	var all sync.WaitGroup
	for i, d := range s.devices {
		all.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			s.online[i], errs[i] = s.bring(ctx, d)
			waited[i] = millis(time.Since(begun))
		})
	}
	all.Wait()
	took := time.Since(begun)
	return answer{Nanos: int64(took), Waits: waitsOf(waited), Count: int(s.again.Load())}, errors.Join(errs...)
}

// bring dials, again after a while where the hub has no room, and returns when the device is level.
func (s *swarmProcess) bring(ctx context.Context, d *light) (*online, error) {
	for begun := time.Now(); ; s.again.Add(1) {
		on, err := s.dial(ctx, d)
		if err == nil || time.Since(begun) > 2*patience {
			return on, err
		}
		time.Sleep(time.Duration(100+rand.IntN(200)) * time.Millisecond)
	}
}

func (s *swarmProcess) dial(ctx context.Context, d *light) (*online, error) {
	level := make(chan struct{}, 1)
	l, err := link.Dial(ctx, link.Config{Server: s.server, TLS: s.tls, Codec: s.codec, Local: d, CaughtUp: func() {
		select {
		case level <- struct{}{}:
		default:
		}
	}})
	if err != nil {
		return nil, err
	}
	ctx, leave := context.WithCancel(ctx)
	on := &online{light: d, link: l, leave: leave, ended: make(chan link.End, 1)}
	go func() { on.ended <- l.Run(ctx) }()
	select {
	case <-level:
		return on, nil
	case end := <-on.ended:
		leave()
		return nil, fmt.Errorf("a device was sent away: %w", end.Reason)
	}
}

func (s *swarmProcess) leaveAll() error {
	var errs []error
	for _, on := range s.online {
		if on == nil {
			continue
		}
		on.leave()
		if end := <-on.ended; end.Reason != nil {
			errs = append(errs, end.Reason)
		}
	}
	s.online = nil
	return errors.Join(errs...)
}

// longestThought is how long a device waits at most between the verdict on a change and the next change.
const longestThought = 400 * time.Millisecond

// work has every device write for so long, each a change and the next one some time after it was answered. It returns how
// many were accepted, how many not, how long it was until the last verdict, and how long each took from the write to the verdict.
func (s *swarmProcess) work(ctx context.Context, during time.Duration, seed uint64) (answer, error) {
	begun := time.Now()
	ctx, stop := context.WithTimeout(ctx, during)
	defer stop()
	var mu sync.Mutex
	var sum answer
	var took []float64
	var all sync.WaitGroup
	for i, on := range s.online {
		all.Go(func() {
			accepted, refused, each := on.work(ctx, newMaker(seed+uint64(i)))
			mu.Lock()
			defer mu.Unlock()
			sum.Count, sum.Refused, took = sum.Count+accepted, sum.Refused+refused, append(took, each...)
		})
	}
	all.Wait()
	sum.Nanos, sum.Waits = int64(time.Since(begun)), waitsOf(took) // the last verdicts come when the time is over
	return sum, nil
}

// work writes until ctx ends. It returns how many changes were accepted, how many refused or left without an answer, and how
// long each answer took, in ms.
func (on *online) work(ctx context.Context, m *maker) (accepted, refused int, took []float64) {
	pause := time.NewTimer(time.Duration(m.Int64N(int64(longestThought))))
	for {
		select {
		case <-ctx.Done():
			return accepted, refused, took
		case <-pause.C:
		}
		on.link.Wrote(on.write(m.IntN(1<<20), m.edit()))
		select {
		case a := <-on.took:
			accepted, refused, took = accepted+a.accepted, refused+1-a.accepted, append(took, millis(a.after))
		case end := <-on.ended:
			on.ended <- end
			return accepted, refused + 1, took
		}
		pause.Reset(time.Duration(m.Int64N(int64(longestThought))))
	}
}
