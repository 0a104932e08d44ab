/**
 * The signer's state and chains at start, folded from its evidence log. Rules are not run again.
 * Refuses a log of another owner or charter, and one that is damaged (STATE_CORRUPT). Spec: protocol-spec/9-evidence.md.
 */
import { unpackMessage } from '@coldwire/channel';
import { type EvidenceLog, type LogPlace, openLog, readSnapshots } from '@coldwire/evidence';
import type { CharterInForce } from '@coldwire/policy';
import { EXIT, Failure } from '@coldwire/program';
import {
  type Chain,
  createChain,
  equalBytes,
  type Line,
  realignChain,
  recordReceived,
  recordSent,
  toHex,
} from '@coldwire/protocol';
import type { PointMath } from '@coldwire/wallet';
import { apply, decodeChange } from '../core/change.ts';
import { decodeLocal, type LocalEvent } from '../core/event.ts';
import { noteSent } from '../core/heads.ts';
import { readRows } from '../core/snapshot.ts';
import { createState, type SignerState } from '../core/state.ts';
import { lineTo } from './identify.ts';
import { readPositions } from './lost.ts';

export interface Restored {
  readonly log: EvidenceLog;
  readonly state: SignerState;
  readonly chain: Chain;
  /** Of the lines to other vaults that the log knows: a snapshot keeps them for a start that goes back to one. */
  readonly others: readonly Chain[];
  /** Bytes of a torn last write that were cut off. */
  readonly torn: number;
  /** Number of the first record that was folded: 0 without a snapshot. */
  readonly from: number;
  /** Whether this directory's signer has said anything: then the link key that it has is its for good. */
  readonly hasSpoken: boolean;
}

/**
 * @param charter the first one; the log holds those that followed it
 * @param line by names: its keys are those of the charter in force
 * @throws Failure
 */
export function restore(directory: string, charter: CharterInForce, line: Line, math: PointMath): Restored {
  const base = readBase(directory, charter, line, math);
  let { state } = base;
  const { lines } = base;
  let hasSpoken = base.from !== undefined;
  const opened = openLog(
    directory,
    line.self,
    (record) => {
      const [, kind, , , bytes] = record;
      if (kind === 'change') state = apply(state, decodeChange(bytes));
      else if (kind === 'local') foldLocal(lines, decodeLocal(bytes), charter, directory);
      else if (kind !== 'segment') lines.fold(kind, bytes);
      if (kind === 'sent') hasSpoken = true;
      if (kind === 'sent') noteSent(state.heads, unpackMessage(bytes).message.header);
    },
    base.from === undefined ? {} : { from: base.from },
  );
  const now = lineTo(state.policy.charter, line.self, line.peer);
  return {
    log: opened.log,
    state,
    chain: { ...lines.to(line.peer), line: now },
    others: lines.besides(line.peer),
    torn: opened.torn,
    from: base.from?.index ?? 0,
    hasSpoken,
  };
}

/** The chains with all vaults that the log holds messages of. */
class Lines {
  readonly #line: Line;
  readonly #chains: Map<string, Chain>;

  /** @param line to any of them */
  constructor(line: Line, chains: Map<string, Chain>) {
    this.#line = line;
    this.#chains = chains;
  }

  to(peer: string): Chain {
    return this.#chains.get(peer) ?? createChain({ ...this.#line, peer });
  }

  besides(peer: string): readonly Chain[] {
    return [...this.#chains.values()].filter(({ line }) => line.peer !== peer);
  }

  set(chain: Chain): void {
    this.#chains.set(chain.line.peer, chain);
  }

  fold(kind: 'received' | 'sent', packed: Uint8Array): void {
    const { message, header } = unpackMessage(packed);
    if (kind === 'sent') this.set(recordSent(this.to(header.recipient), message));
    else this.set(recordReceived(this.to(header.sender), message, header));
  }
}

interface Base {
  readonly state: SignerState;
  readonly lines: Lines;
  /** Where the log goes on from it; undefined: from its first record. */
  readonly from: LogPlace | undefined;
}

/** The newest snapshot that can be believed, or nothing yet: then the whole log is folded. */
function readBase(directory: string, charter: CharterInForce, line: Line, math: PointMath): Base {
  for (const { rows, place } of readSnapshots(directory, line.self)) {
    const state = createState(charter, line.self, math);
    const chains = readRows(rows, state, line);
    if (chains !== undefined && equalBytes(state.policy.charter.first, charter.first))
      return { state, lines: new Lines(line, chains), from: place };
  }
  const state = createState(charter, line.self, math);
  return { state, lines: new Lines(line, new Map()), from: undefined };
}

function foldLocal(lines: Lines, local: LocalEvent, charter: CharterInForce, directory: string): void {
  refuseOtherCharter(local, charter, directory);
  if (local.event !== 'realign') return;
  const { peer, positions } = readPositions(local.detail);
  lines.set(realignChain(lines.to(peer), positions));
}

/** Every start is recorded with the charter's hash: windows and coins of one charter are not another's. */
function refuseOtherCharter({ event, detail }: LocalEvent, charter: CharterInForce, directory: string): void {
  if (event !== 'start' || detail === toHex(charter.first)) return;
  throw new Failure(EXIT.ENVIRONMENT, {
    code: 'WRONG_CHARTER',
    what: `this state was made under the charter ${detail.slice(0, 16)}…, not ${toHex(charter.first).slice(0, 16)}…`,
    where: directory,
    todo: 'Name the charter that this machine runs under, or another state directory.',
  });
}
