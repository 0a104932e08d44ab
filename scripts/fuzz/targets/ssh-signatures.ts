/**
 * SSH signatures and keys of approvers. What is taken apart is put together again as the same bytes, so nothing in a signature
 * goes unread, and no text of it is read otherwise than it was signed. The first byte of an input chooses: a signature, which is
 * armoured, or a key blob, which is read as a line of a `.pub` file as well.
 */
import { concatBytes, equalBytes } from '@coldwire/protocol';
import { readKeyBlob, readSshSignature, type SshSignature } from '@coldwire/protocol/approval/sshsig.ts';
import type { ApproverKey } from '@coldwire/protocol/charter/charter.ts';
import type { Mutator } from '../mutate/mutator.ts';
import { assertHolds, type Target } from '../target.ts';

function u32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

function sshString(value: Uint8Array | string): Uint8Array {
  const bytes = typeof value === 'string' ? new Uint8Array(Buffer.from(value)) : value;
  return concatBytes(u32(bytes.length), bytes);
}

function writeKey({ kind, key, application }: ApproverKey): Uint8Array {
  const more = kind === 'ssh-ed25519' ? [] : [sshString(application)];
  return concatBytes(sshString(kind), sshString(key), ...more);
}

function writeSignature({ key, namespace, signature, touch }: SshSignature): Uint8Array {
  const more = touch === null ? [] : [Uint8Array.of(touch.flags), u32(touch.counter)];
  const blob = concatBytes(sshString(key.kind), sshString(signature), ...more);
  const parts = [writeKey(key), namespace, '', 'sha512', blob].map(sshString);
  return concatBytes(new Uint8Array(Buffer.from('SSHSIG')), u32(1), ...parts);
}

const FILE_KEY: ApproverKey = { kind: 'ssh-ed25519', key: new Uint8Array(32).fill(1), application: '' };
const TOUCH_KEY: ApproverKey = {
  kind: 'sk-ssh-ed25519@openssh.com',
  key: new Uint8Array(32).fill(2),
  application: 'ssh:',
};
const bare = { namespace: 'coldwire-approval', signature: new Uint8Array(64).fill(3) };
const SIGNATURES = [
  writeSignature({ ...bare, key: FILE_KEY, touch: null }),
  writeSignature({ ...bare, key: TOUCH_KEY, touch: { flags: 1, counter: 77 } }),
];

/** Gives a field of the wire form another content, with its length right again. */
const mutateField: Mutator = (input, pool) => {
  const { random } = pool;
  const at = 1 + random.below(input.length);
  const length = input.length < at + 4 ? 0 : new DataView(input.buffer, input.byteOffset).getUint32(at);
  if (length > input.length - at - 4 || input.length < at + 4) return input;
  const field = random.oneIn(2) ? pool.word() : random.bytes(random.below(80));
  return concatBytes(input.subarray(0, at), sshString(field), input.subarray(at + 4 + length));
};

function armour(bytes: Uint8Array): string {
  const lines = Buffer.from(bytes).toString('base64').replaceAll(/.{70}/g, '$&\n').trimEnd();
  return `-----BEGIN SSH SIGNATURE-----\n${lines}\n-----END SSH SIGNATURE-----\n`;
}

export const target: Target = {
  seeds: [
    ...SIGNATURES.map((bytes) => concatBytes(Uint8Array.of(0), bytes)),
    ...[FILE_KEY, TOUCH_KEY].map((key) => concatBytes(Uint8Array.of(1), writeKey(key))),
  ],
  mutators: [mutateField],
  maxLength: 600,
  run(input) {
    const bytes = input.subarray(1);
    if ((input[0] ?? 0) % 2 === 0) {
      const signature = readSshSignature(armour(bytes));
      if (signature !== undefined)
        assertHolds(equalBytes(writeSignature(signature), bytes), 'a signature is written as the same bytes');
      readSshSignature(Buffer.from(bytes).toString('latin1'));
      return;
    }
    const key = readKeyBlob(bytes);
    if (key !== undefined)
      assertHolds(equalBytes(writeKey(key), bytes), 'a key is written as the same bytes');
  },
};
