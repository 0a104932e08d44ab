import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CharterInForce } from '@coldwire/policy';
import { Failure } from '@coldwire/program';
import { type Charter, encode, SignedCharter, toHex } from '@coldwire/protocol';
import { describe, expect, it, onTestFinished } from 'vitest';
import { charterAfter, mustLoad, sampleCharter, signedBy } from '../../../policy/test/world.ts';
import { serveApi } from '../../src/api/index.ts';
import { Charters } from '../../src/serve/charters.ts';
import { makeQueue, scripts } from '../fixture.ts';
import { makeCharters, makeDirectory } from './chain-of-charters.ts';

const first = mustLoad(sampleCharter());
const after = (head: CharterInForce, policy: Partial<Charter['policy']>): Charter =>
  charterAfter(head, { policy: { ...head.charter.policy, ...policy } });
const tight = after(first, { maxInputs: 10, feeRate: 150_000 });
const loose = after(mustLoad(tight), { maxInputs: 500 });

describe('the chain of charters that a vault carries', () => {
  it('takes what follows the newest with a quorum, once, and has it again after a restart', () => {
    const directory = makeDirectory();
    const charters = new Charters(first, directory);
    expect(charters.add(signedBy(loose))).toMatchObject({ code: 'CHARTER_CHAIN' });
    expect(charters.add(signedBy(tight, ['ada']))).toMatchObject({ code: 'CHARTER_QUORUM' });
    for (let i = 0; i < 2; i += 1)
      expect(charters.add(signedBy(tight))).toMatchObject({ charter: { epoch: 1 } });
    expect(charters.add(signedBy(loose))).toMatchObject({ charter: { epoch: 2 } });
    expect(charters.add(signedBy(sampleCharter()))).toBe(first);
    const again = new Charters(first, directory);
    expect(again.later.map(({ charter }) => toHex(charter.hash))).toEqual(
      charters.later.map(({ charter }) => toHex(charter.hash)),
    );
    expect(readdirSync(join(directory, 'charters'))).toEqual(['charter-000001.cbor', 'charter-000002.cbor']);
  });

  it('refuses to start over a file that is no link of it', () => {
    const directory = makeDirectory();
    new Charters(first, directory).add(signedBy(tight));
    writeFileSync(join(directory, 'charters', 'charter-000001.cbor'), encode(SignedCharter, signedBy(loose)));
    expect(() => new Charters(first, directory)).toThrow(Failure);
  });

  it('knows how deep is buried under every charter, heard or not', () => {
    const charters = makeCharters(first);
    const { clock } = first.charter;
    charters.add(signedBy(charterAfter(first, { clock: { ...clock, burial: clock.burial + 3 } })));
    charters.add(signedBy(charterAfter(charters.newest, { clock })));
    expect(charters.deepestBurial).toBe(clock.burial + 3);
  });

  it('has drafts keep to the newest in force anywhere, as strict as any machine', () => {
    const charters = makeCharters(first);
    charters.add(signedBy(tight));
    charters.add(signedBy(loose));
    expect(charters.working).toBe(first);
    expect(charters.hear('A', { inForce: 0, newest: 0 })).toBe(true);
    expect(charters.hear('A', { inForce: 0, newest: 0 })).toBe(false);
    charters.hear('B', { inForce: 1, newest: 2 });
    expect(charters.working.charter.epoch).toBe(1);
    expect(charters.working.policy).toMatchObject({ maxInputs: 10, feeRate: 150_000 });
    charters.hear('B', { inForce: 2, newest: 2 });
    expect(charters.working.charter.epoch).toBe(2);
    expect(charters.working.policy).toMatchObject({ maxInputs: 500, feeRate: 150_000, maxVsize: 100_000 });
    charters.hear('A', { inForce: 1, newest: 1 });
    expect(charters.working.policy.maxInputs).toBe(10);
    charters.hear('A', { inForce: 2, newest: 2 });
    expect(charters.working.hash).toEqual(mustLoad(loose).hash);
  });
});

