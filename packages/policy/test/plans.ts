/** What the tests of policy plan, in short, and how it looks on the line; what a refusal says, by name. */
import { readFileSync } from 'node:fs';
import {
  type Approval,
  concatBytes,
  type Headers,
  type MessageType,
  type SignedIntent,
  type Verdict,
} from '@coldwire/protocol';
import type { Refusal } from '../src/index.ts';
import type { Block } from './blocks.ts';

export type Coin = {
  readonly txid: Uint8Array;
  readonly vout: number;
  readonly amount: bigint;
  readonly wallet: number;
  readonly chain: 0 | 1;
  readonly index: number;
};

export type ChangeOutput = {
  readonly amount: bigint;
  readonly index?: number;
  readonly wallet?: number;
  readonly position?: number;
};
export type DraftPlan = {
  readonly coins: readonly Coin[];
  readonly intents?: readonly SignedIntent[];
  readonly change?: readonly ChangeOutput[];
  readonly locktime?: number;
  /** By default one verdict of screen-1 over every intent. */
  readonly verdicts?: readonly Verdict[];
  readonly approvals?: readonly Approval[];
};
export type IntentPlan = {
  readonly id?: string;
  readonly amount?: bigint;
  readonly requester?: string;
  readonly key?: string;
  readonly script?: Uint8Array;
  readonly created?: number;
  readonly expires?: number;
};

/** A request as it comes over the line, and the machine's two clocks when it was judged. */
export type Event = {
  readonly type: MessageType;
  readonly body: Uint8Array;
  readonly time: number;
  readonly uptime: number;
};

const codes: { codes: { code: string; facts: string[] }[] } = JSON.parse(
  readFileSync(new URL('../../../protocol-spec/codes.json', import.meta.url), 'utf8'),
);

/** The facts of a refusal by name; throws unless they are those that codes.json names, in its order. */
export function factsOf({ code, facts }: Refusal): Record<string, string> {
  const wanted = codes.codes.find((row) => row.code === code)?.facts.join();
  if (wanted !== facts.map(([name]) => name).join()) throw new Error(`${code} has not the facts ${wanted}`);
  return Object.fromEntries(facts);
}

export function claimOf({ vout, wallet, chain, index }: Coin) {
  return { vout, wallet, chain, index };
}

export function headersOf(blocks: readonly Block[]): Headers {
  return { headers: concatBytes(...blocks.map(({ header }) => header)) };
}
