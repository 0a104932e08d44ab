/**
 * A vault in one process: queue, clearing and settling are the real ones. Signers and gates say what a test has them say;
 * the node takes what it is given.
 */
import {
  Cleared,
  createEd25519Signer,
  encode,
  type Line,
  type Member,
  MessageBytes,
  type MessageType,
  Refused,
  toHex,
} from '@coldwire/protocol';
import type { WalletScripts } from '@coldwire/wallet';
import { onTestFinished } from 'vitest';
import { mustLoad, sampleCharter, seeded } from '../../../policy/test/world.ts';
import type { Chain } from '../../src/chain/index.ts';
import {
  askPeer,
  getBatch,
  recordBroadcast,
  recordCleared,
  recordSigned,
  type Store,
} from '../../src/queue/index.ts';
import { draftOf } from '../../src/serve/admit.ts';
import { Bell } from '../../src/serve/bell.ts';
import { Feerates } from '../../src/serve/feerate.ts';
import { Away, Peer } from '../../src/serve/peer.ts';
import { Report } from '../../src/serve/report.ts';
import { Rooms } from '../../src/serve/room.ts';
import { Signer } from '../../src/serve/signer.ts';
import type { Vault } from '../../src/serve/vault.ts';
import type { Reply, SessionOptions } from '../../src/session/session.ts';
import { fill, scripts as fixtureScripts, idOf, makeDirectory, makeQueue } from '../fixture.ts';
import { draft } from '../queue/steps.ts';
import { makeCharters } from './chain-of-charters.ts';
import { finish } from './finish.ts';

export const charter = mustLoad(sampleCharter());
export type Answer = { readonly type: MessageType; readonly body: Uint8Array };
/** What a machine answers; undefined is silence. */
export type Says = (type: MessageType, body: Uint8Array) => Answer | undefined;

export const done: Answer = { type: 'DONE', body: Uint8Array.of(0xa0) };

export function refusing(code: string, facts: Record<string, string> = {}): Answer {
  return { type: 'REFUSED', body: encode(Refused, { refusals: [{ code, facts: Object.entries(facts) }] }) };
}

/** A whole message of no particular sender: nobody here looks at what is sealed. */
export function messageOf(body: Uint8Array, of = 1): Uint8Array {
  return encode(MessageBytes, [fill(of, 40), body, fill(of, 64)]);
}

function optionsFor(name: string, role: 'signer' | 'gate', member: Member | undefined): SessionOptions {
  const key = member?.key ?? createEd25519Signer(seeded(name)).publicKey;
  const line: Line = { self: 'vault-1', peer: name, peerKey: key, incoming: 'up', receiver: role };
  return {
    openPort: () => {
      throw new Error('there is no port');
    },
    baud: 0,
    line,
    charter: charter.first,
    identity: createEd25519Signer(seeded('vault-1')),
    directory: makeDirectory(),
    hello: () => {
      throw new Error('nobody is greeted');
    },
  };
}

/** What was asked of a machine, and when (ms). */
interface Asked {
  readonly type: MessageType;
  readonly body: Uint8Array;
  readonly at: number;
}

function answering(says: Says, asked: Asked[], type: MessageType, body: Uint8Array): Promise<Reply> {
  asked.push({ type, body, at: performance.now() });
  const answer = says(type, body);
  if (answer === undefined) return new Promise(() => undefined);
  return Promise.resolve({ ...answer, message: messageOf(answer.body) });
}

export class ToldGate extends Peer {
  says: Says = () => refusing('INTERNAL');
  isThere = true;
  readonly asked: Asked[] = [];

  override get ready(): boolean {
    return this.isThere;
  }
  override ask(type: MessageType, _id: Uint8Array, body: Uint8Array): Promise<Reply> {
    return answering(this.says, this.asked, type, body);
  }
  override request(type: MessageType, body: Uint8Array): Promise<Reply> {
    return answering(this.says, this.asked, type, body);
  }
  count(type: MessageType): number {
    return this.asked.filter((one) => one.type === type).length;
  }
}

export class ToldSigner extends Signer {
  says: Says = () => refusing('LOCKED');
  isThere = true;
  readonly asked: Asked[] = [];

  override get ready(): boolean {
    return this.isThere;
  }
  override settle(): Promise<void> {
    return Promise.resolve();
  }
  override isUnwitnessed(): boolean {
    return false;
  }
  override ask(type: MessageType, _id: Uint8Array, body: Uint8Array): Promise<Reply> {
    return answering(this.says, this.asked, type, body);
  }
  override request(type: MessageType, body: Uint8Array): Promise<Reply> {
    if (!this.isThere) return Promise.reject(new Away(this.name));
    return answering(this.says, this.asked, type, body);
  }
}

