/**
 * The secrets of one signer, opened by two custodians for the memory search: what must be in the signer's memory once
 * (live) and what must not be there at all. A demo may do this in one process; a deployment never would.
 */
import { readFileSync } from 'node:fs';
import { openKey, openShareFile, parsePublicRecord, readIdentityFile } from '@coldwire/custody';
import { parseShare } from '@coldwire/custody/share.ts';
import { joinShares } from '@coldwire/custody/split.ts';
import { EXTENDED_KEY, KEY_BLOCK } from '@coldwire/protocol/key-block/layout.ts';
import { HDKey } from '@scure/bip32';
import type { Ground, SignerName } from './ground.ts';
import { HOLDERS } from './ground.ts';

export const LIVE = ['accountKey', 'identitySeed', 'sealSecret'] as const;

/** @param used chain and index of coins that the signer has signed for */
export async function collectSecrets(
  ground: Ground,
  signer: SignerName,
  used: readonly (readonly [chain: number, index: number])[],
): Promise<{ readonly [name: string]: Uint8Array }> {
  const file = (name: string): string => ground.path('keys', signer, name);
  const record = expectOk(parsePublicRecord(readFileSync(file('public.json'), 'utf8'), 'public.json'));
  const offered = [];
  for (const name of HOLDERS[signer].slice(0, 2)) {
    const identityFile = ground.path('custodians', `${name}.identity`);
    const identities = expectOk(
      await readIdentityFile(new Uint8Array(readFileSync(identityFile)), identityFile, askNobody),
    );
    const share = file(`share-${name}.age`);
    offered.push(expectOk(await openShareFile(new Uint8Array(readFileSync(share)), identities, share)));
  }
  const keyFile = { bytes: new Uint8Array(readFileSync(file('key.age'))), where: 'key.age' };
  const { block } = expectOk(await openKey(keyFile, record, offered));
  const field = ({ at, size }: { at: number; size: number }, from = block): Uint8Array =>
    from.slice(at, at + size);
  const account = field(KEY_BLOCK.accountKey);
  const accountKey = field(EXTENDED_KEY.privateKey, account);
  const root = new HDKey({ privateKey: accountKey, chainCode: field(EXTENDED_KEY.chainCode, account) });
  const children = used.map(([chain, index]) => root.deriveChild(chain).deriveChild(index).privateKey);
  const fileSecret = joinShares(offered.map(({ words, where }) => expectOk(parseShare(words, where))));
  return {
    accountKey,
    identitySeed: field(KEY_BLOCK.identitySeed),
    sealSecret: field(KEY_BLOCK.sealSecret),
    keyBlock: block,
    accountXprv: account,
    ...(fileSecret === null ? {} : { keyFileSecret: fileSecret }),
    ...Object.fromEntries(
      offered.map(({ words }, i) => [`share${i + 1}`, new TextEncoder().encode(words.trim())]),
    ),
    ...Object.fromEntries(children.flatMap((key, i) => (key === null ? [] : [[`childKey${i + 1}`, key]]))),
  };
}

function askNobody(): Promise<string> {
  throw new Error("the demo's identities have no passphrase");
}

type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: { readonly what: string } };

function expectOk<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value;
  throw new Error(outcome.problem.what);
}
