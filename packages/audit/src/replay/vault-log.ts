/**
 * Replay of a signer or gate from the vault's logs of its line alone. A result's header carries the readings that decided it,
 * and its receipt what had been taken before; NOTICE tells what happened at the machine itself. So every verdict is reached
 * again without a byte of the machine's own. What the line cannot tell is noted: the readings of a request that a crash left
 * without an answer, and the exact tick of a freeze at the console.
 * Spec: protocol-spec/9-evidence.md, "Audit".
 */
import { BODY_MAX, decode, equalBytes, Notice, Refused, State, toHex } from '@coldwire/protocol';
import type { Place } from '../finding.ts';
import { isRequest, isResult, type LoggedMessage, nameOf } from '../log/message.ts';
import type { Roster } from '../roster.ts';
import type { Line } from '../verify/line.ts';
import { compareSaying, decideApology, isApology } from './compare.ts';
import { type Core, type Decided, type Effect, NotReplayable, type Reading } from './core.ts';
import type { Tally } from './tally.ts';

/** One message of the machine with what it had taken since the one before. */
interface Step {
  readonly message: LoggedMessage;
  /** Taken and left without an answer. */
  readonly silent: readonly LoggedMessage[];
  /** The request that the message answers. */
  readonly asked: LoggedMessage | undefined;
  /** NOTICE that follow a HELLO at once: they happened before it. */
  readonly notices: readonly LoggedMessage[];
}

/** @param lines of one machine, to whichever vaults; it has only one at a time */
export function replayVaultLogs(lines: readonly Line[], core: Core, roster: Roster, tally: Tally): void {
  const steps = lines.flatMap(toSteps).sort((a, b) => {
    const [left, right] = [a.message.header, b.message.header];
    return left.session - right.session || left.uptime - right.uptime;
  });
  const replay = new VaultLog(core, roster, tally);
  for (const step of steps) replay.step(step);
}

function toSteps(line: Line): readonly Step[] {
  const steps: Step[] = [];
  let next = 0;
  for (let at = 0; at < line.up.length; at += 1) {
    const message = line.up[at];
    if (message === undefined) break;
    const from = next;
    while ((line.down[next]?.header.seq ?? Number.POSITIVE_INFINITY) <= message.header.receiptSeq) next += 1;
    const fresh = line.down.slice(from, next);
    const last = fresh.at(-1);
    const asked = last !== undefined && isAnswer(message, last) ? last : undefined;
    const notices: LoggedMessage[] = [];
    if (message.type === 'HELLO') {
      for (let told = line.up[at + 1]; told?.type === 'NOTICE'; told = line.up[at + 1]) {
        notices.push(told);
        at += 1;
      }
    }
    steps.push({ message, silent: asked === undefined ? fresh : fresh.slice(0, -1), asked, notices });
  }
  return steps;
}

function isAnswer(message: LoggedMessage, last: LoggedMessage): boolean {
  const { request } = message.header;
  const asked = last.header.request;
  if (!isResult(message.type) || !isRequest(last.type)) return false;
  if (request === null || asked === null) return request === asked;
  return equalBytes(request, asked);
}

class VaultLog {
  readonly #core: Core;
  readonly #charterText: string;
  /** µs of running time that a millitick takes at least. */
  readonly #millitick: number;
  readonly #tally: Tally;
  /** The last reading of this session that the line shows. */
  #last: Reading = { uptime: 0, time: 0 };
  /** Freezes whose reading the line does not tell: by party, the milliticks between which it began. */
  readonly #freezes = new Map<string, { readonly from: number; readonly to: number }>();

  /** Real time (s) before a request whose reading is unknown: ticks that it may have settled are not known from then on. */
  #unknownSince: number | undefined;

  constructor(core: Core, { charter, first }: Roster, tally: Tally) {
    this.#core = core;
    this.#charterText = toHex(first);
    this.#millitick = charter.clock.spacing * 500;
    this.#tally = tally;
  }

  step({ message, silent, asked, notices }: Step): void {
    for (const request of silent) this.#takeSilent(request);
    const at = { uptime: message.header.uptime, time: message.header.time };
    for (const notice of notices) this.#takeNotice(notice, at);
    while (this.#core.session < message.header.session) this.#start(message.place);
    if (message.type === 'HELLO') this.#compareHello(message, at);
    else if (asked !== undefined) this.#compareAnswer(message, asked, at);
    else if (message.type !== 'NOTICE')
      this.#tally.differs(message.place, `${nameOf(message)}: ${message.type} that follows from no request`);
    this.#core.noteSaid(message);
    this.#last = at;
  }

  #start(place: Place): void {
    const decided = this.#core.decideLocal({ event: 'start', detail: this.#charterText }, this.#last);
    this.#apply(decided, place);
    this.#last = { uptime: 0, time: this.#last.time };
  }

