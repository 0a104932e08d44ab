/**
 * The attacker: the real vault's key and lines, everything that was ever asked and answered, and no scruples. It keeps machines
 * supplied with headers, coins and witnesses as far as it likes, and asks for signatures under whatever story pays.
 */
import { parseTransaction } from '@coldwire/devchain/primitives/transaction.ts';
import {
  Attest,
  Bury,
  Clear,
  Cleared,
  Dead,
  decode,
  decodeIntent,
  encode,
  Headers,
  type Hello,
  hashRequest,
  MessageBytes,
  Refused,
  SignRequest,
  toHex,
  Witness,
} from '@coldwire/protocol';
import { draftTransaction } from '@coldwire/vault/draft/index.ts';
import { displayTxid, txidOf } from '@coldwire/wallet';
import type { Random } from '../crash/random.ts';
import { GATES, SIGNERS, type SignerName } from '../world/charter.ts';
import type { World } from '../world/world.ts';
import { type ChainView, encodeAdmit, keyOf, type OwnCoin } from './chain-view.ts';
import type { Judge } from './judge/judge.ts';
import type { Claim } from './judge/payments.ts';
import type { Span } from './judge/record.ts';
import { type Answer, freshId, isGate, Lines, type PeerName } from './lines.ts';
import type { People, Wish } from './people.ts';

type Packed = Clear['signed'][number];

/** A request that some signer signed. */
export interface Story {
  readonly body: Uint8Array;
  readonly request: SignRequest;
  readonly ids: readonly string[];
  readonly inputs: readonly string[];
  readonly txid: string;
  readonly signed: Map<SignerName, Packed>;
}

export interface Asked {
  readonly id: Uint8Array;
  readonly body: Uint8Array;
  readonly answer: Uint8Array;
}

export interface Surroundings {
  readonly world: World;
  readonly view: ChainView;
  readonly judge: Judge;
  readonly people: People;
  readonly random: Random;
  readonly signal: AbortSignal | undefined;
}

const PASSING = ['UNWITNESSED', 'RESTORED', 'MALFORMED', 'NONCANONICAL', 'TOO_LARGE'];
const KEPT = 400;
const TRACED = 500;

export class Attacker {
  readonly view: ChainView;
  readonly lines: Lines;
  readonly people: People;
  readonly random: Random;
  readonly world: World;
  readonly judge: Judge;
  /** By request hash, oldest first. */
  readonly stories = new Map<string, Story>();
  /** What gates gave out, by txid. */
  readonly raws = new Map<string, Uint8Array>();
  /** The newest SIGN requests of each signer with their answers. */
  readonly asked = new Map<SignerName, Asked[]>();
  readonly refusals = new Map<string, number>();
  steps = 0;
  /** Signers that wait for the word of gates since their start. */
  readonly unwitnessed = new Set<SignerName>();
  readonly #nonces = new Map<SignerName, Uint8Array>();
  readonly #setBack = new Set<PeerName>();
  /** What was asked last of all, for whoever looks into a broken promise. */
  readonly trace: string[] = [];
  readonly #fedTo = new Map<PeerName, number>();
  readonly #admitted = new Map<PeerName, Set<string>>();

  constructor({ world, view, judge, people, random, signal }: Surroundings) {
    this.world = world;
    this.judge = judge;
    this.people = people;
    this.random = random;
    this.view = view;
    const onHello = (name: PeerName, hello: Hello): void => this.#greet(name, hello);
    this.lines = new Lines(world, { onHello, onAlarm: () => undefined }, signal);
  }

  pick<T>(items: readonly T[]): T | undefined {
    return items[this.random.between(0, Math.max(1, items.length))];
  }

  wish(id: string): Wish | undefined {
    return this.people.wish(id);
  }

  async ask(
    name: PeerName,
    type: Parameters<Lines['ask']>[1],
    body: Uint8Array,
    id = freshId(),
  ): Promise<Answer> {
    this.steps += 1;
    const answer = await this.lines.ask(name, type, body, id);
    const code =
      answer === 'silent'
        ? 'silent'
        : answer.type === 'REFUSED'
          ? codesOf(answer.body).join('+')
          : answer.type;
    const key = `${type}: ${code}`;
    this.refusals.set(key, (this.refusals.get(key) ?? 0) + 1);
    this.trace.push(`${this.steps} ${name} ${type} ${toHex(id)} ${toHex(body)} ${code}`);
    if (this.trace.length > TRACED) this.trace.shift();
    return answer;
  }

