/** Vectors of later charters: what they change at once, what waits, and which are refused. */
import { type Charter, CharterBody, encode } from '@coldwire/protocol';
import { charterAfter, pointOf, signedBy, type World } from '../../world.ts';
import { write } from './file.ts';
import { ready, sign } from './worlds.ts';

/** A world whose charter may only be loosened after so many ticks, and the charter after it with these limits. */
function ledger(change: Partial<Charter['policy']>) {
  const { world, good } = ready({ loosenTicks: 6, amountPerTransaction: 999_999n });
  const { charter } = world.loaded;
  const next = charterAfter(world.loaded, { policy: { ...charter.policy, ...change } });
  return { world, good, next };
}

/** Ends with one charter. */
function lastCharter(world: World, charter: Charter, names?: readonly string[]): World {
  world.note('CHARTER', encode(CharterBody, { charter: signedBy(charter, names) }));
  return world;
}

/** Ticks go by, and the machine is asked how it is after each. */
function wait(world: World, ticks: number): void {
  for (let i = 0; i < ticks; i++) {
    world.enact();
    world.pass(1);
  }
}

const high = { amountPerTransaction: 1_000_000n };
write('ok-charter', 'charters', 'a charter that only tightens', () => {
  const { world, next } = ledger({ maxInputs: 10 });
  return lastCharter(world, next);
});
write('charter-tightens', 'charters', 'at once: one satoshi above the limit of the later charter', () => {
  const { world, good } = ready();
  const policy = { ...world.loaded.charter.policy, amountPerTransaction: 999_999n };
  world.install(charterAfter(world.loaded, { policy }));
  return sign(world, good);
});
write(
  'charter-waits',
  'charters',
  'five of six ticks after a charter with a higher limit was installed',
  () => {
    const { world, good, next } = ledger(high);
    world.install(next);
    wait(world, 5);
    return sign(world, good);
  },
);
write('ok-charter-loosened', 'charters', 'as charter-waits, one tick later', () => {
  const { world, good, next } = ledger(high);
  world.install(next);
  wait(world, 6);
  return sign(world, good);
});
write(
  'charter-revoked',
  'charters',
  'as ok-charter-loosened, but a third charter returned to the old limits',
  () => {
    const { world, good, next } = ledger(high);
    const second = world.install(next);
    wait(world, 3);
    world.install(charterAfter(second, { policy: world.loaded.charter.policy }));
    wait(world, 9);
    return sign(world, good);
  },
);
write('charter-chain', 'charters', 'a second charter that follows the first', () => {
  const { world, next } = ledger({ maxInputs: 10 });
  world.install(next);
  return lastCharter(world, { ...next, title: 'Another second charter' });
});
write('charter-quorum', 'charters', 'signed by one custodian where two are needed, and by a stranger', () => {
  const { world, next } = ledger({ maxInputs: 10 });
  return lastCharter(world, next, ['ada', 'eve']);
});
write('charter-unfit-wallets', 'charters', 'a second wallet', () => {
  const { world, next } = ledger({});
  const added = next.wallets.map(({ keys, threshold }) => ({
    threshold,
    keys: keys.map((row) => ({ ...row, publicKey: pointOf(`second ${row.signer}`) })),
  }));
  return lastCharter(world, { ...next, wallets: [...next.wallets, ...added] });
});
write('charter-unfit', 'charters', 'another spacing of the clock', () => {
  const { world, next } = ledger({});
  return lastCharter(world, { ...next, clock: { ...next.clock, spacing: 300 } });
});
