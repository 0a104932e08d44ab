/**
 * Signers, gates and vault are killed (−9) at random moments while withdrawals go through, 200 in the long form, also while
 * they start. Then the chain alone says what came of it: each intent is paid once, nothing else has left the wallet, and the
 * limits hold also for what is asked beyond them. COLDWIRE_CRASH_SEED=N chooses other amounts and victims.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { decodeIntent, type SignedIntent, toHex } from '@coldwire/protocol';
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest';
import { GATES, type GateName, POLICY, SIGNERS, type SignerName } from '../world/charter.ts';
import { inForm } from '../world/form.ts';
import { pause, type Running, startAndKill, until } from '../world/processes.ts';
import {
  buildWorld,
  gateProgram,
  makeIntent,
  mine,
  readWithdrawal,
  signerProgram,
  startGate,
  startScreen,
  startSigner,
  startVault,
  submit,
  vaultProgram,
  type World,
} from '../world/world.ts';
import { expectCleanAudit } from './auditor.ts';
import { type Ledger, readLedger, sum } from './ledger.ts';
import { makeRandom, seedOfRun } from './random.ts';

const WITHDRAWALS = inForm(40, 200);
/** Asked at the end, each a fifth of all of those together: more than twice what the window still has. */
const EXTRAS = 12;
const MINUTES = 60_000;
const TIMEOUT = 8 * MINUTES;
const seed = seedOfRun();

const random = makeRandom(seed);
const { between } = random;
const amounts = Array.from({ length: WITHDRAWALS }, () => BigInt(between(50_000, 2_000_000)));
const total = sum(amounts);
/** One signer may have to sign all of them (two thirds), or one gate to clear them (half). */
const window = { ticks: 2_016, amount: 2n * total, count: 100_000, fee: 100_000_000n };

type Victim = SignerName | GateName | 'vault';
const VICTIMS: readonly Victim[] = [...SIGNERS, ...GATES, 'vault'];

let world: World;
let screens: readonly string[];
let vault: Running & { readonly url: string };
const running = new Map<Victim, Running>();
const kills = new Map<Victim, number>(VICTIMS.map((name) => [name, 0]));
const started = performance.now();

function say(text: string): void {
  process.stderr.write(`  ${((performance.now() - started) / 1000).toFixed(1)} s: ${text}\n`);
}

async function restart(name: Victim): Promise<void> {
  if (name === 'vault') {
    vault = await startVault(world, { screens });
    running.set(name, vault);
  } else if (isGate(name)) running.set(name, await startGate(world, name));
  else running.set(name, await startSigner(world, name));
}

function isGate(name: SignerName | GateName): name is GateName {
  return GATES.some((gate) => gate === name);
}

async function programOf(name: Victim) {
  if (name === 'vault') return vaultProgram(world, { screens });
  return isGate(name) ? gateProgram(world, name) : await signerProgram(world, name);
}

/** Kills one, in one case of four again while it starts, and starts it. */
async function kill(name: Victim): Promise<void> {
  kills.set(name, (kills.get(name) ?? 0) + 1);
  await running.get(name)?.stop('SIGKILL');
  if (random.next() < 0.25) await startAndKill(await programOf(name), between(0, 800));
  await restart(name);
}

beforeAll(async () => {
  world = await buildWorld({ coins: 12, policy: { windows: [window], intentLife: 2_000 } });
  screens = [
    (await startScreen(world, 'screen-1', ['--burst-count', '100000', '--amount-floor', '1000000000'])).url,
  ];
  await Promise.all(VICTIMS.map(restart));
}, 3 * MINUTES);
afterAll(() => world.close(), MINUTES);

/** Repeats a call to the vault until one is there to answer. */
function insist<T>(what: string, call: () => Promise<T>): Promise<T> {
  return until(what, () => call().catch(() => undefined), TIMEOUT);
}

interface Asked {
  readonly id: string;
  readonly script: string;
  readonly amount: bigint;
}

async function ask(intent: SignedIntent): Promise<Asked> {
  const decoded = decodeIntent(intent[0]);
  if (!decoded.ok) throw new Error('not an intent');
  const { script, amount } = decoded.value;
  const { id } = await insist('an intent is taken', () => submit(vault.url, intent));
  return { id, script: toHex(script), amount };
}

/** Waits until every one of these is in one of these states. */
async function settle(asked: readonly Asked[], states: readonly string[], where: string): Promise<void> {
  const open = new Map(asked.map(({ id }) => [id, 'unknown']));
  let said = performance.now();
  while (open.size > 0) {
    for (const id of open.keys()) {
      const { state, codes } = await insist(id, () => readWithdrawal(vault.url, id));
      if (states.includes(state)) open.delete(id);
      else open.set(id, `${state} ${codes.join()}`);
      if (['refused', 'expired'].includes(state) && !states.includes(state))
        throw new Error(`${id}: ${open.get(id)}`);
    }
    if (performance.now() > said + 5_000) {
      said = performance.now();
      say(
        `${where}: ${asked.length - open.size} of ${asked.length}; ${[...kills].map((row) => row.join(' ')).join(', ')} kills`,
      );
    }
    // Each look is one request for every withdrawal.
    await pause(500);
  }
}

