/**
 * Replay of a signer's or gate's own log: each batch is one step of the machine, and the log holds the exact readings that it
 * was given. Every decision is made again; its changes must be those journalled in the same batch, its messages those sent
 * next. Where they differ the journal is followed, so that one difference is one finding.
 * Spec: protocol-spec/9-evidence.md, "Audit".
 */
import { equalBytes } from '@coldwire/protocol';
import type { Findings } from '../finding.ts';
import type { Entry } from '../log/load-log.ts';
import { type LoggedMessage, nameOf } from '../log/message.ts';
import type { Item, Transcript } from '../log/transcript.ts';
import { CHECK_STATE } from '../report.ts';
import { compareChanges, compareSaying, decideApology, describe, isApology } from './compare.ts';
import { type Core, type Decided, type Effect, NotReplayable } from './core.ts';
import type { Tally } from './tally.ts';

type Batch = readonly [Item, ...Item[]];

/** After which events a machine says no more what was due: a disk that did not write had kept it from that. */
const DROPS: Readonly<Partial<Record<string, string>>> = {
  start: 'the machine stopped before it was sent',
  lock: 'the machine was locked before it was sent',
  unlock: 'the machine was given its keys anew before it was sent',
  join: 'the machine was given another link key before it was sent',
  realign: 'the place of the line where it would have been said is gone',
};
const LOCKED = 'the machine locked itself instead of signing';

/** `core` decides and `fold` only applies what was journalled; both begin empty. */
export function replayOwnLog(
  transcript: Transcript,
  core: Core,
  fold: Core,
  tally: Tally,
  findings: Findings,
): void {
  const replay = new OwnLog(core, tally);
  for (const batch of toBatches(transcript.items)) {
    try {
      for (const change of changesOf(batch)) fold.apply(change.bytes);
      replay.step(batch);
    } catch (error) {
      const what = error instanceof Error ? error.message : 'it does not apply';
      findings.find('AUDIT_STATE', batch[0].entry.place, `the changes of this batch: ${what}`);
      return;
    }
  }
  replay.end();
  findings.count(CHECK_STATE);
  if (!core.equals(fold)) {
    const what = `the rules, run again, bring ${transcript.owner} to another state than its journal`;
    findings.find('AUDIT_STATE', transcript.log.end, what);
  }
}

function toBatches(items: readonly Item[]): readonly Batch[] {
  const batches: [Item, ...Item[]][] = [];
  for (const item of items) {
    const last = batches.at(-1);
    if (last !== undefined && last[0].entry.batch === item.entry.batch) last.push(item);
    else batches.push([item]);
  }
  return batches;
}

function changesOf(batch: Batch): readonly Entry[] {
  return batch.flatMap((item) => (item.kind === 'change' ? [item.entry] : []));
}

class OwnLog {
  readonly #core: Core;
  readonly #tally: Tally;
  /** What the last decision asked for and has not yet been seen; undefined after one that says nothing of what follows. */
  #waiting: Effect[] | undefined = [];
  #place: Entry['place'] | undefined;

  constructor(core: Core, tally: Tally) {
    this.#core = core;
    this.#tally = tally;
  }

  step(batch: Batch): void {
    const [first] = batch;
    this.#place = first.entry.place;
    if (first.kind === 'local') this.#stepLocal(batch, first);
    else if (first.kind === 'message' && first.message.way === 'received')
      this.#stepReceived(batch, first.message);
    else this.#stepSent(batch);
    for (const item of batch) {
      if (item.kind === 'message' && item.message.way === 'sent') this.#core.noteSaid(item.message);
    }
  }

  /** What is missing at the end was lost in the crash, or is not written yet. */
  end(): void {
    if (this.#place !== undefined) this.#giveUp(this.#place, 'the log ends before it was sent');
  }

  #stepReceived(batch: Batch, message: LoggedMessage): void {
    this.#expectNothing(batch[0].entry.place);
    const at = { uptime: message.uptime, time: message.time };
    const { type, header, body } = message;
    let decided: Decided;
    try {
      decided = this.#core.decideMessage({ type, header, body }, at);
    } catch (error) {
      if (error instanceof NotReplayable) {
        this.#tally.skip(message.place, error.message);
        this.#adopt(batch);
        this.#waiting = undefined;
        return;
      }
      decided = decideApology(header.request);
    }
    this.#compare(batch, decided, `${nameOf(message)}, ${type}`);
  }

