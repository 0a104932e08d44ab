/**
 * `coldwire-vault coins`: reads our coins from a node, block by block, and everything that signers want to see of them.
 * Only confirmed coins; a coinbase is left out until it may be spent.
 */
import process from 'node:process';
import type { CharterInForce } from '@coldwire/policy';
import { EXIT, Failure, makeOutput } from '@coldwire/program';
import { outpointKey, parseHeader, type WalletScripts } from '@coldwire/wallet';
import { type BlockId, type Chain, type ChainEvent, nextEvent } from '../chain/index.ts';
import { ScriptWatch } from '../serve/watch.ts';
import { type CoinRow, formatLine } from './lines.ts';

export interface CoinsOptions {
  readonly charter: CharterInForce;
  readonly scripts: readonly WalletScripts[];
  readonly chain: Chain;
  /** Height of the first block to look at, and of the first header to write; the charter's checkpoint when absent. */
  readonly from: number | undefined;
  readonly headersFrom: number | undefined;
  readonly lookahead: number;
}

interface Found extends CoinRow {
  readonly height: number;
  readonly coinbase: boolean;
}

const HEADERS_PER_LINE = 150;
const COINBASE_DEPTH = 100;
const PROGRESS_MS = 5_000;

export async function writeCoins(options: CoinsOptions): Promise<void> {
  const { chain, charter, scripts } = options;
  const { checkpointHeight } = charter.charter.clock;
  const watch = new ScriptWatch(scripts, options.lookahead);
  watch.cover();
  const found = new Map<string, Found>();
  let change = 0;
  let position = await startOf(options, checkpointHeight);
  let said = performance.now();
  for (;;) {
    const seen = {
      script: (script: Uint8Array) => watch.locate(script) !== undefined,
      outpoint: hasCoin(found),
    };
    const step = await nextEvent(chain, position, seen);
    if (step === null) break;
    change = Math.max(change, takeEvent(step.event, watch, found));
    position = step.position;
    if (performance.now() - said < PROGRESS_MS) continue;
    said = performance.now();
    makeOutput(false).progress(`looked at block ${position.height}, ${found.size} coins so far`);
  }
  await writeHeaders(chain, Math.max(checkpointHeight + 1, options.headersFrom ?? 0), position.height);
  for (const { coin, transaction, proof, height, coinbase } of found.values()) {
    if (coinbase && height + COINBASE_DEPTH > position.height) continue;
    process.stdout.write(formatLine({ kind: 'coin', coin, transaction, proof }));
  }
  process.stdout.write(formatLine({ kind: 'tip', tip: { ...position, change } }));
}

function hasCoin(
  found: ReadonlyMap<string, Found>,
): (outpoint: Parameters<typeof outpointKey>[0]) => boolean {
  return (outpoint) => found.has(outpointKey(outpoint));
}

async function startOf({ chain, charter, from }: CoinsOptions, checkpointHeight: number): Promise<BlockId> {
  const header = parseHeader(charter.charter.clock.checkpoint);
  if (!header.ok) throw new Error('the checkpoint of a loaded charter is a header');
  if (from === undefined || from <= checkpointHeight)
    return { height: checkpointHeight, hash: header.value.hash };
  const hash = await chain.hashAt(from - 1);
  if (hash !== null) return { height: from - 1, hash };
  throw new Failure(EXIT.USAGE, {
    what: `the chain has no block ${from - 1}`,
    where: '--from',
    todo: 'Give a height below the tip.',
  });
}

/** @returns the change index after the highest one that the block paid, or 0 */
function takeEvent(event: ChainEvent, watch: ScriptWatch, found: Map<string, Found>): number {
  const { height } = event.block;
  if (event.kind === 'disconnected') {
    // A reorganization while we read: what we know of spends is no longer certain.
    throw new Failure(EXIT.IO, { what: 'the chain was reorganized meanwhile', todo: 'Start again.' });
  }
  let change = 0;
  for (const { created, spent, stripped, proof, coinbase } of event.found) {
    for (const outpoint of spent) found.delete(outpointKey(outpoint));
    for (const { outpoint, amount, script } of created) {
      const place = watch.locate(script);
      if (place === undefined) continue;
      const coin = { ...outpoint, amount, ...place };
      found.set(outpointKey(outpoint), { coin, transaction: stripped, proof, height, coinbase });
      if (place.chain === 1) change = Math.max(change, place.index + 1);
    }
  }
  return change;
}

async function writeHeaders(chain: Chain, from: number, to: number): Promise<void> {
  for (let at = from; at <= to; ) {
    const headers = await chain.headers(at, Math.min(HEADERS_PER_LINE, to - at + 1));
    if (headers.length === 0) return;
    process.stdout.write(
      formatLine({ kind: 'headers', headers: { from: at, bytes: Buffer.concat(headers) } }),
    );
    at += headers.length;
  }
}