const node: Chain = {
  network: () => Promise.resolve('regtest'),
  tip: () => Promise.resolve({ height: 100, hash: fill(1, 32) }),
  hashAt: () => Promise.resolve(null),
  headers: () => Promise.resolve([]),
  header: () => Promise.resolve(null),
  block: () => Promise.reject(new Error('no block is asked for')),
  broadcast: () => Promise.resolve({ kind: 'accepted' }),
  status: () => Promise.resolve({ kind: 'unknown' }),
  feerate: () => Promise.resolve({ satPerKvb: 5000n, source: 'node' }),
};

export interface VaultWorld {
  readonly vault: Vault;
  readonly store: Store;
  readonly gates: readonly [ToldGate, ToldGate];
  readonly signers: readonly ToldSigner[];
  /** Events and alarms so far. */
  readonly said: Record<string, unknown>[];
  /** Ends every loop. */
  stop(): void;
}

/** Two gates and three signers of policy's sample charter; six coins unless another queue is given. */
export function makeVault(
  store: Store = makeQueue(6),
  scripts: readonly WalletScripts[] = fixtureScripts,
): VaultWorld {
  const said: Record<string, unknown>[] = [];
  const report = new Report((line) => {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null) said.push({ ...value });
  });
  const bells = { intents: new Bell(), held: new Bell(), work: new Bell(), peers: new Bell() };
  const stop = new AbortController();
  const { gates: listed, signers: names } = charter.charter;
  const gate = (place: number): ToldGate => {
    const member = listed[place];
    return new ToldGate(optionsFor(member?.name ?? '', 'gate', member), report, bells.peers);
  };
  const gates = [gate(0), gate(1)] as const;
  const signers = names.map(
    (member) => new ToldSigner(optionsFor(member.name, 'signer', member), report, bells.peers),
  );
  onTestFinished(async () => {
    stop.abort();
    for (const bell of Object.values(bells)) bell.ring();
    await Promise.all([...gates, ...signers].map((peer) => peer.stop()));
  });
  const tuning = {
    ...{ pollMs: 5, gatherMs: 1, parallel: 4, deadlineMs: 40, gateRetryMs: 5, rescreenMs: 5, lookahead: 20 },
    ...{ bumpBlocks: 6, feeTarget: 6, feerateFallback: 5000n, feerateLongTerm: 10_000n },
  };
  const vault: Vault = {
    ...{ store, chain: node, charters: makeCharters(charter), charter, scripts, signers, gates, screens: [] },
    ...{ tuning, feerates: new Feerates(node, tuning, () => 500_000), rooms: new Rooms(), report, bells },
    stopping: stop.signal,
    fail: (error) => {
      throw error;
    },
  };
  return { vault, store, gates, signers, said, stop: () => stop.abort() };
}

/** A seed whose intent has its home at this gate. */
export function seedAt(place: number, from = 1): number {
  for (let seed = from; ; seed += 1) {
    const id = idOf(seed);
    if (new DataView(id.buffer, id.byteOffset, 16).getUint32(0) % charter.charter.gates.length === place)
      return seed;
  }
}

/** Drafts what is approved, and has two signers sign it. */
export function signNext(store: Store): number {
  const id = draft(store);
  signBy(store, id, 'A', 'B');
  return id;
}

export function signBy(store: Store, id: number, ...names: readonly string[]): void {
  for (const name of names) {
    askPeer(store, id, 'signer', name, seeded(`${name} ${id}`).slice(0, 16));
    recordSigned(store, id, name, messageOf(Uint8Array.of(0xa0), name.charCodeAt(0)));
  }
}

/** A gate clears what two have signed. Its bytes begin with its id, by which a test's node knows it. */
export function clearBy(store: Store, id: number, gate = 'gate-1'): void {
  const { txid } = getBatch(store, id);
  askPeer(store, id, 'gate', gate, fill(100 + id, 16));
  recordCleared(store, id, gate, { message: fill(1, 30), txid, transaction: fill(id, 100) });
}

/** Clears what two have signed, and the node takes it. */
export function send(store: Store, id: number): void {
  clearBy(store, id);
  recordBroadcast(store, id);
}

/** What a gate says that clears this batch. */
export function clearing(store: Store, id: number): Answer {
  const batch = getBatch(store, id);
  const keys = [
    ['A', fill(1, 32)],
    ['B', fill(2, 32)],
  ] as const;
  const body = encode(Cleared, { txid: batch.txid, transaction: finish(draftOf(batch)), keys });
  return { type: 'CLEARED', body };
}

export const hexOf = (seed: number): string => toHex(idOf(seed));
