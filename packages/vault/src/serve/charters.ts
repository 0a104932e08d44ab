/**
 * The chain of charters as the vault carries it: the first, and every later one that it was handed, on disk in the order of their
 * epochs. The vault makes none and puts none in force: each machine judges for itself. What the machines have in force decides
 * what the vault drafts. Refuses CHARTER_CHAIN, CHARTER_QUORUM, CHARTER_UNFIT. Spec: protocol-spec/5-charter.md, "Succession".
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CharterInForce, judgeSuccessor, loadCharter, type Refusal } from '@coldwire/policy';
import { EXIT, Failure, openSecureDirectory, writeFileAtomic } from '@coldwire/program';
import {
  type Charter,
  decode,
  encode,
  equalBytes,
  hashCharter,
  type Member,
  SignedCharter,
} from '@coldwire/protocol';
import { noblePointMath } from '@coldwire/wallet/noble.ts';
import { strictest } from './strictest.ts';

const FILE = /^charter-\d{6}\.cbor$/;
const FILE_MAX = 128 * 1024;

/** A charter of the chain with its exact file. */
export interface Link {
  readonly charter: CharterInForce;
  readonly signed: SignedCharter;
}

/** What a machine says of itself: the epoch in force there, and the newest that it has. */
export interface Standing {
  readonly inForce: number;
  readonly newest: number;
}

export class Charters {
  readonly first: CharterInForce;
  readonly #directory: string;
  /** Those after the first, oldest first. */
  readonly #later: Link[] = [];
  readonly #standings = new Map<string, Standing>();
  readonly #isThere: (name: string) => boolean;
  /** Of which epochs it was made. */
  #working: { readonly of: string; readonly charter: CharterInForce };

