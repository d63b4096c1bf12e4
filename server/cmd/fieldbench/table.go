package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"fieldsync/client/replica"
)

// The bare table is what the machine can do at best, measured in the same run: the same rows and columns into one plain
// SQLite table, through the same driver by way of database/sql, in key order, with one prepared statement, the
// replica's PRAGMAs and transactions of 10,000 rows, without any index besides the primary key, and nothing to synchronise.

// tableRows is how many rows go into one transaction.
const tableRows = 10_000

const createTable = `CREATE TABLE job (
	id BLOB PRIMARY KEY NOT NULL, status TEXT, customer_name TEXT, phone TEXT, address TEXT, fault TEXT, priority INTEGER,
	scheduled_at INTEGER, updated_at INTEGER, technician_id BLOB, asset_serial TEXT, notes TEXT
)`

const insertRow = "INSERT INTO job VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

func openTable(_ context.Context, p place) (func(context.Context, order) (answer, error), func() error, error) {
	jobs, err := p.load()
	if err != nil {
		return nil, nil, err
	}
	obey := func(ctx context.Context, o order) (answer, error) {
		switch o.Do {
		case "load":
			return measureTable(ctx, filepath.Join(p.dir, "table.db"), jobs)
		case "copy":
			return measureCopy(ctx, p.dir, jobs)
		}
		return answer{}, fmt.Errorf("unknown order %q", o.Do)
	}
	return obey, func() error { return nil }, nil
}

// openBare opens the file with the driver and the settings of a replica that takes in what the hub sends.
func openBare(path string) (*sql.DB, error) {
	return sql.Open("sqlite", "file:"+path+"?"+url.Values{"_pragma": replica.TakingIn()}.Encode())
}

// measureTable returns how long the rows took, from the first statement to the last commit, and the size of the file.
func measureTable(ctx context.Context, path string, jobs []job) (answer, error) {
	db, err := openBare(path)
	if err != nil {
		return answer{}, err
	}
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, createTable); err != nil {
		return answer{}, err
	}
	begun := time.Now()
	if err := fillTable(ctx, db, jobs); err != nil {
		return answer{}, err
	}
	took := time.Since(begun)
	if err := db.Close(); err != nil {
		return answer{}, err
	}
	file, err := os.Stat(path)
	if err != nil {
		return answer{}, err
	}
	return answer{Count: len(jobs), Nanos: int64(took), Bytes: file.Size()}, nil
}

// measureCopy returns how long it took to copy the rows from one such table to another, by a statement for each transaction.
func measureCopy(ctx context.Context, dir string, jobs []job) (a answer, err error) {
	from := filepath.Join(dir, "from.db")
	if _, err := measureTable(ctx, from, jobs); err != nil {
		return a, err
	}
	db, err := openBare(filepath.Join(dir, "to.db"))
	if err != nil {
		return a, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, createTable); err != nil {
		return a, err
	}
	begun := time.Now()
	if _, err := db.ExecContext(ctx, "ATTACH ? AS origin", from); err != nil {
		return a, err
	}
	for done := 0; done < len(jobs); done += tableRows {
		_, err := db.ExecContext(ctx, "INSERT INTO main.job SELECT * FROM origin.job WHERE rowid > ? AND rowid <= ?", done, done+tableRows)
		if err != nil {
			return a, err
		}
	}
	return answer{Count: len(jobs), Nanos: int64(time.Since(begun))}, nil
}

func fillTable(ctx context.Context, db *sql.DB, jobs []job) error {
	insert, err := db.PrepareContext(ctx, insertRow)
	if err != nil {
		return err
	}
	defer func() { _ = insert.Close() }()
	for from := 0; from < len(jobs); from += tableRows {
		if err := fillPart(ctx, db, insert, jobs[from:min(from+tableRows, len(jobs))]); err != nil {
			return err
		}
	}
	return nil
}

func fillPart(ctx context.Context, db *sql.DB, insert *sql.Stmt, part []job) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // nothing to roll back after the commit
	in := tx.StmtContext(ctx, insert)
	for i := range part {
		j := &part[i]
		_, err := in.ExecContext(ctx, j.ID[:], j.Status, j.CustomerName, j.Phone, j.Address, j.Fault, j.Priority,
			j.ScheduledAt, j.UpdatedAt, j.TechnicianID[:], j.AssetSerial, j.Notes)
		if err != nil {
			return err
		}
	}
	return tx.Commit()
}
