/**
 * public.json: everything about one signer's key that is not secret, as the charter takes it over. It names the key file
 * and every share by hash, and keeps the hashes of retired epochs so that an old card is recognized as one.
 *
 * Refuses unknown and missing fields. Spec: protocol-spec/8-custody.md, "public.json".
 */
import { NETWORKS, type NetworkName } from '@coldwire/protocol/charter/charter.ts';
import type { AccountPublic } from './account.ts';
import { fail, type Outcome, succeed } from './outcome.ts';
import { HOLDERS, THRESHOLD } from './share.ts';

export type ShareRecord = {
  readonly custodian: string;
  /** Hash of the share's words, 32 bytes, hex. */
  readonly hash: string;
};

export type EpochRecord = {
  /** 1 at key generation, one more at each re-sharing. */
  readonly epoch: number;
  /** The number that all of the epoch's shares begin with, 0–32767. */
  readonly shareSet: number;
  /** By member number. */
  readonly shares: readonly ShareRecord[];
};

/** Byte strings as lower-case hex. */
export type PublicRecord = AccountPublic &
  EpochRecord & {
    readonly signer: string;
    readonly network: NetworkName;
    /** Ed25519 public key of the link identity. */
    readonly linkKey: string;
    /** SHA-256 of key.age, as sha256sum prints it. */
    readonly keyFileHash: string;
    readonly threshold: typeof THRESHOLD;
    /** Oldest first. */
    readonly retired: readonly EpochRecord[];
  };

const SIGNER = /^[A-Za-z0-9][A-Za-z0-9-]{0,15}$/;
const CUSTODIAN = /^[A-Za-z0-9][A-Za-z0-9-]{0,31}$/;

/** Whether a name can stand in the charter and in a file name. */
export function isSignerName(name: string): boolean {
  return SIGNER.test(name);
}

export function isCustodianName(name: string): boolean {
  return CUSTODIAN.test(name);
}

type Fields = { readonly [key: string]: unknown };
type Check = (value: unknown) => boolean;

const isText =
  (pattern: RegExp): Check =>
  (value) =>
    typeof value === 'string' && pattern.test(value);
const isHex = (size: number): Check => isText(new RegExp(`^[0-9a-f]{${2 * size}}$`));
const isUint =
  (max: number): Check =>
  (value) =>
    Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= max;
const isList =
  (item: Check, length?: number): Check =>
  (value) =>
    Array.isArray(value) && (length === undefined || value.length === length) && value.every(item);
const isStruct =
  (checks: { readonly [key: string]: Check }): Check =>
  (value) =>
    findWrongField(value, checks) === null;

const SHARES = isList(isStruct({ custodian: isText(CUSTODIAN), hash: isHex(32) }), HOLDERS);
const EPOCH = { epoch: isUint(1_000_000), shareSet: isUint(0x7fff), shares: SHARES };
const RECORD: { readonly [key in keyof PublicRecord]: Check } = {
  signer: isText(SIGNER),
  network: (value) => NETWORKS.some((network) => network === value),
  fingerprint: isHex(4),
  path: isText(/^m\/48h\/[01]h\/0h\/2h$/),
  xpub: isText(/^[xt]pub[1-9A-HJ-NP-Za-km-z]{107,108}$/),
  publicKey: isHex(33),
  chainCode: isHex(32),
  linkKey: isHex(32),
  keyFileHash: isHex(32),
  threshold: (value) => value === THRESHOLD,
  ...EPOCH,
  retired: isList(isStruct(EPOCH)),
};

/** The first field that is missing, unknown or of the wrong form. */
function findWrongField(value: unknown, checks: { readonly [key: string]: Check }): string | null {
  if (!isFields(value)) return '(the whole)';
  for (const [key, check] of Object.entries(checks)) if (!check(value[key])) return key;
  const unknown = Object.keys(value).some((key) => !Object.hasOwn(checks, key));
  return unknown ? '(an unknown one)' : null;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isRecord(value: unknown): value is PublicRecord {
  return findWrongField(value, RECORD) === null;
}

export function parsePublicRecord(json: string, where: string): Outcome<PublicRecord> {
  const todo = 'Take another copy of public.json; the charter holds the same values.';
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return fail({ code: 'MALFORMED', what: 'it is not JSON', where, todo });
  }
  if (isRecord(value)) return succeed(value);
  const field = findWrongField(value, RECORD);
  return fail({ code: 'MALFORMED', what: `the field ${field} is missing or wrong`, where, todo });
}

/** The exact text of public.json. */
export function formatPublicRecord(record: PublicRecord): string {
  return `${JSON.stringify(record, null, 2)}\n`;
}
