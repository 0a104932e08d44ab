/**
 * The lines to both signers are in an attacker's hands, between a real vault and real signers. While it attacks, withdrawals may
 * wait; when it stops they go on by themselves. Nothing is signed twice or differently, no process grows, and what was wrong
 * is named by its code in the logs. Only two signers run, so that no third one hides a line that has not come back.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeIntent, toHex } from '@coldwire/protocol';
import { encodeFrame, FrameDecoder } from '@coldwire/protocol/frame/index.ts';
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest';
import { GATES } from '../world/charter.ts';
import { inForm } from '../world/form.ts';
import { pause, type Running, until } from '../world/processes.ts';
import {
  buildWorld,
  makeIntent,
  mine,
  startGate,
  startScreen,
  startSigner,
  startVault,
  submit,
  type World,
  waitForState,
} from '../world/world.ts';
import { expectCleanAudit } from './auditor.ts';
import { type Damage, type HostileLine, honest, openHostileLine, type Toward } from './hostile-line.ts';
import { readLedger } from './ledger.ts';
import { makeRandom, seedOfRun } from './random.ts';

const ATTACKED = ['A', 'B'] as const;
const random = makeRandom(seedOfRun());
/** How long an attack lasts, and how long a withdrawal may then take, in ms. */
const ATTACK = inForm(1_000, 2_500);
const RECOVERY = 60_000;
/** Megabytes of noise from each side while memory is measured. */
const NOISE = inForm(3, 20);
/** What a signer's memory may grow by meanwhile: in the long form less than half of what was sent. */
const GROWTH = 8 * 2 ** 20;
/** The vault's heap also grows and shrinks with HTTP and its database, so this only shows that it does not run away. */
const GROWTH_VAULT = 160 * 2 ** 20;

const lines: HostileLine[] = [];
const signers = new Map<string, Running>();
const paid: { readonly script: string; readonly amount: bigint }[] = [];
let world: World;
let vault: Running & { readonly url: string };

beforeAll(async () => {
  const built = await buildWorld({ coins: 6 });
  const hostile = await Promise.all(ATTACKED.map(openHostileLine));
  lines.push(...hostile);
  const replaced = new Map([...built.lines]);
  for (const [place, line] of hostile.entries()) {
    const name = ATTACKED[place];
    if (name !== undefined) replaced.set(name, line);
  }
  world = { ...built, lines: replaced };
  const screen = await startScreen(world, 'screen-1', ['--burst-count', '1000']);
  await Promise.all([
    ...ATTACKED.map(async (name) => signers.set(name, await startSigner(world, name))),
    ...GATES.map((name) => startGate(world, name)),
  ]);
  vault = await startVault(world, { screens: [screen.url] });
}, 180_000);

afterAll(async () => {
  await world.close();
  await Promise.all(lines.map((line) => line.close()));
}, 60_000);

/** A withdrawal that is submitted now; resolves when it is on its way to the miners. */
async function pay(): Promise<void> {
  const intent = makeIntent(world);
  const decoded = decodeIntent(intent[0]);
  if (!decoded.ok) throw new Error('not an intent');
  const { script, amount } = decoded.value;
  paid.push({ script: toHex(script), amount });
  const { id } = await submit(vault.url, intent);
  await waitForState(vault.url, id, ['broadcast', 'confirmed'], ATTACK + RECOVERY);
}

function resident(): ReadonlyMap<string, number> {
  const programs = [...signers.values(), vault];
  return new Map(
    programs.map(({ name, pid }) => {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      return [name, Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024];
    }),
  );
}

/** Codes that a program has named, in noise and in alarms. */
function codesOf({ events }: Running): ReadonlySet<string> {
  const told = events().filter(({ event }) => event === 'noise' || event === 'alarm');
  return new Set(told.map(({ code }) => String(code)));
}

/** Made anew for each line. */
type Attack = (line: HostileLine) => {
  readonly damage?: Damage;
  readonly talk?: () => Promise<void>;
  /** Whether it has had its chance; an attack that says so lasts until then. */
  readonly struck?: () => boolean;
};