  /** What gets no answer is asked again under its id: the judge must know what was let pass. */
  async #insist(name: PeerName, type: 'SIGN' | 'CLEAR', body: Uint8Array, id = freshId()): Promise<Answer> {
    const answer = await this.ask(name, type, body, id);
    return answer === 'silent' ? await this.ask(name, type, body, id) : answer;
  }

  /** A signer whose memory is an old one now, or was for a while. */
  wasSetBack(name: PeerName): boolean {
    return this.#setBack.has(name);
  }

  setBack(name: PeerName): void {
    this.#setBack.add(name);
  }

  broadcast(raw: Uint8Array): void {
    try {
      this.world.chain.node.acceptTransaction(parseTransaction(raw).tx);
    } catch {
      // The node refuses what conflicts, is spent, or is there already: all of it is what the attacker may try.
    }
  }

  /** A machine forgot what it was shown. */
  forget(name: PeerName): void {
    this.#fedTo.delete(name);
    this.#admitted.delete(name);
  }

  #greet(name: PeerName, hello: Hello): void {
    if (isGate(name)) return;
    this.#fedTo.set(name, hello.tipHeight);
    if (hello.nonce === undefined) this.unwitnessed.delete(name);
    else {
      this.unwitnessed.add(name);
      this.#nonces.set(name, hello.nonce);
    }
  }

  /** Headers from where the signer is, with some before: blocks may have been replaced. */
  async feed(name: SignerName, upTo = this.view.height): Promise<void> {
    if (this.#fedTo.get(name) === upTo && this.random.next() < 0.95) return;
    for (let from = Math.max(1, (this.#fedTo.get(name) ?? 0) - 10); from <= upTo; from += 150) {
      const headers = this.view.headersFrom(from).subarray(0, 80 * (upTo - from + 1));
      if (headers.length === 0) return;
      this.judge.shown(name, from + headers.length / 80 - 1);
      const answer = await this.ask(name, 'HEADERS', encode(Headers, { headers }));
      if (answer === 'silent' || answer.type !== 'DONE') return;
      this.judge.fed(name, from + headers.length / 80 - 1);
    }
    this.#fedTo.set(name, upTo);
  }

  async admit(name: SignerName, coins: readonly OwnCoin[]): Promise<void> {
    const known = this.#admitted.get(name) ?? new Set<string>();
    this.#admitted.set(name, known);
    for (const coin of coins) {
      if (known.has(keyOf(coin))) continue;
      const admission = this.view.admission(coin);
      if (admission === undefined) continue;
      const answer = await this.ask(name, 'ADMIT', encodeAdmit(admission));
      if (answer !== 'silent' && answer.type === 'DONE') known.add(keyOf(coin));
    }
  }

  /** The signer says that it does not know them (a reorganization took their block away): they are shown to it again. */
  forgetAdmitted(name: SignerName, coins: readonly OwnCoin[]): void {
    for (const coin of coins) this.#admitted.get(name)?.delete(keyOf(coin));
  }

  /** What the signer wants to hear from gates since its start. */
  async attest(name: SignerName): Promise<void> {
    const nonce = this.lines.hello(name)?.nonce;
    if (nonce === undefined) return;
    const words: Packed[] = [];
    for (const gate of GATES) {
      const answer = await this.ask(gate, 'WITNESS', encode(Witness, { signer: name, nonce }));
      const packed =
        answer === 'silent' ? undefined : decode(MessageBytes, answer.message, answer.message.length);
      if (answer !== 'silent' && answer.type === 'WITNESSED' && packed?.ok === true) words.push(packed.value);
    }
    if (words.length === 0) return;
    const answer = await this.ask(name, 'ATTEST', encode(Attest, { witnessed: words }));
    const isHeard = answer !== 'silent' && !codesOf(answer.body).includes('WITNESS_BAD');
    if (words.length === GATES.length && isHeard) this.unwitnessed.delete(name);
  }

  /** What the custodians' order to take a signer back must name: its start. */
  startOf(name: SignerName): Uint8Array | undefined {
    return this.#nonces.get(name);
  }

  /** SIGN under a fresh id, and everything that follows from a signature. */
  async sign(name: SignerName, body: Uint8Array, id = freshId()): Promise<Answer> {
    const sent = performance.now();
    const answer = await this.#insist(name, 'SIGN', body, id);
    const got = performance.now();
    if (answer === 'silent') return answer;
    const list = this.asked.get(name) ?? [];
    this.asked.set(name, list);
    // What a signer says while it waits for its witnesses is no result, and a fault is none (9-evidence.md): judged when asked again.
    const codes = answer.type === 'SIGNED' ? [] : codesOf(answer.body);
    const isResult = !codes.some((code) => PASSING.includes(code));
    if (isResult) list.push({ id, body, answer: answer.body });
    if (list.length > KEPT) list.shift();
    this.heard(name, body, answer, { sent, got });
    return answer;
  }

  /** What a signer said to a request: the judge hears of each signature. @param isAgain it was asked before under its id */
  heard(
    name: SignerName,
    body: Uint8Array,
    answer: Exclude<Answer, 'silent'>,
    span: Span,
    isAgain = false,
  ): void {
    if (answer.type !== 'SIGNED') return;
    const story = this.#tell(body);
    const packed = decode(MessageBytes, answer.message, answer.message.length);
    if (story === undefined || !packed.ok) {
      this.judge.say('answer', `${name} signed a request that cannot be read`);
      return;
    }
    story.signed.set(name, packed.value);
    if (isAgain) this.judge.repeated(name, this.#claimOf(story), span);
    else this.judge.signed(name, this.#claimOf(story), span);
  }

  /** What became of a request, if some signer signed it. */
  storyOf(body: Uint8Array): Story | undefined {
    return this.stories.get(toHex(hashRequest(body)));
  }

  #tell(body: Uint8Array): Story | undefined {
    const key = toHex(hashRequest(body));
    const known = this.stories.get(key);
    if (known !== undefined) return known;
    const request = decode(SignRequest, body, body.length);
    if (!request.ok) return undefined;
    const { draft } = request.value;
    const ids = draft.intents.flatMap(([bytes]) => {
      const intent = decodeIntent(bytes);
      return intent.ok ? [toHex(intent.value.id)] : [];
    });
    const story: Story = {
      body,
      request: request.value,
      ids,
      inputs: draft.inputs.map(([txid, vout]) => keyOf({ txid: displayTxid(txid), vout })),
      txid: displayTxid(txidOf(draftTransaction(draft, [this.world.scripts]))),
      signed: new Map(),
    };
    this.stories.set(key, story);
    const [oldest] = this.stories.size > KEPT ? this.stories.keys() : [];
    if (oldest !== undefined) this.stories.delete(oldest);
    return story;
  }

  /** CLEAR with these signatures, whatever they are of. */
  async clear(gate: PeerName, story: Story, signed: readonly Packed[]): Promise<Answer> {
    return await this.clearBody(gate, encode(Clear, { request: story.body, signed }));
  }

  /** CLEAR, and everything that follows from it. */
  async clearBody(gate: PeerName, body: Uint8Array): Promise<Answer> {
    const sent = performance.now();
    const answer = await this.#insist(gate, 'CLEAR', body);
    if (answer === 'silent' || answer.type !== 'CLEARED') return answer;
    const clear = decode(Clear, body, body.length);
    const story = clear.ok ? this.#tell(clear.value.request) : undefined;
    const cleared = decode(Cleared, answer.body, answer.body.length);
    if (!cleared.ok || !clear.ok || story === undefined) {
      this.judge.say('answer', `${gate} cleared something that cannot be read`);
      return answer;
    }
    const known = parseTransaction(cleared.value.transaction);
    this.raws.set(known.txid, cleared.value.transaction);
    this.view.learn(known);
    const shown = clear.value.signed.slice(0, 2).map(toKey);
    const by = [...story.signed].filter(([, packed]) => shown.includes(toKey(packed))).map(([name]) => name);
    const span = { sent, got: performance.now() };
    this.judge.cleared(gate, this.view.describe(known), this.#claimOf(story), span, by);
    return answer;
  }

  #claimOf({ ids, request, txid, inputs }: Story): Claim {
    const { draft, approvals = [] } = request;
    return {
      txid,
      ids,
      intents: draft.intents.map(([bytes]) => bytes),
      approvals,
      inputs: draft.inputs.map(([, , said], place) => {
        const coin = inputs[place] ?? '';
        return { coin, said, amount: this.view.coins.get(coin)?.amount };
      }),
      change: draft.change.map(([, , amount]) => amount),
    };
  }

  /** Gets every signer's word that a transaction is dead, and shows it to a gate. */
  async bury(txid: string, inputs: readonly string[]): Promise<void> {
    const death = this.view.deathOf(txid, inputs);
    if (death === undefined) return;
    const words: Packed[] = [];
    for (const name of SIGNERS) {
      if (!this.lines.isReady(name)) continue;
      const answer = await this.ask(name, 'DEAD', encode(Dead, death));
      const packed =
        answer === 'silent' ? undefined : decode(MessageBytes, answer.message, answer.message.length);
      if (answer !== 'silent' && answer.type === 'DEATH' && packed?.ok === true) words.push(packed.value);
    }
    const gate = this.pick(GATES);
    if (words.length >= 2 && gate !== undefined)
      await this.ask(gate, 'BURY', encode(Bury, { txid: death.txid, deaths: words }));
  }
}

/** A signed message, to be found again. */
const toKey = (packed: Packed): string => toHex(encode(MessageBytes, packed));

export function codesOf(body: Uint8Array): readonly string[] {
  const refused = decode(Refused, body, body.length);
  return refused.ok ? [...new Set(refused.value.refusals.map(({ code }) => code))] : ['unreadable'];
}
