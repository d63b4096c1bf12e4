-- The hub's own tables. They stand in one database with the tables of the application's schema, which sqlrow makes;
-- names that begin with an underscore are the hub's, and no schema may use them.
--
-- Conventions: ids are 16 bytes, buckets 17 (kind, id), times milliseconds since 1970 UTC with 0 for none, an actor
-- is an unsigned 64-bit number stored bit by bit, and a dot is two columns, both 0 for none.

-- What this database is: one row. epoch and restore_at say which history its commits belong to (see epoch.go).
CREATE TABLE _hub (
	one        INTEGER PRIMARY KEY CHECK (one = 1),
	id         BLOB NOT NULL,    -- told apart from any other hub's database
	epoch      INTEGER NOT NULL,
	restore_at INTEGER NOT NULL, -- the commit that this epoch began from
	before     INTEGER NOT NULL DEFAULT 0, -- the epoch whose history goes up to there: that of the backup
	schema     TEXT NOT NULL,    -- the application's schema by name and version
	version    INTEGER NOT NULL,
	lineage    TEXT NOT NULL DEFAULT '',   -- where the database can tell that it was put back (see engine.lineage)
	turn       INTEGER NOT NULL DEFAULT 0  -- counts write transactions, where several processes write: each locks it
) STRICT;

-- A row for each commit of the engine, which may cover several commit numbers: seq is the highest. The first row with
-- seq >= n says when n was made. buckets are the buckets touched, one after another, for those who follow commits.
CREATE TABLE _log (
	seq     INTEGER PRIMARY KEY,
	at      INTEGER NOT NULL, -- a stamp: 48 bits of milliseconds, 16 of a counter; never decreases with seq
	buckets BLOB,
	chain   BLOB NOT NULL     -- a link of the chain over all that was judged and every deed (see chain.go)
) STRICT;

-- What a device is sent to catch up: state, not a log. Each row has one entry for each bucket it lies in, at the
-- commit that last touched it. A deleted row keeps its entry: the two together are its tombstone.
CREATE TABLE _feed (
	bucket BLOB NOT NULL,
	class  INTEGER NOT NULL,
	seq    INTEGER NOT NULL,
	tbl    INTEGER NOT NULL,
	pk     BLOB NOT NULL,
	PRIMARY KEY (bucket, class, seq, tbl, pk)
) STRICT, WITHOUT ROWID;

-- Who holds which bucket, why, and from which commit to which; until is the greatest integer while a hold is open.
-- Closed holds stay: whoever wrote something while he held the bucket was allowed to. Late is not 0 for a hold that was
-- opened by somebody who had not heard that he had lost what he opened it by: the commit that took it. It ends by itself.
CREATE TABLE _hold (
	person   BLOB NOT NULL,
	bucket   BLOB NOT NULL,
	root_tbl INTEGER NOT NULL,
	root     BLOB NOT NULL,
	since    INTEGER NOT NULL,
	until    INTEGER NOT NULL,
	"right"  TEXT NOT NULL,
	late     INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (person, bucket, root_tbl, root, since)
) STRICT, WITHOUT ROWID;
CREATE INDEX _hold_person ON _hold(person, until, bucket, since, "right", root_tbl, root, late); -- what he holds now, or lost since K
CREATE INDEX _hold_bucket ON _hold(bucket, since, until, "right", person, root_tbl, root, late); -- who may, or might, write here
CREATE INDEX _hold_root ON _hold(root_tbl, root) WHERE until = 9223372036854775807; -- what this assignment gives
CREATE INDEX _hold_late ON _hold(late) WHERE late > 0 AND until = 9223372036854775807; -- what ends by itself

-- Every writer that was ever handed out, and how far its change sets were judged. The same is kept outside the
-- database (see registry.go), since a restored backup has forgotten the latest.
CREATE TABLE _actor (
	actor   INTEGER PRIMARY KEY,
	person  BLOB NOT NULL,
	device  BLOB NOT NULL,
	counter INTEGER NOT NULL,
	chain   BLOB NOT NULL,
	ack_k   INTEGER NOT NULL,
	ack_n   INTEGER NOT NULL,
	last_k  INTEGER NOT NULL,
	forked  INTEGER NOT NULL DEFAULT 0, -- 1: two devices have written under its numbers
	indexed INTEGER NOT NULL DEFAULT 0 -- _touch has its change sets up to this one
) STRICT;
CREATE INDEX _actor_person ON _actor(person);
CREATE INDEX _actor_behind ON _actor(actor) WHERE indexed < counter;

