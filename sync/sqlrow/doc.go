// Package sqlrow turns a schema into SQL: tables, migrations, and the reading and writing of rows, in the dialects of
// SQLite and PostgreSQL. It knows no driver: it speaks to a database/sql/driver connection, directly, since
// database/sql's own layer costs half the speed of a bulk load.
package sqlrow
