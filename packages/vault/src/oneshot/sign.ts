/**
 * `coldwire-vault sign`: shows each signer the headers and coins that it does not know yet, asks it to sign, and adds its
 * SIGNED to the lines. Several ports are worked at the same time; one signer a run is as good: run it twice.
 */
import { randomBytes } from 'node:crypto';
import process from 'node:process';
import { EXIT, escapeText, Failure } from '@coldwire/program';
import {
  Admit,
  decode,
  encode,
  equalBytes,
  Headers,
  hashRequest,
  Signed,
  SignRequest,
} from '@coldwire/protocol';
import { displayTxid, parseHeader } from '@coldwire/wallet';
import { type Peer, readRefusals } from '../serve/peer.ts';
import type { PortSpec } from '../serve/port-spec.ts';
import { refused } from './draft.ts';
import { type CoinRow, formatLine, type HeaderRun, type Line, type SignedRow } from './lines.ts';
import { Lines, nobody, type Opening } from './peers.ts';
import { bringAll } from './witness.ts';

const PER_MESSAGE = 150;
const HEADER = 80;

type Outcome =
  | { readonly kind: 'signed'; readonly signed: SignedRow }
  | {
      readonly kind: 'refused';
      readonly peer: string;
      readonly codes: readonly string[];
      readonly detail: string;
    };

export async function signLines(
  lines: readonly Line[],
  opening: Omit<Opening, 'role' | 'tip'>,
  ports: readonly PortSpec[],
  waitMs: number,
  gatePorts: readonly PortSpec[],
): Promise<void> {
  const request = requestOf(lines);
  const tip = lines.find((line) => line.kind === 'tip')?.tip;
  const open = new Lines({ ...opening, role: 'signer', tip }, ports);
  try {
    const ready = await open.gather(waitMs);
    if (ready.length === 0) throw nobody(open.peers);
    await bringAll(ready, opening, gatePorts, waitMs);
    const outcomes = await Promise.all(ready.map((peer) => askSigner(peer, lines, request)));
    const refusals = outcomes.filter((outcome) => outcome.kind === 'refused');
    for (const { peer, codes, detail } of refusals)
      process.stderr.write(`${escapeText(`${peer} refuses: ${codes.join(', ')}${detail}`)}\n`);
    const signed = outcomes.flatMap((outcome) => (outcome.kind === 'signed' ? [outcome.signed] : []));
    if (signed.length === 0)
      throw refused([...new Set(refusals.flatMap(({ codes }) => codes))], 'no signer signed it');
    for (const line of lines) process.stdout.write(formatLine(line));
    for (const row of signed) process.stdout.write(formatLine({ kind: 'signed', signed: row }));
  } finally {
    await open.stop();
  }
}

export function requestOf(lines: readonly Line[]): Uint8Array {
  const found = lines.filter((line) => line.kind === 'request');
  const [only] = found;
  const decoded = only === undefined ? undefined : decode(SignRequest, only.request, only.request.length);
  if (only !== undefined && found.length === 1 && decoded?.ok === true) return only.request;
  throw new Failure(EXIT.BAD_INPUT, {
    what: 'there is not exactly one request in it',
    where: 'standard input',
    todo: 'Feed it what coldwire-vault draft wrote.',
  });
}

async function askSigner(peer: Peer, lines: readonly Line[], request: Uint8Array): Promise<Outcome> {
  const unlinked = await feedHeaders(
    peer,
    lines.flatMap((line) => (line.kind === 'headers' ? [line.headers] : [])),
  );
  if (unlinked !== undefined) return unlinked;
  const rows = lines.filter((line) => line.kind === 'coin');
  for (const group of groupByTransaction(rows)) {
    const outcome = await admit(peer, group);
    if (outcome !== undefined) return outcome;
  }
  const reply = await peer.ask('SIGN', new Uint8Array(randomBytes(16)), request);
  if (reply.type !== 'SIGNED') return refusalOf(peer, reply.body, '');
  const signed = decode(Signed, reply.body, reply.body.length);
  if (!signed.ok || !equalBytes(signed.value.requestHash, hashRequest(request))) {
    throw new Failure(EXIT.BAD_INPUT, {
      code: 'GATE_SIGNED',
      what: 'its SIGNED is not for this request',
      where: peer.name,
      todo: 'Examine that signer; ask another.',
    });
  }
  return { kind: 'signed', signed: { signer: peer.name, message: reply.message } };
}

function refusalOf(peer: Peer, body: Uint8Array, detail: string): Outcome {
  return {
    kind: 'refused',
    peer: peer.name,
    codes: [...new Set(readRefusals(body).map(({ code }) => code))],
    detail,
  };
}

/** Those above the signer's tip; all of them when its tip is not among them, since it passes over what it knows. */
async function feedHeaders(peer: Peer, runs: readonly HeaderRun[]): Promise<Outcome | undefined> {
  const all = runs.flatMap(({ bytes }) =>
    Array.from({ length: bytes.length / HEADER }, (_, i) => bytes.subarray(i * HEADER, (i + 1) * HEADER)),
  );
  const known = all.findIndex((bytes) => {
    const header = parseHeader(bytes);
    return header.ok && equalBytes(header.value.hash, peer.hello?.tipHash ?? new Uint8Array());
  });
  for (let at = known + 1; at < all.length; at += PER_MESSAGE) {
    const headers = Buffer.concat(all.slice(at, at + PER_MESSAGE));
    const reply = await peer.request('HEADERS', encode(Headers, { headers: new Uint8Array(headers) }));
    if (reply.type !== 'DONE')
      return refusalOf(
        peer,
        reply.body,
        ' (the headers; run coldwire-vault coins with a lower --headers-from)',
      );
  }
  return undefined;
}

function groupByTransaction(rows: readonly CoinRow[]): readonly (readonly CoinRow[])[] {
  const groups = new Map<string, CoinRow[]>();
  for (const row of rows) {
    const key = displayTxid(row.coin.txid);
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()];
}

async function admit(peer: Peer, group: readonly CoinRow[]): Promise<Outcome | undefined> {
  const [first] = group;
  if (first === undefined) return undefined;
  const coins = group.map(({ coin: { vout, wallet, chain, index } }) => ({ vout, wallet, chain, index }));
  const reply = await peer.request(
    'ADMIT',
    encode(Admit, { transaction: first.transaction, coins, proof: first.proof }),
  );
  return reply.type === 'DONE'
    ? undefined
    : refusalOf(peer, reply.body, ` (the coin ${displayTxid(first.coin.txid)})`);
}
