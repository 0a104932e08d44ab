/**
 * The tables of the queue, as migrations: each entry takes a database from its place in the list to the next.
 * An entry that was released is never edited; a change is a new entry.
 *
 * `events` and what the chain says are the facts; a withdrawal's row is a fold of its events and kept for queries only.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE withdrawals (
    id BLOB PRIMARY KEY CHECK (length(id) = 16),
    intent BLOB NOT NULL,
    signature BLOB NOT NULL CHECK (length(signature) = 64),
    requester TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount >= 0),
    script BLOB NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    state TEXT NOT NULL,
    codes TEXT NOT NULL,
    batch INTEGER REFERENCES batches (id),
    height INTEGER,
    not_before INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX withdrawals_state ON withdrawals (state);
  CREATE INDEX withdrawals_batch ON withdrawals (batch);

  CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    withdrawal BLOB NOT NULL REFERENCES withdrawals (id),
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    event BLOB NOT NULL
  ) STRICT;
  CREATE INDEX events_withdrawal ON events (withdrawal, seq);
  CREATE TRIGGER events_no_update BEFORE UPDATE ON events
    BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
  CREATE TRIGGER events_no_delete BEFORE DELETE ON events
    BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;

  CREATE TABLE batches (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    purpose TEXT NOT NULL,
    replaces INTEGER REFERENCES batches (id),
    request BLOB NOT NULL,
    txid BLOB NOT NULL UNIQUE CHECK (length(txid) = 32),
    fee INTEGER NOT NULL CHECK (fee >= 0),
    vsize INTEGER NOT NULL,
    status TEXT NOT NULL,
    exposed INTEGER NOT NULL CHECK (exposed IN (0, 1)),
    transaction_bytes BLOB,
    height INTEGER,
    dead_height INTEGER,
    created_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX batches_status ON batches (status);

  CREATE TABLE batch_inputs (
    batch INTEGER NOT NULL REFERENCES batches (id),
    txid BLOB NOT NULL,
    vout INTEGER NOT NULL,
    PRIMARY KEY (batch, txid, vout)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX batch_inputs_coin ON batch_inputs (txid, vout);

  CREATE TABLE batch_intents (
    batch INTEGER NOT NULL REFERENCES batches (id),
    place INTEGER NOT NULL,
    withdrawal BLOB NOT NULL REFERENCES withdrawals (id),
    PRIMARY KEY (batch, place),
    UNIQUE (batch, withdrawal)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX batch_intents_withdrawal ON batch_intents (withdrawal);

  CREATE TABLE batch_change (
    batch INTEGER NOT NULL REFERENCES batches (id),
    vout INTEGER NOT NULL,
    wallet INTEGER NOT NULL,
    address_index INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    PRIMARY KEY (batch, vout)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE batch_peers (
    batch INTEGER NOT NULL REFERENCES batches (id),
    role TEXT NOT NULL CHECK (role IN ('signer', 'gate')),
    name TEXT NOT NULL,
    request_id BLOB NOT NULL UNIQUE CHECK (length(request_id) = 16),
    asked_at INTEGER NOT NULL,
    answer TEXT CHECK (answer IN ('done', 'refused')),
    message BLOB,
    codes TEXT NOT NULL,
    PRIMARY KEY (batch, role, name)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE coins (
    txid BLOB NOT NULL CHECK (length(txid) = 32),
    vout INTEGER NOT NULL,
    amount INTEGER NOT NULL CHECK (amount >= 0),
    wallet INTEGER NOT NULL,
    chain INTEGER NOT NULL CHECK (chain IN (0, 1)),
    address_index INTEGER NOT NULL,
    height INTEGER,
    coinbase INTEGER NOT NULL CHECK (coinbase IN (0, 1)),
    own INTEGER NOT NULL CHECK (own IN (0, 1)),
    spent_by BLOB,
    spent_height INTEGER,
    PRIMARY KEY (txid, vout)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX coins_height ON coins (height);

  CREATE TABLE admissions (
    signer TEXT NOT NULL,
    txid BLOB NOT NULL,
    vout INTEGER NOT NULL,
    PRIMARY KEY (signer, txid, vout)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE addresses (
    wallet INTEGER NOT NULL,
    chain INTEGER NOT NULL CHECK (chain IN (0, 1)),
    address_index INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (wallet, chain, address_index)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE blocks (
    height INTEGER PRIMARY KEY,
    hash BLOB NOT NULL CHECK (length(hash) = 32)
  ) STRICT;

  CREATE TABLE proofs (
    txid BLOB PRIMARY KEY CHECK (length(txid) = 32),
    stripped BLOB NOT NULL,
    height INTEGER NOT NULL,
    block BLOB NOT NULL CHECK (length(block) = 32),
    position INTEGER NOT NULL,
    path BLOB NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX proofs_height ON proofs (height);
  `,
  `
  CREATE TABLE approvals (
    withdrawal BLOB NOT NULL REFERENCES withdrawals (id),
    approver TEXT NOT NULL,
    expires INTEGER NOT NULL,
    signature BLOB NOT NULL CHECK (length(signature) = 64),
    flags INTEGER,
    counter INTEGER,
    at INTEGER NOT NULL,
    PRIMARY KEY (withdrawal, approver),
    CHECK ((flags IS NULL) = (counter IS NULL))
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE registrations (
    requester TEXT NOT NULL,
    script BLOB NOT NULL,
    registration BLOB NOT NULL,
    signature BLOB NOT NULL CHECK (length(signature) = 64),
    at INTEGER NOT NULL,
    PRIMARY KEY (requester, script)
  ) STRICT;

  CREATE TABLE registered (
    signer TEXT NOT NULL,
    requester TEXT NOT NULL,
    script BLOB NOT NULL,
    PRIMARY KEY (signer, requester, script)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- Whether a gate was given two signers' answers for it: whoever has that can broadcast it, whatever was answered.
  ALTER TABLE batches ADD COLUMN offered INTEGER NOT NULL DEFAULT 0 CHECK (offered IN (0, 1));
  UPDATE batches SET offered = 1 WHERE exposed = 1 OR status IN ('signed', 'cleared', 'broadcast', 'confirmed', 'replaced')
    OR id IN (SELECT batch FROM batch_peers WHERE role = 'gate');

  -- What signers said of a batch that can never be mined: they forget it one day, and a gate may come back later.
  CREATE TABLE deaths (
    batch INTEGER NOT NULL REFERENCES batches (id),
    signer TEXT NOT NULL,
    message BLOB NOT NULL,
    PRIMARY KEY (batch, signer)
  ) STRICT, WITHOUT ROWID;

  -- Gates that have taken that.
  CREATE TABLE burials (
    batch INTEGER NOT NULL REFERENCES batches (id),
    gate TEXT NOT NULL,
    PRIMARY KEY (batch, gate)
  ) STRICT, WITHOUT ROWID;
  `,
];
