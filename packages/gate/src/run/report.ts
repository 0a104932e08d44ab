/**
 * What a gate tells people: JSON lines on stderr, escaped and bounded, what the vault can cause counted; and for
 * `coldwire-gate status` a word about itself, after each event and once a minute.
 */
import { type DiskState, DiskWatch, describeDisk } from '@coldwire/evidence';
import { describeProgram, EventLog, type Facts, type JsonValue, writeStatus } from '@coldwire/program';
import { BODY_MAX, decode, Refused } from '@coldwire/protocol';
import { displayHash } from '../core/state.ts';

const EVERY_MS = 60_000;
const UNLISTED =
  'no charter in force here lists this gate with its keys: it waits for one, handed over by the vault (coldwire-vault charter FILE)';

export class GateReport {
  readonly #directory: string;
  readonly #gate: string;
  readonly #log: EventLog;
  readonly #disk: DiskWatch;
  readonly #started = new Date().toISOString();
  #line: { readonly up: boolean; readonly since: string; readonly reason: string | null };
  #portGone: string | null = null;
  #isListed = true;
  #diskState: DiskState | null = null;
  #lastCleared: { readonly txid: string; readonly at: string } | null = null;
  #lastRefused: readonly string[] = [];
  #cleared = 0;

  constructor(directory: string, gate: string, log = new EventLog()) {
    this.#directory = directory;
    this.#gate = gate;
    this.#log = log;
    this.#disk = new DiskWatch(directory);
    this.#line = { up: false, since: this.#started, reason: 'not called yet' };
  }

  /** Looks at the disk and says so, from now on once a minute. */
  watch(): void {
    this.#lookAtDisk();
    setInterval(() => this.#lookAtDisk(), EVERY_MS).unref();
  }

  event(event: string, facts: Facts = {}): void {
    this.#log.event(event, facts);
    this.#write();
  }

  alarm(code: string, detail: string): void {
    this.#log.often('alarm', code, { code, detail });
  }

  connected(): void {
    this.#line = { up: true, since: new Date().toISOString(), reason: null };
    this.#log.often('connected', '');
    this.#write();
  }

  disconnected(reason: string): void {
    this.#line = { up: false, since: new Date().toISOString(), reason };
    this.#log.often('disconnected', '', { reason });
    this.#write();
  }

  /** Whether the charter in force lists this gate with its keys: else it clears nothing. */
  listed(is: boolean): void {
    this.#isListed = is;
    if (!is) this.alarm('WRONG_PEER', UNLISTED);
    this.#write();
  }

  /** What the line does by itself. */
  line(event: 'receiving' | 'noise', facts: Facts): void {
    this.#log.often(event, '', facts);
  }

  portLost(reason: string): void {
    this.#portGone = reason;
    this.#line = { ...this.#line, since: new Date().toISOString() };
    this.#log.often('alarm', 'LINE_GONE', { code: 'LINE_GONE', detail: reason });
    this.#write();
  }

  /** It does not open again yet. */
  portRefused(reason: string): void {
    this.#portGone = reason;
    this.#log.often('port-refused', '', { reason });
    this.#write();
  }

  portBack(): void {
    this.#portGone = null;
    this.#log.often('port-back', '');
    this.#write();
  }

  cleared(hash: Uint8Array, fee: bigint, intents: number): void {
    const txid = displayHash(hash);
    this.#cleared += 1;
    this.#lastCleared = { txid, at: new Date().toISOString() };
    this.event('cleared', { txid, fee, intents });
  }

  /** A refusal is an alarm with its codes and facts. */
  refused(body: Uint8Array): void {
    const refused = decode(Refused, body, BODY_MAX);
    if (!refused.ok) throw new Error('a refusal of our own is damaged');
    const rows = refused.value.refusals;
    this.#lastRefused = rows.map(({ code }) => code);
    for (const { code, facts } of rows.slice(0, 16))
      this.#log.often('alarm', code, { code, facts: Object.fromEntries(facts) });
  }

  #lookAtDisk(): void {
    try {
      const changed = this.#disk.lookForChange();
      this.#diskState = changed ?? this.#disk.look();
      if (changed !== undefined && changed.level !== 'ok')
        this.alarm('DISK_LOW', `${changed.level}: ${describeDisk(changed)}`);
    } catch (error) {
      this.#diskState = null;
      this.alarm('DISK_LOW', error instanceof Error ? error.message : 'the disk does not answer');
    }
    this.#write();
  }

  #write(): void {
    writeStatus(this.#directory, {
      gate: this.#gate,
      since: this.#started,
      program: describeProgram(),
      blockers: this.#findBlockers(),
      connected: this.#line.up && this.#portGone === null,
      lineSince: this.#line.since,
      cleared: this.#cleared,
      lastCleared: this.#lastCleared === null ? null : { ...this.#lastCleared },
      lastRefused: [...this.#lastRefused],
      disk: this.#diskState === null ? null : { ...this.#diskState },
    });
  }

  /** Who or what keeps it from clearing, since when, and the code whose procedure helps. */
  #findBlockers(): JsonValue[] {
    const { up, since, reason } = this.#line;
    const line =
      this.#portGone === null
        ? `no connection (${reason ?? ''}): the vault does not call, or the cable is out`
        : `the port is away: ${this.#portGone}`;
    const disk = this.#diskState;
    return [
      ...(this.#isListed ? [] : [{ code: 'WRONG_PEER', since: null, text: UNLISTED }]),
      ...(up && this.#portGone === null ? [] : [{ code: 'LINE_GONE', since, text: line }]),
      ...(disk === null || disk.level === 'ok'
        ? []
        : [{ code: 'DISK_LOW', since: null, text: `disk: ${describeDisk(disk)}` }]),
    ];
  }
}
