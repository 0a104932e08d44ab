/** The vault is killed in the middle of everything, again and again: each intent is paid exactly once. */
import type { BlockNode } from '@coldwire/devchain/chain/chainstate.ts';
import { decodeIntent, type SignedIntent, toHex } from '@coldwire/protocol';
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest';
import { GATES, SIGNERS } from '../world/charter.ts';
import { type Running, until } from '../world/processes.ts';
import {
  buildWorld,
  makeIntent,
  mine,
  startGate,
  startScreen,
  startSigner,
  startVault,
  submit,
  type World,
  waitForState,
} from '../world/world.ts';

let world: World;
let screens: readonly string[];

beforeAll(async () => {
  world = await buildWorld({ coins: 4 });
  await Promise.all([
    ...SIGNERS.map((name) => startSigner(world, name)),
    ...GATES.map((name) => startGate(world, name)),
  ]);
  screens = [(await startScreen(world)).url];
});
afterAll(() => world.close());

type Vault = Running & { readonly url: string };

function scriptOf([intent]: SignedIntent): string {
  const decoded = decodeIntent(intent);
  if (!decoded.ok) throw new Error('not an intent');
  return toHex(decoded.value.script);
}

/** How many outputs of the best branch and the mempool pay this script. */
function countPayments({ chain }: World, scripts: ReadonlySet<string>): ReadonlyMap<string, number> {
  const paid = new Map<string, number>();
  const { node } = chain;
  const transactions = node.mempool.entries().map(({ known }) => known.tx);
  for (let at: BlockNode | null = node.chain.tip; at !== null; at = at.parent) {
    transactions.push(...at.block.transactions.map(({ tx }) => tx));
  }
  for (const { outputs } of transactions) {
    for (const { script } of outputs) {
      const key = toHex(script);
      if (scripts.has(key)) paid.set(key, (paid.get(key) ?? 0) + 1);
    }
  }
  return paid;
}

test('a vault that is killed at every step pays each intent once', async () => {
  let vault: Vault = await startVault(world, { screens });
  onTestFailed(() => console.log(vault.log().slice(-8000)));
  const intents: SignedIntent[] = [];
  const ids: string[] = [];
  for (const step of ['screened', 'drafted', 'signed', 'cleared', 'broadcast', 'tip']) {
    for (let i = 0; i < 3; i += 1) {
      const intent = makeIntent(world);
      intents.push(intent);
      ids.push((await submit(vault.url, intent)).id);
    }
    if (step === 'tip') mine(world);
    const killed: Vault = vault;
    const seen = killed.events().length;
    await until(step, () =>
      killed
        .events()
        .slice(seen)
        .find(({ event }) => event === step),
    );
    await killed.stop('SIGKILL');
    vault = await startVault(world, { screens });
  }
  const { url } = vault;
  await Promise.all(ids.map((id) => waitForState(url, id, ['broadcast', 'confirmed'])));
  mine(world);
  await Promise.all(ids.map((id) => waitForState(url, id, ['confirmed'])));
  const scripts = new Set(intents.map(scriptOf));
  const payments = countPayments(world, scripts);
  expect([...scripts].map((script) => payments.get(script))).toEqual(intents.map(() => 1));
}, 240_000);
