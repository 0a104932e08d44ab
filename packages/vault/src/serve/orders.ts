/**
 * Orders of custodians on their way to the signers. `coldwire-vault order --state` lays them into the directory `orders` beside
 * the queue; the running vault carries each to every signer, once it is there, and then puts the file aside. What a signer
 * makes of an order is the signer's own matter: no vault can make one, and people can bring it to the machine themselves.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT, Failure, writeFileAtomic } from '@coldwire/program';
import {
  decode,
  encode,
  Freeze,
  hashOrder,
  type MessageType,
  Order,
  Restore,
  SIGNED_ORDER_MAX,
  SignedOrder,
  toHex,
  Unfreeze,
} from '@coldwire/protocol';
import { Away, readRefusals } from './peer.ts';
import type { Signer } from './signer.ts';
import type { Vault } from './vault.ts';

const NAME = /^[0-9a-f]{64}\.order$/;

export interface CarriedOrder {
  /** Hash of the order, hexadecimal. */
  readonly hash: string;
  /** The signer that it is for; null: each of them. */
  readonly signer: string | null;
  readonly type: Extract<MessageType, 'FREEZE' | 'UNFREEZE' | 'RESTORE'>;
  readonly body: Uint8Array;
}

/** @throws Failure if the bytes are no signed order */
export function readOrder(bytes: Uint8Array, where: string): CarriedOrder {
  const signed = decode(SignedOrder, bytes, SIGNED_ORDER_MAX);
  const order = signed.ok ? decode(Order, signed.value[0], 160) : signed;
  if (!signed.ok || !order.ok) {
    throw new Failure(EXIT.BAD_INPUT, {
      what: 'it is not a signed order',
      where,
      todo: 'Name a file that coldwire-custody order made and custodians signed.',
    });
  }
  const of = { hash: toHex(hashOrder(signed.value[0])), signer: order.value.signer };
  switch (order.value.kind) {
    case 'freeze':
      return { ...of, type: 'FREEZE', body: encode(Freeze, { reason: 'order', order: signed.value }) };
    case 'unfreeze':
      return { ...of, type: 'UNFREEZE', body: encode(Unfreeze, { order: signed.value }) };
    case 'restore':
      return { ...of, type: 'RESTORE', body: encode(Restore, { order: signed.value }) };
  }
}

/** Lays an order where the vault that runs on this state finds it, now or later. @returns its hash */
export function layOrder(state: string, file: string): string {
  const bytes = new Uint8Array(readFileSync(file));
  const { hash } = readOrder(bytes, file);
  const directory = join(state, 'orders');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  writeFileAtomic(join(directory, `${hash}.order`), bytes, 0o600);
  return hash;
}

export class Orders {
  readonly #directory: string;
  /** By order: signers that have answered it. */
  readonly #answered = new Map<string, Set<string>>();

  constructor(state: string) {
    this.#directory = join(state, 'orders');
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
  }

  /** Carries what lies there to everybody who is there. A file that is no order is put aside with an alarm. */
  async carry(vault: Vault): Promise<void> {
    for (const name of readdirSync(this.#directory).filter((one) => NAME.test(one))) {
      const path = join(this.#directory, name);
      try {
        const order = readOrder(new Uint8Array(readFileSync(path)), path);
        if (await this.#carryOne(vault, order)) renameSync(path, `${path}.carried`);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        vault.report.alarm('MALFORMED', path, error.message);
        renameSync(path, `${path}.bad`);
      }
    }
  }

  /** @returns whether every signer that it is for, and that has a line here, has answered */
  async #carryOne(vault: Vault, order: CarriedOrder): Promise<boolean> {
    const answered = this.#answered.get(order.hash) ?? new Set();
    this.#answered.set(order.hash, answered);
    const wanted = vault.signers.filter(({ name }) => order.signer === null || order.signer === name);
    await Promise.all(
      wanted
        .filter(({ name, ready }) => ready && !answered.has(name))
        .map(async (signer) => {
          if (await carryTo(vault, signer, order)) answered.add(signer.name);
        }),
    );
    return wanted.every(({ name }) => answered.has(name));
  }
}

async function carryTo(
  { report }: Vault,
  signer: Signer,
  { type, body, hash }: CarriedOrder,
): Promise<boolean> {
  try {
    const reply = await signer.request(type, body);
    const codes = reply.type === 'DONE' ? [] : readRefusals(reply.body).map(({ code }) => code);
    report.event('order', { peer: signer.name, type, order: hash, codes });
    return true;
  } catch (error) {
    if (error instanceof Away) return false;
    throw error;
  }
}
