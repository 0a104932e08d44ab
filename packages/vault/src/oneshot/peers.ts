/**
 * The one-shot's lines: ports to names of the charter, and a session with each for as long as the command runs. The evidence
 * log is the one that `serve` would use, so the chain with each peer goes on whoever spoke last.
 */
import { join } from 'node:path';
import type { CharterInForce } from '@coldwire/policy';
import { EXIT, Failure, openSecureDirectory } from '@coldwire/program';
import { Bell } from '../serve/bell.ts';
import { type Identity, lineTo } from '../serve/open-charter.ts';
import { Peer } from '../serve/peer.ts';
import { type PortSpec, parsePath, parsePort } from '../serve/port-spec.ts';
import { Report } from '../serve/report.ts';
import type { Tip } from './lines.ts';

/**
 * `NAME=TTY`. Ports without names are taken in the charter's order, and only when there are as many of them as the charter
 * has signers (or gates): otherwise nobody could tell which is which, and a message is made for one recipient.
 * @throws Failure
 */
export function namePorts(
  charter: CharterInForce,
  role: 'signer' | 'gate',
  texts: readonly string[],
): readonly PortSpec[] {
  const members = role === 'signer' ? charter.charter.signers : charter.charter.gates;
  const named = texts.map((text) => /^[^=/:]{1,16}=/.test(text));
  if (named.every((is) => is)) return texts.map((text) => parsePort(text, '--port'));
  if (named.some((is) => is) || texts.length !== members.length) {
    throw new Failure(EXIT.USAGE, {
      what: `it is not clear which ${role} is at which port`,
      where: '--port',
      todo: `Give NAME=TTY; the charter's ${role}s are: ${members.map(({ name }) => name).join(', ')}.`,
    });
  }
  return texts.map((text, place) => ({ name: members[place]?.name ?? '', ...parsePath(text, '--port') }));
}

export interface Opening {
  readonly charter: CharterInForce;
  readonly identity: Identity;
  readonly state: string;
  readonly role: 'signer' | 'gate';
  readonly tip: Tip | undefined;
}

export class Lines {
  readonly peers: readonly Peer[];
  readonly #bell = new Bell();

  constructor({ charter, identity, state, role, tip }: Opening, ports: readonly PortSpec[]) {
    const report = new Report();
    const directory = openSecureDirectory(state);
    const hello = {
      software: 'coldwire 0.1.0',
      epoch: 0,
      tipHeight: tip?.height ?? 0,
      tipHash: tip?.hash ?? new Uint8Array(32),
      frozen: false,
    };
    this.peers = ports.map(
      (port) =>
        new Peer(
          {
            openPort: port.open,
            baud: port.baud,
            line: lineTo(charter, identity.name, role, port.name),
            charter: charter.first,
            identity: identity.signer,
            directory: openSecureDirectory(join(directory, 'lines', port.name)),
            hello: () => hello,
          },
          report,
          this.#bell,
        ),
    );
  }

  /** @returns the peers that are there within `ms`; at once when all are */
  async gather(ms: number): Promise<readonly Peer[]> {
    const end = performance.now() + ms;
    for (;;) {
      const seen = this.#bell.rings;
      const ready = this.peers.filter((peer) => peer.ready);
      const left = end - performance.now();
      if (ready.length === this.peers.length || left <= 0) return ready;
      await this.#bell.after(seen, left);
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.peers.map((peer) => peer.stop()));
  }
}

/** @throws Failure saying who is locked or away */
export function nobody(peers: readonly Peer[]): Failure {
  const states = peers.map(({ name, readiness }) => `${name} is ${readiness}`).join(', ');
  const locked = peers.some(({ readiness }) => readiness === 'locked');
  return new Failure(EXIT.ENVIRONMENT, {
    ...(locked ? { code: 'LOCKED' } : {}),
    what: states,
    todo: locked
      ? 'Unseal it: coldwire-signer unseal, with two of its custodians.'
      : 'Check that it runs, and its cable.',
  });
}
