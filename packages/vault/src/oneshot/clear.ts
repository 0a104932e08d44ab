/**
 * `coldwire-vault clear`: hands the request with two SIGNED to a gate, checks what it clears with code of our own, and writes
 * the raw transaction in hexadecimal: for sendrawtransaction.
 */
import { randomBytes } from 'node:crypto';
import process from 'node:process';
import { EXIT, Failure } from '@coldwire/program';
import {
  Clear,
  Cleared,
  decode,
  decodeIntent,
  encode,
  MessageBytes,
  SignRequest,
  toHex,
} from '@coldwire/protocol';
import type { WalletScripts } from '@coldwire/wallet';
import { findFlaw } from '../serve/final.ts';
import { homeGate } from '../serve/home.ts';
import { type Peer, readRefusals } from '../serve/peer.ts';
import type { PortSpec } from '../serve/port-spec.ts';
import { refused } from './draft.ts';
import type { Line } from './lines.ts';
import { Lines, nobody, type Opening } from './peers.ts';
import { requestOf } from './sign.ts';

export async function clearLines(
  lines: readonly Line[],
  opening: Omit<Opening, 'role' | 'tip'> & { readonly scripts: readonly WalletScripts[] },
  ports: readonly PortSpec[],
  waitMs: number,
): Promise<void> {
  const request = requestOf(lines);
  const signed = signedOf(lines);
  const open = new Lines({ ...opening, role: 'gate', tip: undefined }, ports);
  try {
    const ready = await open.gather(waitMs);
    const gate = chooseGate(ready, request, opening);
    if (gate === undefined) throw nobody(open.peers);
    const raw = await askGate(gate, request, signed, opening.scripts);
    process.stdout.write(`${toHex(raw)}\n`);
  } finally {
    await open.stop();
  }
}

/** The first two of different signers. */
function signedOf(lines: readonly Line[]): Clear['signed'] {
  const bySigner = new Map(
    lines.flatMap((line) => (line.kind === 'signed' ? [[line.signed.signer, line.signed]] : [])),
  );
  const messages = [...bySigner.values()].map(({ message }) => decode(MessageBytes, message, message.length));
  const parts = messages.flatMap((message) => (message.ok ? [message.value] : []));
  if (parts.length >= 2) return parts.slice(0, 2);
  throw new Failure(EXIT.BAD_INPUT, {
    what: `${parts.length} of the two signatures are there`,
    where: 'standard input',
    todo: 'Have another signer sign: … | coldwire-vault sign --port NAME=TTY | coldwire-vault clear …',
  });
}

function chooseGate(
  ready: readonly Peer[],
  request: Uint8Array,
  { charter }: Pick<Opening, 'charter'>,
): Peer | undefined {
  const decoded = decode(SignRequest, request, request.length);
  const [first] = decoded.ok ? decoded.value.draft.intents : [];
  const intent = first === undefined ? undefined : decodeIntent(first[0]);
  const place = intent?.ok === true ? homeGate(charter.charter, intent.value.id) : 0;
  const home = charter.charter.gates[place]?.name;
  return ready.find(({ name }) => name === home) ?? ready[0];
}

async function askGate(
  gate: Peer,
  request: Uint8Array,
  signed: Clear['signed'],
  scripts: readonly WalletScripts[],
): Promise<Uint8Array> {
  const reply = await gate.ask('CLEAR', new Uint8Array(randomBytes(16)), encode(Clear, { request, signed }));
  if (reply.type !== 'CLEARED') {
    const codes = [...new Set(readRefusals(reply.body).map(({ code }) => code))];
    throw refused(codes, `${gate.name} does not clear it`);
  }
  const cleared = decode(Cleared, reply.body, reply.body.length);
  const sign = decode(SignRequest, request, request.length);
  const flaw =
    cleared.ok && sign.ok
      ? findFlaw(cleared.value.transaction, sign.value.draft, scripts)
      : 'it cannot be read';
  if (flaw === undefined && cleared.ok) return cleared.value.transaction;
  throw new Failure(EXIT.BAD_INPUT, {
    code: 'GATE_SCRIPT',
    what: `what it cleared: ${flaw}`,
    where: gate.name,
    todo: 'Do not broadcast it. Examine that gate.',
  });
}
