/**
 * The people and machines that the attacker does not own: two requesters, a screen, approvers, custodians. What they sign is
 * all that may ever be paid, and every signature of theirs is given to the judge when it is made. They go by no rule of the
 * product: they sign what they please, and hand it to the vault, which does with it what it likes.
 */
import { type CharterInForce, loadCharter, writeApproval } from '@coldwire/policy';
import { readRoleKey } from '@coldwire/program';
import {
  APPROVAL_NAMESPACE,
  type Approval,
  type Approver,
  Charter,
  createEd25519Signer,
  type Ed25519Signer,
  encode,
  hashIntent,
  hashOrder,
  hashRegistration,
  hashVerdict,
  Intent,
  Order,
  Registration,
  readSshSignature,
  type SignedCharter,
  type SignedIntent,
  type SignedOrder,
  signedBytes,
  toHex,
  type Verdict,
} from '@coldwire/protocol';
import { SecurityKey } from '../../packages/protocol/test/approval/authenticator.ts';
import type { Random } from '../crash/random.ts';
import type { SignerName } from '../world/charter.ts';
import type { World } from '../world/world.ts';
import { ALLOWED, changesOf, DENIED, type Degree, REMOVED_APPROVER } from './terms.ts';

export interface Wish {
  readonly id: string;
  readonly signed: SignedIntent;
  readonly intent: Intent;
  readonly hash: Uint8Array;
  /** The screen holds it: it must never be paid. */
  readonly held: boolean;
}

/** An approver's yes, as it stands in a request that carries the intent at place 0. */
export interface Yes {
  readonly wish: string;
  readonly approval: Approval;
}

export interface Registered {
  readonly requester: string;
  readonly script: Uint8Array;
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array;
}

/** What custodians signed to follow the charter before, or would have. */
export interface Step {
  readonly degree: Degree;
  readonly charter: CharterInForce;
  readonly signed: SignedCharter;
}

/** Who hears of every signature. */
export interface Witness {
  wished(wish: Wish): void;
  approved(yes: Yes): void;
  enacted(step: Step): void;
}

interface Person {
  readonly row: Approver;
  sign(message: Uint8Array): Pick<Approval, 'signature' | 'touch'>;
}

function personWithFile(name: string, key: Ed25519Signer): Person {
  const own = { kind: 'ssh-ed25519', key: key.publicKey, application: '' } as const;
  const sign: Person['sign'] = (message) => {
    const bytes = signedBytes(APPROVAL_NAMESPACE, message, own, null) ?? message;
    return { signature: key.sign(bytes), touch: null };
  };
  return { row: { name, keys: [own] }, sign };
}

function personWithToken(name: string, key: SecurityKey): Person {
  const { publicKey, application } = key;
  const sign: Person['sign'] = (message) => {
    const read = readSshSignature(key.sign(APPROVAL_NAMESPACE, message));
    if (read === undefined) throw new Error('not a signature file');
    return { signature: read.signature, touch: read.touch };
  };
  return { row: { name, keys: [{ kind: 'sk-ssh-ed25519@openssh.com', key: publicKey, application }] }, sign };
}

/** Made before the world, since its charter names them. */
export class Staff {
  readonly shop: Ed25519Signer;
  readonly approvers: readonly Person[];

  constructor(random: Random) {
    const key = (): Ed25519Signer => createEd25519Signer(random.bytes(32));
    this.shop = key();
    this.approvers = [
      ...['ann', 'bea', 'eve'].map((name) => personWithFile(name, key())),
      ...['cat', REMOVED_APPROVER].map((name) => personWithToken(name, new SecurityKey(random.bytes(32)))),
    ];
  }

  get rows(): readonly Approver[] {
    return this.approvers.map(({ row }) => row);
  }

  get requesters(): Charter['requesters'] {
    return [{ name: 'shop', keys: [this.shop.publicKey], people: [] }];
  }
}