/** Changes one byte in `rate`. */
function perByte(rate: number, change: (byte: number) => readonly number[]): Attack {
  const damage: Damage = (bytes) => {
    return [
      Uint8Array.from([...bytes].flatMap((byte) => (random.between(0, rate) === 0 ? change(byte) : [byte]))),
    ];
  };
  return () => ({ damage });
}

/** Says this over and over to both ends, while honest bytes pass in between. */
function talking(what: (toward: Toward) => Uint8Array): Attack {
  return (line) => {
    const end = performance.now() + ATTACK;
    const talk = async (): Promise<void> => {
      while (performance.now() < end) {
        await Promise.all(ENDS.map((toward) => line.inject(toward, what(toward))));
        await pause(20);
      }
    };
    return { talk };
  };
}

/** Faults of messages: no noise gets past a frame's check. */
const FORGED = ['NONCANONICAL', 'BAD_SIGNATURE', 'BODY_HASH', 'BAD_CHAIN', 'WRONG_PEER', 'WRONG_CHARTER'];
const ENDS: readonly Toward[] = ['vault', 'signer'];

/** Holds everything back, and lets one byte through each second. */
const trickle: Attack = () => {
  const held: Record<Toward, number[]> = { vault: [], signer: [] };
  const last: Record<Toward, number> = { vault: 0, signer: 0 };
  const damage: Damage = (bytes, toward) => {
    held[toward].push(...bytes);
    const now = performance.now();
    if (now < last[toward] + 1_000) return [];
    last[toward] = now;
    return [Uint8Array.from(held[toward].splice(0, 1))];
  };
  return { damage };
};

/** The strongest: it alters what frames carry and makes their checks right again. The first one always, then one in three. */
const forge: Attack = () => {
  const decoders = { vault: new FrameDecoder(), signer: new FrameDecoder() };
  const altered = { vault: 0, signer: 0 };
  const damage: Damage = (bytes, toward) =>
    decoders[toward].push(bytes).map((frame) => {
      const spared = altered[toward] > 0 && random.between(0, 3) > 0;
      if (frame.payload.length < 64 || spared) return encodeFrame(frame);
      altered[toward] += 1;
      const payload = frame.payload.slice();
      const at = random.between(0, payload.length);
      payload[at] = (payload[at] ?? 0) ^ (1 << random.between(0, 8));
      return encodeFrame({ ...frame, payload });
    });
  return { damage, struck: () => altered.vault + altered.signer > 0 };
};

const ATTACKS: readonly (readonly [name: string, attack: Attack])[] = [
  ['bits flip', perByte(200, (byte) => [byte ^ (1 << random.between(0, 8))])],
  ['bytes are dropped', perByte(200, () => [])],
  ['bytes are inserted', perByte(200, (byte) => [byte, random.between(0, 256)])],
  ['bytes are doubled', perByte(200, (byte) => [byte, byte])],
  ['every piece comes twice', () => ({ damage: (bytes) => [bytes, bytes] })],
  ['nothing passes', () => ({ damage: () => [] })],
  ['one byte a second passes', trickle],
  ['the line is full of zeros, as in a BREAK', talking(() => new Uint8Array(4_096))],
  ['the line is full of noise', talking(() => random.bytes(4_096))],
  [
    'the line is full of noise without an end of a frame',
    talking(() => random.bytes(4_096).map((byte) => byte | 1)),
  ],
  ['frames are altered and their checks made right', forge],
];

async function attackWhile(attack: Attack): Promise<void> {
  onTestFailed(() => console.log(`COLDWIRE_CRASH_SEED=${seedOfRun()}\n${vault.log().slice(-6_000)}`));
  const attacks = lines.map((line) => ({ line, ...attack(line) }));
  for (const { line, damage } of attacks) if (damage !== undefined) line.damage = damage;
  const paying = pay();
  await Promise.all([pause(ATTACK), ...attacks.map(({ talk }) => talk?.())]);
  await until('the attack strikes', () => attacks.every(({ struck }) => struck?.() ?? true) || undefined);
  for (const line of lines) line.damage = honest;
  await paying;
  mine(world);
}

