/**
 * How `coldwire-vault serve` is set up: flag > environment > TOML > default. Secrets are in files only.
 * Refuses unknown keys of the TOML file, and a TOML file with a password that others may read.
 */
import { readFileSync, statSync } from 'node:fs';
import { EXIT, Failure } from '@coldwire/program';
import { parse } from 'smol-toml';
import type { RpcAuth } from '../chain/index.ts';
import { type PortSpec, parsePort } from './port-spec.ts';

/** Numbers that an operator may change; every one has a default that suits mainnet. */
export interface Tuning {
  /** ms between two looks at the chain. */
  readonly pollMs: number;
  /** ms that the oldest approved withdrawal waits for others to share its transaction. */
  readonly gatherMs: number;
  /** Batches under way at once per home gate, not yet broadcast. */
  readonly parallel: number;
  /** ms after which a signer or gate that has not answered counts as slow, and another is asked as well. */
  readonly deadlineMs: number;
  /** ms between two questions to a gate that is not the home of a batch. */
  readonly gateRetryMs: number;
  /** ms between two questions about what a screen holds. */
  readonly rescreenMs: number;
  /** Blocks without confirmation after which the fee is raised, and what was given up in part is taken home. */
  readonly bumpBlocks: number;
  /** Blocks within which a transaction should confirm. */
  readonly feeTarget: number;
  /** sat per 1,000 vB, when the node has no estimate. */
  readonly feerateFallback: bigint;
  /** sat per 1,000 vB that spending a coin is expected to cost some day. */
  readonly feerateLongTerm: bigint;
  /** Addresses watched beyond the last one handed out. */
  readonly lookahead: number;
}

export interface Settings {
  readonly charter: string;
  readonly key: string;
  readonly state: string;
  readonly chain: string;
  readonly chainAuth: RpcAuth;
  readonly signers: readonly PortSpec[];
  readonly gates: readonly PortSpec[];
  /** `[NAME=]URL` */
  readonly screens: readonly string[];
  readonly listen: string;
  readonly tuning: Tuning;
}

/** As commander gives it: names in camel case; lists where an option may be repeated. */
export type Flags = Readonly<Record<string, unknown>>;

interface OptionRow {
  /** In the TOML file; the flag is the same with dashes, the environment COLDWIRE_ and capitals. */
  readonly name: string;
  readonly argument: string;
  readonly text: string;
  readonly list?: true;
  readonly fallback?: string;
  /** In the TOML file only. */
  readonly secret?: true;
}

/** Every setting, once: flags, environment, TOML and help are made from this list. */
export const OPTIONS: readonly OptionRow[] = [
  { name: 'charter', argument: 'file', text: 'charter.cbor, signed by every custodian' },
  { name: 'key', argument: 'file', text: "this vault's key file (coldwire-charter key vault)" },
  { name: 'state', argument: 'dir', text: 'queue and evidence logs; created if missing' },
  { name: 'chain', argument: 'url', text: 'JSON-RPC of a Bitcoin node, http://HOST:PORT' },
  { name: 'chain_cookie', argument: 'file', text: "the node's cookie file, or one line USER:PASSWORD" },
  { name: 'chain_user', argument: '', text: 'RPC user, with chain_password', secret: true },
  { name: 'chain_password', argument: '', text: 'RPC password', secret: true },
  {
    name: 'signer',
    argument: 'name=port',
    text: 'line to a signer: NAME=TTY[@BAUD] or NAME=fifo:IN,OUT; once for each',
    list: true,
  },
  { name: 'gate', argument: 'name=port', text: 'line to a gate, likewise', list: true },
  {
    name: 'screen',
    argument: 'url',
    text: 'a screen, URL or NAME=URL; any one of several suffices',
    list: true,
  },
  {
    name: 'listen',
    argument: 'host:port',
    text: 'where its HTTP API listens, loopback only; port 0 takes a free one',
    fallback: '127.0.0.1:8620',
  },
  { name: 'poll', argument: 'seconds', text: 'between two looks at the chain', fallback: '1' },
  {
    name: 'gather',
    argument: 'seconds',
    text: 'a withdrawal waits this long for others to share its transaction',
    fallback: '2',
  },
  { name: 'parallel', argument: 'n', text: 'batches under way at once per home gate', fallback: '4' },
  {
    name: 'deadline',
    argument: 'seconds',
    text: 'a signer or gate without an answer is slow after this, and another is asked',
    fallback: '30',
  },
  {
    name: 'gate_retry',
    argument: 'seconds',
    text: "between two questions to a gate that is not a batch's home",
    fallback: '10',
  },
  {
    name: 'rescreen',
    argument: 'seconds',
    text: 'between two questions about withdrawals that a screen holds',
    fallback: '30',
  },
  {
    name: 'bump_blocks',
    argument: 'n',
    text: 'blocks without confirmation after which the fee is raised',
    fallback: '12',
  },
  {
    name: 'fee_target',
    argument: 'blocks',
    text: 'within which a transaction should confirm',
    fallback: '6',
  },
  { name: 'feerate', argument: 'sat', text: 'per 1,000 vB, when the node has no estimate', fallback: '5000' },
  {
    name: 'feerate_long_term',
    argument: 'sat',
    text: 'per 1,000 vB, expected for spending a coin some day',
    fallback: '5000',
  },
  {
    name: 'lookahead',
    argument: 'n',
    text: 'addresses watched beyond the last one handed out',
    fallback: '100',
  },
];

