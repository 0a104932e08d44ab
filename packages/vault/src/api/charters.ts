/**
 * Later charters over the API: whoever reaches the vault may hand one in, because only the custodians' signatures make it count,
 * here and at every machine that it is carried to.
 */
import type { CharterInForce, Refusal } from '@coldwire/policy';
import { type JsonValue, toJsonLine } from '@coldwire/program';
import { fromHex, type SignedCharter, toHex } from '@coldwire/protocol';
import { errorReply, type JsonReply } from '@coldwire/screen/io/json-server.ts';
import { readCharterBytes } from '../serve/charters.ts';

export interface CharterBook {
  readonly first: CharterInForce;
  readonly later: readonly { readonly charter: CharterInForce }[];
  readonly standings: ReadonlyMap<string, { readonly inForce: number; readonly newest: number }>;
  add(signed: SignedCharter): CharterInForce | Refusal;
}

function describe({ charter, hash }: CharterInForce): { readonly epoch: number; readonly hash: string } {
  return { epoch: charter.epoch, hash: toHex(hash) };
}

/** `{charter: hex of charter.cbor}` */
export function postCharter(book: CharterBook, body: unknown, onCharter: () => void): JsonReply {
  const text = typeof body === 'object' && body !== null && 'charter' in body ? body.charter : undefined;
  const isHex = typeof text === 'string' && text.length % 2 === 0 && /^[0-9a-f]*$/.test(text);
  const signed = isHex ? readCharterBytes(fromHex(text)) : undefined;
  if (signed === undefined)
    return errorReply(
      400,
      'MALFORMED',
      'it must be {"charter": charter.cbor in hexadecimal}, and hold together',
    );
  const added = book.add(signed);
  if ('code' in added) {
    const facts = added.facts.map((fact) => fact.join(' ')).join(', ');
    return errorReply(409, added.code, `the charter is not taken: ${facts}`);
  }
  onCharter();
  return { status: 201, json: toJsonLine(describe(added)) };
}

/** The chain, and how far each machine has come in it. */
export function getCharters({ first, later, standings }: CharterBook): JsonReply {
  const charters = [first, ...later.map(({ charter }) => charter)].map(describe);
  const machines = [...standings].map(
    ([name, { inForce, newest }]): JsonValue => ({ name, inForce, newest }),
  );
  return { status: 200, json: toJsonLine({ charters, machines }) };
}
