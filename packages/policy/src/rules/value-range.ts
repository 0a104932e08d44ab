/** VALUE_RANGE. Spec: protocol-spec/10-policy.md, "Rules". Precedents: CVE-2010-5139; attack 12. */
import { MAX_MONEY } from '@coldwire/wallet';
import { refuse } from '../refusal.ts';
import type { Rule } from './rule.ts';

// Every amount and every sum is 0 to 21 million BTC, and inputs cover outputs.
export const valueRange: Rule = ({ inputs, outputs, sumIn, sumOut, fee }) => {
  const amounts: (readonly [string, bigint])[] = [
    ...inputs.map(({ amount }, place) => [`input ${place}`, amount] as const),
    ...outputs.map(({ amount }, place) => [`output ${place}`, amount] as const),
    ['sum of inputs', sumIn],
    ['sum of outputs', sumOut],
    ['fee', fee],
  ];
  const outside = amounts.filter(([, value]) => value < 0n || value > MAX_MONEY);
  return outside.map(([what, value]) => refuse('VALUE_RANGE', { what, value }));
};
