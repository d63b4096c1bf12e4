package sqlrow

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fieldsync/sync/schema"
)

// everyKind is a table with a column of each kind, in a bucket and with names that SQL has its own ideas of.
var everyKind = schema.Must(schema.New("test", 1,
	&schema.Table{ID: 1, Name: "order", Buckets: []schema.Bucket{{Kind: 2, From: "site"}}, Columns: []schema.Column{
		{ID: 1, Name: "site", Kind: schema.Ref, Ref: "order", Flags: schema.Immutable},
		{ID: 2, Name: "title", Kind: schema.Text},
		{ID: 3, Name: "name", Kind: schema.Translated},
		{ID: 4, Name: "hours", Kind: schema.Integer, Flags: schema.Indexed},
		{ID: 5, Name: "level", Kind: schema.Decimal},
		{ID: 6, Name: "price", Kind: schema.Money, Flags: schema.Indexed},
		{ID: 7, Name: "used", Kind: schema.Quantity},
		{ID: 8, Name: "starts", Kind: schema.Instant},
		{ID: 9, Name: "due", Kind: schema.Date},
		{ID: 10, Name: "state", Kind: schema.Enum},
		{ID: 11, Name: "about", Kind: schema.AnyRef},
		{ID: 12, Name: "fields", Kind: schema.Fields},
		{ID: 13, Name: "tags", Kind: schema.Set},
		{ID: 14, Name: "asset", Kind: schema.Ref, Ref: "order"},
	}}))

const sqliteOnDevice = `CREATE TABLE IF NOT EXISTS "order" (
	id BLOB PRIMARY KEY NOT NULL,
	"site" BLOB,
	"title" TEXT,
	"name" TEXT,
	"hours" INTEGER,
	"level" INTEGER,
	"price_minor" INTEGER,
	"price_currency" TEXT,
	"used" INTEGER,
	"used_unit" TEXT,
	"starts" INTEGER,
	"due" INTEGER,
	"state" TEXT,
	"about_table" INTEGER,
	"about" BLOB,
	"fields" TEXT,
	"tags" TEXT,
	"asset" BLOB,
	"_seq" INTEGER NOT NULL DEFAULT 0,
	"_seen" BLOB,
	"_del" INTEGER NOT NULL DEFAULT 0
)
CREATE INDEX IF NOT EXISTS "order.site" ON "order"("site")
CREATE INDEX IF NOT EXISTS "order.hours" ON "order"("hours")
CREATE INDEX IF NOT EXISTS "order.price" ON "order"("price_minor")
CREATE INDEX IF NOT EXISTS "order.about" ON "order"("about")
CREATE INDEX IF NOT EXISTS "order.asset" ON "order"("asset")`

func TestDDL(t *testing.T) {
	t.Parallel()
	onHub := strings.NewReplacer(`"_seen"`, `"_meta"`, `"order"("site")`, `"order"("site", id) WHERE _del = 0`)
	inPostgres := strings.NewReplacer("INTEGER", "BIGINT", "BLOB", "BYTEA", " TEXT", ` TEXT COLLATE "C"`)
	for _, c := range []struct {
		what string
		side Side
		in   Dialect
		want string
	}{
		{"a device", Device, SQLite, sqliteOnDevice},
		{"a hub on SQLite", Hub, SQLite, onHub.Replace(sqliteOnDevice)},
		{"a hub on PostgreSQL", Hub, Postgres, inPostgres.Replace(onHub.Replace(sqliteOnDevice))},
	} {
		got := strings.Join(New(everyKind, c.in, c.side).DDL(), "\n")
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.what, diff)
		}
	}
}

func TestStatementsInBothDialects(t *testing.T) {
	t.Parallel()
	small := schema.Must(schema.New("test", 1, &schema.Table{ID: 1, Name: "job", Buckets: []schema.Bucket{{}},
		Columns: []schema.Column{{ID: 1, Name: "asset", Kind: schema.Ref, Ref: "job"}, {ID: 2, Name: "n", Kind: schema.Integer}}}))
	lite, post := New(small, SQLite, Device).tables[1], New(small, Postgres, Hub).tables[1]
	for _, c := range []struct{ got, want string }{
		{lite.get, `SELECT id, "asset", "n", "_seq", "_seen", "_del" FROM "job" WHERE id = ?`},
		{post.get, `SELECT id, "asset", "n", "_seq", "_meta", "_del" FROM "job" WHERE id = $1`},
		{lite.upsert, `INSERT INTO "job"(id, "asset", "n", "_seq", "_seen", "_del") VALUES(?, ?, ?, ?, ?, ?)` +
			` ON CONFLICT(id) DO UPDATE SET "asset" = excluded."asset", "n" = excluded."n", "_seq" = excluded."_seq",` +
			` "_seen" = excluded."_seen", "_del" = excluded."_del"`},
		{post.insert, `INSERT INTO "job"(id, "asset", "n", "_seq", "_meta", "_del") VALUES($1, $2, $3, $4, $5, $6)` +
			` ON CONFLICT(id) DO NOTHING`},
		{lite.update, `UPDATE "job" SET "n" = ?, "_seq" = ?, "_seen" = ?, "_del" = ? WHERE id = ? AND "asset" IS ?`},
		{post.update, `UPDATE "job" SET "n" = $1, "_seq" = $2, "_meta" = $3 WHERE id = $4` +
			` AND "asset" IS NOT DISTINCT FROM $5 AND "_del" IS NOT DISTINCT FROM $6`},
		{post.drop, `DELETE FROM "job" WHERE id = $1`},
	} {
		if c.got != c.want {
			t.Errorf("got  %s\nwant %s", c.got, c.want)
		}
	}
}

func TestIndexNamesStayApart(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 60)
	table := &schema.Table{ID: 7, Name: "job"}
	for _, c := range []struct {
		column schema.Column
		want   string
	}{
		{schema.Column{ID: 3, Name: "asset"}, "job.asset"},
		{schema.Column{ID: 3, Name: long}, "7.3"},
	} {
		if got := indexName(table, &c.column); got != c.want {
			t.Errorf("%s: %s, want %s", c.column.Name, got, c.want)
		}
	}
}
