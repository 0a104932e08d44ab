/**
 * A regtest world for the tests of policy: a charter with real keys, blocks with real proof of work and Merkle trees,
 * funding, intents signed by a requester, verdicts signed by a screen. Everything is deterministic.
 */
import {
  Admit,
  type Charter,
  CharterBody,
  concatBytes,
  Dead,
  encode,
  Freeze,
  Headers,
  hashIntent,
  hashRegistration,
  hashRequest,
  hashVerdict,
  Intent,
  type MerkleProof,
  type MessageType,
  Register,
  Registration,
  type SignedIntent,
  SignRequest,
  type Verdict,
} from '@coldwire/protocol';
import { type Output, parseHeader, serializeStripped, txidOf } from '@coldwire/wallet';
import { noblePointMath } from '@coldwire/wallet/noble.ts';
import {
  acceptHeaders,
  admit,
  applyChange,
  type Change,
  type CharterInForce,
  createPolicyState,
  enactDue,
  evaluate,
  freeze,
  installCharter,
  markDead,
  type PolicyState,
  register,
} from '../src/index.ts';

import { type Block, hash256, merkle, mineHeader } from './blocks.ts';
import {
  CHECKPOINT,
  GENESIS_TIME,
  identity,
  mustLoad,
  sampleCharter,
  seeded,
  signedBy,
} from './charter-fixture.ts';
import {
  type Coin,
  claimOf,
  type DraftPlan,
  type Event,
  factsOf,
  headersOf,
  type IntentPlan,
} from './plans.ts';

export * from './blocks.ts';
export * from './charter-fixture.ts';
export * from './plans.ts';

/** µs */
export const MINUTE = 60_000_000;

export class World {
  readonly loaded: CharterInForce;
  state: PolicyState;
  readonly journal: Change[] = [];
  readonly chain: Block[] = [];
  /** Every request that the machine carried out, as the vectors hold them. */
  readonly events: Event[] = [];
  /** µs of running time of the machine. */
  uptime = 0;
  #numbers = 0;

  constructor(charter: Charter = sampleCharter()) {
    this.loaded = mustLoad(charter);
    this.state = createPolicyState(this.loaded, noblePointMath);
  }

  get height(): number {
    return this.loaded.charter.clock.checkpointHeight + this.chain.length;
  }

  get tipHash(): Uint8Array {
    const parsed = parseHeader(CHECKPOINT);
    return this.chain.at(-1)?.hash ?? (parsed.ok ? parsed.value.hash : new Uint8Array());
  }

  get now(): number {
    return GENESIS_TIME + 600 * this.chain.length;
  }

  number(): number {
    this.#numbers += 1;
    return this.#numbers;
  }

  apply(changes: readonly Change[]): void {
    for (const change of changes) {
      applyChange(this.state, change);
      this.journal.push(change);
    }
  }

  /** Mines blocks above the tip; the first one holds these transactions. The machine does not see them yet. */
  mine(blocks: number, txids: readonly Uint8Array[] = []): Block[] {
    const mined: Block[] = [];
    for (let i = 0; i < blocks; i++) {
      const coinbase = seeded(`coinbase ${this.height} ${this.number()}`);
      const all = i === 0 ? [coinbase, ...txids] : [coinbase];
      const header = mineHeader(this.tipHash, merkle(all, 0).root, this.now + 600);
      const block = { header, hash: hash256(header), txids: all };
      this.chain.push(block);
      mined.push(block);
    }
    return mined;
  }

  /** Takes the last blocks off, so that the next ones are a branch of their own. The machine still knows them. */
  rewind(blocks: number): void {
    this.chain.length -= blocks;
  }

  note(type: MessageType, body: Uint8Array, time = this.now): void {
    this.events.push({ type, body, time, uptime: this.uptime });
  }

  feed(blocks: readonly Block[]): void {
    const body = headersOf(blocks);
    this.note('HEADERS', encode(Headers, body));
    const outcome = acceptHeaders(this.state, body, this.uptime);
    if (outcome.kind !== 'ok') throw new Error(JSON.stringify(outcome.refusals));
    this.apply(outcome.changes);
  }

  /** Mines and shows each block to the machine, ten minutes of running time apart. */
  pass(blocks: number, txids: readonly Uint8Array[] = []): Block[] {
    const mined = this.mine(blocks, txids);
    for (const block of mined) {
      this.uptime += 10 * MINUTE;
      this.feed([block]);
    }
    return mined;
  }

  proofOf(txid: Uint8Array): MerkleProof {
    for (const block of this.chain) {
      const position = block.txids.findIndex((other) => other.every((byte, i) => byte === txid[i]));
      if (position >= 0) return { block: block.hash, position, path: merkle(block.txids, position).path };
    }
    throw new Error('the transaction is in no block');
  }

  script(chain: 0 | 1, index: number, wallet = 0): Uint8Array {
    const scripts = this.state.scripts[wallet];
    if (scripts === undefined) throw new Error('no such wallet');
    return scripts.at(chain, index).scriptPubKey;
  }

  /** A transaction of strangers that pays these outputs. */
  foreign(outputs: readonly Output[]): { bytes: Uint8Array; txid: Uint8Array } {
    const outpoint = { txid: seeded(`foreign ${this.number()}`), vout: 0 };
    const tx = { version: 2, locktime: 0, inputs: [{ outpoint, sequence: 0xffffffff }], outputs } as const;
    return { bytes: serializeStripped(tx), txid: txidOf(tx) };
  }

