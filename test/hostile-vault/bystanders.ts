/**
 * The people and machines that the attacker does not own: a requester who asks for withdrawals, a screen that clears most of
 * them. What they sign is all that may ever be paid.
 */

import { readRoleKey } from '@coldwire/program';
import {
  createEd25519Signer,
  type Ed25519Signer,
  encode,
  hashIntent,
  hashVerdict,
  Intent,
  type SignedIntent,
  toHex,
  type Verdict,
} from '@coldwire/protocol';
import type { Random } from '../crash/random.ts';
import type { World } from '../world/world.ts';

export interface Wish {
  readonly id: string;
  readonly signed: SignedIntent;
  readonly intent: Intent;
  readonly hash: Uint8Array;
  /** The screen holds it: it must never be paid. */
  readonly held: boolean;
}

export class Bystanders {
  readonly #world: World;
  readonly #random: Random;
  readonly #screen: Ed25519Signer;
  readonly wishes: Wish[] = [];

  constructor(world: World, random: Random) {
    this.#world = world;
    this.#random = random;
    this.#screen = createEd25519Signer(readRoleKey(world.deployment.keyFile('screen-1'), 'screen').identity);
  }

  /** Signs a withdrawal to a fresh destination. */
  wish(amount: bigint, height: number, life = 100): Wish {
    const { deployment } = this.#world;
    const intent: Intent = {
      id: this.#random.bytes(16),
      requester: 'exchange',
      amount,
      script: Uint8Array.from([0x00, 0x14, ...this.#random.bytes(20)]),
      created: height,
      expires: height + life,
    };
    const bytes = encode(Intent, intent);
    const hash = hashIntent(deployment.charter.first, bytes);
    const held = this.#random.next() < 0.1;
    const wish = {
      id: toHex(intent.id),
      signed: [bytes, deployment.requester.sign(hash)] as const,
      intent,
      hash,
      held,
    };
    this.wishes.push(wish);
    return wish;
  }

  /** One verdict over the wishes that are not held, by their places. */
  verdicts(wishes: readonly Wish[], issued: number): readonly Verdict[] {
    const covers = wishes.flatMap(({ held }, place) => (held ? [] : [place]));
    if (covers.length === 0) return [];
    const hashes = covers.flatMap((place) => wishes[place]?.hash ?? []);
    const { first } = this.#world.deployment.charter;
    return [
      {
        screen: 'screen-1',
        covers,
        issued,
        signature: this.#screen.sign(hashVerdict(first, issued, hashes)),
      },
    ];
  }
}
