import {
  Bury,
  createEd25519Signer,
  Death,
  decode,
  encode,
  fromHex,
  Header,
  messageHash,
  type SignRequest,
} from '@coldwire/protocol';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Coin, seeded } from '../../policy/test/world.ts';
import { materials, type SignerName } from '../../signer/test/signing-world.ts';
import { GateWorld, refusalsOf } from './gate-world.ts';

type Row = Bury['deaths'][number];

let world: GateWorld;
let coins: readonly Coin[];
let dead: Uint8Array;

/** Pays the same intent every time. */
function pay(which: readonly number[]): SignRequest {
  const spent = which.flatMap((place) => coins[place] ?? []);
  const total = spent.reduce((sum, { amount }) => sum + amount, 0n);
  return world.world.request({
    coins: spent,
    intents: [world.intent('one')],
    change: [{ amount: total - 1_010_000n }],
  });
}

function wordOf(name: SignerName, txid: Uint8Array = dead): Row {
  const signer = world.signers[name];
  const { header, body, signature } = signer.seal(
    'DEATH',
    encode(Death, { txid, height: 200 }),
    signer.newId(),
  );
  return [header, body, signature];
}

function bury(deaths: readonly Row[], txid: Uint8Array = dead) {
  const reply = world.gate.deliver('BURY', encode(Bury, { txid, deaths }));
  return reply.type === 'DONE' ? [] : refusalsOf(reply);
}

/** The message with another header, signed again by its signer. */
function forge([header, body]: Row, by: SignerName, change: (header: Header) => Header): Row {
  const read = decode(Header, header, 1024);
  if (!read.ok) throw new Error(read.fault.detail);
  const bytes = encode(Header, change(read.value));
  return [bytes, body, createEd25519Signer(materials[by].identitySeed).sign(messageHash(bytes))];
}

beforeEach(() => {
  world = new GateWorld();
  coins = world.world.fund([20_000_000n, 20_000_000n, 20_000_000n]);
  expect(world.force(pay([0]))).toEqual([]);
  const [txid = ''] = [...world.gate.state.cleared.keys()];
  dead = fromHex(txid).reverse();
});

describe('A transaction that two signers say is dead', () => {
  test('stands in the way of its intents no more, and of nothing else', () => {
    expect(world.force(pay([1])).map(([code]) => code)).toEqual(['GATE_CONFLICT']);
    expect(bury([wordOf('A'), wordOf('C')])).toEqual([]);
    expect(world.force(pay([1]))).toEqual([]);
    // The second carrier lives: a third must share a coin with it.
    expect(world.force(pay([2])).map(([code]) => code)).toEqual(['GATE_CONFLICT']);
    expect(world.force(pay([1, 2]))).toEqual([]);
  });

  test('is charged, and what pays its intents beside it is charged as well', () => {
    bury([wordOf('A'), wordOf('B')]);
    expect(world.force(pay([1]))).toEqual([]);
    expect(world.force(pay([1, 2]))).toEqual([]);
    expect(world.gate.state.charges.map(({ amount, count }) => [amount, count])).toEqual([
      [1_000_000n, 1],
      [1_000_000n, 1],
      [0n, 0],
    ]);
  });

  test('is still dead after a restart, and is recorded once', () => {
    bury([wordOf('A'), wordOf('B')]);
    bury([wordOf('B'), wordOf('C')]);
    expect(world.gate.journal.filter(({ kind }) => kind === 'dead')).toHaveLength(1);
    world.gate.start();
    expect(world.force(pay([1]))).toEqual([]);
  });

  test('needs no record when it was not cleared here', () => {
    const txid = seeded('elsewhere');
    expect(bury([wordOf('A', txid), wordOf('B', txid)], txid)).toEqual([]);
    expect(world.gate.state.dead.size).toBe(0);
  });
});

describe('BURY is refused, and nothing is recorded', () => {
  const stranger = createEd25519Signer(seeded('nobody'));
  const cases: readonly (readonly [string, () => readonly Row[], string])[] = [
    ['one signer twice', () => [wordOf('A'), wordOf('A')], 'the same signer twice'],
    ['three words of two signers', () => [wordOf('A'), wordOf('B'), wordOf('A')], 'the same signer twice'],
    ['a word about another transaction', () => [wordOf('A'), wordOf('B', seeded('other'))], 'B'],
    [
      'bytes that are no header',
      () => [wordOf('A'), [Uint8Array.of(0), new Uint8Array(20), new Uint8Array(64)]],
      'not a message',
    ],
    [
      'a signature by somebody else',
      () => {
        const [header, body] = wordOf('B');
        return [wordOf('A'), [header, body, stranger.sign(messageHash(header))]];
      },
      'B',
    ],
    [
      'another sender',
      () => [wordOf('A'), forge(wordOf('B'), 'B', (header) => ({ ...header, sender: 'vault-1' }))],
      'no signer of the charter',
    ],
    [
      'another type',
      () => [wordOf('A'), forge(wordOf('B'), 'B', (header) => ({ ...header, type: 12 }))],
      'B',
    ],
    [
      'another version',
      () => [wordOf('A'), forge(wordOf('B'), 'B', (header) => ({ ...header, version: 9 }))],
      'B',
    ],
    [
      'another charter',
      () => [wordOf('A'), forge(wordOf('B'), 'B', (header) => ({ ...header, charter: seeded('other') }))],
      'B',
    ],
    [
      'a body cut short',
      () => {
        const [header, body, signature] = wordOf('B');
        return [wordOf('A'), [header, body.subarray(0, -1), signature]];
      },
      'B',
    ],
    [
      'another length than the body has',
      () => [
        wordOf('A'),
        forge(wordOf('B'), 'B', (header) => ({ ...header, bodyLength: header.bodyLength + 1 })),
      ],
      'B',
    ],
    [
      'another body of the same length',
      () => {
        const [header, body, signature] = wordOf('B');
        const other = body.map((byte, at) => (at === body.length - 1 ? byte ^ 1 : byte));
        return [wordOf('A'), [header, other, signature]];
      },
      'B',
    ],
  ];

  test.each(cases)('%s', (_what, deaths, signer) => {
    expect(bury(deaths())).toEqual([['GATE_DEATH', { signer }]]);
    expect(world.gate.state.dead.size).toBe(0);
    expect(world.force(pay([1])).map(([code]) => code)).toEqual(['GATE_CONFLICT']);
    expect(bury([wordOf('A'), wordOf('B')])).toEqual([]);
  });
});
