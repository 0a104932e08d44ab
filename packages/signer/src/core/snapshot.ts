/**
 * A signer's state and its line as rows of a snapshot, and back. What they hold is what folding the log from its first record
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
  MessageBytes,
  RECORD_MAX,
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

/** A tag is never reused. */
const SignerRow = variant({
  policy: [0, PolicyRow],
  result: [1, Result],
  notice: [2, NoticeChange],
  session: [3, uint()],
  /** An own SIGNED: vault, number, hash. */
  signed: [4, tuple(text(1, 16), uint(), bytes(32))],
  chain: [
    5,
    struct('ChainRow', {
      peer: field(1, text(1, 16)),
      mine: field(2, HeadRow),
      theirs: field(3, HeadRow),
      acknowledged: field(4, HeadRow),
    }),
  ],
  /** A message that the peer has not acknowledged. */
  sent: [6, MessageBytes],
  digest: [7, bytes(32)],
  joined: [8, bytes(32)],
});
type SignerRow = Infer<typeof SignerRow>;

function* makeRows(state: SignerState, chain: Chain): Generator<SignerRow> {
  for (const value of snapshotRows(state.policy)) yield { kind: 'policy', value };
  for (const value of state.results.values()) yield { kind: 'result', value };
  for (const value of state.notices) yield { kind: 'notice', value };
  yield { kind: 'session', value: state.session };
  if (state.joined !== null) yield { kind: 'joined', value: state.joined };
  for (const [vault, heads] of state.heads)
    for (const { seq, hash } of heads) yield { kind: 'signed', value: [vault, seq, hash] };
  const { line, mine, theirs, acknowledged } = chain;
  const head = ({ seq, hash }: Chain['mine']) => [seq, hash] as const;
  const ends = { mine: head(mine), theirs: head(theirs), acknowledged: head(acknowledged) };
  yield { kind: 'chain', value: { peer: line.peer, ...ends } };
  for (const { header, body, signature } of chain.sent)
    yield { kind: 'sent', value: [header, body, signature] };
  yield { kind: 'digest', value: digestState(state.policy) };
}

/** Every item of CBOR takes a byte: a row up to this length has no more than a start reads. */
const SURELY_READ = 65_536;

/**
 * @throws Error at a row that {@link readRows} would not take. A vault can lengthen a row, a carrier for each SIGN: a snapshot
 * that nobody believes would push out one that is good, and have files archived that the next start needs.
 */
export function* writeRows(state: SignerState, chain: Chain): Generator<Uint8Array> {
  for (const row of makeRows(state, chain)) {
    const written = encode(SignerRow, row);
    if (written.length > SURELY_READ && !decode(SignerRow, written, RECORD_MAX).ok)
      throw new Error(`a row of ${written.length} bytes is longer than a start reads`);
    yield written;
  }
}

/** @returns whether the snapshot is of the line to the same peer, and of the policy state that it names */
function takeAll(rows: readonly Uint8Array[], state: SignerState, line: { chain: Chain }): boolean {
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
    else if (kind === 'chain') {
      if (value.peer !== line.chain.line.peer) return false;
      const head = ([seq, hash]: Infer<typeof HeadRow>) => ({ seq, hash });
      const ends = {
        mine: head(value.mine),
        theirs: head(value.theirs),
        acknowledged: head(value.acknowledged),
      };
      line.chain = { ...line.chain, ...ends };
    } else if (kind === 'sent') {
      const [header, body, signature] = value;
      line.chain = { ...line.chain, sent: [...line.chain.sent, { header, body, signature }] };
    } else isWhole = equalBytes(value, digestState(state.policy));
  }
  return isWhole;
}

/**
 * Fills a new state. @param chain the new chain of the line @returns the chain as it stood; undefined: not to be believed, and
 * the state must be made anew
 */
export function readRows(rows: readonly Uint8Array[], state: SignerState, chain: Chain): Chain | undefined {
  const line = { chain };
  try {
    return takeAll(rows, state, line) ? line.chain : undefined;
  } catch {
    return undefined; // a row that does not fit
  }
}
