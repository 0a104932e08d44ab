/** A charter in words, for the people who compare it at each machine. */
import type { CharterInForce } from '@coldwire/policy';
import type { JsonValue } from '@coldwire/program';
import { toHex } from '@coldwire/protocol';
import { describeWallet } from '@coldwire/wallet';

const btc = (sats: bigint): string =>
  `${sats / 100_000_000n}.${String(sats % 100_000_000n).padStart(8, '0')} BTC`;

/** Groups of four digits: what two people read to each other. */
export function readableHash(hash: Uint8Array): string {
  return (toHex(hash).match(/.{4}/g) ?? []).join(' ');
}

export function describeCharter(loaded: CharterInForce, signedBy: readonly string[]): string {
  const { charter } = loaded;
  const { policy, clock } = charter;
  const names = (rows: readonly { readonly name: string }[]): string =>
    rows.map(({ name }) => name).join(', ');
  return [
    `${charter.title}: ${charter.network}, epoch ${charter.epoch}`,
    `hash  ${readableHash(loaded.hash)}`,
    `signed by ${signedBy.length === 0 ? 'nobody yet' : signedBy.join(', ')}`,
    `signers ${names(charter.signers)} (2 of 3), gates ${names(charter.gates)}, vaults ${names(charter.vaults)}`,
    `screens ${names(charter.screens)}, requesters ${names(charter.requesters)}`,
    `custodians ${charter.custodians.map(({ name, group }) => `${name} (${group})`).join(', ')}`,
    ...walletTexts(loaded).map((text, i) => `wallet ${i}: ${text}`),
    `one transaction: at most ${btc(policy.amountPerTransaction)}, ${policy.maxIntents} intents, ${policy.maxInputs} inputs`,
    ...policy.windows.map(
      ({ ticks, amount, count, fee }) =>
        `in ${ticks} ticks (about ${Math.round((ticks * clock.spacing) / 360) / 10} h): at most ${btc(amount)}, ${count} withdrawals, ${btc(fee)} in fees`,
    ),
    `fees: at most ${btc(policy.feeAbsolute)}, ${policy.feeRate / 1000} sat/vB, ${policy.feeShare / 10} % above ${policy.feeShareFloor} sat`,
    `each signer enforces two thirds of every window; checkpoint ${clock.checkpointHeight}`,
  ].join('\n');
}

export function charterJson(loaded: CharterInForce, signedBy: readonly string[]): JsonValue {
  const { charter } = loaded;
  return {
    title: charter.title,
    network: charter.network,
    epoch: charter.epoch,
    hash: toHex(loaded.hash),
    first: toHex(loaded.first),
    signedBy,
    signers: charter.signers.map(({ name }) => name),
    gates: charter.gates.map(({ name }) => name),
    wallets: walletTexts(loaded),
    policy: { ...charter.policy, windows: charter.policy.windows.map((window) => ({ ...window })) },
  };
}

function walletTexts(loaded: CharterInForce): readonly string[] {
  const { charter } = loaded;
  return charter.wallets.map(({ keys }) => describeWallet({ network: charter.network, threshold: 2, keys }));
}
