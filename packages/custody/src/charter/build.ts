/**
 * From the TOML that people edit to the charter's canonical bytes. Signers come from the public records that
 * `coldwire-custody keygen` wrote; everything else stands in the file. Refuses unknown and missing keys, and a charter
 * that does not hold together. Spec: protocol-spec/5-charter.md.
 */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { loadCharter } from '@coldwire/policy';
import { EXIT, Failure } from '@coldwire/program';
import {
  Charter,
  DESTINATIONS,
  encode,
  fromHex,
  NETWORKS,
  type NetworkName,
  type Policy,
  SCRIPT_TYPES,
  SignedCharter,
} from '@coldwire/protocol';
import { decodeAddress } from '@coldwire/wallet';
import { parse } from 'smol-toml';

import { type PublicRecord, parsePublicRecord } from '../public-record.ts';
import { TableReader } from './reader.ts';
import { readSshKey } from './ssh-key.ts';

/** The charter before this one: its hash, and the hash of the first. */
export interface Predecessor {
  readonly epoch: number;
  readonly hash: Uint8Array;
  readonly first: Uint8Array;
}

/** @returns the bytes of charter.cbor, without signatures yet @throws Failure naming the place in the file */
export function buildCharter(file: string, before: Predecessor | undefined): Uint8Array {
  const reader = new TableReader(parseToml(file), '', file);
  const charter = readCharter(reader, dirname(file), before);
  reader.finish();
  const bytes = encodeCharter(charter, file);
  const loaded = loadCharter(bytes);
  if (loaded.ok) return encode(SignedCharter, [bytes, []]);
  throw new Failure(EXIT.BAD_INPUT, {
    what: `the charter does not hold together: ${loaded.problems.join('; ')}`,
    where: file,
    todo: 'Correct the file and build it again.',
  });
}

function parseToml(file: string): unknown {
  const text = readFileSync(file, 'utf8');
  try {
    return parse(text, { integersAsBigInt: true });
  } catch (error) {
    throw new Failure(EXIT.BAD_INPUT, {
      what: `it is not TOML: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : ''}`,
      where: file,
      todo: 'Correct the file and build it again.',
    });
  }
}

function encodeCharter(charter: Charter, file: string): Uint8Array {
  try {
    return encode(Charter, charter);
  } catch (error) {
    // The schema names the field: a number above its range, a name that is too long, too many of a role.
    throw new Failure(EXIT.BAD_INPUT, {
      what: error instanceof Error ? error.message : String(error),
      where: file,
      todo: 'Correct the file and build it again.',
    });
  }
}

function readCharter(reader: TableReader, directory: string, before: Predecessor | undefined): Charter {
  const network = readNetwork(reader);
  const records = reader.tables('signer', (row) => readSigner(row, directory));
  for (const record of records) {
    if (record.network !== network) {
      throw reader.refuse(
        'signer',
        `"${record.signer}" has a key for ${record.network}, the charter is for ${network}`,
      );
    }
  }
  return {
    version: 1,
    network,
    title: reader.text('title'),
    epoch: before === undefined ? 0 : before.epoch + 1,
    first: before?.first ?? null,
    previous: before?.hash ?? null,
    wallets: [{ threshold: 2, keys: records.map(accountKey) }],
    vaults: reader.tables('vault', readMember),
    signers: records.map((record) => ({ name: record.signer, key: fromHex(record.linkKey) })),
    gates: reader.tables('gate', (row) => ({ ...readMember(row), sealKey: row.hex('seal_key', 32) })),
    screens: reader.tables('screen', readMember),
    requesters: reader.tables('requester', (row) => ({
      name: row.text('name'),
      keys: row.hexList('keys', 32),
      people: row.has('people') ? row.textList('people') : [],
    })),
    custodians: reader.tables('custodian', (row) => ({
      ...readMember(row),
      group: row.text('group'),
      recipient: row.text('recipient'),
    })),
    policy: readPolicy(reader.table('policy'), network),
    custody: { shares: records.map(sharesOf) },
    clock: readClock(reader.table('clock')),
    approvers: reader.has('approver') ? reader.tables('approver', readApprover) : [],
    quorum: reader.integer('quorum'),
  };
}

function readNetwork(reader: TableReader): NetworkName {
  const text = reader.text('network');
  const network = NETWORKS.find((known) => known === text);
  if (network === undefined) throw reader.refuse('network', `must be one of ${NETWORKS.join(', ')}`);
  return network;
}

function readSigner(row: TableReader, directory: string): PublicRecord {
  const path = resolve(directory, row.text('record'));
  const name = row.text('name');
  const parsed = parsePublicRecord(readFileSync(path, 'utf8'), path);
  if (!parsed.ok) throw new Failure(EXIT.BAD_INPUT, parsed.problem);
  const record = parsed.value;
  if (record.signer !== name)
    throw row.refuse('record', `is the record of "${record.signer}", not of "${name}"`);
  return record;
}

