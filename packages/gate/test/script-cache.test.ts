/** How many derived scripts are kept. What they are does not matter here, and making thousands takes long: these are empty. */
import { HDKey } from '@scure/bip32';
import { expect, test, vi } from 'vitest';
import { pointOf, seeded } from '../../policy/test/world.ts';
import { deriveScript } from '../src/core/rebuild.ts';

vi.mock(import('@scure/btc-signer'), async (load) => {
  const empty = () => ({ script: new Uint8Array() });
  return Object.assign({}, await load(), { p2ms: empty, p2wsh: empty });
});

/** The key of every place below it is its own. */
class Account extends HDKey {
  override deriveChild(): this {
    return this;
  }
}

test('Scripts are kept, 4,096 of them, and then forgotten: whoever audits a gate sees years of them', () => {
  const account = new Account({ publicKey: pointOf('account'), chainCode: seeded('chain code') });
  const wallet = { accounts: [account] };
  const first = deriveScript(wallet, 0, 0);
  for (let index = 1; index < 4095; index++) deriveScript(wallet, 0, index);
  expect(deriveScript(wallet, 0, 0)).toBe(first);
  deriveScript(wallet, 0, 4095);
  expect(deriveScript(wallet, 0, 0)).not.toBe(first);
});