type Values = ReadonlyMap<string, readonly string[]>;

const wrong = (what: string, todo = 'See coldwire-vault serve --help.'): Failure =>
  new Failure(EXIT.USAGE, { what, todo });

export function flagOf(name: string): string {
  return `--${name.replaceAll('_', '-')}`;
}

/** @throws Failure naming the setting that is missing or wrong */
export function resolveSettings(flags: Flags, environment: NodeJS.ProcessEnv): Settings {
  const config = textOf(flags['config']) ?? environment['COLDWIRE_CONFIG'];
  const toml = config === undefined ? new Map<string, readonly string[]>() : readToml(config);
  const values: Values = new Map(
    OPTIONS.flatMap((row) => {
      const found = fromFlag(flags, row) ?? fromEnvironment(environment, row) ?? toml.get(row.name);
      const value = found ?? (row.fallback === undefined ? undefined : [row.fallback]);
      return value === undefined ? [] : [[row.name, value] as const];
    }),
  );
  return {
    charter: required(values, 'charter'),
    key: required(values, 'key'),
    state: required(values, 'state'),
    chain: required(values, 'chain'),
    chainAuth: readAuth(values),
    signers: (values.get('signer') ?? []).map((text) => parsePort(text, '--signer')),
    gates: (values.get('gate') ?? []).map((text) => parsePort(text, '--gate')),
    screens: values.get('screen') ?? [],
    listen: required(values, 'listen'),
    tuning: readTuning(values),
  };
}

function fromFlag(flags: Flags, { name, secret }: OptionRow): readonly string[] | undefined {
  if (secret === true) return undefined;
  const key = name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
  const value = flags[key];
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map(String);
  const text = textOf(value);
  return text === undefined ? undefined : [text];
}

/** Lists are separated by spaces. */
function fromEnvironment(environment: NodeJS.ProcessEnv, row: OptionRow): readonly string[] | undefined {
  const text = row.secret === true ? undefined : environment[`COLDWIRE_${row.name.toUpperCase()}`];
  if (text === undefined || text === '') return undefined;
  return row.list === true ? text.split(/\s+/).filter((part) => part !== '') : [text];
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function readToml(path: string): Values {
  const refuse = (what: string): Failure =>
    new Failure(EXIT.BAD_INPUT, {
      what,
      where: path,
      todo: 'Correct the file; coldwire-vault serve --help lists its keys.',
    });
  let table: Record<string, unknown>;
  try {
    table = parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) throw error;
    throw refuse(`it is not TOML: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : ''}`);
  }
  const values = new Map<string, readonly string[]>();
  for (const [name, value] of Object.entries(table)) {
    const row = OPTIONS.find((known) => known.name === name);
    if (row === undefined) throw refuse(`there is no setting "${name}"`);
    const list: readonly unknown[] = row.list === true && Array.isArray(value) ? value : [value];
    const texts = list.filter((item) => typeof item === 'string' || typeof item === 'number').map(String);
    if (texts.length !== list.length)
      throw refuse(`"${name}" must be a text, a number${row.list === true ? ' or a list of texts' : ''}`);
    values.set(name, texts);
  }
  if (values.has('chain_password') && (statSync(path).mode & 0o077) !== 0)
    throw refuse(`others may read the password in it; run: chmod 600 '${path}'`);
  return values;
}

function required(values: Values, name: string): string {
  const [value] = values.get(name) ?? [];
  if (value === undefined) throw wrong(`${flagOf(name)} is missing`);
  return value;
}

function readAuth(values: Values): RpcAuth {
  const [cookie] = values.get('chain_cookie') ?? [];
  if (cookie !== undefined) return { kind: 'cookie', file: cookie };
  const [user] = values.get('chain_user') ?? [];
  const [password] = values.get('chain_password') ?? [];
  if (user !== undefined && password !== undefined) return { kind: 'password', user, password };
  throw wrong(
    'the node needs credentials',
    'Give --chain-cookie FILE, or chain_user and chain_password in the TOML file.',
  );
}

function readTuning(values: Values): Tuning {
  const read = (name: string, least: number): number => {
    const value = Number(required(values, name));
    if (!Number.isFinite(value) || value < least)
      throw wrong(`${flagOf(name)} must be a number from ${least} on`);
    return value;
  };
  const whole = (name: string, least: number): number => {
    const value = read(name, least);
    if (!Number.isSafeInteger(value)) throw wrong(`${flagOf(name)} must be a whole number`);
    return value;
  };
  const ms = (name: string): number => Math.round(read(name, 0.01) * 1000);
  return {
    pollMs: ms('poll'),
    gatherMs: Math.round(read('gather', 0) * 1000),
    parallel: whole('parallel', 1),
    deadlineMs: ms('deadline'),
    gateRetryMs: ms('gate_retry'),
    rescreenMs: ms('rescreen'),
    bumpBlocks: whole('bump_blocks', 1),
    feeTarget: whole('fee_target', 1),
    feerateFallback: BigInt(whole('feerate', 1)),
    feerateLongTerm: BigInt(whole('feerate_long_term', 1)),
    lookahead: whole('lookahead', 1),
  };
}
