/**
 * A place to measure at: a charter with real keys and limits wide enough for 1,000 inputs, blocks with real proof of work,
 * coins with Merkle proofs, intents and verdicts with real signatures. Regtest; all keys come from labels and are public.
 */
import { createHash } from 'node:crypto';
import { type CharterInForce, loadCharter } from '@coldwire/policy';
import {
  type Admit,
  Charter,
  concatBytes,
  createEd25519Signer,
  type Ed25519Signer,
  encode,
  hashCharter,
  hashIntent,
  hashVerdict,
  type Infer,
  Intent,
  SignedCharter,
  type SignedIntent,
  SignRequest,
} from '@coldwire/protocol';
import { gatePublicKey } from '@coldwire/protocol/seal/index.ts';
import {
  accountPath,
  createScripts,
  merkleRootFromPath,
  serializeStripped,
  txidOf,
  type WalletScripts,
  worstCaseVsize,
} from '@coldwire/wallet';
import { noblePointMath } from '@coldwire/wallet/noble.ts';
import { type KeyMaterial, makeKeyMaterial } from '../../packages/signer/test/io/key-material.ts';

export const SIGNERS = ['A', 'B', 'C'] as const;
export type SignerName = (typeof SIGNERS)[number];
export const GATES = ['gate-1', 'gate-2'] as const;
const CUSTODIANS = ['ada', 'ben', 'cyd'] as const;

export const COIN_AMOUNT = 5_000_000n;
const PAYMENT = 30_000n;
/** As on a chain of our days, so that heights have the length on the line that they will have. */
const CHECKPOINT_HEIGHT = 900_000;
const FIRST_INDEX = 1_000;
/** Coins of one transaction; below 24 each output number is one byte. */
const COINS_PER_TRANSACTION = 20;
/** Levels of the Merkle tree of a block with 2,048 transactions. */
const MERKLE_LEVELS = 11;

const utf8 = new TextEncoder();
export const digest = (label: string): Uint8Array =>
  new Uint8Array(createHash('sha256').update(utf8.encode(label)).digest());
export const identity = (name: string): Ed25519Signer => createEd25519Signer(digest(`identity ${name}`));
export const gateSecret = (name: string): Uint8Array => digest(`gate ${name}`);

export interface BenchCoin {
  readonly txid: Uint8Array;
  readonly vout: number;
  readonly amount: bigint;
  readonly index: number;
}

export interface Site {
  readonly signed: Infer<typeof SignedCharter>;
  readonly charter: CharterInForce;
  readonly keys: Readonly<Record<SignerName, KeyMaterial>>;
  readonly scripts: WalletScripts;
  /** All blocks' headers, 80 bytes each. */
  readonly headers: Uint8Array;
  readonly admits: readonly Admit[];
  readonly coins: readonly BenchCoin[];
  readonly height: number;
}

export function hash256(bytes: Uint8Array): Uint8Array {
  const once = createHash('sha256').update(bytes).digest();
  return new Uint8Array(createHash('sha256').update(once).digest());
}

/** An 80-byte header under regtest's target: on average two tries. */
export function mineHeader(previous: Uint8Array, root: Uint8Array, time: number): Uint8Array {
  const header = new Uint8Array(80);
  const view = new DataView(header.buffer);
  view.setUint32(0, 0x2000_0000, true);
  header.set(previous, 4);
  header.set(root, 36);
  view.setUint32(68, time, true);
  view.setUint32(72, 0x207f_ffff, true);
  for (let nonce = 0; ; nonce++) {
    view.setUint32(76, nonce, true);
    if ((hash256(header)[31] ?? 0xff) < 0x7f) return header;
  }
}

function policy(): Charter['policy'] {
  const wide = { amount: 2_000_000_000_000n, count: 500_000, fee: 100_000_000_000n };
  return {
    maxInputs: 1024,
    maxOutputs: 1032,
    maxIntents: 1024,
    maxVsize: 1_000_000,
    amountPerTransaction: 1_000_000_000_000n,
    windows: [
      { ticks: 6, ...wide },
      { ticks: 144, ...wide },
    ],
    feeAbsolute: 10_000_000n,
    feeRate: 1_000_000,
    feeShare: 500,
    feeShareFloor: 10_000_000n,
    scripts: ['p2wpkh', 'p2wsh', 'p2tr'],
    changeGap: 10_000,
    receiveLimit: 1_000_000,
    intentLife: 144,
    intentAhead: 2,
    freezeTicks: 36,
    gateDelay: 600,
    velocity: [],
    destinations: 'any',
    destinationTicks: 0,
    allow: [],
    deny: [],
    tiers: [],
    loosenTicks: 144,
  };
}