export class People {
  readonly #world: World;
  readonly #random: Random;
  readonly #staff: Staff;
  readonly #screen: Ed25519Signer;
  readonly #witness: Witness;
  readonly #wishes = new Map<string, Wish>();
  readonly #yeses = new Map<string, Yes[]>();
  /** Newest last, as many as an attacker may want to choose from. */
  readonly recent: Wish[] = [];
  readonly registrations: Registered[] = [];
  readonly orders: SignedOrder[] = [];
  /** By epoch. */
  readonly steps: Step[];

  constructor(world: World, staff: Staff, random: Random, witness: Witness) {
    this.#world = world;
    this.#random = random;
    this.#staff = staff;
    this.#witness = witness;
    this.#screen = createEd25519Signer(readRoleKey(world.deployment.keyFile('screen-1'), 'screen').identity);
    const { charter } = world.deployment;
    this.steps = [{ degree: 1, charter, signed: [charter.bytes, []] }];
  }

  wish(id: string): Wish | undefined {
    return this.#wishes.get(id);
  }

  yesesTo(id: string): readonly Yes[] {
    return this.#yeses.get(id) ?? [];
  }

  /** Whether its destination is one that every charter pays, or was registered by its requester. */
  canPay({ requester, script }: Intent): boolean {
    const isSame = (one: Uint8Array): boolean => Buffer.from(one).equals(script);
    if (DENIED.some(isSame)) return false;
    const own = this.registrations.slice(-60).filter((one) => one.requester === requester);
    return ALLOWED.some(isSame) || own.some((one) => isSame(one.script));
  }

  get newest(): Step {
    const step = this.steps.at(-1);
    if (step === undefined) throw new Error('there is always a first charter');
    return step;
  }

