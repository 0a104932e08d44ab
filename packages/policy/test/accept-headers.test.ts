import { concatBytes, fromHex } from '@coldwire/protocol';
import { CLOCK_NETWORKS } from '@coldwire/protocol/clock/networks.ts';
import { describe, expect, it } from 'vitest';
import { acceptHeaders } from '../src/index.ts';
import { GENESIS_TIME, mineHeader, seeded, World } from './world.ts';

describe('a run of headers', () => {
  it('that is known changes nothing, in whole or in part', () => {
    const world = new World();
    const blocks = world.mine(3);
    const [one, two, three] = blocks.map(({ header }) => header);
    if (one === undefined || two === undefined || three === undefined) throw new Error('no headers');
    world.feed(blocks.slice(0, 2));
    const accept = (...headers: Uint8Array[]) =>
      acceptHeaders(world.state, { headers: concatBytes(...headers) }, 7);
    expect(accept()).toEqual({ kind: 'ok', changes: [] });
    expect(accept(one, two)).toEqual({ kind: 'ok', changes: [] });
    expect(accept(one, two, three, three)).toEqual({
      kind: 'ok',
      changes: [{ kind: 'headers', value: { uptime: 7, headers: three } }],
    });
  });

  it('from before the checkpoint of its own network has lost its place, and is of no other network', () => {
    const world = new World();
    const genesis = fromHex(CLOCK_NETWORKS.regtest.genesis).reverse();
    const headers = mineHeader(genesis, seeded('root'), GENESIS_TIME + 600);
    expect(acceptHeaders(world.state, { headers }, 0)).toEqual({
      kind: 'refused',
      refusals: [{ kind: 'refusal', code: 'HEADER_LINK', facts: [['at', '0']] }],
    });
  });

  it('is taken whole or not at all', () => {
    const world = new World();
    const [good] = world.mine(1);
    if (good === undefined) throw new Error('no block');
    const bad = mineHeader(seeded('nobody'), seeded('root'), GENESIS_TIME + 1200);
    const outcome = acceptHeaders(world.state, { headers: concatBytes(good.header, bad) }, 0);
    expect(outcome).toMatchObject({ refusals: [{ code: 'HEADER_LINK', facts: [['at', '1']] }] });
    expect(world.state.tree.nodes.size).toBe(1);
  });
});
