/**
 * A whole deployment's keys and its signed charter, made with the real libraries: three signers whose key files open with
 * the shares of two of three custodians, gates, screens, requesters and vaults with key files of their own.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  createSigner,
  makeIdentity,
  type Outcome,
  openKey,
  openShareFile,
  readIdentityFile,
  type SealedSigner,
} from '@coldwire/custody';
import { type CharterInForce, loadCharter } from '@coldwire/policy';
import { createRoleKey, type RoleKey } from '@coldwire/program';
import {
  Charter,
  createEd25519Signer,
  type Ed25519Signer,
  encode,
  fromHex,
  hashCharter,
  type Policy,
  SignedCharter,
} from '@coldwire/protocol';
import { gatePublicKey } from '@coldwire/protocol/seal/index.ts';

export const SIGNERS = ['A', 'B', 'C'] as const;
export type SignerName = (typeof SIGNERS)[number];
export const GATES = ['gate-1', 'gate-2'] as const;
export type GateName = (typeof GATES)[number];

/** The header of regtest's first block, as every node has it. */
export const REGTEST_GENESIS: Uint8Array = fromHex(
  '0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4adae5494dffff7f2002000000',
);

export const POLICY: Policy = {
  maxInputs: 200,
  maxOutputs: 110,
  maxIntents: 100,
  maxVsize: 100_000,
  amountPerTransaction: 500_000_000n,
  windows: [{ ticks: 144, amount: 100_000_000_000n, count: 100_000, fee: 1_000_000_000n }],
  feeAbsolute: 2_000_000n,
  feeRate: 200_000,
  feeShare: 50,
  feeShareFloor: 50_000n,
  scripts: ['p2wpkh', 'p2wsh', 'p2tr', 'p2sh', 'p2pkh'],
  changeGap: 20,
  receiveLimit: 100_000,
  intentLife: 144,
  intentAhead: 2,
  freezeTicks: 36,
  gateDelay: 3,
  velocity: [],
  destinations: 'any',
  destinationTicks: 0,
  allow: [],
  deny: [],
  tiers: [],
  loosenTicks: 144,
};

export interface Custodian {
  readonly name: string;
  readonly recipient: string;
  readonly identities: readonly string[];
  readonly key: Ed25519Signer;
}

export interface Deployment {
  readonly directory: string;
  /** charter.cbor, signed by every custodian. */
  readonly charterFile: string;
  readonly charter: CharterInForce;
  readonly custodians: readonly Custodian[];
  /** key.age, shares and public record of each signer, also on disk in DIR/A and so on. */
  readonly sealed: ReadonlyMap<SignerName, SealedSigner>;
  readonly requester: Ed25519Signer;
  /** DIR/NAME.key of vault-1, vault-2, gate-1, gate-2, screen-1, screen-2, exchange. */
  keyFile(name: string): string;
  /** A signer's 256 secret bytes, opened with two shares. */
  openBlock(signer: SignerName): Promise<Uint8Array>;
}

export interface DeploymentOptions {
  readonly policy?: Partial<Policy>;
  readonly burial?: number;
  readonly approvers?: Charter['approvers'];
  /** Approvers who can use the exchange's key. */
  readonly people?: readonly string[];
  /** Beside the exchange. */
  readonly requesters?: Charter['requesters'];
}

export function good<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(`${outcome.problem.what} (${outcome.problem.where})`);
  return outcome.value;
}

const drawRandom = (size: number): Uint8Array => crypto.getRandomValues(new Uint8Array(size));

async function makeCustodian(name: string): Promise<Custodian> {
  const { file, recipient } = await makeIdentity(null);
  const identities = good(
    await readIdentityFile(file, name, () => Promise.reject(new Error('no passphrase'))),
  );
  return { name, recipient, identities, key: createEd25519Signer(drawRandom(32)) };
}