-- Every change set that was judged, with its verdict, whole. One that was re-stamped says in first_* and rid how it was
-- first written, and names in same_* the dot under which it was judged before. A quarantined one that was released,
-- amended or dismissed names the dot that did so in closed_*.
CREATE TABLE _ledger (
	actor          INTEGER NOT NULL,
	counter        INTEGER NOT NULL,
	hash           BLOB NOT NULL,
	seq            INTEGER NOT NULL,
	eff            INTEGER NOT NULL,
	outcome        INTEGER NOT NULL, -- 1 applied, 2 merged, 3 quarantined
	code           TEXT NOT NULL,
	message        TEXT NOT NULL,
	same_actor     INTEGER NOT NULL,
	same_counter   INTEGER NOT NULL,
	closed_actor   INTEGER NOT NULL,
	closed_counter INTEGER NOT NULL,
	first_actor    INTEGER,
	first_counter  INTEGER,
	rid            BLOB,             -- the hash that it had then; null for its own
	change         BLOB,
	PRIMARY KEY (actor, counter)
) STRICT, WITHOUT ROWID;

-- Which of them were quarantined, and whether they still wait for a person. It is no index of the ledger, which would be
-- opened for each of the many change sets that are not in it.
CREATE TABLE _refused (
	actor   INTEGER NOT NULL,
	counter INTEGER NOT NULL,
	seq     INTEGER NOT NULL,
	open    INTEGER NOT NULL,
	PRIMARY KEY (actor, counter)
) STRICT, WITHOUT ROWID;
CREATE INDEX _refused_list ON _refused(seq, actor, counter);
CREATE INDEX _refused_inbox ON _refused(seq, actor, counter) WHERE open = 1; -- the oldest first
CREATE INDEX _refused_open ON _refused(actor, counter) WHERE open = 1;

-- Change sets that had been re-stamped when they came first, by how they were first written: so that the original, or
-- another copy of it, is not taken twice. Hashes are random, and an index of those of all change sets would cost a page
-- for each; the original of a copy is found by its dot.
CREATE TABLE _restamped (
	first_actor   INTEGER NOT NULL,
	first_counter INTEGER NOT NULL,
	rid           BLOB NOT NULL,
	actor         INTEGER NOT NULL,
	counter       INTEGER NOT NULL,
	PRIMARY KEY (first_actor, first_counter, rid)
) STRICT, WITHOUT ROWID;

-- Which change sets touched a row, refused ones too: its history. Ids are unique over all tables; under the id of zeros
-- stands every change set, for the audit. Filled behind the commits (see history.go).
CREATE TABLE _touch (
	pk      BLOB NOT NULL,
	seq     INTEGER NOT NULL,
	actor   INTEGER NOT NULL,
	counter INTEGER NOT NULL,
	PRIMARY KEY (pk, seq, actor, counter)
) STRICT, WITHOUT ROWID;

-- Rows whose personal values were erased, and by which commit. The hub takes none in again, and tells devices.
CREATE TABLE _erased (
	tbl INTEGER NOT NULL,
	pk  BLOB NOT NULL,
	seq INTEGER NOT NULL,
	PRIMARY KEY (tbl, pk)
) STRICT, WITHOUT ROWID;
CREATE INDEX _erased_seq ON _erased(seq, tbl, pk);

-- The rows that the open quarantined change sets touch: what needs one of them waits for it.
CREATE TABLE _quarantine (
	tbl     INTEGER NOT NULL,
	pk      BLOB NOT NULL,
	op      INTEGER NOT NULL, -- 1 insert, 2 update, 3 delete
	actor   INTEGER NOT NULL,
	counter INTEGER NOT NULL,
	PRIMARY KEY (tbl, pk, op, actor, counter)
) STRICT, WITHOUT ROWID;
CREATE INDEX _quarantine_dot ON _quarantine(actor, counter);

-- Values that were written without knowing each other: one record for each cell while it is open, and afterwards the
-- history of how it ended.
CREATE TABLE _conflict (
	n       INTEGER PRIMARY KEY,
	tbl     INTEGER NOT NULL,
	pk      BLOB NOT NULL,
	col     INTEGER NOT NULL,
	cell    TEXT NOT NULL, -- the key within a keyed column
	seq     INTEGER NOT NULL,
	ask     INTEGER NOT NULL,
	open    INTEGER NOT NULL,
	"values" BLOB NOT NULL,
	context BLOB NOT NULL
) STRICT;
CREATE INDEX _conflict_row ON _conflict(tbl, pk, col, cell);
CREATE UNIQUE INDEX _conflict_open ON _conflict(tbl, pk, col, cell) WHERE open = 1;
CREATE INDEX _conflict_inbox ON _conflict(n) WHERE open = 1;
CREATE INDEX _conflict_list ON _conflict(open, ask, seq); -- read backwards: what asks for a person first, then the latest

-- Who may sign in, and with what; the person's other particulars are a row of the application's.
CREATE TABLE _person (
	id        BLOB PRIMARY KEY NOT NULL,
	login     TEXT NOT NULL,
	login_key TEXT NOT NULL UNIQUE, -- the login in lower case: two people may not differ by case only
	name      TEXT NOT NULL,
	roles     TEXT NOT NULL,        -- a JSON array
	language  TEXT NOT NULL,
	password  TEXT NOT NULL,        -- argon2id in its encoded form; empty for one who only uses a device
	active    INTEGER NOT NULL,
	ended     INTEGER NOT NULL,     -- how often all his sessions were ended
	second    BLOB                  -- his second step of signing in, sealed; null for none
) STRICT;

