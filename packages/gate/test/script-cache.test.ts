/** How many derived scripts are kept: whoever audits a gate sees years of them. */
import { HDKey } from '@scure/bip32';
import { expect, test } from 'vitest';
import { pointOf, seeded } from '../../policy/test/world.ts';
import { deriveScript } from '../src/core/rebuild.ts';

/** The key of every place below it is its own: deriving thousands takes long, and which ones they are does not matter here. */
class Account extends HDKey {
  constructor(label: string) {
    super({ publicKey: pointOf(label), chainCode: seeded(label) });
  }
  override deriveChild(): this {
    return this;
  }
}

test('Scripts are kept, 4,096 of them, and then forgotten', () => {
  const wallet = { accounts: [new Account('one'), new Account('two')] };
  const first = deriveScript(wallet, 0, 0);
  for (let index = 1; index < 4095; index++) deriveScript(wallet, 0, index);
  expect(deriveScript(wallet, 0, 0)).toBe(first);
  deriveScript(wallet, 0, 4095);
  expect(deriveScript(wallet, 0, 0)).not.toBe(first);
});
