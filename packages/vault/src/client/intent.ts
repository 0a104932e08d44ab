/** Makes a withdrawal intent as a requester's backend would: for people, drills and tests. */
import { randomBytes } from 'node:crypto';
import type { CharterInForce } from '@coldwire/policy';
import { EXIT, Failure, readRoleKey } from '@coldwire/program';
import {
  createEd25519Signer,
  type Ed25519Signer,
  encode,
  equalBytes,
  hashIntent,
  Intent,
  type SignedIntent,
} from '@coldwire/protocol';
import { readSignedIntent } from '@coldwire/screen';
import { decodeAddress } from '@coldwire/wallet';
import { readInput } from './input.ts';

export interface Wish {
  readonly requesterKey: string;
  readonly requester: string;
  readonly address: string;
  /** sat */
  readonly amount: bigint;
  /** Height of the chain as the requester sees it. */
  readonly height: number;
  /** Blocks that the intent lives. */
  readonly life: number;
  /** 16 bytes; drawn when absent. */
  readonly id?: Uint8Array;
}

/** @throws Failure if it is none of the requester's keys */
export function openRequester(
  { requesterKey, requester }: Pick<Wish, 'requesterKey' | 'requester'>,
  { charter, requesters }: CharterInForce,
): Ed25519Signer {
  const key = createEd25519Signer(readRoleKey(requesterKey, 'requester').identity);
  const keys = requesters.get(requester) ?? [];
  if (keys.some((known) => equalBytes(known, key.publicKey))) return key;
  throw new Failure(EXIT.BAD_INPUT, {
    what: `it is not a key of the charter's requester "${requester}"`,
    where: requesterKey,
    todo: `Its requesters are: ${charter.requesters.map(({ name }) => name).join(', ')}.`,
  });
}

/** The script of an address. @throws Failure if it is none of the charter's network */
export function readDestination(address: string, { network }: CharterInForce): Uint8Array {
  const script = decodeAddress(address, network);
  if (script.ok) return script.value;
  throw new Failure(EXIT.BAD_INPUT, {
    what: script.fault.detail,
    where: address,
    todo: `Give an address of ${network}.`,
  });
}

/** @throws Failure if the address is none of the charter's network, or the key none of the requester's */
export function makeIntent(wish: Wish, charter: CharterInForce): SignedIntent {
  const key = openRequester(wish, charter);
  const script = readDestination(wish.address, charter);
  const bytes = encode(Intent, {
    id: wish.id ?? new Uint8Array(randomBytes(16)),
    requester: wish.requester,
    amount: wish.amount,
    script,
    created: wish.height,
    expires: wish.height + wish.life,
  });
  return [bytes, key.sign(hashIntent(charter.first, bytes))];
}

/** JSON `{"intent": hex, "signature": hex}`, one a line. @throws Failure naming the line */
export async function readIntents(path: string): Promise<readonly SignedIntent[]> {
  return (await readInput(path))
    .split('\n')
    .map((line, place) => [line.trim(), place + 1] as const)
    .filter(([line]) => line !== '')
    .map(([line, number]) => {
      const intent = readSignedIntent(parseJson(line));
      if (intent !== undefined) return intent;
      const what = `line ${number} is not {"intent": hex, "signature": hex}`;
      throw new Failure(EXIT.BAD_INPUT, { what, where: path, todo: 'Give one signed intent a line.' });
    });
}

/** Undefined for what is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