  /**
   * @param state the vault's directory
   * @param isThere whether a machine can be asked right now @throws Failure when what the directory holds is no chain
   */
  constructor(first: CharterInForce, state: string, isThere: (name: string) => boolean = () => true) {
    this.first = first;
    this.#isThere = isThere;
    this.#working = { of: '', charter: first };
    this.#directory = join(state, 'charters');
    // Made with the first charter that is stored: a start that cannot be leaves nothing behind.
    const names = existsSync(this.#directory) ? readdirSync(openSecureDirectory(this.#directory)) : [];
    for (const name of names.filter((one) => FILE.test(one)).sort()) {
      const path = join(this.#directory, name);
      const signed = decode(SignedCharter, new Uint8Array(readFileSync(path)), FILE_MAX);
      const judged = signed.ok ? this.#judge(signed.value) : undefined;
      if (!signed.ok || judged === undefined || 'code' in judged) {
        throw new Failure(EXIT.BAD_INPUT, {
          what: `it does not follow the charter before it${judged !== undefined && 'code' in judged ? ` (${judged.code})` : ''}`,
          where: path,
          todo: 'Take the file away and hand the charter in again: coldwire-vault charter FILE.',
        });
      }
      this.#later.push({ charter: judged, signed: signed.value });
    }
  }

  get newest(): CharterInForce {
    return this.#later.at(-1)?.charter ?? this.first;
  }

  /** Later charters, oldest first. */
  get later(): readonly Link[] {
    return this.#later;
  }

  /** What drafts keep to: the newest in force at the machines that count, its limits as strict as any of theirs. */
  get working(): CharterInForce {
    const epochs = new Set(this.#epochsThatCount());
    const inForce = this.#all.filter(({ charter }) => epochs.has(charter.epoch));
    const of = inForce.map(({ charter }) => charter.epoch).join();
    if (of !== this.#working.of) this.#working = { of, charter: strictest(inForce) ?? this.#working.charter };
    return this.#working.charter;
  }

  get #all(): readonly CharterInForce[] {
    return [this.first, ...this.#later.map(({ charter }) => charter)];
  }

  /** Blocks: what is buried so deep is so under every charter of the chain, whatever machines were heard. */
  get deepestBurial(): number {
    return Math.max(...this.#all.map(({ charter }) => charter.clock.burial));
  }

  get standings(): ReadonlyMap<string, Standing> {
    return this.#standings;
  }

  /** Stores a charter that follows the newest; one that is known already changes nothing. */
  add(signed: SignedCharter): CharterInForce | Refusal {
    const hash = hashCharter(signed[0]);
    const same = this.#all.find((charter) => equalBytes(charter.hash, hash));
    if (same !== undefined) return same;
    const judged = this.#judge(signed);
    if ('code' in judged) return judged;
    const name = `charter-${`${judged.charter.epoch}`.padStart(6, '0')}.cbor`;
    writeFileAtomic(join(openSecureDirectory(this.#directory), name), encode(SignedCharter, signed), 0o600);
    this.#later.push({ charter: judged, signed });
    return judged;
  }

  /** A machine said how it stands. @returns whether the limits to draft by may have changed */
  hear(name: string, standing: Standing): boolean {
    const before = this.#standings.get(name);
    if (before?.inForce === standing.inForce && before.newest === standing.newest) return false;
    this.#standings.set(name, standing);
    return true;
  }

  /**
   * The epochs in force at those that drafts are for. Two signers and a gate are enough: of the signers that are there the two that
   * are furthest on count, and of several gates all but one. Else one that is away, or says what is not so, would keep all to limits
   * long past. While fewer are there, whoever comes back first decides: all count.
   */
  #epochsThatCount(): readonly number[] {
    const heard = [...this.#standings].sort(([, one], [, other]) => other.inForce - one.inForce);
    const isSigner = ([name]: readonly [string, Standing]): boolean =>
      this.find(({ signers }) => signers.find((row) => row.name === name)) !== undefined;
    const isThere = ([name]: readonly [string, Standing]): boolean => this.#isThere(name);
    const signers = heard.filter(isSigner);
    const ready = signers.filter(isThere);
    const gates = heard.filter((one) => !isSigner(one));
    const open = gates.some(isThere) ? gates.filter(isThere) : gates;
    const counted = [
      ...(ready.length < 2 ? signers : ready.slice(0, 2)),
      ...open.slice(0, Math.max(1, open.length - 1)),
    ];
    return counted.map(([, { inForce }]) => inForce);
  }

  /**
   * Whether the charter in force at a machine, as far as it was heard, gives it the key that it has: one that a later charter adds
   * signs and clears nothing before.
   */
  lists({ name, key }: Member): boolean {
    const epoch = this.#standings.get(name)?.inForce;
    const link = this.#later.find(({ charter }) => charter.charter.epoch === epoch);
    const { signers, gates } = (link?.charter ?? this.first).charter;
    return (
      epoch === undefined ||
      [...signers, ...gates].some((row) => row.name === name && equalBytes(row.key, key))
    );
  }

  /** The newest charter of which this is true: of who has left, and of who has not come yet. */
  find<T>(look: (charter: Charter) => T | undefined): T | undefined {
    for (const { charter } of [...this.#later].reverse()) {
      const found = look(charter.charter);
      if (found !== undefined) return found;
    }
    return look(this.first.charter);
  }

  /** Which of the charters before it is in force differs from machine to machine: a quorum of any of them will do here. */
  #judge(signed: SignedCharter): CharterInForce | Refusal {
    const judges = [...this.#later.map(({ charter }) => charter).reverse(), this.first];
    const judged = judges.map((judge) => judgeSuccessor(signed, this.newest, judge, noblePointMath));
    const [answer] = [...judged.filter((one) => !('code' in one)), ...judged];
    if (answer === undefined) throw new Error('there is always a first charter');
    return answer;
  }
}

/** The file charter.cbor as it came in. @returns undefined when it is none */
export function readCharterBytes(bytes: Uint8Array): SignedCharter | undefined {
  const signed = decode(SignedCharter, bytes, FILE_MAX);
  return signed.ok && loadCharter(signed.value[0]).ok ? signed.value : undefined;
}
