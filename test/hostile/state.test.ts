// Rows 35, 44, 45, 50 and 51 of the catalogue: messages out of place, older copies, clocks, freezes, withheld headers.
import { acceptHeaders, createPolicyState } from '@coldwire/policy';
import {
  Attest,
  createChain,
  draftMessage,
  encode,
  Freeze,
  fromHex,
  Headers,
  judgeMessage,
  type Message,
  messageHash,
  recordReceived,
  recordSent,
  type SeenHead,
  type SignRequest,
  toHex,
} from '@coldwire/protocol';
import { noblePointMath } from '@coldwire/wallet/noble.ts';
import { beforeEach, expect, test } from 'vitest';
import { testify } from '../../packages/policy/test/memory/memory-world.ts';
import {
  hash256,
  identity,
  MINUTE,
  mineHeader,
  mustLoad,
  SIGNERS,
  sampleCharter,
  seeded,
} from '../../packages/policy/test/world.ts';
import { codesOf, type TestSigner } from '../../packages/signer/test/signing-world.ts';
import { bodyOf, COIN, recall, Siege } from './siege.ts';

let siege: Siege;
beforeEach(() => {
  siege = new Siege();
});

/** What the signer answers when its real-time clock says this. */
function askAt(signer: TestSigner, request: SignRequest, time: number): readonly string[] {
  signer.catchUp();
  const received = signer.receive('SIGN', bodyOf(request), signer.newId());
  const { uptime } = signer.clock();
  const [answer] = signer.perform(signer.decide({ kind: 'message', received, time, uptime }));
  return answer?.type === 'REFUSED' ? codesOf(answer.body) : [];
}

test('row 35: a message for one signer, of another session or sent back, is taken by no other', () => {
  const { charter, hash } = siege.world.loaded;
  const vault = identity('vault-1');
  const lineTo = (peer: string) =>
    createChain({ self: 'vault-1', peer, peerKey: vault.publicKey, incoming: 'up', receiver: 'signer' });
  const lineOf = (self: string) =>
    createChain({ self, peer: 'vault-1', peerKey: vault.publicKey, incoming: 'down', receiver: 'signer' });
  let toA = lineTo('A');
  const say = (salt: string): Message => {
    const draft = draftMessage(toA, {
      type: 'SIGN',
      charter: hash,
      session: 1,
      request: seeded(salt).slice(0, 16),
      body: bodyOf(siege.plan()),
      salt: seeded(salt).slice(0, 16),
      time: 0,
      uptime: 0,
    });
    const message = { ...draft, signature: vault.sign(messageHash(draft.header)) };
    toA = recordSent(toA, message);
    return message;
  };
  const [one, two, three] = [say('one'), say('two'), say('three')];
  const code = (chain: ReturnType<typeof lineOf>, message: Message): string => {
    const judged = judgeMessage(chain, hash, message);
    return judged.kind === 'fault' ? judged.fault.code : judged.kind;
  };
  let atA = lineOf('A');
  for (const name of ['B', 'C', 'gate-1']) expect(code(lineOf(name), one)).toBe('WRONG_PEER');
  expect(code(atA, two)).toBe('BAD_CHAIN');
  const taken = judgeMessage(atA, hash, one);
  if (taken.kind !== 'new') throw new Error(`the first message is ${taken.kind}`);
  atA = recordReceived(atA, one, taken.received.header);
  expect(code(atA, one)).toBe('duplicate');
  expect(code(atA, three)).toBe('BAD_CHAIN');
  // The header of one with the body of another, and one's signature under another's header.
  expect(code(atA, { ...two, body: three.body })).toBe('BODY_HASH');
  expect(code(atA, { ...two, signature: three.signature })).toBe('BAD_SIGNATURE');
  expect(judgeMessage(atA, seeded('another charter'), two)).toMatchObject({
    fault: { code: 'WRONG_CHARTER' },
  });
  expect(code(atA, two)).toBe('new');
  expect(charter.vaults[0]?.name).toBe('vault-1');
  siege.goesThrough();
});

