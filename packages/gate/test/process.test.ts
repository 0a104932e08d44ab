import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPtyPair, openTty, type PtyPair } from '@coldwire/link';
import { Clear, Cleared, decode, encode, SignRequest, State, Status, toHex } from '@coldwire/protocol';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { launcher, pause, type Running, start, until } from '../../../test/world/processes.ts';
import { identity, seeded } from '../../policy/test/world.ts';
import { gateSecret, signCharter } from '../../signer/test/signing-world.ts';
import { Session } from '../../vault/src/session/session.ts';
import { GateWorld, idAtHome } from './gate-world.ts';

let directory: string;
let world: GateWorld;
let pair: PtyPair;
let session: Session | undefined;
let gate: Running | undefined;
const alarms: string[] = [];

const path = (name: string): string => join(directory, name);

function writeKey(name: string, role: string, gateName: string): string {
  const key = { role, identity: toHex(seeded(gateName)), seal: toHex(gateSecret(gateName)) };
  writeFileSync(path(name), JSON.stringify(key), { mode: 0o600 });
  return path(name);
}

const argumentsOf = (changes: Readonly<Record<string, string>> = {}): string[] => {
  const flags = {
    '--port': pair.right,
    '--charter': path('charter.cbor'),
    '--key': path('gate.key'),
    '--state': path('state'),
    '--gate': 'gate-1',
    ...changes,
  };
  return ['run', ...Object.entries(flags).flat()];
};

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'coldwire-gate-'));
  world = new GateWorld();
  writeFileSync(path('charter.cbor'), signCharter(world.world));
  writeKey('gate.key', 'gate', 'gate-1');
  for (const name of ['state', 'line']) mkdirSync(path(name), { mode: 0o700 });
  alarms.length = 0;
  pair = await openPtyPair();
});

afterEach(async () => {
  await session?.stop();
  session = undefined;
  await gate?.stop('SIGKILL');
  gate = undefined;
  await pair.close();
  rmSync(directory, { recursive: true, force: true });
});

async function run(): Promise<Running> {
  gate = await start({
    name: 'gate',
    command: launcher('gate'),
    args: argumentsOf(),
    logFile: path('gate.log'),
  });
  return gate;
}

function connect(): Session {
  const { charter, hash } = world.world.loaded;
  const member = charter.gates[0];
  if (member === undefined) throw new Error('no gate');
  session = new Session(
    {
      openPort: () => openTty(pair.left, 115_200),
      baud: 0,
      line: { self: 'vault-1', peer: 'gate-1', peerKey: member.key, incoming: 'up', receiver: 'gate' },
      charter: hash,
      identity: identity('vault-1'),
      directory: path('line'),
      hello: () => ({ software: 'test', epoch: 0, tipHeight: 0, tipHash: new Uint8Array(32), frozen: false }),
    },
    {
      onReadiness: () => undefined,
      onHello: () => undefined,
      onNotice: () => undefined,
      onProgress: () => undefined,
      onStray: () => undefined,
      onAlarm: (code, detail) => alarms.push(`${code}: ${detail}`),
    },
  );
  return session;
}

/** A CLEAR of `count` inputs with what two signers signed. */
function clearOf(count: number): Uint8Array {
  const coins = Array.from({ length: count }, (_, i) => ({
    txid: seeded(`coin ${i}`),
    vout: i,
    amount: 100_000n,
    wallet: 0,
    chain: 0 as const,
    index: i % 10,
  }));
  const intents = [world.world.intent({ id: idAtHome(0, 'one'), amount: 50_000n })];
  const left = BigInt(count) * 100_000n - 50_000n - 2_500n;
  const request = world.world.request({ coins, intents, change: [{ amount: left }] });
  const signed = [world.forced('A', request), world.forced('B', request)];
  return encode(Clear, { request: encode(SignRequest, request), signed });
}

