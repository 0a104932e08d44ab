/**
 * Names, keys and bodies of the vectors in protocol-spec/vectors/{message,charter,intent,evidence}: everything follows from
 * labels, so that another implementation can make the same (protocol-spec/vectors/README.md).
 */

import { sha256 } from '@noble/hashes/sha2.js';
import {
  type BODIES,
  Charter,
  concatBytes,
  createEd25519Signer,
  type Ed25519Signer,
  encode,
  hashCharter,
  hashIntent,
  hashOrder,
  hashRegistration,
  hashVerdict,
  type Infer,
  Intent,
  type MessageType,
  messageTypeOf,
  Order,
  type OrderKind,
  type Register,
  Registration,
  type SignedIntent,
  type SignedOrder,
  type Verdict,
} from '../../src/index.ts';

/** SHA-256 of the label: every seed, salt, hash and other made-up value. */
export const made = (label: string, length = 32): Uint8Array =>
  sha256(new TextEncoder().encode(`coldwire vector ${label}`)).subarray(0, length);
export const keyOf = (name: string): Ed25519Signer => createEd25519Signer(made(`key ${name}`));

const member = (name: string) => ({ name, key: keyOf(name).publicKey });
const SIGNERS = ['A', 'B', 'C'];

export const CHARTER: Infer<typeof Charter> = {
  version: 1,
  network: 'regtest',
  title: 'Vectors',
  epoch: 1,
  first: null,
  previous: null,
  wallets: [
    {
      threshold: 2,
      keys: SIGNERS.map((signer) => ({
        signer,
        fingerprint: made(`fingerprint ${signer}`, 4),
        path: [0x80000030, 0x80000001, 0x80000000, 0x80000002],
        publicKey: concatBytes(Uint8Array.of(2), made(`account ${signer}`)),
        chainCode: made(`chain code ${signer}`),
      })),
    },
  ],
  vaults: [member('vault')],
  signers: SIGNERS.map(member),
  gates: ['G1', 'G2'].map((name) => ({ ...member(name), sealKey: made(`seal ${name}`) })),
  screens: ['S1', 'S2'].map(member),
  requesters: [{ name: 'exchange', keys: [keyOf('exchange').publicKey], people: ['erin'] }],
  custodians: ['carol', 'dave'].map((name) => ({
    name,
    group: name === 'carol' ? 'one' : 'two',
    key: keyOf(name).publicKey,
    recipient: `age1${name}`,
  })),
  policy: {
    maxInputs: 100,
    maxOutputs: 120,
    maxIntents: 100,
    maxVsize: 100_000,
    amountPerTransaction: 10_000_000_000n,
    windows: [{ ticks: 144, amount: 50_000_000_000n, count: 5_000, fee: 100_000_000n }],
    feeAbsolute: 5_000_000n,
    feeRate: 500_000,
    feeShare: 100,
    feeShareFloor: 50_000n,
    scripts: ['p2wpkh', 'p2wsh', 'p2tr'],
    changeGap: 20,
    receiveLimit: 1_000_000,
    intentLife: 1_008,
    intentAhead: 6,
    freezeTicks: 36,
    gateDelay: 3_600,
    velocity: [{ per: 'destination', ticks: 144, amount: 20_000_000_000n, count: 50 }],
    destinations: 'registered',
    destinationTicks: 144,
    allow: [concatBytes(Uint8Array.of(0, 20), made('allowed', 20))],
    deny: [concatBytes(Uint8Array.of(0, 20), made('denied', 20))],
    tiers: [{ above: 100_000_000n, approvals: 1, approvers: ['erin', 'fred'] }],
    loosenTicks: 144,
  },
  custody: {
    shares: SIGNERS.map((signer) => ({
      signer,
      epoch: 1,
      threshold: 2,
      holders: ['carol', 'dave'].map((name) => [name, made(`share ${signer} ${name}`)] as const),
    })),
  },
  clock: {
    checkpointHeight: 0,
    checkpoint: concatBytes(made('block 1'), made('block 2'), made('block 3', 16)),
    spacing: 600,
    burial: 6,
    fresh: 43_200,
  },
  approvers: [
    { name: 'erin', keys: [{ kind: 'ssh-ed25519', key: keyOf('erin').publicKey, application: '' }] },
    {
      name: 'fred',
      keys: [{ kind: 'sk-ssh-ed25519@openssh.com', key: keyOf('fred').publicKey, application: 'ssh:' }],
    },
  ],
  quorum: 2,
};
export const CHARTER_BYTES = encode(Charter, CHARTER);
export const CHARTER_HASH = hashCharter(CHARTER_BYTES);

/** P2WPKH of a made-up key hash. */
const script = (label: string) => concatBytes(Uint8Array.of(0, 20), made(label, 20));

export const makeIntent = (n: number): Uint8Array =>
  encode(Intent, {
    id: made(`intent ${n}`, 16),
    requester: 'exchange',
    amount: 1_000_000n * BigInt(n),
    script: script(`destination ${n}`),
    created: 100,
    expires: 1_000,
  });
export const signIntent = (intent: Uint8Array): SignedIntent => [
  intent,
  keyOf('exchange').sign(hashIntent(CHARTER_HASH, intent)),
];
export const makeVerdict = (
  intents: readonly Uint8Array[],
  covers: readonly number[],
  issued = 101,
): Verdict => {
  const hashes = covers.map((place) => hashIntent(CHARTER_HASH, intents[place] ?? new Uint8Array(0)));
  return {
    screen: 'S1',
    covers,
    issued,
    signature: keyOf('S1').sign(hashVerdict(CHARTER_HASH, issued, hashes)),
  };
};

