/**
 * Intents, batches, replacements, reorganizations, crashes, two gates and three signers: the real step functions of signers
 * and gates on one side, and on the other a model of what the promise "one intent, one payment" says, in sets and nothing else.
 * Each operation is predicted by the model first; what the step functions say must be the same.
 */

import { rebuild } from '@coldwire/gate/core/rebuild.ts';
import {
  Bury,
  Clear,
  Dead,
  Death,
  encode,
  fromHex,
  Signed,
  type SignedIntent,
  SignRequest,
} from '@coldwire/protocol';
import { mustLoadGate, refusalsOf, TestGate } from '../../packages/gate/test/gate-world.ts';
import { type Block, type Coin, seeded } from '../../packages/policy/test/world.ts';
import {
  realCharter,
  type SignerName,
  signCharter,
  Treasury,
} from '../../packages/signer/test/signing-world.ts';

export const SIGNERS: readonly SignerName[] = ['A', 'B', 'C'];
export const GATES = [0, 1] as const;
const BURIAL = 6;
const AMOUNT = 1_000_000n;
const FEE = 3_000n;

/** A transaction that was asked for, by its place in the list. */
export interface Story {
  readonly request: SignRequest;
  readonly txid: string;
  readonly stripped: Uint8Array;
  /** Places of the intents that it pays, and of the coins that it spends. */
  readonly intents: readonly number[];
  readonly coins: readonly number[];
  readonly signed: Map<SignerName, Clear['signed'][number]>;
  readonly clearedBy: Set<number>;
}

/** What one machine remembers that matters here: which transactions carry each intent, and which of them are dead to it. */
interface Memory {
  readonly carriers: Map<number, Set<number>>;
  readonly dead: Set<number>;
}

const makeMemory = (): Memory => ({ carriers: new Map(), dead: new Set() });

export class Play {
  readonly treasury: Treasury;
  readonly gates: readonly TestGate[];
  readonly coins: readonly Coin[];
  readonly intents: readonly SignedIntent[];
  readonly stories: Story[] = [];
  /** Stories that are in a block of the best chain, with that block. */
  readonly mined = new Map<number, Block>();
  readonly #memories = new Map<string, Memory>();
  /** Proven to each signer: this story, in this block, spends its coins. */
  readonly #proven = new Map<SignerName, { readonly story: number; readonly block: Block }[]>();

  constructor(intents: number, coins: number) {
    const charter = realCharter((sample) => ({
      ...sample,
      policy: {
        ...sample.policy,
        amountPerTransaction: 1_000_000_000n,
        windows: [{ ticks: 1000, amount: 100_000_000_000n, count: 10_000, fee: 1_000_000_000n }],
        intentLife: 1000,
        gateDelay: 1_000_000,
      },
    }));
    this.treasury = new Treasury(charter);
    const bytes = signCharter(this.treasury.world);
    this.gates = [new TestGate(mustLoadGate(bytes, 'gate-1')), new TestGate(mustLoadGate(bytes, 'gate-2'))];
    this.coins = this.treasury.world.fund(Array.from({ length: coins }, () => 5_000_000n));
    const { height } = this.treasury.world;
    this.intents = Array.from({ length: intents }, (_, i) =>
      this.treasury.world.intent({
        id: `intent ${i}`,
        script: Uint8Array.of(0, 20, ...seeded(`to ${i}`).slice(0, 20)),
        created: height,
        expires: height + 900,
      }),
    );
    for (const name of [...SIGNERS, 'gate 0', 'gate 1']) this.#memories.set(name, makeMemory());
    for (const name of SIGNERS) this.#proven.set(name, []);
  }

