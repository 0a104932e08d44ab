/**
 * A policy state as rows, and a state from rows: what a start reads in place of all changes since the first one. A closed
 * schema; whether the rows are whole is for the digest to say, which stands behind them. Order of rows is order of memory.
 * Spec: protocol-spec/9-evidence.md, "Snapshots".
 */
import {
  bool,
  bytes,
  field,
  fromHex,
  type Infer,
  list,
  literal,
  Mismatch,
  nullable,
  type Schema,
  sats,
  struct,
  text,
  toHex,
  tuple,
  uint,
  variant,
} from '@coldwire/protocol';
import { type BlockHeader, HEADER_LENGTH, outpointKey, parseHeader } from '@coldwire/wallet';
import { loadCharter } from '../charter/load.ts';
import { addNode, blockId, makeNode } from '../clock/header-tree.ts';
import { type CoinRecord, enforce, type PolicyState } from './state.ts';

const MANY = 1_000_000;

/** Text in memory, fewer bytes on disk. */
function packed(
  name: string,
  length: number,
  unpack: (raw: Uint8Array) => string,
  pack: (value: string) => Uint8Array,
): Schema<string> {
  const raw = bytes(length);
  return {
    name,
    read(plain) {
      const value = raw.read(plain);
      return value instanceof Mismatch ? value : unpack(value);
    },
    write: (value) => (typeof value === 'string' ? raw.write(pack(value)) : new Mismatch('must be a text')),
  };
}
const fromDisplay = (id: string): Uint8Array => fromHex(id).reverse();
/** A txid or block hash in display order. */
const id = (): Schema<string> => packed('id', 32, blockId, fromDisplay);
const hex = (length: number): Schema<string> => packed('hex', length, toHex, fromHex);
const outpoint = () => tuple(id(), uint(0xffffffff));
const tick = () => uint();

const Total = tuple(tick(), sats(), uint(), sats());
const CharterRow = struct('CharterRow', { charter: field(1, bytes(1, 65_536)) });
const PendingRow = struct('PendingRow', {
  charter: field(1, bytes(1, 65_536)),
  since: field(2, tick()),
  due: field(3, tick()),
});
const TicksRow = struct('TicksRow', {
  earned: field(1, tick()),
  credited: field(2, tick()),
  saved: field(3, uint()),
  settledAt: field(4, uint()),
});
const CoinRow = struct('CoinRow', {
  txid: field(1, bytes(32)),
  vout: field(2, uint(0xffffffff)),
  amount: field(3, sats()),
  wallet: field(4, uint(255)),
  chain: field(5, literal(0, 1)),
  index: field(6, uint(0xffffffff)),
  coinbase: field(7, bool()),
  blocks: field(8, list(id(), 0, MANY)),
  spends: field(9, list(tuple(id(), id()), 0, MANY)),
  spenders: field(10, list(id(), 0, MANY)),
  feeCovered: field(11, sats()),
});
const TransactionRow = struct('TransactionRow', {
  txid: field(1, id()),
  inputs: field(2, list(outpoint(), 0, MANY)),
  paid: field(3, sats()),
  fee: field(4, sats()),
});
const ParentRow = struct('ParentRow', { txid: field(1, id()), inputs: field(2, list(outpoint(), 0, MANY)) });
const IntentRow = struct('IntentRow', {
  id: field(1, hex(16)),
  hash: field(2, hex(32)),
  carriers: field(3, list(id(), 0, MANY)),
  until: field(4, uint()),
});
const OrderedRow = struct('OrderedRow', {
  by: field(1, text(1, 32)),
  since: field(2, tick()),
  until: field(3, tick()),
});
const MemoryRow = struct('MemoryRow', {
  nonce: field(1, nullable(hex(16))),
  since: field(2, tick()),
  attested: field(3, list(text(1, 16), 0, 8)),
  born: field(4, nullable(uint())),
  seen: field(5, list(tuple(text(1, 16), uint()), 0, 64)),
  latch: field(
    6,
    nullable(
      struct('LatchRow', {
        code: field(1, literal('STATE_ROLLBACK', 'CLONE')),
        gate: field(2, text(1, 16)),
        vault: field(3, text(1, 16)),
        have: field(4, uint()),
        seen: field(5, uint()),
        since: field(6, tick()),
      }),
    ),
  ),
  restored: field(
    7,
    nullable(
      struct('RestoredRow', {
        height: field(1, uint()),
        since: field(2, tick()),
        nonce: field(3, text(0, 32)),
      }),
    ),
  ),
  forgiven: field(8, list(tuple(text(1, 16), uint()), 0, 64)),
  orders: field(9, list(tuple(hex(32), uint()), 0, MANY)),
  confirmed: field(
    10,
    nullable(struct('ConfirmedRow', { by: field(1, text(1, 160)), since: field(2, tick()) })),
  ),
  ahead: field(11, uint()),
});