describe('a machine that is far behind', () => {
  it('keeps drafts to its limits no longer once two signers and a gate are further on', () => {
    const charters = makeCharters(first);
    charters.add(signedBy(tight));
    charters.add(signedBy(loose));
    // Away since, or says what is not so.
    charters.hear('A', { inForce: 1, newest: 2 });
    charters.hear('gate-1', { inForce: 1, newest: 2 });
    charters.hear('B', { inForce: 2, newest: 2 });
    charters.hear('gate-2', { inForce: 2, newest: 2 });
    expect(charters.working.policy.maxInputs).toBe(10);
    charters.hear('C', { inForce: 2, newest: 2 });
    expect(charters.working.policy.maxInputs).toBe(500);
    // An epoch that there is not is no charter to keep to.
    charters.hear('A', { inForce: 99, newest: 99 });
    expect(charters.working.policy.maxInputs).toBe(500);
  });

  it('still counts while only one signer or gate that is there is further on', () => {
    const away = new Set<string>();
    const charters = makeCharters(first, (name) => !away.has(name));
    charters.add(signedBy(tight));
    charters.add(signedBy(loose));
    for (const name of ['A', 'B']) charters.hear(name, { inForce: 2, newest: 2 });
    charters.hear('C', { inForce: 1, newest: 2 });
    expect(charters.working.policy.maxInputs).toBe(500);
    away.add('A');
    expect(charters.working.policy.maxInputs).toBe(10);
    // Whoever comes back first decides.
    for (const name of ['B', 'C']) away.add(name);
    expect(charters.working.policy.maxInputs).toBe(10);
    away.delete('A');
    away.delete('B');
    expect(charters.working.policy.maxInputs).toBe(500);
    charters.hear('gate-1', { inForce: 1, newest: 2 });
    charters.hear('gate-2', { inForce: 2, newest: 2 });
    expect(charters.working.policy.maxInputs).toBe(500);
    away.add('gate-2');
    expect(charters.working.policy.maxInputs).toBe(10);
  });
});

describe('the API', () => {
  it('takes a charter file, refuses others with their code, and tells how far each machine is', async () => {
    const charters = makeCharters(first);
    charters.hear('A', { inForce: 0, newest: 1 });
    let rung = 0;
    const ring = () => {
      rung += 1;
    };
    const context = { store: makeQueue(), charter: first, scripts, charters, onCharter: ring };
    const wake = { onIntent: ring, onApproval: ring, onRegistration: ring };
    const server = await serveApi('127.0.0.1:0', { ...context, ...wake }, (error) => {
      throw error;
    });
    onTestFinished(() => server.close());
    const url = `http://127.0.0.1:${server.port}/v1/charters`;
    const post = async (value: unknown): Promise<[number, unknown]> => {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(value) });
      return [response.status, await response.json()];
    };
    const file = (charter: Charter, names?: string[]) => ({
      charter: toHex(encode(SignedCharter, signedBy(charter, names))),
    });
    expect(await post({ charter: 'a0' })).toMatchObject([400, { error: { code: 'MALFORMED' } }]);
    expect(await post({ charter: 7 })).toMatchObject([400, { error: { code: 'MALFORMED' } }]);
    expect(await post(file(tight, ['ben']))).toMatchObject([409, { error: { code: 'CHARTER_QUORUM' } }]);
    expect(rung).toBe(0);
    const hash = toHex(mustLoad(tight).hash);
    expect(await post(file(tight))).toEqual([201, { epoch: 1, hash }]);
    expect(rung).toBe(1);
    expect(await (await fetch(url)).json()).toEqual({
      charters: [
        { epoch: 0, hash: toHex(first.hash) },
        { epoch: 1, hash },
      ],
      machines: [{ name: 'A', inForce: 0, newest: 1 }],
    });
  });
});
