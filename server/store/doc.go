// Package store keeps what the hub knows in one SQLite file: the application's rows, the feed that devices catch up
// from, who holds what, every change set with its verdict, and the hub's own people, devices and audit. It implements
// judge.Store (Tx) and judge.Reader (View); hub.sql describes the tables in prose.
//
// One connection writes, many read (WAL). Write runs one function at a time, in its caller's goroutine; those who wait
// meanwhile join the same durable commit, each but the first in a savepoint of its own. Who comes in a crowd stands in line
// (WriteInLine), so that a person's change waits for few. Read gives a stable snapshot.
//
// Two small files beside the database survive a restore of the database itself: <path>.actors, the registry of who
// has written how far (registry.go), and <path>.epoch, the marker of the current history (epoch.go). They are never
// part of a backup. With their help Open notices that the database was put back to an older state, and begins a new
// epoch by itself.
package store
