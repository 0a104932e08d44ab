/** Wrote protocol-spec/vectors/charter/{fit,unfit}-*, as write.ts does those of policy. */
import { existsSync, writeFileSync } from 'node:fs';
import { Charter, encode, findCharterProblems, fromHex, toHex } from '@coldwire/protocol';
import { pointOf, sampleCharter } from '../world.ts';

const folder = new URL('../../../../protocol-spec/vectors/charter/', import.meta.url);
const GENESIS = fromHex(
  '0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c',
);

function write(name: string, comment: string, charter: Charter): void {
  const file = new URL(`${name}.txt`, folder);
  if (existsSync(file)) return;
  const problems = findCharterProblems(charter);
  if (problems.length > 1) throw new Error(`${name}: ${problems.join('; ')}`);
  const head = [
    `expect: ${problems.length === 0 ? 'ok' : 'CHARTER_UNFIT'}`,
    'part: consistency',
    'rule: 5-charter.md, Consistency',
    `comment: ${comment}`,
    ...problems.map((problem) => `problem: ${problem}`),
  ];
  const hex = toHex(encode(Charter, charter)).match(/.{1,120}/g) ?? [];
  writeFileSync(file, [...head, '', ...hex, ''].join('\n'));
}

const regtest = sampleCharter();
const sample = sampleCharter('mainnet');
const mainnet = { ...sample, clock: { ...sample.clock, checkpointHeight: 0, checkpoint: GENESIS } };
const least = { amountPerTransaction: 1_000n, feeAbsolute: 1_000n, feeShare: 0, feeShareFloor: 1_000n };
const policy = (change: Partial<Charter['policy']>): Charter => ({
  ...mainnet,
  policy: { ...mainnet.policy, ...least, ...change },
});
const fresh = (seconds: number): Charter => ({ ...mainnet, clock: { ...mainnet.clock, fresh: seconds } });

write('fit-regtest', 'one wallet, on a test network', regtest);
write('fit-mainnet-least', 'mainnet, where nothing less would ever be paid', policy({}));
write('fit-mainnet-fresh', 'mainnet, headers may be a day old', fresh(86_400));
const [wallet] = regtest.wallets;
if (wallet === undefined) throw new Error('no wallet');
const keys = wallet.keys.map((row) => ({ ...row, publicKey: pointOf(`second ${row.signer}`) }));
write('unfit-two-wallets', 'keys for two wallets', { ...regtest, wallets: [wallet, { ...wallet, keys }] });
write('unfit-mainnet-amount', 'an amount below 1,000 sat', policy({ amountPerTransaction: 999n }));
write('unfit-mainnet-fee', 'a fee below 1,000 sat', policy({ feeAbsolute: 999n }));
write('unfit-mainnet-share', 'no share, and a floor below 1,000 sat', policy({ feeShareFloor: 999n }));
write(
  'unfit-mainnet-floor',
  'a share, and a floor below 1,000 sat',
  policy({ feeShare: 100, feeShareFloor: 999n }),
);
write('unfit-mainnet-fresh', 'headers may be older than a day', fresh(86_401));
write('unfit-mainnet-fee-rate', 'below twice what nodes relay from on', policy({ feeRate: 1_999 }));
const [gate, ...others] = regtest.gates;
if (gate === undefined) throw new Error('no gate');
write('unfit-seal-key', 'a seal key of small order', {
  ...regtest,
  gates: [{ ...gate, sealKey: new Uint8Array(32) }, ...others],
});