test(
  'withdrawals go through while nobody attacks',
  async () => {
    for (let i = 0; i < 3; i += 1) await pay();
    mine(world);
    for (const running of [...signers.values(), vault]) expect([...codesOf(running)]).toEqual([]);
  },
  RECOVERY,
);

test.each(ATTACKS)(
  'a withdrawal goes through after a while in which %s',
  (_name, attack) => attackWhile(attack),
  2 * RECOVERY,
);

test(
  'megabytes of noise to each end stop nothing, and no signer grows by them',
  async () => {
    const noise = random.bytes(2 ** 20);
    const shout = async (times: number): Promise<void> => {
      for (let i = 0; i < times; i += 1) {
        await Promise.all(lines.flatMap((line) => ENDS.map((toward) => line.inject(toward, noise))));
        await pay();
      }
      mine(world);
    };
    // The first time warms the programs up: what they grow by then is code and heap that they keep.
    await shout(1);
    const before = resident();
    await shout(NOISE);
    // What a program no longer needs it gives back in its own time.
    const excess = (): readonly string[] =>
      [...resident()].flatMap(([name, bytes]) => {
        const grown = bytes - (before.get(name) ?? 0);
        const bound = name === 'vault' ? GROWTH_VAULT : GROWTH;
        return grown < bound ? [] : [`${name} has grown by ${(grown / 2 ** 20).toFixed(1)} MB`];
      });
    await until('memory is given back', () => (excess().length === 0 ? true : undefined), RECOVERY).catch(
      () => undefined,
    );
    expect(excess()).toEqual([]);
  },
  3 * RECOVERY,
);

test('each program has named the faults by their codes', async () => {
  const wanted = ['FRAME_CRC', 'MALFORMED', 'TOO_LARGE'];
  const programs = [...signers.values(), vault];
  // What comes after the first one is told every ten seconds.
  await until(
    'the faults are told',
    () => programs.every((running) => wanted.every((code) => codesOf(running).has(code))) || undefined,
  ).catch(() => undefined);
  const all = new Set<string>();
  for (const running of [...signers.values(), vault]) {
    const codes = codesOf(running);
    for (const code of wanted) expect(codes, running.name).toContain(code);
    for (const code of codes) all.add(code);
  }
  // What only a forger of whole frames brings about; which program meets it is chance.
  expect(FORGED.filter((code) => all.has(code)).length).toBeGreaterThan(0);
});

test(
  'a withdrawal goes through while bytes of earlier sessions come again and again',
  async () => {
    const [line] = lines;
    if (line === undefined) throw new Error('no line');
    const heard = { vault: line.recorded('vault'), signer: line.recorded('signer') };
    await signers.get('A')?.stop('SIGKILL');
    signers.set('A', await startSigner(world, 'A'));
    await attackWhile(
      talking((toward) => {
        const at = random.between(0, Math.max(1, heard[toward].length - 8_192));
        return heard[toward].subarray(at, at + 8_192);
      }),
    );
  },
  3 * RECOVERY,
);

test(
  'nothing was signed twice, each withdrawal is paid once, and the auditor finds nothing',
  async () => {
    mine(world, 3);
    await Promise.all([...signers.values(), vault].map((running) => running.stop()));
    const drafted = vault.events().filter(({ event }) => event === 'drafted');
    for (const name of ATTACKED) {
      const log = readFileSync(join(world.directory, `signer-${name}.log`), 'utf8');
      const signed = [...log.matchAll(/"event":"signed","txid":"([0-9a-f]{64})"/g)].map(([, txid]) => txid);
      expect(signed.sort()).toEqual(drafted.map(({ txid }) => txid).sort());
    }
    const { spends } = await readLedger(world);
    const wanted = paid.map(({ script, amount }) => [script, amount]);
    expect(spends.flatMap(({ payments }) => payments).sort()).toEqual(wanted.sort());
    expect(lines.map((line) => line.lost())).toEqual(lines.map(() => 0));
    expectCleanAudit(world, [
      ...ATTACKED.map((name) => `signer-${name}`),
      ...GATES.map((name) => `${name}.state`),
      'vault',
    ]);
  },
  RECOVERY,
);