-- The phones, tablets and laptops, with what each last said of itself.
CREATE TABLE _device (
	id           BLOB PRIMARY KEY NOT NULL,
	person       BLOB NOT NULL,
	name         TEXT NOT NULL,
	public_key   BLOB NOT NULL,
	enrolled_at  INTEGER NOT NULL,
	revoked_at   INTEGER NOT NULL,
	hard_revoked INTEGER NOT NULL,
	wipe         INTEGER NOT NULL,  -- it is to destroy what it holds
	wiped_at     INTEGER NOT NULL,  -- when it said that it had
	app          TEXT NOT NULL,
	schema       INTEGER NOT NULL,
	last_seen    INTEGER NOT NULL,
	pending      INTEGER NOT NULL,
	oldest       INTEGER NOT NULL,
	clock_offset INTEGER NOT NULL,
	actor        INTEGER NOT NULL
) STRICT;
CREATE INDEX _device_person ON _device(person);
CREATE INDEX _device_revoked ON _device(revoked_at) WHERE revoked_at > 0;

-- Which node each device last opened its connection to, where several serve the database. n counts openings, so that
-- nodes see what happened since they last looked; open is 0 once the connection has ended.
CREATE TABLE _socket (
	device BLOB PRIMARY KEY NOT NULL,
	node   BLOB NOT NULL,
	n      INTEGER NOT NULL,
	open   INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX _socket_n ON _socket(n);

-- The nodes that serve, and when each was last alive.
CREATE TABLE _node (
	id   BLOB PRIMARY KEY NOT NULL,
	seen INTEGER NOT NULL
) STRICT;

-- Single-use codes that enrol one device of one person, by their hash.
CREATE TABLE _code (
	hash    BLOB PRIMARY KEY NOT NULL,
	person  BLOB NOT NULL,
	expires INTEGER NOT NULL
) STRICT;

-- Short tokens that spare a device the challenge, by their hash. The first use of one spends those that the device had
-- before: who comes with a spent one has a copy.
CREATE TABLE _token (
	hash    BLOB PRIMARY KEY NOT NULL,
	device  BLOB NOT NULL,
	expires INTEGER NOT NULL,
	used    INTEGER NOT NULL DEFAULT 0,
	spent   INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX _token_device ON _token(device);
CREATE INDEX _token_expires ON _token(expires);

-- Attempts to sign in or to enrol that failed, by the hash of who made them: of an address, or of an address and a login.
CREATE TABLE _attempt (
	hash     BLOB PRIMARY KEY NOT NULL,
	failures INTEGER NOT NULL,
	last     INTEGER NOT NULL
) STRICT;
CREATE INDEX _attempt_last ON _attempt(last);

-- The office's browser sessions, by the hash of their token.
CREATE TABLE _session (
	hash    BLOB PRIMARY KEY NOT NULL,
	data    BLOB NOT NULL,
	expires INTEGER NOT NULL
) STRICT;

-- What was done to the hub itself, by whom, when, from which device: only ever added to. seq is the commit that the deed
-- stands behind; chain is a link of the chain (see chain.go), in which salted hashes stand for the values, so that values
-- can be erased and the chain still verifies.
CREATE TABLE _audit (
	n        INTEGER PRIMARY KEY,
	seq      INTEGER NOT NULL,
	at       INTEGER NOT NULL,
	person   BLOB NOT NULL,
	device   BLOB NOT NULL,
	action   TEXT NOT NULL,
	tbl      INTEGER NOT NULL,
	pk       BLOB NOT NULL,
	"values" BLOB NOT NULL,
	chain    BLOB NOT NULL
) STRICT;
CREATE INDEX _audit_row ON _audit(tbl, pk, n);

CREATE TABLE _setting (
	name  TEXT PRIMARY KEY NOT NULL,
	value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Backups that were read back and found whole.
CREATE TABLE _backup (
	n     INTEGER PRIMARY KEY,
	at    INTEGER NOT NULL,
	path  TEXT NOT NULL,
	epoch INTEGER NOT NULL,
	head  INTEGER NOT NULL,
	bytes INTEGER NOT NULL
) STRICT;

-- Who has shown to have which file, by its SHA-256: he brought all its bytes, or could have fetched it when he named
-- it. The files lie beside the database. A row opens its file to others only where its writer stands here.
CREATE TABLE _file (
	sha256 BLOB NOT NULL,
	person BLOB NOT NULL,
	bytes  INTEGER NOT NULL, -- that he brought; 0 where the hub had them
	at     INTEGER NOT NULL,
	PRIMARY KEY (sha256, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX _file_person ON _file(person, at);