/** A tag is never reused. */
export const PolicyRow = variant({
  inForce: [0, CharterRow],
  installed: [1, tuple(uint(), hex(32))],
  pending: [2, PendingRow],
  headers: [3, struct('HeadersRow', { headers: field(1, bytes(80, 12_000)) })],
  ticks: [4, TicksRow],
  coin: [5, CoinRow],
  transaction: [6, TransactionRow],
  parent: [7, ParentRow],
  intent: [8, IntentRow],
  mined: [9, tuple(uint(255), uint(0xffffffff), id())],
  total: [10, Total],
  velocity: [
    11,
    struct('VelocityRow', { key: field(1, text(1, 160)), totals: field(2, list(Total, 0, MANY)) }),
  ],
  registered: [12, tuple(text(1, 16), bytes(1, 42), tick())],
  freeze: [13, OrderedRow],
  ordered: [14, OrderedRow],
  memory: [15, MemoryRow],
});
export type PolicyRow = Infer<typeof PolicyRow>;

const keyParts = (key: string): readonly [string, number] => [key.slice(0, 64), Number(key.slice(65))];
const keyOf = ([txid, vout]: readonly [string, number]): string => `${txid}:${vout}`;

/** The 80 bytes that were parsed (Bitcoin's serialization). */
function headerBytes({ version, previous, merkleRoot, time, bits, nonce }: BlockHeader): Uint8Array {
  const whole = new Uint8Array(HEADER_LENGTH);
  const view = new DataView(whole.buffer);
  whole.set(previous, 4);
  whole.set(merkleRoot, 36);
  for (const [at, value] of [
    [0, version],
    [68, time],
    [72, bits],
    [76, nonce],
  ] as const)
    view.setUint32(at, value, true);
  return whole;
}

function* headerRows({ tree }: PolicyState): Generator<PolicyRow> {
  let run: Uint8Array[] = [];
  const join = (): PolicyRow => ({
    kind: 'headers',
    value: { headers: Uint8Array.from(Buffer.concat(run)) },
  });
  for (const { header, parent } of tree.nodes.values()) {
    if (parent === null) continue;
    run.push(headerBytes(header));
    if (run.length < 150) continue;
    yield join();
    run = [];
  }
  if (run.length > 0) yield join();
}

function coinRow({ key: _, spends, ...coin }: CoinRecord): PolicyRow {
  return {
    kind: 'coin',
    value: { ...coin, spends: spends.map(({ txid, block }) => [txid, block] as const) },
  };
}

function memoryRow({ memory }: PolicyState): PolicyRow {
  const { seen, forgiven, orders, ordered: _, ...rest } = memory;
  return {
    kind: 'memory',
    value: { ...rest, seen: [...seen], forgiven: [...forgiven], orders: [...orders] },
  };
}

/** Everything that the state remembers beyond its first charter. */
export function* snapshotRows(state: PolicyState): Generator<PolicyRow> {
  yield { kind: 'inForce', value: { charter: state.charter.bytes } };
  for (const row of state.charters) yield { kind: 'installed', value: row };
  for (const { charter, since, due } of state.pending)
    yield { kind: 'pending', value: { charter: charter.bytes, since, due } };
  yield* headerRows(state);
  const { earned, credited, saved, settledAt } = state.ticks;
  yield { kind: 'ticks', value: { earned, credited, saved, settledAt } };
  for (const coin of state.coins.values()) yield coinRow(coin);
  for (const [txid, { inputs, ...sums }] of state.transactions)
    yield { kind: 'transaction', value: { txid, inputs: inputs.map(keyParts), ...sums } };
  for (const [txid, inputs] of state.parents)
    yield { kind: 'parent', value: { txid, inputs: inputs.map(keyParts) } };
  for (const [one, record] of state.intents) yield { kind: 'intent', value: { id: one, ...record } };
  for (const [wallet, mined] of state.minedChange.entries())
    for (const { index, block } of mined) yield { kind: 'mined', value: [wallet, index, block] };
  const totalsOf = ({ totals }: PolicyState['ledger']) =>
    totals.map((row) => [row.tick, row.amount, row.count, row.fee] as const);
  for (const total of totalsOf(state.ledger)) yield { kind: 'total', value: total };
  for (const [key, ledger] of state.velocity)
    yield { kind: 'velocity', value: { key, totals: totalsOf(ledger) } };
  for (const [requester, rows] of state.registered)
    for (const [script, at] of rows) yield { kind: 'registered', value: [requester, fromHex(script), at] };
  for (const freeze of state.freezes.values()) yield { kind: 'freeze', value: freeze };
  for (const [by, freeze] of state.memory.ordered) yield { kind: 'ordered', value: { by, ...freeze } };
  yield memoryRow(state);
}

