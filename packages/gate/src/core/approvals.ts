/**
 * Approvals, counted by the gate's own code: the text written anew (@scure/btc-signer for addresses), what OpenSSH signs
 * rebuilt, the signatures verified on the gate's curve. Only intents that this gate sees for the first time need them; it
 * follows no chain, so heights are the signers' to judge. Refuses APPROVAL_MISSING. Spec: protocol-spec/15-approvals.md.
 */
import { type Approval, hashIntent, toHex } from '@coldwire/protocol';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { Address, NETWORK, OutScript, TEST_NETWORK } from '@scure/btc-signer';
import type { GateCharter } from './charter.ts';
import type { GateIntent, Rebuilt } from './rebuild.ts';
import { type GateRefusal, refuse } from './refusal.ts';
import { verifySignature } from './signature.ts';
import type { GateState } from './state.ts';

export function checkApprovals(state: GateState, rebuilt: Rebuilt): readonly GateRefusal[] {
  const { charter } = state.charter;
  return rebuilt.intents.flatMap((row, place) => {
    if (state.intents.has(row.id)) return [];
    const { amount, requester } = row.intent;
    const tier = [...charter.policy.tiers].reverse().find(({ above }) => amount > above);
    if (tier === undefined) return [];
    const people = charter.requesters.find(({ name }) => name === requester)?.people ?? [];
    const waiting = new Set(tier.approvers.filter((name) => !people.includes(name)));
    let got = 0;
    for (const approval of rebuilt.request.approvals ?? []) {
      // The first approval of each person decides, so that nobody makes this gate verify for long.
      if (approval.place !== place || got === tier.approvals || !waiting.delete(approval.approver)) continue;
      if (holds(state.charter, row, approval)) got += 1;
    }
    return got < tier.approvals
      ? [refuse('APPROVAL_MISSING', { intent: row.id, got, want: tier.approvals })]
      : [];
  });
}

function holds(charter: GateCharter, row: GateIntent, approval: Approval): boolean {
  const { approver, signature, touch } = approval;
  const blob = wrap(Buffer.from(writeText(charter, row, approval)));
  const keys = charter.charter.approvers.find(({ name }) => name === approver)?.keys ?? [];
  return keys.some(({ kind, key, application }) => {
    if ((kind === 'ssh-ed25519') !== (touch === null)) return false;
    if (touch === null) return verifySignature(key, blob, signature);
    // Touched, and nothing behind the counter.
    if ((touch.flags & 0xc1) !== 0x01) return false;
    const head = Buffer.alloc(5);
    head.writeUInt8(touch.flags);
    head.writeUInt32BE(touch.counter, 1);
    const signed = Buffer.concat([sha256(Buffer.from(application)), head, sha256(blob)]);
    return verifySignature(key, signed, signature);
  });
}

/** What `ssh-keygen -Y sign` has a key sign (OpenSSH, PROTOCOL.sshsig). */
function wrap(message: Uint8Array): Uint8Array {
  const fields = [Buffer.from('coldwire-approval'), Buffer.alloc(0), Buffer.from('sha512'), sha512(message)];
  return Buffer.concat([
    Buffer.from('SSHSIG'),
    ...fields.flatMap((field) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(field.length);
      return [length, field];
    }),
  ]);
}

/** Exported for the comparison with what the signers' code writes. */
export function writeText(
  { charter, first }: Pick<GateCharter, 'charter' | 'first'>,
  { intent, id, bytes }: Omit<GateIntent, 'signature'>,
  approval: Pick<Approval, 'approver' | 'expires'>,
): string {
  const whole = intent.amount / 100_000_000n;
  const rest = (intent.amount % 100_000_000n).toString().padStart(8, '0');
  const lines = [
    'coldwire approval v1',
    `network: ${charter.network}`,
    `charter: ${toHex(first)}`,
    `pay: ${whole}.${rest} BTC`,
    `to: ${addressOf(intent.script, charter.network)}`,
    `script: ${toHex(intent.script)}`,
    `requester: ${intent.requester}`,
    `id: ${id}`,
    `intent: ${toHex(hashIntent(first, bytes))}`,
    `approver: ${approval.approver}`,
    `until height: ${approval.expires}`,
  ];
  return lines.map((line) => `${line}\n`).join('');
}

const ADDRESSES = {
  mainnet: Address(NETWORK),
  testnet4: Address(TEST_NETWORK),
  signet: Address(TEST_NETWORK),
  regtest: Address({ ...TEST_NETWORK, bech32: 'bcrt' }),
} as const;

function addressOf(script: Uint8Array, network: keyof typeof ADDRESSES): string {
  try {
    return ADDRESSES[network].encode(OutScript.decode(script));
  } catch {
    return 'no address';
  }
}