function readMember(row: TableReader): { name: string; key: Uint8Array } {
  return { name: row.text('name'), key: row.hex('key', 32) };
}

const HARDENED = 0x8000_0000;

/** `m/48h/1h/0h/2h` as numbers (BIP-32). */
function parsePath(path: string): readonly number[] {
  return path
    .split('/')
    .slice(1)
    .map((step) => (step.endsWith('h') ? Number(step.slice(0, -1)) + HARDENED : Number(step)));
}

function accountKey(record: PublicRecord): Charter['wallets'][number]['keys'][number] {
  return {
    signer: record.signer,
    fingerprint: fromHex(record.fingerprint),
    path: parsePath(record.path),
    publicKey: fromHex(record.publicKey),
    chainCode: fromHex(record.chainCode),
  };
}

function sharesOf(record: PublicRecord): Charter['custody']['shares'][number] {
  return {
    signer: record.signer,
    epoch: record.epoch,
    threshold: record.threshold,
    holders: record.shares.map(({ custodian, hash }) => [custodian, fromHex(hash)] as const),
  };
}

/** `ssh-ed25519 AAAA… comment` as `ssh-keygen` writes it into a .pub file. */
function readApprover(row: TableReader): Charter['approvers'][number] {
  const name = row.text('name');
  const keys = row.textList('keys').map((line) => {
    const key = readSshKey(line);
    if (key === undefined)
      throw row.refuse('keys', 'must be lines of .pub files: ssh-ed25519 or sk-ssh-ed25519@openssh.com');
    return key;
  });
  return { name, keys };
}

function readScripts(row: TableReader, key: string, network: NetworkName): readonly Uint8Array[] {
  if (!row.has(key)) return [];
  return row.textList(key).map((address) => {
    const script = decodeAddress(address, network);
    if (!script.ok) throw row.refuse(key, `has "${address}", which is no address of ${network}`);
    return script.value;
  });
}

function readVelocity(row: TableReader): Policy['velocity'][number] {
  const per = row.text('per');
  if (per !== 'destination' && per !== 'requester')
    throw row.refuse('per', 'must be "destination" or "requester"');
  return { per, ticks: row.integer('ticks'), amount: row.sats('amount'), count: row.integer('count') };
}

function readTier(row: TableReader): Policy['tiers'][number] {
  return {
    above: row.sats('above'),
    approvals: row.integer('approvals'),
    approvers: row.textList('approvers'),
  };
}

function readDestinations(row: TableReader): Policy['destinations'] {
  const text = row.text('destinations');
  const known = DESTINATIONS.find((mode) => mode === text);
  if (known === undefined) throw row.refuse('destinations', `must be one of ${DESTINATIONS.join(', ')}`);
  return known;
}

function readPolicy(row: TableReader, network: NetworkName): Policy {
  const policy: Policy = {
    maxInputs: row.integer('max_inputs'),
    maxOutputs: row.integer('max_outputs'),
    maxIntents: row.integer('max_intents'),
    maxVsize: row.integer('max_vsize'),
    amountPerTransaction: row.sats('amount_per_transaction'),
    windows: row.tables('window', (window) => ({
      ticks: window.integer('ticks'),
      amount: window.sats('amount'),
      count: window.integer('count'),
      fee: window.sats('fee'),
    })),
    feeAbsolute: row.sats('fee_absolute'),
    feeRate: row.integer('fee_rate'),
    feeShare: row.integer('fee_share'),
    feeShareFloor: row.sats('fee_share_floor'),
    scripts: row.textList('scripts').map((text) => {
      const script = SCRIPT_TYPES.find((known) => known === text);
      if (script === undefined) throw row.refuse('scripts', `may hold ${SCRIPT_TYPES.join(', ')}`);
      return script;
    }),
    changeGap: row.integer('change_gap'),
    receiveLimit: row.integer('receive_limit'),
    intentLife: row.integer('intent_life'),
    intentAhead: row.integer('intent_ahead'),
    freezeTicks: row.integer('freeze_ticks'),
    gateDelay: row.integer('gate_delay'),
    velocity: row.has('velocity') ? row.tables('velocity', readVelocity) : [],
    destinations: readDestinations(row),
    destinationTicks: row.integer('destination_ticks'),
    allow: readScripts(row, 'allow', network),
    deny: readScripts(row, 'deny', network),
    tiers: row.has('tier') ? row.tables('tier', readTier) : [],
    loosenTicks: row.integer('loosen_ticks'),
  };
  row.finish();
  return policy;
}

function readClock(row: TableReader): Charter['clock'] {
  const clock = {
    checkpointHeight: row.integer('checkpoint_height'),
    checkpoint: row.hex('checkpoint', 80),
    spacing: row.integer('spacing'),
    burial: row.integer('burial'),
    fresh: row.integer('fresh'),
  };
  row.finish();
  return clock;
}