function makeCharter(keys: Site['keys'], checkpoint: Uint8Array): Charter {
  const member = (name: string) => ({ name, key: identity(name).publicKey });
  const accounts = SIGNERS.map((signer) => {
    const { masterFingerprint, accountPublicKey, accountChainCode } = keys[signer].expected;
    return {
      signer,
      fingerprint: masterFingerprint,
      path: accountPath('regtest'),
      publicKey: accountPublicKey,
      chainCode: accountChainCode,
    };
  });
  return {
    version: 1,
    network: 'regtest',
    title: 'Bench',
    epoch: 0,
    first: null,
    previous: null,
    wallets: [{ threshold: 2, keys: accounts }],
    vaults: [member('vault-1'), member('vault-2')],
    signers: SIGNERS.map((name) => ({ name, key: keys[name].expected.identityPublicKey })),
    gates: GATES.map((name) => ({ ...member(name), sealKey: gatePublicKey(gateSecret(name)) })),
    screens: [member('screen-1'), member('screen-2')],
    requesters: [{ name: 'exchange', keys: [identity('exchange').publicKey], people: [] }],
    custodians: CUSTODIANS.map((name) => ({ ...member(name), group: name, recipient: `age1${name}` })),
    policy: policy(),
    custody: {
      shares: SIGNERS.map((signer) => ({
        signer,
        epoch: 0,
        threshold: 2,
        holders: CUSTODIANS.map((name) => [name, digest(`share ${signer} ${name}`)] as const),
      })),
    },
    clock: { checkpointHeight: CHECKPOINT_HEIGHT, checkpoint, spacing: 1, burial: 6, fresh: 43_200 },
    approvers: [],
    quorum: 2,
  };
}

function signCharter(charter: Charter): { signed: Site['signed']; inForce: CharterInForce } {
  const bytes = encode(Charter, charter);
  const loaded = loadCharter(bytes);
  if (!loaded.ok) throw new Error(`the bench's charter is wrong: ${loaded.problems.join('; ')}`);
  const hash = hashCharter(bytes);
  const signatures = CUSTODIANS.map((name) => [name, identity(name).sign(hash)] as const);
  return { signed: [bytes, signatures], inForce: loaded.value };
}

/** @param time seconds since 1970: signers refuse to sign without a fresh block */
export function makeSite(coinCount: number, time: number): Site {
  const keys = { A: makeKeyMaterial('A'), B: makeKeyMaterial('B'), C: makeKeyMaterial('C') };
  const blocks = Math.ceil(coinCount / COINS_PER_TRANSACTION);
  const start = time - blocks - 1;
  const checkpoint = mineHeader(new Uint8Array(32), digest('root'), start);
  const { signed, inForce } = signCharter(makeCharter(keys, checkpoint));
  const [wallet] = inForce.charter.wallets;
  if (wallet === undefined) throw new Error('the bench has a wallet');
  const scripts = createScripts({ network: 'regtest', ...wallet }, noblePointMath, coinCount);
  const headers: Uint8Array[] = [];
  const admits: Admit[] = [];
  const coins: BenchCoin[] = [];
  let previous = hash256(checkpoint);
  for (let block = 0; block < blocks; block++) {
    const first = block * COINS_PER_TRANSACTION;
    const count = Math.min(COINS_PER_TRANSACTION, coinCount - first);
    const deposit = makeDeposit(scripts, FIRST_INDEX + first, count, `deposit ${block}`);
    const header = mineHeader(previous, deposit.root, start + block + 1);
    previous = hash256(header);
    headers.push(header);
    coins.push(...deposit.coins);
    admits.push({ ...deposit.admit, proof: { ...deposit.proof, block: previous } });
  }
  const height = CHECKPOINT_HEIGHT + blocks;
  return { signed, charter: inForce, keys, scripts, headers: concatBytes(...headers), admits, coins, height };
}

