/**
 * Orders of custodians: made once, signed by each on the own device, carried by anybody. Refuses a signature by a key that the
 * charter does not give to that custodian. Spec: protocol-spec/14-memory.md, "Orders".
 */
import type { CharterInForce } from '@coldwire/policy';
import { EXIT, Failure } from '@coldwire/program';
import {
  decode,
  type Ed25519Signer,
  encode,
  equalBytes,
  hashOrder,
  Order,
  SIGNED_ORDER_MAX,
  SignedOrder,
  toHex,
  verifyEd25519,
} from '@coldwire/protocol';

export interface OrderFile {
  readonly signed: SignedOrder;
  readonly order: Order;
}

/** @throws Failure if the bytes are no order */
export function readOrderFile(bytes: Uint8Array, where: string): OrderFile {
  const signed = decode(SignedOrder, bytes, SIGNED_ORDER_MAX);
  const order = signed.ok ? decode(Order, signed.value[0], 160) : signed;
  if (signed.ok && order.ok) return { signed: signed.value, order: order.value };
  throw new Failure(EXIT.BAD_INPUT, {
    what: 'it is not an order',
    where,
    todo: 'Name a file that coldwire-custody order freeze, unfreeze or restore made.',
  });
}

/** Adds, or makes anew, this custodian's signature. @throws Failure if the charter gives the custodian another key */
export function signOrder(
  { charter }: CharterInForce,
  order: Uint8Array,
  signatures: SignedOrder[1],
  name: string,
  signer: Ed25519Signer,
): Uint8Array {
  const custodian = charter.custodians.find((one) => one.name === name);
  if (custodian === undefined || !equalBytes(custodian.key, signer.publicKey)) {
    throw new Failure(EXIT.BAD_INPUT, {
      what: `the charter has no custodian "${name}" with this key`,
      where: '--key',
      todo: 'Check name and key file; coldwire-charter show lists the custodians.',
    });
  }
  const others = signatures.filter(([other]) => other !== name);
  return encode(SignedOrder, [order, [...others, [name, signer.sign(hashOrder(order))] as const]]);
}

export interface OrderState {
  /** Custodians whose signature is good. */
  readonly signed: readonly string[];
  /** Signatures that are of nobody of the charter, or not good. */
  readonly bad: readonly string[];
  /** How many more the signers ask for. */
  readonly missing: number;
}

export function judgeOrderFile(
  { charter }: CharterInForce,
  { signed: [order, signatures], order: { kind } }: OrderFile,
): OrderState {
  const hash = hashOrder(order);
  const isGood = ([name, signature]: SignedOrder[1][number]): boolean =>
    charter.custodians.some((one) => one.name === name && verifyEd25519(one.key, hash, signature));
  const signed = signatures.filter(isGood).map(([name]) => name);
  const bad = signatures.filter((row) => !isGood(row)).map(([name]) => name);
  const want = kind === 'freeze' ? 1 : charter.quorum;
  return { signed, bad, missing: Math.max(0, want - signed.length) };
}

/** What people read before they sign. */
export function describeOrder({ kind, signer, id, expires, height, first }: Order): string {
  const whom = signer === null ? 'every signer' : `signer ${signer}`;
  const what = {
    freeze: `Freezes ${whom}: nothing is signed for the charter's time; with a second custodian's, until a quorum ends it.`,
    unfreeze: `Ends every freeze at ${whom}.`,
    restore: `Takes ${whom} back that lost its memory, for the start ${toHex(id)}. Intents up to height ${height ?? 0} are no longer its own, and its windows count as spent.`,
  }[kind];
  return [
    what,
    `Taken up to height ${expires}.`,
    `For the deployment whose first charter is ${toHex(first)}.`,
  ].join('\n');
}
