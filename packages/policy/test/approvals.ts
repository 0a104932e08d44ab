/** Approvers of the tests: ann and bob with keys in files, cat with a security key; bob is one of the shop's people. */
import {
  APPROVAL_NAMESPACE,
  type Approval,
  type Approver,
  type Charter,
  decodeIntent,
  hashIntent,
  type Intent,
  readSshSignature,
  type SignedIntent,
  signedBytes,
} from '@coldwire/protocol';
import { SecurityKey } from '../../protocol/test/approval/authenticator.ts';
import { type CharterInForce, writeApproval } from '../src/index.ts';
import { identity, seeded } from './charter-fixture.ts';

const SPARE = 'ann spare';
export const catsKey = new SecurityKey(seeded('security key of cat'), 'ssh:treasury');

const inFile = (label: string): Approver['keys'][number] => ({
  kind: 'ssh-ed25519',
  key: identity(label).publicKey,
  application: '',
});

export const APPROVERS: readonly Approver[] = [
  { name: 'ann', keys: [inFile('ann'), inFile(SPARE)] },
  { name: 'bob', keys: [inFile('bob')] },
  {
    name: 'cat',
    keys: [{ kind: 'sk-ssh-ed25519@openssh.com', key: catsKey.publicKey, application: catsKey.application }],
  },
];

/** The charter with these tiers and their approvers. */
export function withApprovers(charter: Charter, tiers: Charter['policy']['tiers']): Charter {
  const requesters = charter.requesters.map((row) =>
    row.name === 'shop' ? { ...row, people: ['bob'] } : row,
  );
  return { ...charter, requesters, approvers: APPROVERS, policy: { ...charter.policy, tiers } };
}

export type ApprovalPlan = {
  readonly place?: number;
  readonly expires?: number;
  /** Label of another key than the approver's first. */
  readonly key?: string;
  /** Whose name the text has; the approver's by default. */
  readonly text?: string;
  readonly namespace?: string;
  /** Of the security key. */
  readonly flags?: number;
};

function readIntent(bytes: Uint8Array): Intent {
  const intent = decodeIntent(bytes);
  if (!intent.ok) throw new Error(intent.fault.detail);
  return intent.value;
}

/** What the approver signs, and the signature as a draft carries it. */
export function approvalOf(
  { loaded }: { readonly loaded: Pick<CharterInForce, 'first' | 'network'> },
  [bytes]: SignedIntent,
  approver: string,
  plan: ApprovalPlan = {},
): Approval {
  const { place = 0, key = approver, namespace = APPROVAL_NAMESPACE, flags = 1 } = plan;
  const intent = readIntent(bytes);
  const expires = plan.expires ?? intent.expires;
  const hash = hashIntent(loaded.first, bytes);
  const { first, network } = loaded;
  const text = writeApproval({ network, first, intent, hash, approver: plan.text ?? approver, expires });
  const message = new TextEncoder().encode(text);
  if (key === 'cat') {
    const read = readSshSignature(catsKey.sign(namespace, message, flags));
    if (read === undefined) throw new Error('not a signature file');
    return { place, approver, expires, signature: read.signature, touch: read.touch };
  }
  const signed = signedBytes(namespace, message, inFile(key), null);
  if (signed === undefined) throw new Error('a key in a file needs no touch');
  return { place, approver, expires, signature: identity(key).sign(signed), touch: null };
}
