/**
 * The scenario, run once by the whole world without a fault: a batch of two withdrawals, one that is beyond the window and
 * refused, one more alone, a replacement of both transactions when two blocks pass them over, and one that spends the change.
 * What the vault asked one signer and one gate, and what they answered, is taken from its evidence: the script of the points.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unpackMessage } from '@coldwire/channel';
import { readLog } from '@coldwire/evidence';
import { Admit, decode, type MessageType, SALT_LENGTH, toHex } from '@coldwire/protocol';
import { messageTypeOf } from '@coldwire/protocol/message/types.ts';
import { hash256 } from '@coldwire/wallet/hash.ts';
import { GATES, type GateName, SIGNERS, type SignerName } from '../../world/charter.ts';
import { until } from '../../world/processes.ts';
import {
  buildWorld,
  makeIntent,
  mine,
  mineEmpty,
  startGate,
  startScreen,
  startSigner,
  startVault,
  submit,
  type World,
  waitForState,
} from '../../world/world.ts';

import { writePrograms } from './programs.ts';

export const BTC = 100_000_000n;
/** A signer's share is 20 BTC. */
export const WINDOW = { ticks: 144, amount: 30n * BTC, count: 100_000, fee: 10n * BTC };
export const BEYOND = 25n * BTC;
/** Of a charter that loosens, before it comes in force: 1 s at a signer, 2 s at a gate. */
const LOOSEN_TICKS = 2;
export const POLICY = {
  windows: [WINDOW],
  amountPerTransaction: 40n * BTC,
  intentLife: 2_000,
  loosenTicks: LOOSEN_TICKS,
};
export const HOME: GateName = 'gate-1';
/** For a screen that has no history yet. */
export const LENIENT = ['--burst-count', '100000', '--amount-floor', '100000000000'];
const PATIENCE = 60_000;
/** Three are spent, and two are left for how the scripts of signer and gate end. */
const COINS = 5;

export interface Asked {
  readonly type: MessageType;
  readonly id: string;
  readonly body: Uint8Array;
  /** The type and body of the answer. */
  readonly answer: { readonly type: MessageType; readonly body: Uint8Array };
}

export interface Recorded {
  readonly world: World;
  readonly signer: SignerName;
  readonly asked: ReadonlyMap<SignerName | GateName, readonly Asked[]>;
}

/** A test signer's secret bytes, as a file to start it with. */
export function keyBlockOf({ directory }: World, name: SignerName): string {
  return join(directory, `${name}.block`);
}

/** @returns the world, without running programs but its node, and without its lines; close it */
export async function record(): Promise<Recorded> {
  const world = await buildWorld({ coins: COINS, policy: POLICY });
  try {
    return await recordIn(world);
  } catch (error) {
    await world.close();
    throw error;
  }
}

async function recordIn(world: World): Promise<Recorded> {
  const signers = await Promise.all(SIGNERS.map((name) => startSigner(world, name)));
  const gates = await Promise.all(GATES.map((name) => startGate(world, name)));
  const screen = await startScreen(world, 'screen-1', LENIENT);
  const vault = await startVault(world, { screens: [screen.url], flags: ['--bump-blocks', '2'] });
  await play(world, vault.url);
  await Promise.all([vault, screen, ...signers, ...gates].map((program) => program.stop()));
  const names = [...SIGNERS, ...GATES];
  const asked = new Map(names.map((name) => [name, readAsked(join(world.directory, 'vault/lines', name))]));
  const signer = chooseSigner(asked);
  await writePrograms(join(world.directory, 'programs'));
  for (const name of SIGNERS)
    writeFileSync(keyBlockOf(world, name), await world.deployment.openBlock(name), { mode: 0o600 });
  await Promise.all([...world.lines.values()].map((line) => line.close()));
  return { world, signer, asked };
}

async function play(world: World, url: string): Promise<void> {
  const pay = async (amount: bigint): Promise<string> =>
    (await submit(url, makeIntent(world, { amount, home: HOME }))).id;
  const wait = (ids: readonly string[], states: readonly string[]) =>
    Promise.all(ids.map((id) => waitForState(url, id, states, PATIENCE)));
  const two = await Promise.all([pay(100_000n), pay(200_000n)]);
  const first = await wait(two, ['broadcast']);
  await wait([await pay(BEYOND)], ['refused']);
  const one = await pay(300_000n);
  const second = await wait([one], ['broadcast']);
  mineEmpty(world, 2);
  const before = new Set([...first, ...second].map(({ txid }) => txid));
  const replaced = await until(
    'both are replaced',
    () => {
      const now = world.chain.node.mempool.entries().map(({ known }) => known.txid);
      return now.length === 2 && now.every((txid) => !before.has(txid)) ? now : undefined;
    },
    PATIENCE,
  );
  mine(world, 3);
  await wait([...two, one], ['confirmed']);
  // Before the next payment spends what came of the replacements: a signer is shown with its proof only what is still ours.
  await until('every signer was shown them', () => areShown(world, replaced) || undefined, PATIENCE, 500);
  const last = await pay(5n * BTC);
  await wait([last], ['broadcast']);
  mine(world);
  await wait([last], ['confirmed']);
}

/** Whether every signer was shown these with their proofs. */
function areShown({ directory }: World, txids: readonly string[]): boolean {
  return SIGNERS.every((name) => {
    const shown = new Set(readAsked(join(directory, 'vault/lines', name)).flatMap(provenBy));
    return txids.every((txid) => shown.has(txid));
  });
}

/** In display order. */
function provenBy({ type, body }: Asked): readonly string[] {
  const admit = type === 'ADMIT' ? decode(Admit, body, body.length) : undefined;
  if (admit?.ok !== true || admit.value.proof === null) return [];
  return [toHex(hash256(admit.value.transaction).reverse())];
}

/** Of those that signed and refused the one that signed most. */
function chooseSigner(asked: Recorded['asked']): SignerName {
  const count = (name: SignerName, type: MessageType): number =>
    asked.get(name)?.filter(({ answer }) => answer.type === type).length ?? 0;
  const [signer] = SIGNERS.filter((name) => count(name, 'REFUSED') > 0).sort(
    (a, b) => count(b, 'SIGNED') - count(a, 'SIGNED'),
  );
  if (signer === undefined) throw new Error('no signer refused anything');
  return signer;
}

/** What this line's log says that was asked and answered, each request once. */
function readAsked(directory: string): readonly Asked[] {
  const open: { readonly type: MessageType; readonly id: string; readonly body: Uint8Array }[] = [];
  const answers = new Map<string, Asked['answer']>();
  for (const item of readLog(directory)) {
    // A program that runs may just be writing.
    if (item.kind === 'torn') break;
    if (item.kind !== 'batch') throw new Error(`${directory}: damaged`);
    for (const [, kind, , , bytes] of item.records) {
      if (kind !== 'sent' && kind !== 'received') continue;
      const { message, header } = unpackMessage(bytes);
      const type = messageTypeOf(header.type);
      if (type === undefined || header.request === null) continue;
      const id = toHex(header.request);
      const body = message.body.slice(SALT_LENGTH);
      if (kind === 'received') answers.set(id, { type, body });
      else if (!open.some((request) => request.id === id)) open.push({ type, id, body });
    }
  }
  return open.flatMap((request) => {
    const answer = answers.get(request.id);
    return answer === undefined ? [] : [{ ...request, answer }];
  });
}
