/**
 * The hash that a signature of an input signs: BIP-143 with SIGHASH_ALL, by the gate's own code. The three hashes over the
 * whole transaction are made once, so that many inputs cost no more each than few. Spec: protocol-spec/3-wallet.md.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { type Rebuilt, SEQUENCE, VERSION } from './rebuild.ts';

const SIGHASH_ALL = 1;

const sha256d = (bytes: Uint8Array): Uint8Array => sha256(sha256(bytes));

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

function i64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, value, true);
  return bytes;
}

/** Every script here is shorter than 253 bytes, so that its length is one byte. */
function sized(script: Uint8Array): Uint8Array {
  if (script.length >= 0xfd) throw new Error('a script of more than 252 bytes');
  return Buffer.concat([Uint8Array.of(script.length), script]);
}

/** 32 bytes for each input, in order. */
export function hashInputs({ request, inputs, outputs }: Rebuilt): readonly Uint8Array[] {
  const outpoints = request.draft.inputs.map(([txid, vout]) => Buffer.concat([txid, u32(vout)]));
  const sequenceBytes = u32(SEQUENCE);
  const prevouts = sha256d(Buffer.concat(outpoints));
  const sequences = sha256d(Buffer.concat(outpoints.map(() => sequenceBytes)));
  const paid = sha256d(
    Buffer.concat(outputs.map(({ script, amount }) => Buffer.concat([i64(amount), sized(script)]))),
  );
  const head = Buffer.concat([u32(VERSION), prevouts, sequences]);
  const tail = Buffer.concat([sequenceBytes, paid, u32(request.draft.locktime), u32(SIGHASH_ALL)]);
  return inputs.map(({ script, amount }, i) =>
    sha256d(
      Buffer.concat([
        head,
        outpoints[i] ?? new Uint8Array(0),
        sized(script.witnessScript),
        i64(amount),
        tail,
      ]),
    ),
  );
}
