// A snapshot that no start would believe must not be written: it would push out one that is good.
import { createChain, type Line } from '@coldwire/protocol';
import { describe, expect, test } from 'vitest';
import { readRows, writeRows } from '../../src/core/snapshot.ts';
import { createState } from '../../src/core/state.ts';
import { Treasury } from '../signing-world.ts';

const { world, signers } = new Treasury();
const line: Line = {
  self: 'A',
  peer: 'vault-1',
  peerKey: new Uint8Array(32),
  incoming: 'down',
  receiver: 'signer',
};

/** A coin for which a vault has asked for so many transactions. */
function stateWith(spenders: number) {
  world.fund([20_000_000n]);
  const signer = signers.A;
  signer.catchUp();
  const [coin] = signer.state.policy.coins.values();
  if (coin === undefined) throw new Error('no coin');
  coin.spenders.splice(0);
  for (let at = 0; at < spenders; at += 1) coin.spenders.push(at.toString(16).padStart(64, '0'));
  return signer.state;
}

describe('The rows of a snapshot', () => {
  test.each([10, 25_000])('are read back with a coin of %i spenders', (spenders) => {
    const state = stateWith(spenders);
    const rows = [...writeRows(state, [createChain(line)])];
    const again = createState(world.loaded, 'A', state.policy.math);
    expect(readRows(rows, again, line)?.get('vault-1')).toEqual(createChain(line));
    expect(again.policy.coins).toEqual(state.policy.coins);
  });

  test('are not written where one would be longer than a start reads', () => {
    expect(() => [...writeRows(stateWith(40_000), [])]).toThrow('longer than a start reads');
  });
});
