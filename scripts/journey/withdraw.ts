/** Asking for withdrawals as an exchange's backend does, and following them to the chain. */
import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeAddress } from '@coldwire/wallet';
import type { JourneyChain } from './chain.ts';
import { askProgram, isRecord, runProgram } from './children.ts';
import type { Ground } from './ground.ts';
import type { Machines } from './machines.ts';

/** A customer's address: nobody's key, made from a number so that runs are alike. */
export function customerAddress(customer: number): string {
  const program = createHash('sha256').update(`customer ${customer}`).digest().subarray(0, 20);
  const address = encodeAddress(Uint8Array.of(0, 20, ...program), 'regtest');
  if (address === undefined) throw new Error('a P2WPKH script without an address');
  return address;
}

export interface Submitted {
  readonly ok: boolean;
  readonly id: string;
  /** Codes of the refusal, if it was refused at once. */
  readonly codes: readonly string[];
}

export async function submit(
  ground: Ground,
  machines: Machines,
  to: string,
  amount: bigint,
  requester = 'exchange',
): Promise<Submitted> {
  const { code, stdout, stderr } = await runProgram('vault', [
    'submit',
    ...['--vault', machines.vaultUrl, '--charter', ground.charter, '--requester', requester],
    ...['--requester-key', ground.path('keys', `${requester}.key`), '--to', to, '--amount', String(amount)],
    '--json',
  ]);
  if (code === 3) return { ok: false, id: '', codes: readCodes(`${stdout}\n${stderr}`) };
  if (code !== 0) throw new Error(`coldwire-vault submit ended with ${code}:\n${stderr}`);
  return { ok: true, id: readId(stdout.trimEnd().split('\n').at(-1) ?? ''), codes: [] };
}

/**
 * Requests that share a transaction: made and signed one by one, submitted at once. Their ids begin alike, so that they
 * have the same home gate (protocol-spec/13-gate.md, "Home").
 */
export async function submitTogether(
  ground: Ground,
  machines: Machines,
  payments: readonly (readonly [to: string, amount: bigint])[],
): Promise<readonly string[]> {
  const { height } = await readTip(machines);
  const lines: string[] = [];
  for (const [to, amount] of payments) {
    const { code, stdout, stderr } = await runProgram('vault', [
      'intent',
      ...['--charter', ground.charter, '--requester', 'exchange', '--height', String(height)],
      ...['--requester-key', ground.path('keys', 'exchange.key'), '--to', to, '--amount', String(amount)],
      ...['--id', `00000000${randomBytes(12).toString('hex')}`],
    ]);
    if (code !== 0) throw new Error(`coldwire-vault intent ended with ${code}:\n${stderr}`);
    lines.push(stdout);
  }
  const file = ground.path('intents.jsonl');
  writeFileSync(file, lines.join(''));
  const { code, stdout, stderr } = await runProgram('vault', [
    'submit',
    ...['--vault', machines.vaultUrl, '--intent', file, '--json'],
  ]);
  if (code !== 0) throw new Error(`coldwire-vault submit ended with ${code}:\n${stderr}`);
  return stdout.trimEnd().split('\n').map(readId);
}

function readId(line: string): string {
  const value: unknown = JSON.parse(line);
  if (!isRecord(value) || typeof value['id'] !== 'string') throw new Error(`no id in ${line}`);
  return value['id'];
}

async function readTip(machines: Machines): Promise<{ readonly height: number }> {
  const { tip } = await askProgram('vault', ['status', '--vault', machines.vaultUrl]);
  const height = isRecord(tip) ? tip['height'] : tip;
  if (typeof height !== 'number') throw new Error('the vault does not say its height');
  return { height };
}

/** Codes as they stand in an error line: capitals and underscores. */
export function readCodes(text: string): readonly string[] {
  return [...new Set(text.match(/\b[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)*\b/g) ?? [])].filter(
    (word) => word.length > 3,
  );
}

export interface Withdrawal {
  readonly id: string;
  readonly state: string;
  readonly txid: string | null;
  readonly codes: readonly string[];
}

export async function look(machines: Machines, id: string): Promise<Withdrawal> {
  const value = await askProgram('vault', ['status', '--vault', machines.vaultUrl, id]);
  const { state, txid, codes } = value;
  return {
    id,
    state: String(state),
    txid: typeof txid === 'string' ? txid : null,
    codes: Array.isArray(codes) ? codes.map(String) : [],
  };
}

/** Waits until every withdrawal is in one of `states`. @throws Error after `seconds`, saying where each is */
export async function waitFor(
  machines: Machines,
  ids: readonly string[],
  states: readonly string[],
  seconds = 90,
): Promise<readonly Withdrawal[]> {
  const until = performance.now() + seconds * 1000;
  for (;;) {
    const all = await Promise.all(ids.map((id) => look(machines, id)));
    if (all.every(({ state }) => states.includes(state))) return all;
    if (performance.now() > until) {
      const where = all.map(({ id, state, codes }) => `${id.slice(0, 8)} ${state} ${codes.join(',')}`);
      throw new Error(
        `withdrawals did not become ${states.join(' or ')} within ${seconds} s: ${where.join('; ')}`,
      );
    }
    await sleep(300);
  }
}

/** Waits until the vault has followed the chain that far: intents name heights. */
export async function waitForHeight(machines: Machines, height: number): Promise<void> {
  const until = performance.now() + 60_000;
  for (;;) {
    const { height: at } = await readTip(machines);
    if (at >= height) return;
    if (performance.now() > until) throw new Error(`the vault is at height ${at}, not ${height}`);
    await sleep(300);
  }
}

/** Broadcast, then mined and seen to be. */
export async function confirm(
  machines: Machines,
  chain: JourneyChain,
  ids: readonly string[],
): Promise<readonly Withdrawal[]> {
  await waitFor(machines, ids, ['broadcast', 'confirmed']);
  await chain.mine(1);
  return waitFor(machines, ids, ['confirmed']);
}
