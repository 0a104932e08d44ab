/**
 * The throw-away signature of preflight: signs, identifies and seals with public test keys through the very code that
 * will use the real ones, and compares with known answers. Refuses a processor, a memory or a native file that
 * computes wrongly before any real key is here. Sources: RFC 8032, section 7.1, test 2; vectors/sealing/known-answer.json.
 */
import { equalBytes, fromHex } from '@coldwire/protocol/bytes.ts';
import { KeyMemory } from './key-memory.ts';
import type { Natives } from './native.ts';
import { nativePointMath, verifyIdentity } from './public-math.ts';
import { SecureMemory } from './secure-memory.ts';

const ACCOUNT_KEY = 0x01;
const TWEAKS = [0x02, 0x03] as const;
const HASH = 0x04;
const SEAL_SECRET = 0x05;
const PLAINTEXT = 0x07;
const SEAL_CONTEXT = new TextEncoder().encode('coldwire known answer');

/** The public key of 06…06, which is 01…01 + 02…02 + 03…03. */
const CHILD_PUBLIC_KEY = fromHex('03f006a18d5653c4edf5391ff23a61f03ff83d237e880ee61187fa9f379a028e0a');
const SPEND_SIGNATURE = fromHex(
  '40cfe55b2ce6f7b62485c4c3ac9ce968926bfe49a5e5ddb0cd908d8aa6001b92' +
    '2c8751fe8c38bccea33946642b934a7ecc66cd27286739de04dd5ccf00241a86',
);
const IDENTITY_SEED = fromHex('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb');
const IDENTITY_PUBLIC_KEY = fromHex('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c');
const IDENTITY_MESSAGE = Uint8Array.of(0x72);
const IDENTITY_SIGNATURE = fromHex(
  '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da' +
    '085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
);
const GATE_KEY = fromHex('31d4ab6aceec961137917037936e60716fac573afe94d9da84a8020448dfc112');
const SEALED = {
  ephemeral: fromHex('55cb7e0622ec574559c72f3a9b4450e8b8f93df618dfa9ac5731e66e054b035d'),
  wrap: fromHex(
    '1ba5763294d89d0585906c18c326959344871d41a66b64992f988186d82100c32f108fb5f44f27878f4db629eb62176a',
  ),
  ciphertext: fromHex(
    '971b9a0fd8558e559be8dcbc9e61f63f1af80b9576ca8ef7ac9ec1d0649a6b2746942e6427dbafd8ed567500a6122b90',
  ),
};

const filled = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);

/** @returns null when every known answer was reproduced, else which was not */
export function runSelfTest(natives: Natives): string | null {
  const keys = makeTestKeys(natives);
  try {
    return testSpend(natives, keys) ?? testIdentity(natives, keys) ?? testSealing(keys);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    keys.zeroize();
  }
}

function makeTestKeys(natives: Natives): KeyMemory {
  const memory = new SecureMemory(natives.sodium);
  const secrets = {
    accountKey: memory.allocate(32),
    identityKey: memory.allocate(64),
    sealSecret: memory.allocate(32),
  };
  secrets.accountKey.fill(ACCOUNT_KEY);
  secrets.identityKey.set(IDENTITY_SEED);
  secrets.identityKey.set(IDENTITY_PUBLIC_KEY, IDENTITY_SEED.length);
  secrets.sealSecret.fill(SEAL_SECRET);
  return new KeyMemory(natives, memory, secrets);
}

function testSpend(natives: Natives, keys: KeyMemory): string | null {
  const tweaks = [filled(TWEAKS[0]), filled(TWEAKS[1])] as const;
  const [signature] = keys.signInputs([{ tweaks, hash32: filled(HASH), publicKey33: CHILD_PUBLIC_KEY }]);
  if (signature === undefined || !equalBytes(signature, SPEND_SIGNATURE)) return 'a wrong ECDSA signature';
  const math = nativePointMath(natives);
  const account = new Uint8Array(33);
  natives.secp256k1.publicKeyCreate(account, filled(ACCOUNT_KEY));
  const child = math.addTweak(math.addTweak(account, tweaks[0]), tweaks[1]);
  return equalBytes(child, CHILD_PUBLIC_KEY) ? null : 'a wrong public child key';
}

function testIdentity(natives: Natives, keys: KeyMemory): string | null {
  const signature = keys.signIdentity(IDENTITY_MESSAGE);
  if (!equalBytes(signature, IDENTITY_SIGNATURE)) return 'a wrong Ed25519 signature';
  const accepted = verifyIdentity(natives, IDENTITY_PUBLIC_KEY, IDENTITY_MESSAGE, signature);
  const forged = verifyIdentity(natives, IDENTITY_PUBLIC_KEY, Uint8Array.of(0x73), signature);
  return accepted && !forged ? null : 'a wrong Ed25519 verdict';
}

function testSealing(keys: KeyMemory): string | null {
  const sealed = keys.seal(SEAL_CONTEXT, filled(PLAINTEXT), [GATE_KEY]);
  const [wrap] = sealed.wraps;
  const same =
    equalBytes(sealed.ephemeral, SEALED.ephemeral) &&
    wrap !== undefined &&
    equalBytes(wrap.bytes, SEALED.wrap) &&
    equalBytes(sealed.ciphertext, SEALED.ciphertext);
  return same ? null : 'wrong sealed bytes';
}