test('row 44: gates that know better than an older copy, or than one of two clones, latch it', () => {
  for (const code of ['STATE_ROLLBACK', undefined] as const) {
    siege = new Siege();
    const signer = siege.signers.A;
    signer.catchUp();
    // A message of this signer's that this disk does not hold.
    const later = signer.seal('SIGNED', seeded('later'), signer.newId());
    const heads: readonly SeenHead[] = code === undefined ? [] : [[later.header, later.signature]];
    const nonce = seeded('this start').slice(0, 16);
    signer.happen('ask', toHex(nonce));
    const witnessed = (told: typeof heads) =>
      encode(Attest, {
        witnessed: ['gate-1', 'gate-2'].map((gate, at) =>
          testify(siege.world, gate, { nonce, heads: at === 0 ? told : [] }),
        ),
      });
    const before = signer.signatures;
    expect(signer.ask(siege.plan()).codes).toEqual(['UNWITNESSED']);
    expect(signer.signatures).toBe(before);
    const [answer] = signer.deliver('ATTEST', witnessed(heads));
    expect(answer?.type === 'REFUSED' ? codesOf(answer.body) : []).toEqual(code === undefined ? [] : [code]);
    if (code === undefined) {
      siege.goesThrough();
      continue;
    }
    siege.signerRefuses('A', siege.plan(), code);
    signer.happen('start', 'again');
    expect(signer.ask(siege.plan()).codes).toContain(code);
    expect(signer.signatures).toBe(0);
    // The other two pay on.
    siege.goesThrough(undefined, ['B', 'C']);
  }
});

test('row 45: a clock in 1970 or 2038, a month behind or ahead, and headers that are forged or withheld', () => {
  const { now } = siege.world;
  const signer = siege.signers.A;
  signer.catchUp();
  const before = recall(signer);
  const moments = [now - 30 * 86_400, now + 30 * 86_400, 0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];
  for (const time of moments) expect(askAt(signer, siege.plan(), time)).toEqual(['CLOCK_STALE']);
  expect(recall(signer)).toMatchObject({ policy: before.policy, signatures: 0, session: before.session });
  // Forged: no work, nothing that they follow, a time that is none.
  const next = mineHeader(siege.world.tipHash, seeded('root'), now + 600);
  const worthless = weaken(next);
  const foundling = mineHeader(seeded('no parent'), seeded('root'), now + 600);
  const cheap = mineHeader(siege.world.tipHash, seeded('root'), now + 600, 0x2100ffff);
  const refused = (header: Uint8Array, code: string): void => {
    for (const name of SIGNERS)
      siege.messageRefused(name, 'HEADERS', encode(Headers, { headers: header }), code);
  };
  refused(worthless, 'HEADER_WORK');
  refused(cheap, 'HEADER_WORK');
  refused(foundling, 'HEADER_LINK');
  siege.world.pass(12);
  refused(mineHeader(siege.world.tipHash, seeded('root'), now), 'HEADER_TIME');
  siege.goesThrough();
});

/** The header with a nonce that misses the target. */
function weaken(header: Uint8Array): Uint8Array {
  const bytes = header.slice();
  const view = new DataView(bytes.buffer);
  for (let nonce = 0; (hash256(bytes)[31] ?? 0) < 0x80; nonce++) view.setUint32(76, nonce, true);
  return bytes;
}

// The first headers of these networks, as every node has them (Bitcoin Core, chainparams.cpp).
const GENESIS = {
  mainnet: [
    '3ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a',
    1231006505,
    0x1d00ffff,
    2083236893,
  ],
  testnet4: [
    '4e7b2b9128fe0291db0693af2ae418b767e657cd407e80cb1434221eaea7a07a',
    1714777860,
    0x1d00ffff,
    393743547,
  ],
  signet: [
    '3ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a',
    1598918400,
    0x1e0377ae,
    52613770,
  ],
} as const;

function genesisOf(network: keyof typeof GENESIS): Uint8Array {
  const [root, time, bits, nonce] = GENESIS[network];
  const header = new Uint8Array(80);
  const view = new DataView(header.buffer);
  view.setUint32(0, 1, true);
  header.set(fromHex(root), 36);
  for (const [place, value] of [time, bits, nonce].entries()) view.setUint32(68 + 4 * place, value, true);
  return header;
}