  /** Coins at consecutive receiving indexes, mined and admitted. */
  fund(amounts: readonly bigint[], firstIndex = 0): Coin[] {
    const outputs = amounts.map((amount, i) => ({ amount, script: this.script(0, firstIndex + i) }));
    const { bytes, txid } = this.foreign(outputs);
    this.pass(1, [txid]);
    const coins = amounts.map((amount, vout): Coin => {
      return { txid, vout, amount, wallet: 0, chain: 0, index: firstIndex + vout };
    });
    for (let from = 0; from < coins.length; from += 512) {
      this.admit(bytes, coins.slice(from, from + 512), this.proofOf(txid));
    }
    return coins;
  }

  admit(transaction: Uint8Array, coins: readonly Coin[], proof: MerkleProof | null): void {
    this.admitAny({ transaction, coins: coins.map(claimOf), proof });
  }

  intent(plan: IntentPlan = {}): SignedIntent {
    const requester = plan.requester ?? 'shop';
    const bytes = encode(Intent, {
      id: seeded(plan.id ?? `intent ${this.number()}`).slice(0, 16),
      requester,
      amount: plan.amount ?? 1_000_000n,
      script: plan.script ?? concatBytes(Uint8Array.of(0, 20), seeded('destination').slice(0, 20)),
      created: plan.created ?? this.height,
      expires: plan.expires ?? this.height + 100,
    });
    return [bytes, identity(plan.key ?? requester).sign(hashIntent(this.loaded.first, bytes))];
  }

  verdict(intents: readonly SignedIntent[], covers = intents.map((_, i) => i), screen = 'screen-1'): Verdict {
    const issued = this.height;
    const hashes = covers.map((place) =>
      hashIntent(this.loaded.first, intents[place]?.[0] ?? new Uint8Array()),
    );
    const signature = identity(screen).sign(hashVerdict(this.loaded.first, issued, hashes));
    return { screen, covers, issued, signature };
  }

  request(plan: DraftPlan): SignRequest {
    const intents = plan.intents ?? [];
    const change = plan.change ?? [];
    return {
      draft: {
        locktime: plan.locktime ?? 0,
        inputs: plan.coins.map(({ txid, vout, amount, wallet, chain, index }) => {
          return [txid, vout, amount, wallet, chain, index] as const;
        }),
        intents,
        change: change.map(({ amount, index, wallet, position }, i) => {
          return [wallet ?? 0, index ?? i, amount, position ?? intents.length + i] as const;
        }),
      },
      verdicts: plan.verdicts ?? (intents.length === 0 ? [] : [this.verdict(intents)]),
      ...(plan.approvals === undefined ? {} : { approvals: plan.approvals }),
    };
  }

  evaluate(request: SignRequest, time = this.now) {
    const hash = hashRequest(encode(SignRequest, request));
    return evaluate(this.state, request, hash, time, this.uptime);
  }

  /** Admits and returns the coins, with the amounts that the machine took over. */
  admitAny(body: Admit): Coin[] {
    this.note('ADMIT', encode(Admit, body));
    const outcome = admit(this.state, body);
    if (outcome.kind !== 'ok') throw new Error(JSON.stringify(outcome));
    this.apply(outcome.changes);
    return outcome.changes.flatMap((change) => {
      if (change.kind !== 'admitted') return [];
      const { txid } = change.value;
      return change.value.coins.map(([vout, amount, wallet, chain, index]): Coin => {
        return { txid, vout, amount, wallet, chain: chain === 0 ? 0 : 1, index };
      });
    });
  }

  /** The codes and facts of a refusal; empty when it was approved. */
  refusals(request: SignRequest, time = this.now): [string, Record<string, string>][] {
    const outcome = this.evaluate(request, time);
    if (outcome.kind === 'malformed') throw new Error(outcome.fault.detail);
    if (outcome.kind === 'approved') return [];
    return outcome.refusals.map((refusal) => [refusal.code, factsOf(refusal)]);
  }

  /** Installs a charter. @throws Error on a refusal @returns what it is when it is in force */
  install(charter: Charter, names?: readonly string[]): CharterInForce {
    const signed = signedBy(charter, names);
    this.note('CHARTER', encode(CharterBody, { charter: signed }));
    const outcome = installCharter(this.state, signed, this.uptime);
    if (outcome.kind !== 'ok') throw new Error(JSON.stringify(outcome.refusals));
    this.apply(outcome.changes);
    return mustLoad(charter);
  }

  /** Puts what is due in force, as a machine does before each message. */
  enact(): void {
    this.apply(enactDue(this.state, this.uptime));
  }

  freeze(by: string): void {
    this.note('FREEZE', encode(Freeze, { reason: 'vector' }));
    this.apply(freeze(this.state, by, this.uptime).changes);
  }

  registration(requester: string, script: Uint8Array, key = requester): Register {
    const registration = encode(Registration, { requester, script });
    return { registration, signature: identity(key).sign(hashRegistration(this.loaded.first, registration)) };
  }

  /** The requester registers a destination. */
  register(requester: string, script: Uint8Array, key = requester): ReturnType<typeof register> {
    const body = this.registration(requester, script, key);
    this.note('REGISTER', encode(Register, body));
    const outcome = register(this.state, body, this.uptime);
    if (outcome.kind === 'ok') this.apply(outcome.changes);
    return outcome;
  }

  /** Proves a transaction dead and applies it. */
  bury(body: Dead): void {
    this.note('DEAD', encode(Dead, body));
    const outcome = markDead(this.state, body);
    if (outcome.kind !== 'ok') throw new Error('the proof was refused');
    this.apply(outcome.changes);
  }

  /** Approves and applies; throws on a refusal. */
  approve(request: SignRequest) {
    this.note('SIGN', encode(SignRequest, request));
    const outcome = this.evaluate(request);
    if (outcome.kind !== 'approved') {
      throw new Error(JSON.stringify(outcome.kind === 'refused' ? outcome.refusals : outcome.fault.detail));
    }
    this.apply(outcome.changes);
    return outcome.spend;
  }
}
