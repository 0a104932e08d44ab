/**
 * A signer's state and its lines as rows of a snapshot, and back. What they hold is what folding the log from its first record
 * gives; the state's digest stands behind them, and rows that do not come to it are not believed.
 * Spec: protocol-spec/9-evidence.md, "Snapshots".
 */
import { digestState, PolicyRow, snapshotRows, takeRow } from '@coldwire/policy';
import {
  bytes,
  type Chain,
  decode,
  encode,
  equalBytes,
  field,
  type Infer,
  type Line,
  type Message,
  MessageBytes,
  optional,
  RECORD_MAX,
  realignChain,
  struct,
  text,
  tuple,
  uint,
  variant,
} from '@coldwire/protocol';
import { NoticeChange, Result } from './change.ts';
import { noteSigned } from './heads.ts';
import type { SignerState } from './state.ts';

const HeadRow = tuple(uint(), bytes(32));

/** A tag is never reused; 5 was the line to one vault without those to others: a row of which nothing is believed. */
const SignerRow = variant({
  policy: [0, PolicyRow],
  result: [1, Result],
  notice: [2, NoticeChange],
  session: [3, uint()],
  /** An own SIGNED: vault, number, hash. */
  signed: [4, tuple(text(1, 16), uint(), bytes(32))],
  /** A message that the peer of the line before it has not acknowledged. */
  sent: [6, MessageBytes],
  digest: [7, bytes(32)],
  joined: [8, bytes(32)],
  line: [
    9,
    struct('LineRow', {
      peer: field(1, text(1, 16)),
      /** As signed messages came to it. */
      mine: field(2, HeadRow),
      theirs: field(3, HeadRow),
      acknowledged: field(4, HeadRow),
      /** Where only a hello has put it: own place, and the peer's. */
      claim: optional(5, tuple(HeadRow, HeadRow)),
    }),
  ],
});
type SignerRow = Infer<typeof SignerRow>;

const rowOf = ({ seq, hash }: Chain['mine']): Infer<typeof HeadRow> => [seq, hash];
const headOf = ([seq, hash]: Infer<typeof HeadRow>): Chain['mine'] => ({ seq, hash });

function* makeLine(chain: Chain): Generator<SignerRow> {
  const { mine, theirs, acknowledged, sent } = chain.proven ?? chain;
  const ends = { mine: rowOf(mine), theirs: rowOf(theirs), acknowledged: rowOf(acknowledged) };
  const claim = [rowOf(chain.mine), rowOf(chain.theirs)] as const;
  const claimed = chain.proven === undefined ? {} : { claim };
  yield { kind: 'line', value: { peer: chain.line.peer, ...ends, ...claimed } };
  for (const { header, body, signature } of sent) yield { kind: 'sent', value: [header, body, signature] };
}

function* makeRows(state: SignerState, chains: Iterable<Chain>): Generator<SignerRow> {
  for (const value of snapshotRows(state.policy)) yield { kind: 'policy', value };
  for (const value of state.results.values()) yield { kind: 'result', value };
  for (const value of state.notices) yield { kind: 'notice', value };
  yield { kind: 'session', value: state.session };
  if (state.joined !== null) yield { kind: 'joined', value: state.joined };
  for (const [vault, heads] of state.heads)
    for (const { seq, hash } of heads) yield { kind: 'signed', value: [vault, seq, hash] };
  for (const chain of chains) yield* makeLine(chain);
  yield { kind: 'digest', value: digestState(state.policy) };
}

/** Every item of CBOR takes a byte: a row up to this length has no more than a start reads. */
const SURELY_READ = 65_536;

/**
 * @param chains the lines to all vaults of which the log holds a message: a number is never used again with any of them
 * @throws Error at a row that {@link readRows} would not take. A vault can lengthen a row, a carrier for each SIGN: a snapshot
 * that nobody believes would push out one that is good, and have files archived that the next start needs.
 */
export function* writeRows(state: SignerState, chains: Iterable<Chain>): Generator<Uint8Array> {
  for (const row of makeRows(state, chains)) {
    const written = encode(SignerRow, row);
    if (written.length > SURELY_READ && !decode(SignerRow, written, RECORD_MAX).ok)
      throw new Error(`a row of ${written.length} bytes is longer than a start reads`);
    yield written;
  }
}

/** Whether all rows are of the form that a start reads. */
export function areReadable(rows: readonly Uint8Array[]): boolean {
  return rows.every((row) => decode(SignerRow, row, RECORD_MAX).ok);
}

/** The line of a row, and what came behind it. */
interface Held {
  readonly row: Extract<SignerRow, { kind: 'line' }>['value'];
  readonly sent: Message[];
}

/** @returns whether the snapshot is of the policy state that it names */
function takeAll(rows: readonly Uint8Array[], state: SignerState, lines: Held[]): boolean {
  let isWhole = false;
  for (const bytes of rows) {
    const row = decode(SignerRow, bytes, RECORD_MAX);
    if (!row.ok) return false;
    const { kind, value } = row.value;
    if (kind === 'policy') takeRow(state.policy, value);
    else if (kind === 'result') state.results.set(Buffer.from(value.request).toString('hex'), value);
    else if (kind === 'notice') state.notices.push(value);
    else if (kind === 'session') state.session = value;
    else if (kind === 'joined') state.joined = value;
    else if (kind === 'signed') noteSigned(state.heads, value[0], { seq: value[1], hash: value[2] });
    else if (kind === 'line') lines.push({ row: value, sent: [] });
    else if (kind === 'sent') {
      const [header, body, signature] = value;
      const line = lines.at(-1);
      if (line === undefined) return false;
      line.sent.push({ header, body, signature });
    } else isWhole = equalBytes(value, digestState(state.policy));
  }
  return isWhole;
}

function makeChain(line: Line, { row, sent }: Held): Chain {
  const { peer, claim } = row;
  const ends = { mine: headOf(row.mine), theirs: headOf(row.theirs), acknowledged: headOf(row.acknowledged) };
  const chain = { line: { ...line, peer }, ...ends, sent };
  if (claim === undefined) return chain;
  return realignChain(chain, { mine: headOf(claim[0]), theirs: headOf(claim[1]) });
}

/**
 * Fills a new state.
 * @param line to any vault @returns the lines as they stood, by vault; undefined: not to be believed, and the state must be made
 * anew
 */
export function readRows(
  rows: readonly Uint8Array[],
  state: SignerState,
  line: Line,
): Map<string, Chain> | undefined {
  const lines: Held[] = [];
  try {
    if (!takeAll(rows, state, lines)) return undefined;
  } catch {
    return undefined; // a row that does not fit
  }
  return new Map(lines.map((held) => [held.row.peer, makeChain(line, held)]));
}
