package postgres

import (
	"database/sql/driver"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5/pgconn"
)

// rows is the result of a query.
type rows struct {
	of     *stmt
	reader *pgconn.ResultReader // nil once all was received
	ahead  [][]driver.Value     // received, and not yet asked for
	err    error                // what came after them
}

// Columns implements driver.Rows.
func (r *rows) Columns() []string {
	names := make([]string, len(r.of.described.Fields))
	for i, f := range r.of.described.Fields {
		names[i] = f.Name
	}
	return names
}

// Next implements driver.Rows.
func (r *rows) Next(values []driver.Value) error {
	if len(r.ahead) > 0 {
		copy(values, r.ahead[0])
		r.ahead[0] = nil
		r.ahead = r.ahead[1:]
		return nil
	}
	if r.reader == nil {
		return end(r.err)
	}
	if !r.reader.NextRow() {
		return end(r.finish())
	}
	return r.read(values)
}

func end(err error) error {
	if err == nil {
		err = io.EOF
	}
	return err
}

func (r *rows) read(values []driver.Value) error {
	return decodeRow(values, r.reader.Values(), r.of.described.Fields)
}

// decodeRow fills in the values of a row as it was received: as many as the query has columns.
func decodeRow(values []driver.Value, received [][]byte, fields []pgconn.FieldDescription) (err error) {
	if len(received) != len(fields) || len(received) > len(values) {
		return fmt.Errorf("postgres: a row of %d values, and not of %d", len(received), len(fields))
	}
	for i, b := range received {
		if values[i], err = decode(b, fields[i].DataTypeOID); err != nil {
			return err
		}
	}
	return nil
}

// finish takes leave of the connection.
func (r *rows) finish() error {
	_, r.err = r.reader.Close()
	r.reader = nil
	if r.of.conn.open == r {
		r.of.conn.open = nil
	}
	return r.err
}

// readAhead receives what is left, so that the connection is free. An error of it is the rows' own, unless the
// connection is lost.
func (r *rows) readAhead() error {
	for r.reader.NextRow() {
		values := make([]driver.Value, len(r.of.described.Fields))
		if err := r.read(values); err != nil {
			_ = r.finish()
			r.err = err
			return nil
		}
		r.ahead = append(r.ahead, values)
	}
	if err := r.finish(); err != nil && !r.of.conn.IsValid() {
		return err
	}
	return nil
}

// Close implements driver.Rows. What was not asked for is received and forgotten: queries say how much they want.
func (r *rows) Close() error {
	r.ahead = nil
	if r.reader == nil {
		return nil
	}
	return r.finish()
}