function mustLoad(charter: Uint8Array) {
  const loaded = loadCharter(charter);
  if (!loaded.ok) throw new Error('a charter of the snapshot does not hold together');
  return loaded.value;
}

function takeHeaders(state: PolicyState, headers: Uint8Array): void {
  for (let at = 0; at < headers.length; at += HEADER_LENGTH) {
    const parsed = parseHeader(headers.slice(at, at + HEADER_LENGTH));
    const parent = parsed.ok ? state.tree.nodes.get(blockId(parsed.value.previous)) : undefined;
    if (!parsed.ok || parent === undefined) throw new Error('a header of the snapshot follows no known one');
    addNode(state.tree, makeNode(parsed.value, parent));
  }
}

function takeCoin(state: PolicyState, { blocks, spends, spenders, ...row }: Infer<typeof CoinRow>): void {
  const key = outpointKey(row);
  const lists = { blocks: [...blocks], spenders: [...spenders] };
  state.coins.set(key, { key, ...row, ...lists, spends: spends.map(([txid, block]) => ({ txid, block })) });
}

function takeMemory({ memory }: PolicyState, row: Infer<typeof MemoryRow>): void {
  const { seen, forgiven, orders, ...rest } = row;
  Object.assign(memory, rest);
  for (const [vault, seq] of seen) memory.seen.set(vault, seq);
  for (const [vault, seq] of forgiven) memory.forgiven.set(vault, seq);
  for (const [order, expires] of orders) memory.orders.set(order, expires);
}

const readTotal = ([at, amount, count, fee]: Infer<typeof Total>) => ({ tick: at, amount, count, fee });

/** Adds what a row says to a state that was new. @throws Error if the row does not fit: the snapshot is damaged */
export function takeRow(state: PolicyState, { kind, value }: PolicyRow): void {
  switch (kind) {
    case 'inForce':
      enforce(state, mustLoad(value.charter));
      return;
    case 'installed':
      state.charters.set(...value);
      return;
    case 'pending':
      state.pending = [...state.pending, { ...value, charter: mustLoad(value.charter) }];
      return;
    case 'headers':
      takeHeaders(state, value.headers);
      return;
    case 'ticks':
      state.ticks = { ...state.ticks, ...value };
      return;
    case 'coin':
      takeCoin(state, value);
      return;
    case 'transaction': {
      const { txid, inputs, ...sums } = value;
      state.transactions.set(txid, { inputs: inputs.map(keyOf), ...sums });
      return;
    }
    case 'parent':
      state.parents.set(value.txid, value.inputs.map(keyOf));
      return;
    case 'intent': {
      const { id: one, carriers, ...rest } = value;
      state.intents.set(one, { ...rest, carriers: [...carriers] });
      return;
    }
    case 'mined':
      state.minedChange[value[0]]?.push({ index: value[1], block: value[2] });
      return;
    case 'total':
      state.ledger.totals.push(readTotal(value));
      return;
    case 'velocity':
      state.velocity.set(value.key, { totals: value.totals.map(readTotal) });
      return;
    case 'registered': {
      const [requester, script, at] = value;
      const rows = state.registered.get(requester) ?? new Map<string, number>();
      state.registered.set(requester, rows.set(toHex(script), at));
      return;
    }
    case 'freeze':
      state.freezes.set(value.by, value);
      return;
    case 'ordered':
      state.memory.ordered.set(value.by, { since: value.since, until: value.until });
      return;
    case 'memory':
      takeMemory(state, value);
      return;
  }
}
