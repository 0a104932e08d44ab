/** The sample charter of the tests of policy, with real keys made from labels. */
import {
  Charter,
  createEd25519Signer,
  type Ed25519Signer,
  encode,
  fromHex,
  hashCharter,
  type Infer,
  type SignedCharter,
} from '@coldwire/protocol';
import { accountPath } from '@coldwire/wallet';
import { noblePointMath } from '@coldwire/wallet/noble.ts';
import { sha256 } from '@noble/hashes/sha2.js';
import { type CharterInForce, loadCharter } from '../src/index.ts';
import { mineHeader } from './blocks.ts';

const utf8 = new TextEncoder();
export const seeded = (label: string): Uint8Array => sha256(utf8.encode(label));
export const identity = (label: string): Ed25519Signer => createEd25519Signer(seeded(label));

const GENERATOR = fromHex('0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798');

/** A point of the curve that nobody knows more about than this label. */
export function pointOf(label: string): Uint8Array {
  return noblePointMath.addTweak(GENERATOR, seeded(label));
}

function accountKey(signer: string, network: Charter['network']) {
  return {
    signer,
    fingerprint: seeded(`fingerprint ${signer}`).slice(0, 4),
    path: accountPath(network),
    publicKey: pointOf(`account ${signer}`),
    chainCode: seeded(`chain code ${signer}`),
  };
}

export const GENESIS_TIME = 1_700_000_000;
export const CHECKPOINT = mineHeader(new Uint8Array(32), seeded('root'), GENESIS_TIME);
/** Blocks of coinbase maturity and headers enough lie below every test. */
export const CHECKPOINT_HEIGHT = 1000;

export const SIGNERS = ['A', 'B', 'C'] as const;
export const CUSTODIANS = ['ada', 'ben', 'cyd'] as const;

export function sampleCharter(network: Charter['network'] = 'regtest'): Charter {
  const member = (name: string) => ({ name, key: identity(name).publicKey });
  const requester = (name: string) => ({
    name,
    keys: [identity(name).publicKey, identity(`${name} spare`).publicKey],
    people: [],
  });
  return {
    version: 1,
    network,
    title: 'Test treasury',
    epoch: 0,
    first: null,
    previous: null,
    wallets: [{ threshold: 2, keys: SIGNERS.map((name) => accountKey(name, network)) }],
    vaults: [member('vault-1'), member('vault-2')],
    signers: SIGNERS.map(member),
    gates: ['gate-1', 'gate-2'].map((name) => ({ ...member(name), sealKey: seeded(`seal ${name}`) })),
    screens: [member('screen-1'), member('screen-2')],
    requesters: [requester('shop'), requester('desk')],
    custodians: CUSTODIANS.map((name) => ({ ...member(name), group: name, recipient: `age1${name}` })),
    policy: {
      maxInputs: 1000,
      maxOutputs: 1000,
      maxIntents: network === 'mainnet' ? 15 : 1000,
      maxVsize: 100_000,
      amountPerTransaction: 60_000_000n,
      windows: [
        { ticks: 6, amount: network === 'mainnet' ? 120_000_000n : 90_000_000n, count: 30, fee: 300_000n },
        { ticks: 144, amount: 900_000_000n, count: 3000, fee: 3_000_000n },
      ],
      feeAbsolute: 100_000n,
      feeRate: 200_000,
      feeShare: 50,
      feeShareFloor: 20_000n,
      scripts: ['p2pkh', 'p2sh', 'p2wpkh', 'p2wsh', 'p2tr'],
      changeGap: 20,
      receiveLimit: 1000,
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
    },
    custody: {
      shares: SIGNERS.map((signer) => ({
        signer,
        epoch: 0,
        threshold: 2,
        holders: CUSTODIANS.map((name) => [name, seeded(`share ${signer} ${name}`)] as const),
      })),
    },
    clock: {
      checkpointHeight: network === 'regtest' ? CHECKPOINT_HEIGHT : 0,
      checkpoint: CHECKPOINT,
      spacing: 600,
      burial: 6,
      fresh: 43_200,
    },
    approvers: [],
    quorum: 2,
  };
}

export function mustLoad(charter: Charter): CharterInForce {
  const loaded = loadCharter(encode(Charter, charter));
  if (!loaded.ok) throw new Error(loaded.problems.join('; '));
  return loaded.value;
}

/** The charter after `head`, with these fields changed. */
export function charterAfter(head: CharterInForce, change: Partial<Charter> = {}): Charter {
  const { charter, hash, first } = head;
  return { ...charter, epoch: charter.epoch + 1, first, previous: hash, ...change };
}

/** Signed with the custodians' keys of their names. */
export function signedBy(
  charter: Charter,
  names: readonly string[] = CUSTODIANS.slice(0, 2),
): Infer<typeof SignedCharter> {
  const bytes = encode(Charter, charter);
  return [bytes, names.map((name) => [name, identity(name).sign(hashCharter(bytes))] as const)];
}