export async function makeDeployment(
  directory: string,
  options: DeploymentOptions = {},
): Promise<Deployment> {
  const custodians = await Promise.all(['alice', 'bob', 'carol'].map(makeCustodian));
  const sealed = new Map<SignerName, SealedSigner>();
  for (const signer of SIGNERS) {
    const made = good(await createSigner({ signer, network: 'regtest', custodians }, drawRandom));
    sealed.set(signer, made);
    storeSigner(join(directory, signer), made);
  }
  const keyFile = (name: string): string => join(directory, `${name}.key`);
  const makeKey = (name: string, role: RoleKey['role']): RoleKey => createRoleKey(keyFile(name), role);
  const requesterKey = makeKey('exchange', 'requester');
  const charter: Charter = {
    ...describeSigners([...sealed.values()]),
    version: 1,
    network: 'regtest',
    title: 'Test deployment',
    epoch: 0,
    first: null,
    previous: null,
    vaults: ['vault-1', 'vault-2'].map((name) => memberOf(name, makeKey(name, 'vault'))),
    gates: GATES.map((name) => {
      const key = makeKey(name, 'gate');
      return { ...memberOf(name, key), sealKey: gatePublicKey(key.seal ?? new Uint8Array(32)) };
    }),
    screens: ['screen-1', 'screen-2'].map((name) => memberOf(name, makeKey(name, 'screen'))),
    requesters: [
      { name: 'exchange', keys: [publicKeyOf(requesterKey)], people: options.people ?? [] },
      ...(options.requesters ?? []),
    ],
    custodians: custodians.map(({ name, recipient, key }) => ({
      name,
      group: 'ops',
      key: key.publicKey,
      recipient,
    })),
    policy: { ...POLICY, ...options.policy },
    clock: {
      checkpointHeight: 0,
      checkpoint: REGTEST_GENESIS,
      spacing: 1,
      burial: options.burial ?? 3,
      fresh: 43_200,
    },
    approvers: options.approvers ?? [],
    quorum: 2,
  };
  const bytes = encode(Charter, charter);
  const loaded = loadCharter(bytes);
  if (!loaded.ok) throw new Error(loaded.problems.join('; '));
  const hash = hashCharter(bytes);
  const signatures = custodians.map(({ name, key }) => [name, key.sign(hash)] as const);
  const charterFile = join(directory, 'charter.cbor');
  writeFileSync(charterFile, encode(SignedCharter, [bytes, signatures]));
  return {
    directory,
    charterFile,
    charter: loaded.value,
    custodians,
    sealed,
    requester: createEd25519Signer(requesterKey.identity),
    keyFile,
    openBlock: remember((signer: SignerName) => openBlock(sealed.get(signer), custodians)),
  };
}

function storeSigner(directory: string, { keyFile, record, shares }: SealedSigner): void {
  mkdirSync(directory);
  writeFileSync(join(directory, 'key.age'), keyFile);
  writeFileSync(join(directory, 'public.json'), JSON.stringify(record));
  for (const { custodian, file } of shares) writeFileSync(join(directory, `share-${custodian}.age`), file);
}

function publicKeyOf({ identity }: RoleKey): Uint8Array {
  return createEd25519Signer(identity).publicKey;
}

function memberOf(name: string, key: RoleKey): { readonly name: string; readonly key: Uint8Array } {
  return { name, key: publicKeyOf(key) };
}

const HARDENED = 0x8000_0000;

function describeSigners(sealed: readonly SealedSigner[]): Pick<Charter, 'wallets' | 'signers' | 'custody'> {
  const records = sealed.map(({ record }) => record);
  const keys = records.map((record) => ({
    signer: record.signer,
    fingerprint: fromHex(record.fingerprint),
    path: [48, 1, 0, 2].map((step) => step + HARDENED),
    publicKey: fromHex(record.publicKey),
    chainCode: fromHex(record.chainCode),
  }));
  const shares = records.map(({ signer, epoch, threshold, shares: holders }) => ({
    signer,
    epoch,
    threshold,
    holders: holders.map(({ custodian, hash }) => [custodian, fromHex(hash)] as const),
  }));
  return {
    wallets: [{ threshold: 2, keys }],
    signers: records.map(({ signer, linkKey }) => ({ name: signer, key: fromHex(linkKey) })),
    custody: { shares },
  };
}

/** A ceremony takes a second: each key is opened once, however often its signer starts. */
function remember(open: (signer: SignerName) => Promise<Uint8Array>): Deployment['openBlock'] {
  const blocks = new Map<SignerName, Promise<Uint8Array>>();
  return (signer) => {
    const block = blocks.get(signer) ?? open(signer);
    blocks.set(signer, block);
    return block;
  };
}

async function openBlock(
  signer: SealedSigner | undefined,
  custodians: readonly Custodian[],
): Promise<Uint8Array> {
  if (signer === undefined) throw new Error('there is no such signer');
  const offered = await Promise.all(
    signer.shares.slice(0, 2).map(async ({ custodian, file }) => {
      const identities = custodians.find(({ name }) => name === custodian)?.identities ?? [];
      return good(await openShareFile(file, identities, custodian));
    }),
  );
  return good(await openKey({ bytes: signer.keyFile, where: 'key.age' }, signer.record, offered)).block;
}

/** A charter after `before`, signed by a quorum, in DIR/charter-EPOCH.cbor. */
export function writeSuccessor(
  { directory, custodians }: Pick<Deployment, 'directory' | 'custodians'>,
  before: CharterInForce,
  change: Partial<Charter>,
): { readonly file: string; readonly charter: CharterInForce } {
  const epoch = before.charter.epoch + 1;
  const bytes = encode(Charter, {
    ...before.charter,
    epoch,
    first: before.first,
    previous: before.hash,
    ...change,
  });
  const loaded = loadCharter(bytes);
  if (!loaded.ok) throw new Error(loaded.problems.join('; '));
  const signatures = custodians
    .slice(0, before.charter.quorum)
    .map(({ name, key }) => [name, key.sign(loaded.value.hash)] as const);
  const file = join(directory, `charter-${epoch}.cbor`);
  writeFileSync(file, encode(SignedCharter, [bytes, signatures]));
  return { file, charter: loaded.value };
}