  #memory(name: string): Memory {
    const memory = this.#memories.get(name);
    if (memory === undefined) throw new Error(`no memory of ${name}`);
    return memory;
  }

  /** The gate that an intent is at home at. */
  homeOf(intent: number): number {
    const id = seeded(`intent ${intent}`).slice(0, 16);
    return new DataView(id.buffer, id.byteOffset).getUint32(0) % GATES.length;
  }

  /** A story is made once: the same intents and coins are the same transaction. */
  tell(intents: readonly number[], coins: readonly number[]): number {
    const known = this.stories.findIndex(
      (story) => `${story.intents}/${story.coins}` === `${intents}/${coins}`,
    );
    if (known >= 0) return known;
    const spent = coins.flatMap((place) => this.coins[place] ?? []);
    const total = spent.reduce((sum, { amount }) => sum + amount, 0n);
    const request = this.treasury.world.request({
      coins: spent,
      intents: intents.flatMap((place) =>
        [this.intents[place]].flatMap((one) => (one === undefined ? [] : [one])),
      ),
      change: [{ amount: total - AMOUNT * BigInt(intents.length) - FEE }],
    });
    const [gate] = this.gates;
    if (gate === undefined) throw new Error('no gate');
    const built = rebuild(gate.charter, request);
    if (!built.ok) throw new Error('a story that cannot be built');
    const stripped = built.value.transaction.toBytes(true, false);
    this.stories.push({
      request,
      txid: built.value.txid,
      stripped,
      intents,
      coins,
      signed: new Map(),
      clearedBy: new Set(),
    });
    return this.stories.length - 1;
  }

  story(place: number): Story {
    const story = this.stories[place];
    if (story === undefined) throw new Error(`no story ${place}`);
    return story;
  }

  #share(one: number, other: number): boolean {
    const coins = this.story(other).coins;
    return this.story(one).coins.some((coin) => coins.includes(coin));
  }

  /** The promise: whoever carries an intent already, and can still be mined, shares a coin with this one. */
  #mayCarry(memory: Memory, place: number): boolean {
    return this.story(place).intents.every((intent) =>
      [...(memory.carriers.get(intent) ?? [])].every(
        (other) => other === place || memory.dead.has(other) || this.#share(place, other),
      ),
    );
  }

  #carry(memory: Memory, place: number): void {
    for (const intent of this.story(place).intents) {
      const carriers = memory.carriers.get(intent) ?? new Set();
      carriers.add(place);
      memory.carriers.set(intent, carriers);
    }
  }

  /** Dead to a signer: a story that shares a coin is proven to it in a block that is deep enough now. */
  #judgeDeaths(name: SignerName): void {
    const { dead } = this.#memory(name);
    dead.clear();
    const { chain } = this.treasury.world;
    for (const { story, block } of this.#proven.get(name) ?? []) {
      const at = chain.indexOf(block);
      if (at < 0 || chain.length - at < BURIAL) continue;
      for (const [other] of this.stories.entries())
        if (other !== story && this.#share(other, story)) dead.add(other);
    }
  }

  /** @returns what went otherwise than the model says */
  sign(name: SignerName, place: number): string | undefined {
    this.#judgeDeaths(name);
    const memory = this.#memory(name);
    const expected = this.#mayCarry(memory, place);
    const story = this.story(place);
    const signer = this.treasury.signers[name];
    const { codes, signed } = signer.ask(story.request);
    if (signed !== undefined) {
      const { header, body, signature } = signer.seal('SIGNED', encode(Signed, signed), signer.newId());
      story.signed.set(name, [header, body, signature]);
      this.#carry(memory, place);
    }
    if (expected !== (signed !== undefined))
      return `${name} should ${expected ? 'sign' : 'refuse'} ${this.#show(place)}: ${codes}`;
    return signed === undefined && codes.join() !== 'CONFLICT'
      ? `${name} refuses ${this.#show(place)} by ${codes}`
      : undefined;
  }

  /** Needs two signatures, and asks whichever gate. */
  clear(gate: number, place: number): string | undefined {
    const story = this.story(place);
    const signed = [...story.signed.values()].slice(0, 2);
    const machine = this.gates[gate];
    if (signed.length < 2 || machine === undefined) return undefined;
    const memory = this.#memory(`gate ${gate}`);
    const atHome = story.intents.every(
      (intent) => this.homeOf(intent) === gate || memory.carriers.has(intent),
    );
    const expected = atHome && this.#mayCarry(memory, place);
    const reply = machine.deliver(
      'CLEAR',
      encode(Clear, { request: encode(SignRequest, story.request), signed }),
    );
    const cleared = reply.type === 'CLEARED';
    if (cleared) {
      story.clearedBy.add(gate);
      this.#carry(memory, place);
    }
    if (expected === cleared) return undefined;
    const codes = cleared ? 'it cleared' : refusalsOf(reply).map(([code]) => code);
    return `gate ${gate} should ${expected ? 'clear' : 'refuse'} ${this.#show(place)}: ${codes}`;
  }

  /** Whether the chain would take the transaction now. */
  canMine(place: number): boolean {
    if (this.mined.has(place) || this.story(place).clearedBy.size === 0) return false;
    return [...this.mined.keys()].every((other) => !this.#share(place, other));
  }

  mine(place: number): void {
    if (!this.canMine(place)) return;
    const [block] = this.treasury.world.pass(1, [fromHex(this.story(place).txid).reverse()]);
    if (block !== undefined) this.mined.set(place, block);
  }

  mineEmpty(blocks: number): void {
    this.treasury.world.pass(blocks);
  }

  /** The last blocks are replaced by more of others. Funding stays: it is deeper. */
  reorganize(depth: number): void {
    const { world } = this.treasury;
    const room = world.chain.length - 2;
    const taken = Math.min(depth, Math.max(0, room));
    if (taken === 0) return;
    world.rewind(taken);
    for (const [place, block] of [...this.mined]) if (!world.chain.includes(block)) this.mined.delete(place);
    world.pass(taken + 1);
  }

  /** Shows a signer that a story is mined, and so what is dead by it; and everybody what signers say of the dead. */
  prove(name: SignerName, place: number): string | undefined {
    const block = this.mined.get(place);
    if (block === undefined) return undefined;
    const { world, signers } = this.treasury;
    const spender = this.story(place);
    const proof = world.proofOf(fromHex(spender.txid).reverse());
    const signer = signers[name];
    signer.catchUp();
    for (const [other, { txid }] of this.stories.entries()) {
      if (other === place || !this.#share(other, place)) continue;
      const deep = world.chain.length - world.chain.indexOf(block) >= BURIAL;
      const known = [...this.#memory(name).carriers.values()].some((carriers) => carriers.has(other));
      const [answer] = signer.deliver(
        'DEAD',
        encode(Dead, { txid: fromHex(txid).reverse(), spender: spender.stripped, proof }),
      );
      const taken = answer?.type === 'DEATH';
      if (taken) this.#proven.get(name)?.push({ story: place, block });
      if (taken !== (deep && known))
        return `${name} should ${deep && known ? 'take' : 'refuse'} the death of ${this.#show(other)}`;
    }
    return undefined;
  }

  /** The words of these signers, shown to a gate. Each must have the proof already. */
  bury(gate: number, place: number): void {
    const machine = this.gates[gate];
    if (machine === undefined) return;
    const txid = fromHex(this.story(place).txid).reverse();
    const deaths = SIGNERS.flatMap((name) => {
      this.#judgeDeaths(name);
      if (!this.#memory(name).dead.has(place)) return [];
      const signer = this.treasury.signers[name];
      const { header, body, signature } = signer.seal(
        'DEATH',
        encode(Death, { txid, height: 1 }),
        signer.newId(),
      );
      return [[header, body, signature] as const];
    });
    if (deaths.length < 2) return;
    const reply = machine.deliver('BURY', encode(Bury, { txid, deaths }));
    if (reply.type !== 'DONE') throw new Error(`gate ${gate} does not bury: ${refusalsOf(reply).join()}`);
    const known = [...this.#memory(`gate ${gate}`).carriers.values()].some((carriers) => carriers.has(place));
    if (known) this.#memory(`gate ${gate}`).dead.add(place);
  }

  /** The program ends and starts: what it knows comes from its journal. */
  restartGate(gate: number): void {
    this.gates[gate]?.start();
  }

  /** No two transactions that were cleared for an intent can both be mined, and the chain pays each intent at most once. */
  findDoublePayment(): string | undefined {
    for (const [intent] of this.intents.entries()) {
      const paid = [...this.mined.keys()].filter((place) => this.story(place).intents.includes(intent));
      if (paid.length > 1) return `intent ${intent} was paid by ${paid.map((place) => this.#show(place))}`;
    }
    return undefined;
  }

  isPaid(intent: number): boolean {
    return [...this.mined.keys()].some((place) => this.story(place).intents.includes(intent));
  }

  /** Stories of an intent that any machine remembers and that could still be mined as far as the chain goes. */
  openCarriers(intent: number): readonly number[] {
    return this.stories.flatMap((story, place) => {
      const remembered = [...this.#memories.values()].some(
        (memory) => memory.carriers.get(intent)?.has(place) === true,
      );
      const blocked = [...this.mined.keys()].some((other) => other !== place && this.#share(place, other));
      return story.intents.includes(intent) && remembered && !blocked ? [place] : [];
    });
  }

  freeCoins(): readonly number[] {
    return this.coins.flatMap((_, coin) =>
      [...this.mined.keys()].some((place) => this.story(place).coins.includes(coin)) ? [] : [coin],
    );
  }

  #show(place: number): string {
    const { intents, coins } = this.story(place);
    return `#${place} (intents ${intents}, coins ${coins})`;
  }
}