  #stepLocal(batch: Batch, { entry, local }: Extract<Item, { kind: 'local' }>): void {
    const why = local.event === 'lock' && this.#waiting?.[0]?.kind === 'sign' ? LOCKED : DROPS[local.event];
    if (why === undefined) this.#expectNothing(entry.place);
    else this.#giveUp(entry.place, why);
    const decided = this.#core.decideLocal(local, entry);
    this.#compare(batch, decided, `local event "${local.event}"`);
    const sent = batch.find((item) => item.kind === 'message');
    if (sent?.kind === 'message') this.#takeSent(sent.message);
  }

  /** A message of the machine's own, with what its signatures changed. */
  #stepSent(batch: Batch): void {
    const sent = batch.find((item) => item.kind === 'message');
    if (sent?.kind !== 'message') {
      this.#tally.differs(batch[0].entry.place, 'changes that follow from nothing');
      this.#adopt(batch);
      return;
    }
    const next = this.#waiting?.[0];
    if (this.#waiting === undefined) this.#adopt(batch);
    else if (next?.kind === 'sign') this.#takeSigned(batch, sent.message, next);
    else {
      const effects = [...this.#waiting];
      this.#compare(batch, { changes: [], effects }, nameOf(sent.message));
      this.#takeSent(sent.message);
    }
  }

  #takeSigned(batch: Batch, message: LoggedMessage, next: Extract<Effect, { kind: 'sign' }>): void {
    const { request } = message.header;
    if (isApology(message) && request !== null && equalBytes(request, next.request)) {
      this.#giveUp(message.place, 'the machine met an error of its own and says so');
      this.#compare(batch, { changes: [], effects: [] }, `${nameOf(message)}, REFUSED INTERNAL`);
      return;
    }
    this.#waiting?.shift();
    if (message.type !== 'SIGNED') {
      this.#tally.differs(message.place, `${nameOf(message)}: ${message.type} where the rules say SIGNED`);
      this.#adopt(batch);
      return;
    }
    const finished = next.finish(message.body);
    if (typeof finished === 'string') {
      this.#tally.differs(message.place, `${nameOf(message)}: ${finished}`);
      this.#adopt(batch);
      return;
    }
    this.#compare(batch, finished, `${nameOf(message)}, SIGNED`);
    this.#takeSent(message);
  }

  #takeSent(message: LoggedMessage): void {
    if (this.#waiting === undefined) return;
    const next = this.#waiting.shift() ?? this.#core.decideGreeting(message)?.effects[0];
    if (next?.kind !== 'say') {
      const what = `${nameOf(message)}: ${message.type}, which follows from nothing that happened`;
      this.#tally.differs(message.place, what);
      return;
    }
    const differs = compareSaying(next, message);
    if (differs === undefined) this.#tally.reached();
    else this.#tally.differs(message.place, `${nameOf(message)}: ${differs}`);
  }

  /** Applies what was journalled, whether it is what was decided or not. */
  #compare(batch: Batch, { changes, effects }: Decided, about: string): void {
    const logged = changesOf(batch).map(({ bytes }) => bytes);
    const differs = compareChanges(changes, logged);
    this.#adopt(batch);
    if (differs === undefined) {
      this.#waiting = [...effects];
      this.#tally.reached();
      return;
    }
    this.#waiting = undefined;
    const rules = effects.length === 0 ? '' : `; the rules say ${effects.map(describeEffect).join(', ')}`;
    this.#tally.differs(batch[0].entry.place, `${about}: ${differs}${rules}`);
  }

  #adopt(batch: Batch): void {
    for (const { bytes } of changesOf(batch)) this.#core.apply(bytes);
  }

  #expectNothing(place: Entry['place']): void {
    const [next] = this.#waiting ?? [];
    if (next !== undefined)
      this.#tally.differs(place, `${describeEffect(next)} was due before this, and is missing`);
    this.#waiting = [];
  }

  #giveUp(place: Entry['place'], why: string): void {
    const [next] = this.#waiting ?? [];
    if (next !== undefined) this.#tally.note(place, `${describeEffect(next)} was due: ${why}`);
    this.#waiting = [];
  }
}

function describeEffect(effect: Effect): string {
  return effect.kind === 'sign' ? 'SIGNED' : describe(effect.type, effect.body);
}