export const makeRegistration = (n: number): Uint8Array =>
  encode(Registration, { requester: 'exchange', script: script(`destination ${n}`) });
export const signRegistration = (registration: Uint8Array): Register => ({
  registration,
  signature: keyOf('exchange').sign(hashRegistration(CHARTER_HASH, registration)),
});

export const makeOrder = (kind: OrderKind): SignedOrder => {
  const order = encode(Order, {
    kind,
    first: CHARTER_HASH,
    signer: kind === 'restore' ? 'A' : null,
    id: made(`order ${kind}`, 16),
    expires: 1_200,
    ...(kind === 'restore' ? { height: 120 } : {}),
  });
  return [order, ['carol', 'dave'].map((name) => [name, keyOf(name).sign(hashOrder(order))] as const)];
};

const intents = [makeIntent(1), makeIntent(2)];
/** A transaction in form only: nothing here is judged as Bitcoin. */
const transaction = concatBytes(Uint8Array.of(2, 0, 0, 0, 1), made('transaction'), new Uint8Array(60));
const proof = { block: made('block'), position: 5, path: concatBytes(made('left'), made('right')) };
const sealed = {
  ephemeral: made('ephemeral'),
  wraps: ['G1', 'G2'].map((gate) => [gate, concatBytes(made(`wrap ${gate}`), made('tag', 16))] as const),
  ciphertext: concatBytes(made('c1'), made('c2'), made('c3', 16)),
};

type Body<T extends MessageType> = Infer<(typeof BODIES)[T]>;
export const SAMPLES: { readonly [T in MessageType]: Body<T> } = {
  HELLO: { software: 'coldwire 0.1.0', epoch: 1, tipHeight: 120, tipHash: made('tip'), frozen: false },
  STATUS: {},
  STATE: {
    software: 'coldwire 0.1.0',
    epoch: 1,
    tipHeight: 120,
    tipHash: made('tip'),
    millitick: 12_345,
    frozen: true,
    coins: 17,
    windows: [
      {
        ticks: 144,
        amount: 5n,
        amountLimit: 33_333_333_333n,
        count: 1,
        countLimit: 3_333,
        fee: 300n,
        feeLimit: 66_666_666n,
      },
    ],
  },
  HEADERS: { headers: concatBytes(made('h1'), made('h2'), made('h3', 16)) },
  ADMIT: { transaction, coins: [{ vout: 0, wallet: 0, chain: 1, index: 7 }], proof },
  SIGN: {
    draft: {
      locktime: 119,
      inputs: [[made('txid'), 1, 5_000_000_000n, 0, 0, 3]],
      intents: intents.map(signIntent),
      change: [[0, 7, 4_996_990_000n, 1]],
    },
    verdicts: [makeVerdict(intents, [0, 1])],
  },
  SIGNED: { requestHash: made('request'), txid: made('txid 2'), commitment: made('commitment'), sealed },
  REFUSED: {
    refusals: [
      { code: 'UNKNOWN_OUTPOINT', facts: [['outpoint', `${'ab'.repeat(32)}:1`]] },
      {
        code: 'FEE_ABSOLUTE',
        facts: [
          ['fee', '6000000'],
          ['limit', '5000000'],
        ],
      },
    ],
  },
  DEAD: { txid: made('txid 2'), spender: transaction, proof },
  DEATH: { txid: made('txid 2'), height: 130 },
  BURY: {
    txid: made('txid 2'),
    deaths: [1, 2].map(
      (n) =>
        [
          made(`death header ${n}`),
          made(`death body ${n}`),
          concatBytes(made(`r ${n}`), made(`s ${n}`)),
        ] as const,
    ),
  },
  FREEZE: { reason: 'Drill of November' },
  UNFREEZE: { order: makeOrder('unfreeze') },
  CHARTER: {
    charter: [
      CHARTER_BYTES,
      ['carol', 'dave'].map((name) => [name, keyOf(name).sign(CHARTER_HASH)] as const),
    ],
  },
  REGISTER: signRegistration(makeRegistration(1)),
  DONE: {},
  NOTICE: { event: 'unlock', detail: '' },
  CLEAR: {
    request: Uint8Array.of(0xa0),
    signed: ['A', 'B'].map(
      (name) => [made(`header ${name}`), made(`body ${name}`), concatBytes(made(name), made(name))] as const,
    ),
  },
  CLEARED: {
    txid: made('txid 2'),
    transaction,
    keys: ['A', 'B'].map((name) => [name, made(`content ${name}`)] as const),
  },
  WITNESS: { signer: 'A', nonce: made('nonce', 16) },
  WITNESSED: {
    signer: 'A',
    nonce: made('nonce', 16),
    heads: [[made('head'), concatBytes(made('r'), made('s'))]],
  },
  ATTEST: {
    witnessed: ['G1', 'G2'].map(
      (name) => [made(`header ${name}`), made(`body ${name}`), concatBytes(made(name), made(name))] as const,
    ),
  },
  RESTORE: { order: makeOrder('restore') },
};

export const TYPES: readonly MessageType[] = Array.from({ length: 256 }, (_, n) => messageTypeOf(n)).filter(
  (type) => type !== undefined,
);
