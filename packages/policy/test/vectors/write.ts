/**
 * Wrote protocol-spec/vectors/policy/. A vector that exists is never written again: it is changed by hand and changelog
 * only. Run: `node packages/policy/test/vectors/write.ts`.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import {
  Admit,
  type Admit as AdmitBody,
  type Charter,
  CharterBody,
  concatBytes,
  Dead,
  encode,
  fromHex,
  Headers,
  type SignRequest as SignBody,
  SignRequest,
} from '@coldwire/protocol';
import { serializeStripped, txidOf } from '@coldwire/wallet';
import { approvalOf, withApprovers } from '../approvals.ts';
import {
  type Coin,
  charterAfter,
  MINUTE,
  mineHeader,
  sampleCharter,
  seeded,
  signedBy,
  World,
} from '../world.ts';
import { format } from './format.ts';

const folder = new URL('../../../../protocol-spec/vectors/policy/', import.meta.url);
mkdirSync(folder, { recursive: true });

function write(name: string, rule: string, comment: string, make: () => World): void {
  const file = new URL(`${name}.txt`, folder);
  if (existsSync(file)) return;
  writeFileSync(file, format(make(), rule, comment));
}

function small(policy: Partial<Charter['policy']> = {}): World {
  const charter = sampleCharter();
  return new World({ ...charter, policy: { ...charter.policy, ...policy } });
}

/** Ends with a SIGN request, whatever becomes of it. */
function sign(world: World, request: SignBody, time = world.now): World {
  world.note('SIGN', encode(SignRequest, request), time);
  return world;
}

/** A world with two coins of 0.05 BTC, and a request that would be approved in it. */
function ready(policy: Partial<Charter['policy']> = {}): { world: World; a: Coin; b: Coin; good: SignBody } {
  const world = small(policy);
  const [a, b] = world.fund([5_000_000n, 5_000_000n]);
  if (a === undefined || b === undefined) throw new Error('no coins');
  const good = world.request({
    coins: [a],
    intents: [world.intent()],
    change: [{ amount: 3_990_000n, position: 0 }],
  });
  return { world, a, b, good };
}

const plain = { amount: 3_990_000n };

