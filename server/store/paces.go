package store

import (
	"context"
	"database/sql"
	"time"

	"fieldsync/server/store/postgres"
	"fieldsync/sync/fault"
	"fieldsync/sync/record"
)

// Where several nodes serve a database, they count there together what devices and programs ask for (see package pace). That is
// worth nothing after a crash, and no part of the hub's data: the table is not logged, not copied and not backed up, and
// who counts waits for nobody's turn to write.
const makePaces = "CREATE UNLOGGED TABLE IF NOT EXISTS _pace (kind TEXT NOT NULL, who BYTEA NOT NULL, all_back BIGINT NOT NULL," +
	" PRIMARY KEY (kind, who))"

// By the server's clock, in microseconds: it is one for all nodes.
const (
	serversNow = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
	usePace    = "INSERT INTO _pace AS p (kind, who, all_back) VALUES($1, $2, " + serversNow + " + $3)" +
		" ON CONFLICT (kind, who) DO UPDATE SET all_back = least(greatest(p.all_back, " + serversNow + ") + $3, " + serversNow + " + $4)" +
		" RETURNING all_back - " + serversNow
	dropPaces = "DELETE FROM _pace WHERE all_back < " + serversNow
)

// dropEvery is how many uses there are between two times that rows are dropped which say nothing any more.
const dropEvery = 1000

// UsePace adds to how long it takes until everything of the kind is back for somebody, and returns how long that is now, at
// most most. It is of use on PostgreSQL; on a database that one process serves the code of the error is fault.Internal. Else
// the codes are those of the engine, Unavailable where it does not answer before ctx ends.
func (s *Store) UsePace(ctx context.Context, kind string, who record.ID, add, most time.Duration) (time.Duration, error) {
	if s.paces == nil {
		return 0, fault.New(fault.Internal, "One process serves this database: it counts for itself.")
	}
	if s.pacesUsed.Add(1)%dropEvery == 0 {
		if _, err := s.paces.ExecContext(ctx, dropPaces); err != nil {
			return 0, s.explain(err)
		}
	}
	var left int64
	err := s.paces.QueryRowContext(ctx, usePace, kind, who[:], add.Microseconds(), most.Microseconds()).Scan(&left)
	return time.Duration(left) * time.Microsecond, s.explain(err)
}

// paces opens the connections by which the nodes count together.
func (e *postgresql) paces() *sql.DB {
	db := sql.OpenDB(postgres.Connector{Options: postgres.Options{URL: e.url, Settings: settings(toCount)}})
	db.SetMaxOpenConns(2)
	return db
}

// One process serves the file: it counts for itself.
func (sqlite) paces() *sql.DB    { return nil }
func (sqlite) share(*conn) error { return nil }
