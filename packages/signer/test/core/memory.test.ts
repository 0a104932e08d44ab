/** Real signers' cores and key memory beside a real gate's core: what a gate has seen, an older copy and a clone. */
import {
  Attest,
  decode,
  encode,
  Header,
  Hello,
  messageHash,
  SignRequest,
  Witness,
  Witnessed,
} from '@coldwire/protocol';
import { beforeEach, describe, expect, test } from 'vitest';
import { GateWorld } from '../../../gate/test/gate-world.ts';
import { sealWitness } from '../../../policy/test/memory/memory-world.ts';
import { type Coin, identity, seeded } from '../../../policy/test/world.ts';
import { noteSigned } from '../../src/core/heads.ts';
import { codesOf, type TestSigner } from '../signing-world.ts';

let world: GateWorld;
let coins: readonly Coin[];
let signer: TestSigner;
let starts = 0;

beforeEach(() => {
  world = new GateWorld();
  coins = world.world.fund([20_000_000n, 20_000_000n]);
  signer = world.signers.A;
});

function payment(label: string, coin = 0) {
  return world.world.request({
    coins: coins.slice(coin, coin + 1),
    intents: [world.intent(label)],
    change: [{ amount: 18_990_000n }],
  });
}

/** A and B sign, a gate clears; A remembers what it sent. @returns number and hash of A's SIGNED */
function pay(label: string, isRemembered = true, coin = 0): readonly [number, Uint8Array] {
  const body = world.clear(payment(label, coin));
  expect(world.gate.clear(body).codes).toEqual([]);
  const [bytes] = ask('A').heads[0] ?? [];
  const header = bytes === undefined ? undefined : decode(Header, bytes, 1024);
  if (bytes === undefined || header?.ok !== true) throw new Error('the gate has seen nothing');
  const { seq } = header.value;
  const hash = messageHash(bytes);
  if (isRemembered) noteSigned(signer.state.heads, 'vault-1', { seq, hash });
  return [seq, hash];
}

function ask(name: string): Witnessed {
  const nonce = seeded(`start ${starts}`).slice(0, 16);
  const reply = world.gate.deliver('WITNESS', encode(Witness, { signer: name, nonce }));
  const witnessed = decode(Witnessed, reply.body);
  if (!witnessed.ok) throw new Error(witnessed.fault.detail);
  return witnessed.value;
}

/** A starts and is told what both gates have seen. @returns codes */
function start(): string[] {
  starts += 1;
  signer.happen('ask', Buffer.from(seeded(`start ${starts}`).slice(0, 16)).toString('hex'));
  const first = world.world.loaded.first;
  const about = ask('A');
  const rows = ['gate-1', 'gate-2'].map((name) =>
    sealWitness(first, { name, key: identity(name) }, name === 'gate-1' ? about : { ...about, heads: [] }),
  );
  const [answer] = signer.deliver('ATTEST', encode(Attest, { witnessed: rows }));
  return answer === undefined || answer.type === 'DONE' ? [] : codesOf(answer.body);
}

function nonceSaid(): Uint8Array | undefined {
  const [hello] = signer.happen('greet');
  const decoded = hello === undefined ? undefined : decode(Hello, hello.body);
  return decoded?.ok === true ? decoded.value.nonce : undefined;
}