write('ok-withdrawal', 'all', 'one intent paid from one coin, with change in front', () => {
  const { world, good } = ready();
  return sign(world, good);
});
write('ok-again', 'charges', 'the same transaction again is approved again', () => {
  const { world, good } = ready();
  world.approve(good);
  return sign(world, good);
});
write('ok-bump', 'one intent, one payment', 'the same intent with a higher fee, after it expired', () => {
  const { world, a } = ready();
  const intents = [world.intent({ expires: world.height + 1 })];
  world.approve(world.request({ coins: [a], intents, change: [plain] }));
  world.feed(world.mine(3));
  return sign(world, world.request({ coins: [a], intents, change: [{ amount: 3_980_000n }], verdicts: [] }));
});
write(
  'ok-cancel',
  'one intent, one payment',
  'a draft without intents takes back what another would have spent',
  () => {
    const { world, a, good } = ready();
    world.approve(good);
    return sign(world, world.request({ coins: [a], change: [{ amount: 4_980_000n }] }));
  },
);
write(
  'ok-after-dead',
  'dead transactions',
  'the intent of a dead transaction is paid from another coin',
  () => {
    const { world, b, proof, intents } = replaced();
    world.feed(world.mine(5));
    world.bury(proof);
    return sign(world, world.request({ coins: [b], intents, change: [plain] }));
  },
);
write('network', 'accepting headers', 'the header of block 1 of mainnet, to a machine on regtest', () => {
  const world = small();
  const header =
    '010000006fe28c0ab6f1b372c1a6a246ae63f74f931e8365e15a089c68d6190000000000982051fd1e4ba744bbbe680e1fee14677ba1a3c3540bf7b1cdb606e857233e0e61bc6649ffff001d01e36299';
  world.note('HEADERS', encode(Headers, { headers: fromHex(header) }));
  return world;
});
write('frozen', 'frozen', 'the vault has frozen withdrawals', () => {
  const { world, good } = ready();
  world.freeze('vault-1');
  return sign(world, good);
});
write(
  'clock-stale',
  'clock fresh',
  "the machine's clock is 12 hours and one second ahead of the newest header",
  () => {
    const { world, good } = ready();
    return sign(world, good, world.now + 43_201);
  },
);
write('limit', 'caps', 'two inputs where one is allowed; the wrong amount is not looked at', () => {
  const { world, a, b } = ready({ maxInputs: 1 });
  const coins = [{ ...a, amount: 1n }, b];
  return sign(world, world.request({ coins, intents: [world.intent()], change: [{ amount: 8_990_000n }] }));
});
write('value-range', 'values', 'outputs are one satoshi above inputs', () => {
  const { world, a } = ready();
  return sign(world, world.request({ coins: [a], intents: [world.intent({ amount: 5_000_001n })] }));
});
write('dup-input', 'duplicate inputs', 'one coin twice', () => {
  const { world, a } = ready();
  const change = [{ amount: 8_990_000n }];
  return sign(world, world.request({ coins: [a, a], intents: [world.intent()], change }));
});
write('dup-intent', 'duplicate intents', 'one intent twice', () => {
  const { world, a } = ready();
  const intent = world.intent();
  const change = [{ amount: 2_990_000n }];
  return sign(world, world.request({ coins: [a], intents: [intent, intent], change }));
});
write('unknown-outpoint', 'admission', 'a coin that was not admitted', () => {
  const { world, a } = ready();
  const coins = [{ ...a, vout: 9 }];
  return sign(world, world.request({ coins, intents: [world.intent()], change: [plain] }));
});
write('amount-mismatch', 'admission', 'one satoshi more than the coin is worth', () => {
  const { world, a } = ready();
  const coins = [{ ...a, amount: a.amount + 1n }];
  return sign(world, world.request({ coins, intents: [world.intent()], change: [plain] }));
});
write('input-foreign', 'admission', 'a coin under the index of another', () => {
  const { world, a } = ready();
  const coins = [{ ...a, index: 1 }];
  return sign(world, world.request({ coins, intents: [world.intent()], change: [plain] }));
});

