/** What happens when a payment can never be mined: two signers call it dead, the gate is told, the intent is paid from other coins. */
import { Bury, Dead, decode, encode, MessageBytes } from '@coldwire/protocol';
import { serializeStripped } from '@coldwire/wallet';
import { idAtHome } from '../../gate/test/gate-world.ts';
import type { SignerName } from '../../signer/test/signing-world.ts';
import { Town } from './town.ts';

type Row = Bury['deaths'][number];

export interface Buried {
  readonly town: Town;
  /** DEATH by A and by B. */
  readonly words: readonly [Row, Row];
  /** Txid, internal byte order. */
  readonly dead: Uint8Array;
}

const ALL = ['A', 'B', 'C'] as const;
const PAIR = ['A', 'B'] as const;

function rowOf(message: Uint8Array): Row {
  const parts = decode(MessageBytes, message, 1_000_000);
  if (!parts.ok) throw new Error(parts.fault.detail);
  return parts.value;
}

/** A payment is cleared and replaced by one that takes its coin home; that is buried, and the intent is paid from another coin. */
export async function tellBurial(): Promise<Buried> {
  const town = new Town();
  for (const name of [...ALL, 'gate-1']) await town.open(name);
  const { world } = town;
  const [first, second] = world.fund([3_000_000n, 3_000_000n]);
  await town.tell(ALL);
  if (first === undefined || second === undefined) throw new Error('two coins');
  const intents = [world.intent({ id: idAtHome(0, 'one'), amount: 1_000_000n })];
  const change = [{ amount: 1_990_000n }];
  await expectType(town.pay(world.request({ coins: [first], intents, change }), PAIR, 'gate-1'), 'CLEARED');
  const { spend } = approved(world.evaluate(world.request({ coins: [first], intents, change })));
  const dead = spend.txid;

  const home = world.request({ coins: [first], change: [{ amount: 2_980_000n, index: 1 }] });
  await expectType(town.pay(home, PAIR, 'gate-1'), 'CLEARED');
  const { spend: replacement } = approved(world.evaluate(home));
  world.pass(1, [replacement.txid]);
  world.pass(6);
  await town.tell(ALL);
  const proof = world.proofOf(replacement.txid);
  const spender = serializeStripped(replacement.transaction);
  const ask = async (name: SignerName): Promise<Row> => {
    const said = await town.ask(name, 'DEAD', encode(Dead, { txid: dead, spender, proof }));
    if (said.type !== 'DEATH') throw new Error(`${name} says ${said.type}`);
    return rowOf(said.message);
  };
  const words = [await ask('A'), await ask('B')] as const;
  const bury = encode(Bury, { txid: dead, deaths: words });
  await expectType(town.ask('gate-1', 'BURY', bury), 'DONE');
  const anew = world.request({ coins: [second], intents, change: [{ amount: 1_990_000n, index: 2 }] });
  await expectType(town.pay(anew, PAIR, 'gate-1'), 'CLEARED');
  // Told once more, which changes nothing.
  await expectType(town.ask('gate-1', 'BURY', bury), 'DONE');
  return { town, words, dead };
}

function approved<T extends { readonly kind: string }>(outcome: T): Extract<T, { kind: 'approved' }> {
  if (outcome.kind !== 'approved') throw new Error(outcome.kind);
  return outcome as Extract<T, { kind: 'approved' }>;
}

async function expectType(reply: Promise<{ readonly type: string }>, type: string): Promise<void> {
  const said = await reply;
  if (said.type !== type) throw new Error(`${said.type} where ${type} was due`);
}
