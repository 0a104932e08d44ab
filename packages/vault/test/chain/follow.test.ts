import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Devchain, startDevchain } from '@coldwire/devchain';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { scriptOf } from '../../../devchain/test/harness.ts';
import { type Chain, connectCore, nextEvent, type Watch } from '../../src/chain/index.ts';

const SCRIPT = scriptOf('p2wsh');
const NOTHING: Watch = { script: () => false, outpoint: () => false };
let devchain: Devchain;
let chain: Chain;
let dir = '';

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'coldwire-follow-'));
  devchain = await startDevchain({ dir });
  chain = connectCore(devchain.url, { kind: 'cookie', file: devchain.cookieFile }, { retries: 0 });
  for (let i = 0; i < 3; i += 1) devchain.node.mineNext(SCRIPT);
});
afterEach(async () => {
  await devchain.stop();
  rmSync(dir, { recursive: true });
});

/** The branch changes between two questions: its last block is replaced by two others. */
function replaceTip(): void {
  const { node } = devchain;
  node.invalidate(node.chain.tip);
  for (let i = 0; i < 2; i += 1) node.mineNext(SCRIPT);
}

describe('nextEvent', () => {
  it('notices a reorganization that happens between its own questions', async () => {
    const position = await chain.tip();
    devchain.node.mineNext(SCRIPT);
    const racing: Chain = {
      ...chain,
      block: async (hash) => {
        const old = devchain.node.chain.at(position.height);
        if (old === undefined) throw new Error('no block');
        devchain.node.invalidate(old);
        for (let i = 0; i < 3; i += 1) devchain.node.mineNext(SCRIPT);
        const next = await chain.hashAt(position.height + 1);
        return chain.block(next ?? hash);
      },
    };
    const step = await nextEvent(racing, position, NOTHING);
    expect(step?.event).toEqual({ kind: 'disconnected', block: position });
    expect(step?.position.height).toBe(position.height - 1);
  });

  it('gives no event twice and none too few, whenever the process dies between them', async () => {
    const seen: string[] = [];
    let position = { height: 0, hash: (await chain.hashAt(0)) ?? new Uint8Array() };
    for (let round = 0; round < 12; round += 1) {
      // A new client, as after a restart: the position is all that it keeps.
      const fresh = connectCore(devchain.url, { kind: 'cookie', file: devchain.cookieFile });
      const step = await nextEvent(fresh, position, NOTHING);
      if (step === null) break;
      seen.push(`${step.event.kind} ${step.event.block.height}`);
      position = step.position;
      if (round === 2) replaceTip();
    }
    expect(seen).toEqual([
      'connected 1',
      'connected 2',
      'connected 3',
      'disconnected 3',
      'connected 3',
      'connected 4',
    ]);
    expect(position).toEqual(await chain.tip());
  });

  it('stops at a node that contradicts itself', async () => {
    const position = { ...(await chain.tip()), height: 1 };
    const liar: Chain = {
      ...chain,
      hashAt: async (height) => (height === 1 ? position.hash : chain.hashAt(height)),
    };
    await expect(nextEvent(liar, position, NOTHING)).rejects.toMatchObject({ kind: 'nonsense' });
  });
});
