/** A world whose machine starts, is witnessed by gates and takes orders of custodians. */
import {
  Attest,
  type Charter,
  concatBytes,
  type Ed25519Signer,
  encode,
  Freeze,
  Header,
  hashBody,
  hashOrder,
  MESSAGE_TYPES,
  type MessageType,
  messageHash,
  Order,
  type OrderKind,
  Restore,
  type SeenHead,
  type SignedOrder,
  Unfreeze,
  Witnessed,
} from '@coldwire/protocol';
import { applyChange } from '../../src/index.ts';
import { judgeMemory, type VectorEvent } from '../vectors/memory.ts';
import { identity, sampleCharter, seeded, World } from '../world.ts';

export type Testimony = {
  readonly nonce?: Uint8Array;
  readonly heads?: readonly SeenHead[];
  readonly signer?: string;
  readonly key?: string;
  readonly type?: 'WITNESSED' | 'CLEARED';
};

export const NONCE = seeded('nonce').slice(0, 16);

export type Gate = { readonly name: string; readonly key: Ed25519Signer };

/** A message of a gate as it sends it, whole. */
export function sealWitness(
  first: Uint8Array,
  gate: Gate,
  witnessed: Witnessed,
  type: 'WITNESSED' | 'CLEARED' = 'WITNESSED',
): Attest['witnessed'][number] {
  const body = concatBytes(seeded('salt').slice(0, 16), encode(Witnessed, witnessed));
  const header = encode(Header, {
    version: 1,
    type: MESSAGE_TYPES[type].number,
    charter: first,
    sender: gate.name,
    recipient: 'vault-1',
    seq: 5,
    previous: seeded('previous'),
    receiptSeq: 7,
    receipt: seeded('receipt'),
    session: 1,
    request: seeded('request').slice(0, 16),
    bodyHash: hashBody(body),
    bodyLength: body.length,
    time: 1_700_000_000,
    uptime: 1,
  });
  return [header, body, gate.key.sign(messageHash(header))];
}

/** What a gate of the world says of signer A. */
export function testify(world: World, gate: string, how: Testimony = {}): Attest['witnessed'][number] {
  const { nonce = NONCE, heads = [], signer = 'A', key = gate, type = 'WITNESSED' } = how;
  const of = { name: gate, key: identity(key) };
  return sealWitness(world.loaded.first, of, { signer, nonce, heads }, type);
}

/** Header and signature of a SIGNED of signer A, as a gate has seen it. */
export function seenHead(
  world: World,
  seq: number,
  label: string,
  how: { key?: string; type?: 'SIGNED' | 'STATE'; sender?: string } = {},
): SeenHead {
  const { key = 'A', type = 'SIGNED', sender = 'A' } = how;
  const header = encode(Header, {
    version: 1,
    type: MESSAGE_TYPES[type].number,
    charter: world.loaded.first,
    sender,
    recipient: 'vault-1',
    seq,
    previous: seeded(label),
    receiptSeq: 3,
    receipt: seeded('receipt'),
    session: 1,
    request: seeded('request').slice(0, 16),
    bodyHash: seeded(`body ${label}`),
    bodyLength: 500,
    time: 1_700_000_000,
    uptime: 1,
  });
  return [header, identity(key).sign(messageHash(header))];
}

export type OrderPlan = {
  readonly by?: readonly string[];
  readonly signer?: string | null;
  readonly id?: Uint8Array;
  readonly expires?: number;
  readonly height?: number;
  readonly first?: Uint8Array;
  /** Whose keys sign, where they are not those of the names. */
  readonly keys?: readonly string[];
};

export function orderIn(world: World, kind: OrderKind, plan: OrderPlan = {}): SignedOrder {
  const by = plan.by ?? (kind === 'freeze' ? ['ada'] : ['ada', 'ben']);
  const order = encode(Order, {
    kind,
    first: plan.first ?? world.loaded.first,
    signer: plan.signer !== undefined ? plan.signer : kind === 'restore' ? 'A' : null,
    id: plan.id ?? (kind === 'restore' ? NONCE : seeded(`order ${world.number()}`).slice(0, 16)),
    expires: plan.expires ?? world.height + 1000,
    ...(kind === 'restore' ? { height: plan.height ?? world.height } : {}),
  });
  return [
    order,
    by.map((name, at) => [name, identity(plan.keys?.[at] ?? name).sign(hashOrder(order))] as const),
  ];
}

/**
 * A charter with as many gates as can be, of 16 bytes each, and custodians of 31 bytes each, in a script of two bytes a letter;
 * and the custodians' names.
 */
export function foreignCharter(): { readonly charter: Charter; readonly names: readonly string[] } {
  const charter = sampleCharter();
  const names = ['1', '2', '3', '4', '5'].map((digit) => `${digit}${'ж'.repeat(15)}`);
  const custodians = names.map((name) => {
    return { name, group: name, key: identity(name).publicKey, recipient: `age1${name}` };
  });
  const shares = charter.custody.shares.map((row) => {
    return { ...row, holders: names.map((name) => [name, seeded(`share ${row.signer} ${name}`)] as const) };
  });
  const gates = ['1', '2', '3', '4', '5', '6', '7', '8'].map((digit) => {
    const name = `${digit}a${'ж'.repeat(7)}`;
    return { name, key: identity(name).publicKey, sealKey: seeded(`seal ${name}`) };
  });
  return { charter: { ...charter, gates, custodians, custody: { shares } }, names };
}

export class MemoryWorld extends World {
  /** As `events`, with the starts between them. */
  readonly all: VectorEvent[] = [];

  override note(type: MessageType, body: Uint8Array, time = this.now): void {
    super.note(type, body, time);
    this.all.push({ type, body, time, uptime: this.uptime });
  }

  /** Judges, performs, and says the codes. */
  tell(type: 'START' | 'ATTEST' | 'FREEZE' | 'UNFREEZE' | 'RESTORE', body: Uint8Array): string {
    if (type === 'START') this.all.push({ type, body, time: this.now, uptime: this.uptime });
    else this.note(type, body);
    const outcome = judgeMemory(this.state, { type, body, time: this.now, uptime: this.uptime });
    if (outcome === undefined || outcome.kind === 'malformed') throw new Error(`${type} was not judged`);
    if (outcome.kind === 'refused') return outcome.refusals.map(({ code }) => code).join(' ');
    for (const change of outcome.changes) {
      applyChange(this.state, change);
      this.journal.push(change);
    }
    return 'ok';
  }

  start(nonce = NONCE): void {
    this.uptime = 0;
    this.tell('START', nonce);
  }

  attest(...witnessed: Attest['witnessed'][number][]): string {
    return this.tell('ATTEST', encode(Attest, { witnessed }));
  }

  order(kind: OrderKind, plan: OrderPlan = {}): string {
    const order = orderIn(this, kind, plan);
    if (kind === 'freeze') return this.tell('FREEZE', encode(Freeze, { reason: 'order', order }));
    if (kind === 'unfreeze') return this.tell('UNFREEZE', encode(Unfreeze, { order }));
    return this.tell('RESTORE', encode(Restore, { order }));
  }
}
