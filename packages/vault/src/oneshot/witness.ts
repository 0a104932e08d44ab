/**
 * `coldwire-vault witness`, and `sign --gate`: after its start a signer wants to hear from every gate what it has seen of it.
 * Once is enough for each start of a signer.
 */
import process from 'node:process';
import { EXIT, escapeText, Failure } from '@coldwire/program';
import type { Peer } from '../serve/peer.ts';
import type { PortSpec } from '../serve/port-spec.ts';
import { bringWitness } from '../serve/witness.ts';
import { refused } from './draft.ts';
import { Lines, nobody, type Opening } from './peers.ts';

export interface Witnessed {
  readonly signer: string;
  /** Gates whose witness the signer took now; empty where it asked for none. */
  readonly gates: readonly string[];
}

/**
 * Opens lines to the gates, only if a signer asks for witnesses, and brings what they say.
 * @param signers that are there @throws Failure when a signer refuses: it is latched
 */
export async function bringAll(
  signers: readonly Peer[],
  opening: Omit<Opening, 'role' | 'tip'>,
  ports: readonly PortSpec[],
  waitMs: number,
): Promise<readonly Witnessed[]> {
  const asking = signers.filter(({ hello }) => hello?.nonce !== undefined);
  if (asking.length === 0 || ports.length === 0) {
    for (const { name } of asking) warn(name, opening);
    return signers.map(({ name }) => ({ signer: name, gates: [] }));
  }
  const open = new Lines({ ...opening, role: 'gate', tip: undefined }, ports);
  try {
    const gates = await open.gather(waitMs);
    const brought: Witnessed[] = [];
    for (const signer of asking) brought.push({ signer: signer.name, gates: await bring(signer, gates) });
    return brought;
  } finally {
    await open.stop();
  }
}

async function bring(signer: Peer, gates: readonly Peer[]): Promise<readonly string[]> {
  const nonce = signer.hello?.nonce;
  if (nonce === undefined) return [];
  for (const gate of gates) {
    const { by, codes } = await bringWitness(signer, gate, nonce);
    if (codes.length === 0) continue;
    if (by === 'gate') throw refused(codes, `${gate.name} says nothing of ${signer.name}`);
    throw refused(codes, `${signer.name} refuses the witness of ${gate.name}`);
  }
  return gates.map(({ name }) => name);
}

function warn(signer: string, { charter }: Pick<Opening, 'charter'>): void {
  const gates = charter.charter.gates.map(({ name }) => name).join(', ');
  process.stderr.write(
    `${escapeText(`${signer} has started and wants the witness of ${gates}: give them with --gate NAME=TTY`)}\n`,
  );
}

/** `coldwire-vault witness` @throws Failure when no signer, or not every gate, is there */
export async function witnessLines(
  opening: Omit<Opening, 'role' | 'tip'>,
  ports: readonly PortSpec[],
  gatePorts: readonly PortSpec[],
  waitMs: number,
): Promise<readonly Witnessed[]> {
  const open = new Lines({ ...opening, role: 'signer', tip: undefined }, ports);
  try {
    const ready = await open.gather(waitMs);
    if (ready.length === 0) throw nobody(open.peers);
    const brought = await bringAll(ready, opening, gatePorts, waitMs);
    const short = brought.find(({ gates }) => gates.length > 0 && gates.length < gatePorts.length);
    if (short === undefined) return brought;
    throw new Failure(EXIT.ENVIRONMENT, {
      code: 'UNWITNESSED',
      what: `${short.signer} has the witness of ${short.gates.join(', ')} only`,
      todo: 'Bring the other gates up and run it again.',
    });
  } finally {
    await open.stop();
  }
}
