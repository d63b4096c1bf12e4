-- What a replica keeps beside the rows. The tables of the schema (package sqlrow makes them) hold the rows as the
-- user sees them: the hub's, with his pending changes on top. Names begin with an underscore here, which no name of a
-- schema does. All of it changes in the same transactions as the rows.

-- Who the replica is and how far it has come: device.Identity, one row.
CREATE TABLE IF NOT EXISTS _identity (
	id           INTEGER PRIMARY KEY CHECK (id = 1),
	device       BLOB    NOT NULL,
	person       BLOB    NOT NULL,
	actor        INTEGER NOT NULL, -- the incarnation that writes; 0 until the hub has handed one out
	counter      INTEGER NOT NULL, -- its highest counter used
	chain        BLOB    NOT NULL,
	stamp        INTEGER NOT NULL,
	clock_offset INTEGER NOT NULL, -- ms
	epoch        INTEGER NOT NULL,
	cursors      TEXT    NOT NULL, -- JSON: one number a class
	resume       BLOB,
	partial      TEXT    NOT NULL, -- JSON: class, from, to
	schema       INTEGER NOT NULL,
	queue        INTEGER NOT NULL, -- the number of the latest outbox item
	retired      TEXT              -- JSON: incarnations with unsent work; null for none
);

-- When the hub was last heard, ms since 1970 UTC: one row. It is noted now and then, and may be lost with the power.
CREATE TABLE IF NOT EXISTS _contact (
	id    INTEGER PRIMARY KEY CHECK (id = 1),
	heard INTEGER NOT NULL
);

-- What the person at the device last saw of the plans of his jobs: Plan. It is of the device alone.
CREATE TABLE IF NOT EXISTS _plan (
	job    BLOB PRIMARY KEY NOT NULL,
	number TEXT    NOT NULL,
	start  INTEGER NOT NULL, -- ms since 1970 UTC; 0 for none
	finish INTEGER NOT NULL
) WITHOUT ROWID;

-- The hash of the token that lies outside this file. A copy of the file finds another token, or none, beside it.
CREATE TABLE IF NOT EXISTS _instance (
	id    INTEGER PRIMARY KEY CHECK (id = 1),
	token BLOB NOT NULL
);

-- Everything the user did here and the hub has not made safe yet: device.Item. A row leaves only when the hub's
-- backups include it. The number is the order of writing; the dot (actor, counter) is how the hub names the item.
CREATE TABLE IF NOT EXISTS _outbox (
	n             INTEGER PRIMARY KEY,
	actor         INTEGER NOT NULL,
	counter       INTEGER NOT NULL,
	state         INTEGER NOT NULL, -- 1 pending, 2 accepted, 3 refused, 4 closed
	encoded       BLOB    NOT NULL, -- the change set, as it is sent
	hash          BLOB    NOT NULL,
	chain         BLOB    NOT NULL,
	seq           INTEGER NOT NULL, -- the commit that judged it; 0 before
	code          TEXT    NOT NULL, -- why it was refused
	message       TEXT    NOT NULL,
	prior_outcome INTEGER,          -- the verdict it had, null before one
	prior_code    TEXT,
	prior_eff     INTEGER           -- null where it is what its author meant
);
CREATE UNIQUE INDEX IF NOT EXISTS _outbox_dot ON _outbox(actor, counter);
CREATE INDEX IF NOT EXISTS _outbox_state ON _outbox(state);

-- Which pending items change a row.
CREATE TABLE IF NOT EXISTS _pending_on (
	tbl INTEGER NOT NULL,
	row BLOB    NOT NULL,
	n   INTEGER NOT NULL,
	PRIMARY KEY (row, tbl, n)
) WITHOUT ROWID;

-- For each row with pending changes, the row as the hub has it: device.Base.
CREATE TABLE IF NOT EXISTS _base (
	tbl    INTEGER NOT NULL,
	row    BLOB    NOT NULL,
	hub    BLOB,             -- packed by column ids; null for a row that the hub has never sent
	low    BLOB    NOT NULL, -- the lowest vector since the oldest pending change
	hidden INTEGER NOT NULL,
	PRIMARY KEY (row, tbl)
) WITHOUT ROWID;

-- Copies of rows as the hub had them in an epoch that is gone: device.Witness.
CREATE TABLE IF NOT EXISTS _witness (
	n   INTEGER PRIMARY KEY,
	tbl INTEGER NOT NULL,
	row BLOB    NOT NULL,
	hub BLOB    NOT NULL, -- packed by column ids
	seq INTEGER NOT NULL  -- the hub's commit by which it was taken; 0 while it has not been
);

-- Rows whose personal values were erased: nothing personal is written on them any more.
CREATE TABLE IF NOT EXISTS _erased (
	tbl INTEGER NOT NULL,
	row BLOB    NOT NULL,
	PRIMARY KEY (tbl, row)
) WITHOUT ROWID;

-- The buckets that the device holds. A bucket is its kind's byte and its 16-byte id; most are held in every class.
CREATE TABLE IF NOT EXISTS _bucket (
	bucket  BLOB    PRIMARY KEY NOT NULL,
	classes INTEGER NOT NULL -- a bit for each, the lowest for class 0
) WITHOUT ROWID;

-- Rows whose bucket is being sent anew and that have not come along yet. What is left when it is complete, goes.
CREATE TABLE IF NOT EXISTS _stale (
	class INTEGER NOT NULL,
	tbl   INTEGER NOT NULL,
	row   BLOB    NOT NULL,
	PRIMARY KEY (tbl, row)
) WITHOUT ROWID;