/** Ends with an ADMIT of a mined transaction of two outputs, the first ours at receiving index 4. */
function admission(change: (body: AdmitBody) => AdmitBody): World {
  const world = small();
  const { bytes, txid } = world.foreign([
    { amount: 700_000n, script: world.script(0, 4) },
    { amount: 5_000n, script: seeded('theirs') },
  ]);
  world.feed(world.mine(1, [seeded('another'), txid]));
  const coins = [{ vout: 0, wallet: 0, chain: 0, index: 4 }];
  world.note('ADMIT', encode(Admit, change({ transaction: bytes, coins, proof: world.proofOf(txid) })));
  return world;
}
write('ok-admit', 'admission', 'a mined coin of ours', () => admission((body) => body));
write('admit-foreign', 'admission', 'an output that is not ours', () =>
  admission((body) => ({ ...body, coins: [{ vout: 1, wallet: 0, chain: 0, index: 4 }] })),
);
write('admit-path-range', 'admission', 'a receiving index above the limit', () =>
  admission((body) => ({ ...body, coins: [{ vout: 0, wallet: 0, chain: 0, index: 1000 }] })),
);
write('merkle-proof', 'admission', 'a path that leads to another root', () =>
  admission(({ proof, ...body }) => ({
    ...body,
    proof: proof && { ...proof, position: proof.position ^ 1 },
  })),
);
write('unproven-parent', 'admission', 'an unmined transaction of strangers', () =>
  admission((body) => ({ ...body, proof: null })),
);
write('path-range', 'change', 'a change index 20 above what was mined, where 19 is allowed', () => {
  const { world, a } = ready();
  const change = [{ ...plain, index: 20 }];
  return sign(world, world.request({ coins: [a], intents: [world.intent()], change }));
});
write('immature', 'coinbase', 'a coinbase coin with one confirmation', () => {
  const world = small();
  const coinbase = {
    version: 2,
    locktime: 0,
    inputs: [{ outpoint: { txid: new Uint8Array(32), vout: 0xffffffff }, sequence: 0xffffffff }],
    outputs: [{ amount: 5_000_000n, script: world.script(0, 9) }],
  } as const;
  const txid = txidOf(coinbase);
  world.feed(world.mine(1, [txid]));
  const coin = { txid, vout: 0, amount: 5_000_000n, wallet: 0, chain: 0, index: 9 } as const;
  world.admit(serializeStripped(coinbase), [coin], world.proofOf(txid));
  return sign(world, world.request({ coins: [coin], intents: [world.intent()], change: [plain] }));
});
write('intent-signature', 'intents', 'an intent of one requester signed by another', () => {
  const { world, a } = ready();
  return sign(
    world,
    world.request({ coins: [a], intents: [world.intent({ key: 'desk' })], change: [plain] }),
  );
});
write('intent-life', 'intents', 'an intent that lives one block longer than allowed', () => {
  const { world, a } = ready();
  const intents = [world.intent({ created: world.height, expires: world.height + 145 })];
  return sign(world, world.request({ coins: [a], intents, change: [plain] }));
});
write('expired', 'intents', 'an intent first seen one block too late', () => {
  const { world, a } = ready();
  const intents = [world.intent({ created: world.height - 9, expires: world.height - 1 })];
  return sign(world, world.request({ coins: [a], intents, change: [plain] }));
});
write('intent-reused', 'intents', 'a known id with another amount', () => {
  const { world, a } = ready();
  world.approve(world.request({ coins: [a], intents: [world.intent({ id: 'x' })], change: [plain] }));
  const intents = [world.intent({ id: 'x', amount: 999_999n })];
  return sign(world, world.request({ coins: [a], intents, change: [plain] }));
});
write('conflict', 'one intent, one payment', 'the same intent from another coin', () => {
  const { world, a, b } = ready();
  const intents = [world.intent()];
  world.approve(world.request({ coins: [a], intents, change: [plain] }));
  return sign(world, world.request({ coins: [b], intents, change: [plain] }));
});

/** `a` was to pay an intent and was taken back by a transaction that is mined. */
function replaced() {
  const { world, a, b } = ready();
  const intents = [world.intent()];
  const first = world.approve(world.request({ coins: [a], intents, change: [plain] }));
  const cancel = world.approve(world.request({ coins: [a], change: [{ amount: 4_980_000n }] }));
  world.feed(world.mine(1, [cancel.txid]));
  const spender = serializeStripped(cancel.transaction);
  return { world, b, intents, proof: { txid: first.txid, spender, proof: world.proofOf(cancel.txid) } };
}
write('dead-proof', 'dead transactions', 'a spend with 5 confirmations, where 6 are asked for', () => {
  const { world, proof } = replaced();
  world.feed(world.mine(4));
  world.note('DEAD', encode(Dead, proof));
  return world;
});
write('screening', 'screening', 'two intents, a verdict over the first only', () => {
  const { world, a } = ready();
  const intents = [world.intent(), world.intent()];
  const verdicts = [world.verdict(intents, [0])];
  return sign(world, world.request({ coins: [a], intents, change: [{ amount: 2_990_000n }], verdicts }));
});
/** Payments above half a million sat need two of ann, bob and cat; bob is one of the shop's people. */
const tiered = (): World => {
  const charter = sampleCharter();
  return new World(
    withApprovers(charter, [{ above: 500_000n, approvals: 2, approvers: ['ann', 'bob', 'cat'] }]),
  );
};
write('ok-approvals', 'approvals', 'two approvals, by a key in a file and by a security key', () => {
  const world = tiered();
  const coins = world.fund([5_000_000n]);
  const intent = world.intent();
  const approvals = [approvalOf(world, intent, 'ann'), approvalOf(world, intent, 'cat')];
  return sign(world, world.request({ coins, intents: [intent], change: [plain], approvals }));
});
write('approval-missing', 'approvals', "one of two approvals is by one of the requester's own people", () => {
  const world = tiered();
  const coins = world.fund([5_000_000n]);
  const intent = world.intent();
  const approvals = [approvalOf(world, intent, 'ann'), approvalOf(world, intent, 'bob')];
  return sign(world, world.request({ coins, intents: [intent], change: [plain], approvals }));
});

