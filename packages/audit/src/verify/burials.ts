/**
 * Which cleared transactions can never be mined, by the words of two signers: what a gate goes by when it clears another one for
 * the same intent. Judged from the messages alone; that what the signers say is true only the chain shows.
 * Spec: protocol-spec/9-evidence.md, "Audit", 12; 13-gate.md, "Dead transactions".
 */
import {
  BODY_MAX,
  Bury,
  type Charter,
  Death,
  decode,
  equalBytes,
  Header,
  Hello,
  hashBody,
  MESSAGE_TYPES,
  MessageBytes,
  messageHash,
  PROTOCOL_VERSION,
  RECORD_MAX,
  SALT_LENGTH,
  State,
  toHex,
} from '@coldwire/protocol';
import { reverseHex } from '../bitcoin/transaction.ts';
import { isResult, type LoggedMessage, requestOf } from '../log/message.ts';
import { identify, isSameCharter, keyOf, type Roster } from '../roster.ts';
import type { ClearedSpend, SignerKey } from './cleared.ts';
import { groupByMachine, type Line } from './line.ts';

/** How many signers must say it: of two, one is honest. */
const QUORUM = 2;

type Row = Bury['deaths'][number];

/** That a transaction is dead, as one machine said it: its name, and the link key that signed it. */
interface Word extends SignerKey {
  /** As people see it. */
  readonly txid: string;
}

/** BURY that a gate took. */
interface Burial extends Shown {
  /** Name and machine of the gate that was told. */
  readonly gate: string;
  /** DONE, by which the gate says that it goes by it. */
  readonly taken: LoggedMessage;
  /** Place in the chain of the newest charter that the gate had stated to be in force there. */
  readonly since: number;
}

export class Burials {
  readonly #roster: Roster;
  readonly #burials: readonly Burial[];
  /** What signers said, to whomever it was shown. */
  readonly #words: readonly Word[];