  #keyOf(requester: string): Ed25519Signer {
    return requester === 'shop' ? this.#staff.shop : this.#world.deployment.requester;
  }

  /** Signs a withdrawal; large ones are mostly approved by as many as the charters ask for, sometimes by one too few. */
  ask(amount: bigint, height: number, life = 100): Wish {
    const random = this.#random;
    const requester = random.next() < 0.2 ? 'shop' : 'exchange';
    const script = this.#destination(requester);
    return this.#sign(
      { id: random.bytes(16), requester, amount, script, created: height, expires: height + life },
      random.next() < 0.08,
    );
  }

  /** The same payment again, under an id of its own. */
  askAgain({ intent }: Wish, height: number): Wish {
    const id = this.#random.bytes(16);
    return this.#sign({ ...intent, id, created: height, expires: height + 100 }, false);
  }

  /** To a destination that every charter allows, cleared by the screen: nothing may keep it from being paid if it is small. */
  askPlainly(height: number, amount = BigInt(this.#random.between(20_000, 60_000))): Wish {
    const script = ALLOWED[this.#random.between(0, ALLOWED.length)] ?? new Uint8Array(0);
    const id = this.#random.bytes(16);
    return this.#sign(
      { id, requester: 'exchange', amount, script, created: height, expires: height + 100 },
      false,
    );
  }

  #sign(intent: Intent, held: boolean): Wish {
    const bytes = encode(Intent, intent);
    const hash = hashIntent(this.#world.deployment.charter.first, bytes);
    const signed = [bytes, this.#keyOf(intent.requester).sign(hash)] as const;
    const wish = { id: toHex(intent.id), signed, intent, hash, held };
    this.#wishes.set(wish.id, wish);
    this.recent.push(wish);
    if (this.recent.length > 200) this.recent.shift();
    this.#witness.wished(wish);
    return wish;
  }

  /** Allowed, denied, registered (mostly by the same requester), or named by nobody. */
  #destination(requester: string): Uint8Array {
    const random = this.#random;
    const draw = random.next();
    const fresh = Uint8Array.from([0x00, 0x14, ...random.bytes(20)]);
    const some = (list: readonly Uint8Array[]): Uint8Array => random.shuffle(list)[0] ?? fresh;
    if (draw < 0.4) return some(ALLOWED);
    if (draw < 0.45) return some(DENIED);
    const known = this.registrations.slice(-30);
    if (draw < 0.5) return some(known.map(({ script }) => script));
    if (draw < 0.95)
      return some(known.filter((one) => one.requester === requester).map(({ script }) => script));
    return fresh;
  }

  /** Some of the approvers look at it and sign. */
  approve(wish: Wish, count: number, expires: number): void {
    const { charter } = this.#world.deployment;
    const { first, network } = charter;
    for (const person of this.#random.shuffle(this.#staff.approvers).slice(0, count)) {
      const approver = person.row.name;
      const text = writeApproval({
        network,
        first,
        intent: wish.intent,
        hash: wish.hash,
        approver,
        expires,
      });
      const approval = { place: 0, approver, expires, ...person.sign(new TextEncoder().encode(text)) };
      const yes = { wish: wish.id, approval };
      this.#yeses.set(wish.id, [...this.yesesTo(wish.id), yes]);
      this.#witness.approved(yes);
    }
  }

  /** A destination that a requester will pay. */
  register(): Registered {
    const random = this.#random;
    const requester = random.next() < 0.2 ? 'shop' : 'exchange';
    const script = random.next() < 0.1 ? DENIED[1] : undefined;
    const row = { requester, script: script ?? Uint8Array.from([0x00, 0x14, ...random.bytes(20)]) };
    const bytes = encode(Registration, row);
    const hash = hashRegistration(this.#world.deployment.charter.first, bytes);
    const registered = { ...row, bytes, signature: this.#keyOf(requester).sign(hash) };
    this.registrations.push(registered);
    return registered;
  }

  /** One verdict over the wishes that are not held, by their places. */
  verdicts(wishes: readonly Wish[], issued: number): readonly Verdict[] {
    const covers = wishes.flatMap(({ held }, place) => (held ? [] : [place]));
    if (covers.length === 0) return [];
    const hashes = covers.flatMap((place) => wishes[place]?.hash ?? []);
    const { first } = this.#world.deployment.charter;
    const signature = this.#screen.sign(hashVerdict(first, issued, hashes));
    return [{ screen: 'screen-1', covers, issued, signature }];
  }

  /** A quorum of custodians signs what follows the newest charter. */
  enact(degree: Degree): Step {
    const step = this.#follow(degree);
    this.steps.push(step);
    this.#witness.enacted(step);
    return step;
  }

  /** What one custodian alone would have follow a charter: it is not the newest one's only successor, or not signed by enough. */
  propose(degree: Degree, after = this.newest): Step {
    const step = this.#follow(degree, after);
    return { ...step, signed: [step.signed[0], step.signed[1].slice(-1)] };
  }

  #follow(degree: Degree, { charter: before } = this.newest): Step {
    const bytes = encode(Charter, {
      ...before.charter,
      epoch: before.charter.epoch + 1,
      first: before.first,
      previous: before.hash,
      ...changesOf(degree, before.charter, this.#staff.rows),
    });
    const loaded = loadCharter(bytes);
    if (!loaded.ok) throw new Error(loaded.problems.join('; '));
    const { hash } = loaded.value;
    const signers = this.#random.shuffle(this.#world.deployment.custodians);
    const signatures = signers
      .slice(0, this.#random.between(before.charter.quorum, signers.length + 1))
      .map(({ name, key }) => [name, key.sign(hash)] as const);
    return { degree, charter: loaded.value, signed: [bytes, signatures] };
  }

  /** @param count of custodians who sign @param id of a restore: the nonce of the signer's start */
  order(
    kind: Order['kind'],
    count: number,
    height: number,
    { signer = null, id = this.#random.bytes(16) }: { signer?: SignerName | null; id?: Uint8Array } = {},
  ): SignedOrder {
    const { charter, custodians } = this.#world.deployment;
    const order = encode(Order, {
      kind,
      first: charter.first,
      signer,
      id,
      expires: height + 50,
      ...(kind === 'restore' ? { height } : {}),
    });
    const hash = hashOrder(order);
    const signatures = this.#random
      .shuffle(custodians)
      .slice(0, count)
      .map(({ name, key }) => [name, key.sign(hash)] as const);
    const signed: SignedOrder = [order, signatures];
    this.orders.push(signed);
    if (this.orders.length > 40) this.orders.shift();
    return signed;
  }
}