const paid = concatBytes(Uint8Array.of(0, 20), seeded('paid').slice(0, 20));
const pay = (world: World, coins: readonly Coin[]): World =>
  sign(world, world.request({ coins, intents: [world.intent({ script: paid })], change: [plain] }));
write('destination-denied', 'destinations', 'a destination of the deny list', () => {
  const { world, a } = ready({ deny: [paid] });
  return pay(world, [a]);
});
write('destination-unknown', 'destinations', 'a destination that another requester registered', () => {
  const { world, a } = ready({ destinations: 'registered', destinationTicks: 3 });
  world.register('desk', paid);
  world.pass(5);
  return pay(world, [a]);
});
write('destination-delay', 'destinations', 'a destination one block before its delay is over', () => {
  const { world, a } = ready({ destinations: 'registered', destinationTicks: 3 });
  world.register('shop', paid);
  world.pass(2);
  return pay(world, [a]);
});
write('ok-registered', 'destinations', 'a registered destination after its delay', () => {
  const { world, a } = ready({ destinations: 'registered', destinationTicks: 3 });
  world.register('shop', paid);
  world.pass(3);
  return pay(world, [a]);
});
write('registration-signature', 'destinations', 'a registration of one requester signed by another', () => {
  const { world } = ready({ destinations: 'registered', destinationTicks: 3 });
  world.register('shop', paid, 'desk');
  return world;
});
write('output-type', 'outputs', 'a destination of an unknown witness version', () => {
  const { world, a } = ready();
  const script = Uint8Array.of(0x52, 32, ...seeded('program'));
  return sign(world, world.request({ coins: [a], intents: [world.intent({ script })], change: [plain] }));
});
write('output-type-taproot', 'outputs', 'a taproot key that is no point of the curve', () => {
  const { world, a } = ready();
  const script = fromHex('5120eefdea4cdb677750a420fee807eacf21eb9898ae79b9768766e4faa04a2d4a34');
  return sign(world, world.request({ coins: [a], intents: [world.intent({ script })], change: [plain] }));
});
write('dust', 'outputs', 'a payment of one satoshi below the limit of its script', () => {
  const { world, a } = ready();
  const intents = [world.intent({ amount: 293n })];
  return sign(world, world.request({ coins: [a], intents, change: [{ amount: 4_990_000n }] }));
});
write('not-change', 'change', 'change to a wallet that does not exist', () => {
  const { world, a } = ready();
  const change = [{ ...plain, wallet: 1 }];
  return sign(world, world.request({ coins: [a], intents: [world.intent()], change }));
});
write('tx-fields', 'transaction fields', 'a locktime one block ahead', () => {
  const { world, a } = ready();
  const plan = { coins: [a], intents: [world.intent()], change: [plain], locktime: world.height + 1 };
  return sign(world, world.request(plan));
});
write('fee-absolute', 'fees', 'one satoshi above the limit', () => {
  const { world, a } = ready({ feeAbsolute: 20_000n });
  const intents = [world.intent({ amount: 4_979_999n })];
  return sign(world, world.request({ coins: [a], intents }));
});
write('fee-rate', 'fees', 'above the limit on the worst-case size', () => {
  const { world, good } = ready({ feeRate: 20_000 });
  return sign(world, good);
});
write('fee-share', 'fees', 'above the floor and above the share', () => {
  const { world, good } = ready({ feeShareFloor: 1_000n, feeShare: 9 });
  return sign(world, good);
});
const window = { ticks: 6, amount: 3_000_000n, count: 3, fee: 30_000n };
write('fee-window', 'windows', 'one satoshi above two thirds of the window', () => {
  const { world, b, good } = ready({ windows: [{ ...window, fee: 30_000n }] });
  world.approve(good);
  const intents = [world.intent()];
  return sign(world, world.request({ coins: [b], intents, change: [{ amount: 3_989_999n }] }));
});
write('amount-tx', 'amounts', 'one satoshi above the limit of one transaction', () => {
  const { world, good } = ready({ amountPerTransaction: 999_999n });
  return sign(world, good);
});
write('amount-window', 'windows', 'one satoshi above two thirds of the window', () => {
  const { world, b, good } = ready({ windows: [window] });
  world.approve(good);
  const intents = [world.intent({ amount: 1_000_001n })];
  return sign(world, world.request({ coins: [b], intents, change: [plain] }));
});
write('count-window', 'windows', 'a third intent where two thirds of the window are two', () => {
  const { world, good, b } = ready({ windows: [{ ...window, amount: 30_000_000n }] });
  world.approve(good);
  const intents = [world.intent(), world.intent()];
  return sign(world, world.request({ coins: [b], intents, change: [{ amount: 2_990_000n }] }));
});
const half = { ticks: 6, amount: 3_000_000n, count: 3 };
write(
  'destination-window',
  'velocity',
  'one satoshi above two thirds of what one destination may get',
  () => {
    const { world, good, b } = ready({ velocity: [{ ...half, per: 'destination' }] });
    world.approve(good);
    const intents = [world.intent({ requester: 'desk', amount: 1_000_001n })];
    return sign(world, world.request({ coins: [b], intents, change: [plain] }));
  },
);
write('requester-window', 'velocity', 'a third intent of one requester, where two thirds are two', () => {
  const { world, good, b } = ready({ velocity: [{ ...half, per: 'requester', amount: 30_000_000n }] });
  world.approve(good);
  const intents = [world.intent({ script: paid }), world.intent()];
  return sign(world, world.request({ coins: [b], intents, change: [{ amount: 2_990_000n }] }));
});
write('ok-window-freed', 'windows', 'as amount-window, seven ticks later', () => {
  const { world, b, good } = ready({ windows: [window] });
  world.approve(good);
  for (const block of world.mine(7)) {
    world.uptime += 5 * MINUTE;
    world.feed([block]);
  }
  const intents = [world.intent({ amount: 1_000_001n })];
  return sign(world, world.request({ coins: [b], intents, change: [plain] }));
});
write('withheld-headers', 'ticks', 'as amount-window, with seven headers at once after a week', () => {
  const { world, b, good } = ready({ windows: [window] });
  world.approve(good);
  world.uptime += 7 * 24 * 60 * MINUTE;
  world.feed(world.mine(7));
  const intents = [world.intent({ amount: 1_000_001n })];
  return sign(world, world.request({ coins: [b], intents, change: [plain] }));
});

/** Ends with one header. */
function lastHeader(world: World, header: Uint8Array): World {
  world.note('HEADERS', encode(Headers, { headers: header }));
  return world;
}
write('header-link', 'accepting headers', 'a header above one that is not known', () => {
  const world = small();
  const [, second] = world.mine(2);
  return lastHeader(world, second?.header ?? new Uint8Array(80));
});
write('header-work', 'judging a header', "a target that is easier than the network's easiest", () => {
  const world = small();
  return lastHeader(world, mineHeader(world.tipHash, seeded('root'), world.now, 0x2100ffff));
});
write('header-time', 'judging a header', 'the time of the median of the eleven before', () => {
  const world = small();
  world.feed(world.mine(10));
  return lastHeader(world, mineHeader(world.tipHash, seeded('root'), world.now - 5 * 600));
});

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
write('charter-unfit', 'charters', 'another spacing of the clock', () => {
  const { world, next } = ledger({});
  return lastCharter(world, { ...next, clock: { ...next.clock, spacing: 300 } });
});