test.each([
  ['mainnet', '000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f'],
  ['testnet4', '00000000da84f2bafbbc53dee25a72ae507ff4914b867c565be350b0da8bf043'],
  ['signet', '00000008819873e925422c1ff0f99f7cc9bbb232af63a077a480a3633bee1ef6'],
] as const)(
  'row 45: on %s a header needs the work that its rules ask for, however easy it says to be',
  (network, id) => {
    const genesis = genesisOf(network);
    const hash = hash256(genesis);
    expect(toHex(hash.slice().reverse())).toBe(id);
    const charter = sampleCharter(network);
    const state = createPolicyState(
      mustLoad({ ...charter, clock: { ...charter.clock, checkpointHeight: 0, checkpoint: genesis } }),
      noblePointMath,
    );
    const [, time, bits] = GENESIS[network];
    const codes = (header: Uint8Array): readonly string[] => {
      const outcome = acceptHeaders(state, { headers: header }, 0);
      return outcome.kind === 'refused' ? outcome.refusals.map(({ code }) => code) : [];
    };
    // Regtest's target, the network's own without the work; after twenty minutes, testnet4's easiest without it.
    for (const [easy, after] of [
      [0x207fffff, 600],
      [bits, 600],
      [0x1d00ffff, 1_201],
      [0x207fffff, 1_201],
    ] as const)
      expect(codes(mineHeader(hash, seeded('root'), time + after, easy))).toEqual(['HEADER_WORK']);
    expect(codes(mineHeader(seeded('elsewhere'), seeded('root'), time + 600))).toEqual(['HEADER_LINK']);
    for (const other of ['mainnet', 'testnet4', 'signet'] as const)
      if (other !== network) expect(codes(childOf(genesisOf(other)))).toEqual(['NETWORK']);
  },
);

const childOf = (genesis: Uint8Array): Uint8Array =>
  mineHeader(hash256(genesis), seeded('root'), 1_800_000_000);

test('row 50: one machine’s freeze is a freeze, lapses after its ticks, and cannot follow itself at once', () => {
  const { freezeTicks } = siege.world.loaded.charter.policy;
  const freeze = encode(Freeze, { reason: 'a vault that nobody trusts' });
  const signer = siege.signers.A;
  signer.catchUp();
  expect(signer.deliver('FREEZE', freeze)[0]?.type).toBe('DONE');
  siege.signerRefuses('A', siege.plan(), 'FROZEN');
  siege.goesThrough(undefined, ['B', 'C']);
  siege.world.pass(freezeTicks - 1);
  siege.signerRefuses('A', siege.plan(), 'FROZEN');
  siege.world.pass(1);
  siege.goesThrough();
  expect(signer.deliver('FREEZE', freeze)[0]?.type).toBe('DONE');
  siege.goesThrough();
});

test('row 51: headers withheld for weeks and given at once free no window early', () => {
  siege = new Siege(undefined, 6);
  const order = (i: number): SignRequest => {
    const coin = siege.coins[i];
    if (coin === undefined) throw new Error('no coin');
    const { height } = siege.world;
    const intents = [siege.order(`spent ${i}`, { amount: 15_000_000n, created: height })];
    return siege.plan({ coins: [coin], intents, change: [{ amount: COIN - 15_010_000n }] });
  };
  const signer = siege.signers.A;
  for (const i of [0, 1, 2, 3]) expect(signer.ask(order(i)).codes).toEqual([]);
  siege.signerRefuses('A', order(4), 'AMOUNT_WINDOW');
  const withheld = siege.world.mine(2_016);
  siege.world.uptime += 14 * 24 * 60 * MINUTE;
  for (let from = 0; from < withheld.length; from += 150) siege.world.feed(withheld.slice(from, from + 150));
  siege.signerRefuses('A', order(4), 'AMOUNT_WINDOW');
  // One tick for each half spacing that it runs, and the window is six: one of them was credited when they came.
  for (let tick = 1; tick < 5; tick += 1) {
    siege.world.uptime += 5 * MINUTE;
    siege.signerRefuses('A', order(4), 'AMOUNT_WINDOW');
  }
  siege.world.uptime += 10 * MINUTE;
  expect(signer.ask(order(4)).codes).toEqual([]);
});
