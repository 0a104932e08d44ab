/**
 * Which cleared transactions can never be mined, by the words of two signers: what a gate goes by when it clears another one for
 * the same intent. Judged from the messages alone; that what the signers say is true only the chain shows.
 * Spec: protocol-spec/9-evidence.md, "Audit", 12; 13-gate.md, "Dead transactions".
 */
import {
  BODY_MAX,
  Bury,
  Death,
  decode,
  equalBytes,
  Header,
  hashBody,
  MESSAGE_TYPES,
  MessageBytes,
  messageHash,
  PROTOCOL_VERSION,
  RECORD_MAX,
  SALT_LENGTH,
} from '@coldwire/protocol';
import { reverseHex } from '../bitcoin/transaction.ts';
import type { LoggedMessage } from '../log/message.ts';
import { identify, isSameCharter, keyOf, type Roster } from '../roster.ts';
import type { ClearedSpend } from './cleared.ts';
import { groupByMachine, type Line } from './line.ts';

/** How many signers must say it: of two, one is honest. */
const QUORUM = 2;

type Row = Bury['deaths'][number];

/** That a transaction is dead, as one machine said it. */
interface Word {
  readonly sender: string;
  /** The link key that signed it. */
  readonly key: Uint8Array;
  /** As people see it. */
  readonly txid: string;
}

/** BURY with words that hold. */
interface Burial {
  readonly txid: string;
  readonly signers: readonly string[];
  /** Name and machine of the gate that was told. */
  readonly gate: string;
  /** The gate's first message that acknowledges it. */
  readonly taken: LoggedMessage;
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
    const gate = gateOf(other.message, this.#roster);
    if (gateOf(dead.message, this.#roster) === gate) {
      return this.#burials.find(
        (burial) =>
          burial.gate === gate && burial.txid === dead.txid && isBefore(burial.taken, other.message),
      )?.signers;
    }
    const words = this.#words.filter(({ txid }) => txid === dead.txid);
    return findSigners(words, this.#roster).find((signers) => signers.length >= QUORUM);
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
  return [...groupByMachine(theirs, roster).values()].flat().flatMap(({ up, down }) =>
    down.flatMap((message) => {
      const shown = readShown(message, roster);
      const taken = up.find(({ header }) => header.receiptSeq >= message.header.seq);
      if (shown === undefined || taken === undefined) return [];
      const { txid, words, rows } = shown;
      const signers = findSigners(words, roster).find(({ length }) => length === rows);
      const areAbout = words.every((word) => word.txid === txid);
      return signers === undefined || !areAbout
        ? []
        : [{ txid, signers, gate: gateOf(taken, roster), taken }];
    }),
  );
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
  return { sender: header.sender, key, txid: reverseHex(death.value.txid) };
}

/** By each charter of the chain: which of its signers these words are of, each once. */
function findSigners(words: readonly Word[], { charters }: Roster): readonly (readonly string[])[] {
  return charters.map(({ signers }) =>
    signers
      .filter(({ name, key }) => words.some((word) => word.sender === name && equalBytes(word.key, key)))
      .map(({ name }) => name),
  );
}
