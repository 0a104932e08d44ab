/**
 * Files that operators and programs hand to the vault and the screen: role keys, signed charters, deny lists, lines of the
 * one-shot pipe, intents. Each is taken or refused with words for people; lines that are taken are written as lines that give
 * the same.
 */
import { chmodSync, writeFileSync } from 'node:fs';
import { readSignedCharter } from '@coldwire/channel';
import { Failure, ROLES, readRoleKey } from '@coldwire/program';
import { parseDenyList } from '@coldwire/screen/io/deny-list.ts';
import { readIntents } from '@coldwire/vault/client/intent.ts';
import { formatLine, readLines } from '@coldwire/vault/oneshot/lines.ts';
import { seedsOf } from '../corpus.ts';
import { mutateJson } from '../mutate/json.ts';
import { scratchPath } from '../scratch.ts';
import { assertHolds, type Target } from '../target.ts';

const file = scratchPath('operator');
writeFileSync(file, '');
chmodSync(file, 0o600);

const hash = '5a'.repeat(32);
const LINES = [
  { role: 'gate', identity: hash, seal: hash },
  { role: 'vault', identity: hash, seal: null },
  { tip: { height: 9, hash, change: 2 } },
  { headers: { from: 7, hex: '00'.repeat(160) } },
  {
    coin: { txid: hash, vout: 0, amount: '5000', wallet: 0, chain: 1, index: 3 },
    transaction: '00'.repeat(60),
    proof: { block: hash, position: 4, path: hash },
  },
  { request: 'a0' },
  { signed: { signer: 'A', message: '00ff' } },
  { intent: 'a1'.repeat(80), signature: '5e'.repeat(64) },
].map((line) => JSON.stringify(line));

function text(value: string): Uint8Array {
  return new Uint8Array(Buffer.from(value));
}

/** Undefined where it is refused in words. */
async function attempt<T>(read: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

export const target: Target = {
  seeds: [
    ...LINES.map(text),
    text(LINES.slice(2, 7).join('\n')),
    text('# nobody\nbcrt1qx\n'),
    ...seedsOf('charter', 'signed-charter'),
  ],
  mutators: [mutateJson],
  maxLength: 8192,
  async run(input) {
    writeFileSync(file, input);
    for (const role of ROLES) await attempt(() => readRoleKey(file, role));
    await attempt(() => readSignedCharter(file));
    await attempt(() => parseDenyList(Buffer.from(input).toString(), file));
    await attempt(() => readIntents(file));
    const lines = await attempt(() => readLines(file));
    if (lines === undefined) return;
    const written = lines.map(formatLine).join('');
    writeFileSync(file, written);
    const again = await attempt(() => readLines(file));
    assertHolds(again?.map(formatLine).join('') === written, 'lines are written as lines that give the same');
  },
};
