// Package sqlrow turns a schema into SQL: tables, migrations, and the reading and writing of rows, in the dialects of
// SQLite and PostgreSQL. It knows no driver: it speaks to a database/sql/driver connection, directly, since
// database/sql's own layer costs half the speed of a bulk load.
//
// A table of the schema is a table of the database under the same name: a 16-byte id, one typed column for each
// column (two where a value has two parts), and the columns that synchronising needs, whose names begin with an
// underscore, which no name of a schema does. A store may keep tables of its own beside them under such names.
//
//	id     the row's id, the primary key
//	...    the shown values; null where there is none
//	_seq   the hub's commit that last touched the row
//	_seen  on a device: the row's version vector
//	_meta  on the hub: the vector and the merge state, packed (record.AppendMeta)
//	_del   1 for a hidden row, which is its own tombstone
//
// Columns that the schema marks as searchable have a full-text index, see Search.
//
// How a value stands in SQL:
//
//	text, enum                        <name> TEXT
//	integer, decimal, instant, date   <name> INTEGER (BIGINT): at the column's scale, ms, days
//	ref                               <name> BLOB (BYTEA), 16 bytes
//	anyref                            <name>_table INTEGER, <name> BLOB
//	money                             <name>_minor INTEGER, <name>_currency TEXT
//	quantity                          <name> INTEGER, <name>_unit TEXT
//	translated                        <name> TEXT, JSON: {"en": "pump", "zh": "泵"}
//	fields                            <name> TEXT, JSON: {"hours": 12, "seal": "worn", "oil": {"number": 5, "text": "l"}}
//	set                               <name> TEXT, JSON: ["crane", "night"]
//	anything sealed                   <name> BLOB, which only package seal reads, see Layout.SealRow
package sqlrow