  /** @param lines of every signer and gate whose logs are given */
  constructor(lines: readonly Line[], roster: Roster) {
    this.#roster = roster;
    const gates = new Set(lines.flatMap(({ peer, receiver }) => (receiver === 'gate' ? [peer] : [])));
    this.#burials = [...gates].flatMap((gate) => readBurials(gate, lines, roster));
    this.#words = lines.flatMap(({ up, down }) => [
      ...up.flatMap((message) => readSaid(message, roster)),
      ...down.flatMap((message) => readShown(message, roster)?.words ?? []),
    ]);
  }

  /**
   * Who say that `dead` can never be mined, so that `other` may pay the same intent. Undefined: nobody whom the gate of `other`
   * could have gone by, as far as these logs tell.
   */
  signersOf(dead: ClearedSpend, other: ClearedSpend): readonly string[] | undefined {
    const { charters } = this.#roster;
    const gate = gateOf(other.message, this.#roster);
    // Some gate had this charter in force, or a later one, when it cleared what is dead.
    const since = placeOf(dead, charters);
    if (gateOf(dead.message, this.#roster) !== gate) {
      const words = this.#words.filter(({ txid }) => txid === dead.txid);
      const theirs = charters.slice(since).filter((charter) => hasAll(charter, other.signedBy));
      return findSigners(words, theirs, QUORUM);
    }
    for (const burial of this.#burials) {
      if (burial.gate !== gate || burial.txid !== dead.txid || !isBefore(burial.taken, other.message))
        continue;
      const theirs = charters.slice(Math.max(since, burial.since));
      const signers = findSigners(burial.words, theirs, burial.rows);
      if (signers !== undefined) return signers;
    }
    return undefined;
  }
}

/** Two link keys of one name are two gates: the one does not know what the other has cleared. */
function gateOf(message: LoggedMessage, roster: Roster): string {
  return `${message.header.sender} ${identify(roster, message)}`;
}

/** Both by one machine: on one line by their numbers, otherwise by its readings. */
function isBefore({ header: taken }: LoggedMessage, { header: other }: LoggedMessage): boolean {
  if (taken.recipient === other.recipient) return taken.seq <= other.seq;
  return taken.session === other.session ? taken.uptime <= other.uptime : taken.session < other.session;
}

function readBurials(gate: string, lines: readonly Line[], roster: Roster): readonly Burial[] {
  const theirs = lines.filter(({ peer }) => peer === gate);
  return [...groupByMachine(theirs, roster).values()].flatMap((machine) => {
    const stated = machine.flatMap(({ up }) => up.flatMap((message) => readStated(message, roster) ?? []));
    return machine.flatMap(({ up, down }) =>
      down.flatMap((message) => {
        const shown = readShown(message, roster);
        const taken = shown === undefined ? undefined : findTaken(message, up);
        if (shown === undefined || taken === undefined) return [];
        if (!shown.words.every(({ txid }) => txid === shown.txid)) return [];
        return [{ ...shown, gate: gateOf(taken, roster), taken, since: findNewest(stated, taken) }];
      }),
    );
  });
}

/** What the gate answered first is what it made of it; undefined if that is no DONE. */
function findTaken(bury: LoggedMessage, up: readonly LoggedMessage[]): LoggedMessage | undefined {
  const request = requestOf(bury);
  const answer = up.find(
    (message) =>
      isResult(message.type) &&
      requestOf(message) === request &&
      message.header.receiptSeq >= bury.header.seq,
  );
  return request !== undefined && answer?.type === 'DONE' ? answer : undefined;
}

interface Stated {
  readonly message: LoggedMessage;
  /** Place in the chain of the charter that it names. */
  readonly place: number;
}

function findNewest(stated: readonly Stated[], until: LoggedMessage): number {
  return stated.reduce(
    (newest, { message, place }) => (place > newest && isBefore(message, until) ? place : newest),
    0,
  );
}

/** The later charter that a HELLO or STATE says is in force; undefined for the first one. */
function readStated(message: LoggedMessage, { hashes }: Roster): Stated | undefined {
  const { type, body } = message;
  if (type !== 'HELLO' && type !== 'STATE') return undefined;
  const decoded = type === 'HELLO' ? decode(Hello, body, BODY_MAX) : decode(State, body, BODY_MAX);
  const charter = decoded.ok ? decoded.value.charter : undefined;
  const place = charter === undefined ? 0 : hashes.indexOf(toHex(charter));
  return place > 0 ? { message, place } : undefined;
}

interface Shown {
  readonly txid: string;
  /** Those that hold, of so many rows. */
  readonly words: readonly Word[];
  readonly rows: number;
}

function readShown({ type, body }: LoggedMessage, roster: Roster): Shown | undefined {
  const bury = type === 'BURY' ? decode(Bury, body, BODY_MAX) : undefined;
  if (bury?.ok !== true) return undefined;
  const { txid, deaths } = bury.value;
  return {
    txid: reverseHex(txid),
    words: deaths.flatMap((row) => readWord(row, roster) ?? []),
    rows: deaths.length,
  };
}

function readSaid({ type, packed }: LoggedMessage, roster: Roster): readonly Word[] {
  const parts = type === 'DEATH' ? decode(MessageBytes, packed, RECORD_MAX) : undefined;
  const word = parts?.ok === true ? readWord(parts.value, roster) : undefined;
  return word === undefined ? [] : [word];
}

/** A DEATH that its sender signed and that nobody changed since. */
function readWord([headerBytes, salted, signature]: Row, roster: Roster): Word | undefined {
  const decoded = decode(Header, headerBytes, 1024);
  if (!decoded.ok) return undefined;
  const header = decoded.value;
  const isDeath =
    header.version === PROTOCOL_VERSION &&
    header.type === MESSAGE_TYPES.DEATH.number &&
    isSameCharter(roster, header.charter) &&
    salted.length === header.bodyLength &&
    equalBytes(hashBody(salted), header.bodyHash);
  const key = isDeath ? keyOf(roster, { header, hash: messageHash(headerBytes), signature }) : undefined;
  const death = key === undefined ? undefined : decode(Death, salted.subarray(SALT_LENGTH), BODY_MAX);
  if (key === undefined || death?.ok !== true) return undefined;
  return { name: header.sender, key, txid: reverseHex(death.value.txid) };
}

/** So many signers of one of these charters whose words these are, each once. */
function findSigners(
  words: readonly Word[],
  charters: readonly Charter[],
  least: number,
): readonly string[] | undefined {
  return charters
    .map(({ signers }) => signers.filter((row) => words.some((word) => isSame(word, row))))
    .find(({ length }) => length >= least)
    ?.map(({ name }) => name);
}

/** Of the first charter that the two who signed it are of; behind the last one if they are of none. */
function placeOf({ signedBy }: ClearedSpend, charters: readonly Charter[]): number {
  const place = charters.findIndex((charter) => hasAll(charter, signedBy));
  return place < 0 ? charters.length : place;
}

function hasAll({ signers }: Charter, keys: readonly SignerKey[]): boolean {
  return keys.every((key) => signers.some((row) => isSame(key, row)));
}

function isSame(one: SignerKey, other: SignerKey): boolean {
  return one.name === other.name && equalBytes(one.key, other.key);
}