/** A transaction of two strangers' inputs that pays `count` coins and change, somewhere in a block of 2,048. */
export function makeDeposit(scripts: WalletScripts, firstIndex: number, count: number, label: string) {
  const inputs = [0, 1].map((vout) => ({ outpoint: { txid: digest(`${label} from`), vout } }));
  const ours = Array.from({ length: count }, (_, i) => ({
    amount: COIN_AMOUNT,
    script: scripts.at(0, firstIndex + i).scriptPubKey,
  }));
  const change = { amount: 123_456n, script: payee(`${label} change`) };
  const transaction = {
    version: 2,
    locktime: 0,
    inputs: inputs.map((input) => ({ ...input, sequence: 0xffff_fffd })),
    outputs: [...ours, change],
  } as const;
  const txid = txidOf(transaction);
  const position = 1234;
  const transactionBytes = serializeStripped(transaction);
  const path = Array.from({ length: MERKLE_LEVELS }, (_, level) => digest(`${label} level ${level}`));
  const root = merkleRootFromPath(txid, transactionBytes.length, position, path);
  if (!root.ok) throw new Error('the bench makes a Merkle path');
  return {
    root: root.value,
    proof: { position, path: concatBytes(...path) },
    admit: {
      transaction: transactionBytes,
      coins: ours.map((_, vout) => ({ vout, wallet: 0, chain: 0, index: firstIndex + vout })),
    },
    coins: ours.map(({ amount }, vout): BenchCoin => ({ txid, vout, amount, index: firstIndex + vout })),
  };
}

/** A P2WPKH script. */
function payee(label: string): Uint8Array {
  return concatBytes(Uint8Array.of(0, 20), digest(label).slice(0, 20));
}

function makeIntent(site: Site, label: string): SignedIntent {
  const id = digest(`intent ${label}`).slice(0, 16);
  // Home gate: the first four bytes modulo two gates (13-gate.md). The bench measures the first gate.
  id[3] = (id[3] ?? 0) & 0xfe;
  const bytes = encode(Intent, {
    id,
    requester: 'exchange',
    amount: PAYMENT,
    script: payee(label),
    created: site.height,
    expires: site.height + 100,
  });
  return [bytes, identity('exchange').sign(hashIntent(site.charter.first, bytes))];
}

export interface Work {
  readonly coins: readonly BenchCoin[];
  readonly payments: number;
  /** Makes intents and change differ from those of other work. */
  readonly label: string;
  readonly changeIndex?: number;
}

/** A SIGN request at 2 sat/vB with one change output and one screen's verdict over all payments. */
export function makeRequest(site: Site, { coins, payments, label, changeIndex = 0 }: Work): SignRequest {
  const intents = Array.from({ length: payments }, (_, i) => makeIntent(site, `${label} ${i}`));
  const hashes = intents.map(([bytes]) => hashIntent(site.charter.first, bytes));
  const issued = site.height;
  const outputs = [...intents.map(() => new Uint8Array(22)), new Uint8Array(34)];
  const fee = 2n * BigInt(worstCaseVsize({ inputs: coins.length, outputs }));
  const total = coins.reduce((sum, { amount }) => sum + amount, 0n);
  const signature = identity('screen-1').sign(hashVerdict(site.charter.first, issued, hashes));
  const verdict = { screen: 'screen-1', covers: hashes.map((_, i) => i), issued, signature };
  return {
    draft: {
      locktime: 0,
      inputs: coins.map(({ txid, vout, amount, index }) => [txid, vout, amount, 0, 0, index] as const),
      intents,
      change: [[0, changeIndex, total - fee - PAYMENT * BigInt(payments), payments]],
    },
    verdicts: payments === 0 ? [] : [verdict],
  };
}

export function encodeRequest(site: Site, work: Work): Uint8Array {
  return encode(SignRequest, makeRequest(site, work));
}

/** The file charter.cbor. */
export function encodeCharterFile(site: Site): Uint8Array {
  return encode(SignedCharter, site.signed);
}