describe('A running gate', () => {
  test('clears a request that is longer than a message, over a terminal, and gives the same bytes after a kill', async () => {
    let running = await run();
    const vault = connect();
    const body = clearOf(100);
    expect(body.length).toBeGreaterThan(15 * 1024);
    const id = new Uint8Array(16).fill(5);
    const first = await vault.ask('CLEAR', id, body);
    const cleared = decode(Cleared, first.body, 524_288);
    expect([first.type, cleared.ok]).toEqual(['CLEARED', true]);
    await running.stop('SIGKILL');
    running = await run();
    expect((await vault.ask('CLEAR', id, body)).body).toEqual(first.body);
    const state = await vault.ask('STATUS', new Uint8Array(16).fill(6), encode(Status, {}));
    expect(decode(State, state.body).ok).toBe(true);
    expect(running.log()).not.toContain('alarm');
    expect(alarms).toEqual([]);
  });

  test('that is killed again and again gives one answer', async () => {
    let running = await run();
    const vault = connect();
    const body = clearOf(8);
    const id = new Uint8Array(16).fill(5);
    let answer: Uint8Array | undefined;
    for (const delay of [5, 30, 60]) {
      const asked = vault.ask('CLEAR', id, body);
      await pause(delay);
      await running.stop('SIGKILL');
      running = await run();
      const reply = await asked;
      answer ??= reply.body;
      expect([reply.type, reply.body]).toEqual(['CLEARED', answer]);
    }
    await running.stop('SIGTERM');
  });

  test('says what it refuses, and ends at SIGTERM with its log whole', async () => {
    const running = await run();
    const vault = connect();
    const reply = await vault.ask('CLEAR', new Uint8Array(16).fill(9), Uint8Array.of(0xa0));
    expect(reply.type).toBe('REFUSED');
    await until('the alarm', () => (running.log().includes('MALFORMED') ? true : undefined));
    await running.stop('SIGTERM');
    await run();
    expect(readFileSync(path('gate.log'), 'utf8')).not.toContain('torn');
  });
});

describe('A gate that must not start ends with one line and its code', () => {
  const cases: readonly (readonly [string, () => Record<string, string>, number, RegExp])[] = [
    [
      'another gate’s key',
      () => ({ '--key': writeKey('other.key', 'gate', 'gate-2') }),
      4,
      /not the one that the charter gives/,
    ],
    [
      'a key of another role',
      () => ({ '--key': writeKey('vault.key', 'vault', 'gate-1') }),
      4,
      /not the key of a gate/,
    ],
    ['a name that is not in the charter', () => ({ '--gate': 'gate-9' }), 4, /no gate "gate-9"/],
    ['a vault that is not in the charter', () => ({ '--vault': 'vault-9' }), 2, /no vault/],
    ['a line that is missing', () => ({ '--port': path('nothing') }), 5, /nothing/],
    ['a charter that is none', () => ({ '--charter': path('gate.key') }), 4, /not a charter file/],
  ];
  test.each(cases)('%s', (_, change, code, text) => {
    const args = argumentsOf(change());
    const { status, stderr } = spawnSync(launcher('gate'), args, { encoding: 'utf8', timeout: 40_000 });
    expect([status, stderr.trim().split('\n').length, stderr]).toEqual([
      code,
      1,
      expect.stringMatching(text),
    ]);
  });

  test('keys that the first charter does not list, without --joins, without a name or with somebody else’s', () => {
    const key = { '--key': writeKey('new.key', 'gate', 'gate-9') };
    const start = (args: readonly string[]) => {
      const { status, stderr } = spawnSync(launcher('gate'), args, { encoding: 'utf8', timeout: 40_000 });
      return [status, stderr];
    };
    const named = argumentsOf({ ...key, '--gate': 'gate-9' });
    expect(start(named)).toEqual([4, expect.stringMatching(/no gate "gate-9".*--joins/)]);
    const taken = [...argumentsOf({ ...key, '--gate': 'gate-2' }), '--joins'];
    expect(start(taken)).toEqual([4, expect.stringMatching(/the name "gate-2" to others/)]);
    const nameless = [...named.filter((word) => word !== '--gate' && word !== 'gate-9'), '--joins'];
    expect(start(nameless)).toEqual([2, expect.stringMatching(/which gate this machine is/)]);
  });

  test('a charter that one custodian has not signed, or somebody else has signed too', () => {
    const good = signCharter(world.world);
    // The last custodian’s signature, altered.
    const bad = Uint8Array.from(good, (byte, i) => (i === good.length - 1 ? byte ^ 1 : byte));
    writeFileSync(path('charter.cbor'), bad);
    const { status, stderr } = spawnSync(launcher('gate'), argumentsOf(), {
      encoding: 'utf8',
      timeout: 40_000,
    });
    expect([status, stderr]).toEqual([4, expect.stringMatching(/signature of cyd is missing or wrong/)]);
  });

  test('a state directory that another gate process has open', async () => {
    await run();
    const fifo = path('fifo');
    spawnSync('mkfifo', [fifo, `${fifo}2`], { stdio: 'ignore' });
    const args = argumentsOf().filter((word) => word !== '--port' && word !== pair.right);
    const { status, stderr } = spawnSync(launcher('gate'), [...args, '--fifo', fifo, `${fifo}2`], {
      encoding: 'utf8',
      timeout: 40_000,
    });
    expect([status, stderr]).toEqual([5, expect.stringContaining('state')]);
  });
});