  /** Whatever is queued for the vault was told or lost: notices are the vault's evidence, not to be said again here. */
  #apply({ changes }: Decided, place: Place): void {
    try {
      for (const change of changes) this.#core.apply(change);
    } catch (error) {
      const what = error instanceof Error ? error.message : 'a change does not apply';
      this.#tally.differs(place, what);
    }
  }

  /** It was taken, since a later receipt covers it, but its readings are nowhere: the nearest before stand in. */
  #takeSilent(request: LoggedMessage): void {
    if (!isRequest(request.type)) return;
    const { type, header, body } = request;
    this.#tally.skip(
      request.place,
      'a request without an answer in these logs: the reading that decided it is unknown',
    );
    try {
      const decided = this.#core.decideMessage({ type, header, body }, this.#last);
      if (decided.changes.length > 0) this.#unknownSince ??= this.#last.time;
      this.#apply(decided, request.place);
    } catch {
      // What its machine made of it, if anything, is not known either.
    }
  }

  #takeNotice(message: LoggedMessage, at: Reading): void {
    const notice = decode(Notice, message.body);
    if (!notice.ok) return; // a finding of verify
    if (notice.value.event === 'start') {
      if (this.#core.session < message.header.session) this.#start(message.place);
      return;
    }
    const isNow = this.#core.session === message.header.session;
    try {
      const decided = this.#core.decideLocal(notice.value, isNow ? at : this.#last);
      if (notice.value.event === 'freeze') {
        const [from, to] = [this.#core.tickAt(this.#last), this.#core.tickAt(at)];
        this.#freezes.set(notice.value.detail, { from, to });
      }
      this.#apply(decided, message.place);
      this.#tally.reached();
    } catch (error) {
      const what = error instanceof Error ? error.message : 'it cannot happen';
      this.#tally.differs(message.place, `${nameOf(message)}: ${what}`);
    }
  }

  #compareHello(message: LoggedMessage, at: Reading): void {
    // A signer greets when its program says so; only the first effect, HELLO, is the vault's to compare.
    const decided =
      this.#core.decideGreeting(at) ?? this.#core.decideLocal({ event: 'greet', detail: '' }, at);
    this.#apply(decided, message.place);
    this.#compare(decided.effects[0], message);
  }

  #compareAnswer(message: LoggedMessage, asked: LoggedMessage, at: Reading): void {
    const { type, header, body } = asked;
    const received = { type, header, body };
    let decided: Decided;
    try {
      decided = this.#core.decideMessage(received, at);
    } catch (error) {
      if (error instanceof NotReplayable) {
        this.#tally.skip(message.place, error.message);
        this.#core.adopt(received, { type: message.type, body: message.body, at });
        return;
      }
      decided = decideApology(header.request);
    }
    if (this.#adoptFreeze(decided, message) || this.#adoptTicks(message, at))
      decided = this.#core.decideMessage(received, at);
    if (isApology(message) && decided.effects[0]?.kind === 'sign') {
      this.#tally.skip(message.place, 'the machine met an error of its own and says so');
      this.#apply(decided, message.place);
      return;
    }
    this.#apply(decided, message.place);
    const [effect] = decided.effects;
    if (effect?.kind !== 'sign' || message.type !== 'SIGNED') {
      this.#compare(effect, message);
      return;
    }
    const finished = effect.finish(message.body);
    if (typeof finished === 'string') {
      this.#tally.differs(message.place, `${nameOf(message)}: ${finished}`);
      return;
    }
    this.#apply(finished, message.place);
    this.#compare(finished.effects[0], message);
  }

  /**
   * A refusal states when the freeze began that it names. The first one to do so decides, if it is a tick at which the freeze
   * can have begun; from then on it is known.
   * @returns whether the state was changed, and the decision must be made again
   */
  #adoptFreeze({ effects }: Decided, message: LoggedMessage): boolean {
    const [effect] = effects;
    if (effect?.kind !== 'say' || effect.type !== 'REFUSED' || equalBytes(effect.body, message.body))
      return false;
    const stated = readFreeze(message);
    const window = stated === undefined ? undefined : this.#freezes.get(stated.by);
    if (stated === undefined || window === undefined) return false;
    if (stated.since < window.from || stated.since > window.to) return false;
    this.#freezes.delete(stated.by);
    this.#core.moveFreeze(stated.by, stated.since);
    return true;
  }

  /**
   * The first STATE behind a request of unknown reading says how much running time that reading had settled: no more than the
   * real time that went by, and no more than headers had earned.
   */
  #adoptTicks(message: LoggedMessage, at: Reading): boolean {
    const state = message.type === 'STATE' ? decode(State, message.body) : undefined;
    if (state?.ok !== true || this.#unknownSince === undefined) return false;
    const missing = state.value.millitick - this.#core.tickAt(at);
    const elapsed = (at.time - this.#unknownSince + 1) * 1_000_000;
    this.#unknownSince = undefined;
    return missing * this.#millitick <= elapsed && this.#core.advance(missing);
  }

  #compare(effect: Effect | undefined, message: LoggedMessage): void {
    if (effect?.kind !== 'say') {
      const rules = effect === undefined ? 'nothing' : 'SIGNED';
      this.#tally.differs(
        message.place,
        `${nameOf(message)}: it said ${message.type} where the rules say ${rules}`,
      );
      return;
    }
    const differs = compareSaying(effect, message);
    if (differs === undefined) this.#tally.reached();
    else this.#tally.differs(message.place, `${nameOf(message)}: ${differs}`);
  }
}

/** What a refusal says of a freeze: whose, and since which millitick. */
function readFreeze({
  type,
  body,
}: LoggedMessage): { readonly by: string; readonly since: number } | undefined {
  const refused = type === 'REFUSED' ? decode(Refused, body, BODY_MAX) : undefined;
  const row = refused?.ok === true ? refused.value.refusals.find(({ code }) => code === 'FROZEN') : undefined;
  const facts = new Map(row?.facts);
  const [by, since] = [facts.get('by'), facts.get('since')];
  const ticks = /^(\d{1,9})\.(\d{3})$/.exec(since ?? '');
  return by === undefined || ticks === null ? undefined : { by, since: Number(`${ticks[1]}${ticks[2]}`) };
}