/** While `work` goes on, and for so many rounds at least: one victim after the other, and a block about every second. */
async function amid(work: Promise<void>, rounds: number): Promise<void> {
  let going = true;
  const killing = async (): Promise<void> => {
    // Every victim in turn, in an order of chance: none is spared, and never two at once, so that the work goes on.
    for (let round = 0; going || round < rounds; round += 1) {
      for (const name of random.shuffle(VICTIMS)) {
        await kill(name);
        await pause(between(0, 700));
      }
    }
  };
  const mining = async (): Promise<void> => {
    for (; going; await pause(between(500, 1_500))) mine(world);
  };
  // What ends first, or fails, also ends the others.
  const stop = (): void => {
    going = false;
  };
  await Promise.all([work.finally(stop), killing().finally(stop), mining().finally(stop)]);
}

/** Every payment on the chain, by script. */
function payments({ spends }: Ledger): ReadonlyMap<string, readonly bigint[]> {
  const paid = new Map<string, readonly bigint[]>();
  for (const [script, amount] of spends.flatMap((spend) => spend.payments)) {
    paid.set(script, [...(paid.get(script) ?? []), amount]);
  }
  return paid;
}

function judgeWallet(ledger: Ledger): void {
  const { spends, mined, balance } = ledger;
  const paid = sum(spends.flatMap((spend) => spend.payments.map(([, amount]) => amount)));
  const fees = spends.map(({ fee }) => fee);
  expect(balance).toBe(mined - paid - sum(fees));
  expect(sum(fees)).toBeLessThanOrEqual(window.fee);
  expect(paid).toBeLessThanOrEqual(window.amount);
  for (const { fee, change } of spends) {
    expect(fee).toBeGreaterThan(0n);
    expect(fee).toBeLessThanOrEqual(POLICY.feeAbsolute);
    expect(change).toBeLessThanOrEqual(1);
  }
}

/** Signers that have refused what is beyond the window. */
function refusing(): readonly SignerName[] {
  return SIGNERS.filter((name) =>
    readFileSync(join(world.directory, `signer-${name}.log`), 'utf8').includes('AMOUNT_WINDOW'),
  );
}

const asked: Asked[] = [];

function showOnFailure(): void {
  onTestFailed(() => console.log(`COLDWIRE_CRASH_SEED=${seed}\n${vault.log().slice(-6_000)}`));
}

test(
  'every withdrawal is paid exactly once',
  async () => {
    showOnFailure();
    const payAll = async (): Promise<void> => {
      for (const amount of amounts) {
        asked.push(await ask(makeIntent(world, { amount, life: 1_900 })));
        await pause(between(0, 400));
      }
      say('all are submitted');
      await settle(asked, ['confirmed'], 'confirmed');
    };
    await amid(payAll(), inForm(2, 4));
    say(`killed: ${[...kills].map(([name, times]) => `${name} ${times}`).join(', ')} times`);
    mine(world, 2);
    await settle(asked, ['confirmed'], 'confirmed');
    const ledger = await readLedger(world);
    const wanted = asked.map(({ script, amount }) => [script, [amount]] as const);
    expect(wanted.length).toBe(WITHDRAWALS);
    expect([...payments(ledger)].sort()).toEqual(wanted.sort());
    judgeWallet(ledger);
  },
  TIMEOUT,
);

test(
  'what is asked beyond the window is not paid, however often the machines start anew',
  async () => {
    showOnFailure();
    const extras: Asked[] = [];
    const amount = total / 5n;
    const askAll = async (): Promise<void> => {
      for (let i = 0; i < EXTRAS; i += 1) {
        extras.push(await ask(makeIntent(world, { amount, life: 1_900 })));
        await pause(between(500, 1_000));
      }
    };
    await amid(askAll(), inForm(1, 2));
    // What is asked last may still be on its way.
    await until('a signer refuses', () => (refusing().length > 0 ? true : undefined), TIMEOUT);
    await Promise.all([...running.values()].map((program) => program.stop()));
    mine(world, 3);
    const ledger = await readLedger(world);
    const paid = payments(ledger);
    judgeWallet(ledger);
    for (const before of asked) expect(paid.get(before.script)).toEqual([before.amount]);
    const outcomes = extras.map(({ script }) => paid.get(script) ?? []);
    for (const outcome of outcomes) expect([[], [amount]]).toContainEqual(outcome);
    const unpaid = outcomes.filter((outcome) => outcome.length === 0).length;
    say(`${EXTRAS - unpaid} of ${EXTRAS} beyond the first ${WITHDRAWALS} still fitted the window`);
    expect(unpaid).toBeGreaterThanOrEqual(EXTRAS - 5);
  },
  TIMEOUT,
);

test(
  'the auditor finds nothing in any log, and reaches every decision again',
  () => {
    expectCleanAudit(world, [
      ...SIGNERS.map((name) => `signer-${name}`),
      ...GATES.map((name) => `${name}.state`),
      'vault',
    ]);
  },
  TIMEOUT,
);