describe('A signer that starts', () => {
  test('says its nonce until every gate has spoken, and signs after that', () => {
    pay('one');
    signer.happen('ask', '00'.repeat(16));
    expect(nonceSaid()).toEqual(new Uint8Array(16));
    expect(signer.ask(payment('two', 1)).codes).toEqual(['UNWITNESSED']);
    expect(start()).toEqual([]);
    expect(nonceSaid()).toBeUndefined();
    expect(signer.ask(payment('two', 1)).codes).toEqual([]);
  });

  test('judges a request again that it refused before gates had spoken', () => {
    const id = signer.newId();
    signer.happen('ask', '00'.repeat(16));
    expect(signer.ask(payment('one'), id).codes).toEqual(['UNWITNESSED']);
    expect(start()).toEqual([]);
    expect(signer.ask(payment('one'), id).codes).toEqual([]);
  });

  test('judges a request again that it refused as what may be from before a loss, while a gate was missing', () => {
    const id = signer.newId();
    signer.happen('ask', '00'.repeat(16));
    // So long ago that no window holds anything of before, and no intent so far was surely made after it.
    Object.assign(signer.state.policy.memory, { since: -1_000_000_000, born: 1_000_000 });
    expect(signer.ask(payment('one'), id).codes).toEqual(['RESTORED']);
    expect(start()).toEqual([]);
    expect(signer.ask(payment('one'), id).codes).toEqual([]);
    // What a quorum has said does not change with the gates: that verdict is kept.
    signer.state.policy.memory.restored = { height: 1_000_000, since: -1_000_000_000, nonce: '' };
    const kept = signer.newId();
    expect(signer.ask(payment('two', 1), kept).codes).toEqual(['RESTORED']);
    signer.state.policy.memory.restored = null;
    expect(signer.ask(payment('two', 1), kept).codes).toEqual(['RESTORED']);
  });

  test('with an older copy of its state is latched: STATE_ROLLBACK', () => {
    pay('one');
    pay('two', false, 1);
    expect(start()).toEqual(['STATE_ROLLBACK']);
    expect(signer.ask(payment('three')).codes).toContain('STATE_ROLLBACK');
  });

  test('with an empty state where gates know it is latched: STATE_ROLLBACK', () => {
    pay('one', false);
    expect(start()).toEqual(['STATE_ROLLBACK']);
  });

  test('while another machine has signed with its identity is latched: CLONE', () => {
    const [seq, hash] = pay('one');
    // The clone's message has the number of ours, and is another.
    noteSigned(signer.state.heads, 'vault-1', { seq, hash: seeded('what this machine signed') });
    noteSigned(signer.state.heads, 'vault-1', { seq: seq + 1, hash });
    expect(start()).toEqual(['CLONE']);
    expect(signer.ask(payment('two', 1)).codes).toContain('CLONE');
  });

  test('stays latched over starts, whatever gates say later', () => {
    const [seq] = pay('one', false);
    expect(start()).toEqual(['STATE_ROLLBACK']);
    const header = seeded('made up');
    noteSigned(signer.state.heads, 'vault-1', { seq: seq + 9, hash: messageHash(header) });
    expect(start()).toEqual(['CLONE']);
    expect(signer.ask(payment('two', 1)).codes).toContain('STATE_ROLLBACK');
  });
});

test('A restored signer signs nothing under a number that its lost memory may have used, so that gates see what it signs', () => {
  const [seq] = pay('one', false);
  expect(start()).toEqual(['STATE_ROLLBACK']);
  const { policy } = signer.state;
  const nonce = seeded(`start ${starts}`).slice(0, 16);
  policy.memory.restored = { height: 0, since: -1_000_000_000, nonce: Buffer.from(nonce).toString('hex') };
  policy.memory.latch = null;
  policy.memory.forgiven.set('vault-1', seq);
  const body = encode(SignRequest, payment('two', 1));
  const ask = (receiptSeq: number) => {
    const received = signer.receive('SIGN', body, signer.newId());
    const header = { ...received.header, receiptSeq };
    return signer.decide({ kind: 'message', received: { ...received, header }, ...signer.clock() });
  };
  const [refused] = ask(seq - 1).effects;
  if (refused?.kind !== 'send') throw new Error('nothing was said');
  expect(codesOf(refused.body)).toEqual(['BAD_RECEIPT']);
  expect(ask(seq - 1).changes).toEqual([]);
  expect(ask(seq).effects.map(({ kind }) => kind)).toEqual(['sign']);
});

test('a number is that of a header, so that what a gate has seen is what was sent', () => {
  const message = world.signed('A', payment('one'));
  const header = decode(Header, message.header, 1024);
  expect(header.ok && header.value.seq).toBe(1);
});
