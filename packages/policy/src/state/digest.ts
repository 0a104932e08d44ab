/**
 * One hash over everything that a policy state remembers, in an order that does not depend on how it came about:
 * a state folded from the journal must have the digest of the live one.
 * Spec: protocol-spec/10-policy.md, "State digest".
 */
import { toHex } from '@coldwire/protocol';
import { sha256 } from '@noble/hashes/sha2.js';
import { tipOf } from '../clock/header-tree.ts';
import type { CoinRecord, PolicyState } from './state.ts';

function* sorted<T>(map: ReadonlyMap<string, T>): Generator<readonly [string, T]> {
  for (const key of [...map.keys()].sort()) {
    const value = map.get(key);
    if (value !== undefined) yield [key, value];
  }
}

function coinLine(coin: CoinRecord): string {
  const { key, amount, wallet, chain, index, coinbase, blocks, spends, spenders, feeCovered } = coin;
  const seen = spends.map(({ txid, block }) => `${txid}@${block}`);
  return ['coin', key, amount, wallet, chain, index, coinbase, blocks, seen, spenders, feeCovered].join(' ');
}

function* lines(state: PolicyState): Generator<string> {
  const { earned, credited, saved, settledAt } = state.ticks;
  yield `charter ${toHex(state.charter.hash)}`;
  for (const [epoch, hash] of state.charters) yield `installed ${epoch} ${hash}`;
  for (const { charter, since, due } of state.pending) yield `pending ${toHex(charter.hash)} ${since} ${due}`;
  yield `tip ${tipOf(state.tree).id}`;
  yield `ticks ${earned} ${credited} ${saved} ${settledAt}`;
  for (const [id] of sorted(state.tree.nodes)) yield `header ${id}`;
  for (const [, coin] of sorted(state.coins)) yield coinLine(coin);
  for (const [txid, { inputs, paid, fee }] of sorted(state.transactions))
    yield `transaction ${txid} ${inputs} ${paid} ${fee}`;
  for (const [txid, inputs] of sorted(state.parents)) yield `parent ${txid} ${inputs}`;
  for (const [id, { hash, carriers, until }] of sorted(state.intents))
    yield `intent ${id} ${hash} ${carriers} ${until}`;
  for (const [wallet, mined] of state.minedChange.entries()) {
    yield `change ${wallet} ${mined.map(({ index, block }) => `${index}@${block}`)}`;
  }
  for (const { tick, amount, count, fee } of state.ledger.totals)
    yield `total ${tick} ${amount} ${count} ${fee}`;
  for (const [key, { totals }] of sorted(state.velocity)) {
    for (const { tick, amount, count } of totals)
      yield `velocity ${JSON.stringify(key)} ${tick} ${amount} ${count}`;
  }
  for (const [requester, scripts] of sorted(state.registered)) {
    for (const [script, since] of sorted(scripts))
      yield `registered ${JSON.stringify(requester)} ${script} ${since}`;
  }
  for (const [by, { since, until }] of sorted(state.freezes))
    yield `freeze ${JSON.stringify(by)} ${since} ${until}`;
  yield* memoryLines(state);
}

function* memoryLines({ memory, charter }: PolicyState): Generator<string> {
  const { nonce, since, attested, born, latch, restored, confirmed } = memory;
  if (memory.ahead > charter.policy.intentAhead) yield `ahead ${memory.ahead}`;
  if (nonce !== null) yield `asked ${nonce} ${since} ${attested} ${born ?? '-'}`;
  for (const [vault, seq] of sorted(memory.seen)) yield `seen ${vault} ${seq}`;
  if (latch !== null)
    yield `latch ${latch.code} ${latch.gate} ${latch.vault} ${latch.have} ${latch.seen} ${latch.since}`;
  if (restored !== null) yield `restored ${restored.height} ${restored.since} ${restored.nonce}`;
  for (const [vault, seq] of sorted(memory.forgiven)) yield `forgiven ${vault} ${seq}`;
  for (const [order, expires] of sorted(memory.orders)) yield `order ${order} ${expires}`;
  for (const [by, { since: from, until }] of sorted(memory.ordered))
    yield `ordered ${JSON.stringify(by)} ${from} ${until}`;
  if (confirmed !== null) yield `confirmed ${JSON.stringify(confirmed.by)} ${confirmed.since}`;
}

/** 32 bytes: SHA-256 of the state's lines, each ended by a line feed. */
export function digestState(state: PolicyState): Uint8Array {
  const hash = sha256.create();
  const encoder = new TextEncoder();
  for (const line of lines(state)) hash.update(encoder.encode(`${line}\n`));
  return hash.digest();
}
