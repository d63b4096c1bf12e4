package server

import (
	"context"
	"log/slog"
	"time"

	"fieldsync/server/pace"
	"fieldsync/server/store"
	"fieldsync/sync/record"
)

// paces is the store as nodes count together in it.
type paces struct {
	*store.Store
	log *slog.Logger
}

// nodesPaces returns where nodes count together, nil where one process serves the database.
func nodesPaces(s *store.Store, log *slog.Logger) pace.Ledger {
	if !s.SeveralNodes() {
		return nil
	}
	return paces{s, log}
}

func (s paces) Use(ctx context.Context, kind string, who record.ID, add, most time.Duration) (time.Duration, error) {
	full, err := s.UsePace(ctx, kind, who, add, most)
	if err != nil {
		s.log.Warn("nodes could not count together; this one counts for itself", "kind", kind, "who", who, "error", err)
	}
	return full, err
}
