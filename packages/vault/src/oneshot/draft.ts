/**
 * `coldwire-vault draft`: plans one transaction over the given coins and intents, has the intents screened, and writes the
 * SIGN request with what signers need to judge it. The draft in words goes to stderr.
 */
import { randomBytes } from 'node:crypto';
import process from 'node:process';
import type { CharterInForce } from '@coldwire/policy';
import { EXIT, escapeText, Failure } from '@coldwire/program';
import { type Approval, type Draft, equalBytes, type SignedIntent, type Verdict } from '@coldwire/protocol';
import { outpointKey, type WalletScripts } from '@coldwire/wallet';
import { authenticate, type NamedApproval } from '../api/index.ts';
import { explainDraft, planPayment, prepareDraft, readPayee } from '../draft/index.ts';
import { askScreens, type ScreenEndpoint } from '../screening/index.ts';
import { formatLine, type Line } from './lines.ts';

export interface DraftOptions {
  readonly charter: CharterInForce;
  readonly scripts: readonly WalletScripts[];
  readonly coins: readonly Line[];
  readonly intents: readonly SignedIntent[];
  readonly approvals?: readonly NamedApproval[];
  readonly screens: readonly ScreenEndpoint[];
  /** sat per 1,000 vB */
  readonly feerate: bigint;
  readonly changeIndex: number | undefined;
}

const SCREEN_MS = 10_000;

export async function writeDraft(options: DraftOptions): Promise<void> {
  const { charter, scripts, coins, intents } = options;
  const rows = coins.filter((line) => line.kind === 'coin');
  const tip = coins.find((line) => line.kind === 'tip')?.tip;
  if (tip === undefined || intents.length === 0) {
    throw new Failure(EXIT.BAD_INPUT, {
      what: tip === undefined ? 'the coins have no tip line' : 'there is no intent',
      where: tip === undefined ? '--coins' : '--intents',
      todo: 'Give what coldwire-vault coins wrote, and one signed intent a line.',
    });
  }
  assertRequested(intents, charter);
  const plan = planPayment(
    {
      policy: charter.policy,
      scripts,
      coins: rows.map(({ coin }) => coin),
      changeIndex: options.changeIndex ?? tip.change,
      feerate: options.feerate,
      longTermFeerate: options.feerate,
      tipHeight: tip.height,
      seed: new Uint8Array(randomBytes(16)),
    },
    intents.map(([intent, signature]) => ({ intent, signature })),
  );
  if (plan.kind === 'capped')
    throw refused(plan.codes, 'every way to pay them breaks a limit of the charter');
  if (plan.kind === 'insufficient') {
    const what = `the coins hold ${plan.available} sat; ${plan.missing} sat are missing`;
    throw new Failure(EXIT.BAD_INPUT, {
      what,
      where: '--coins',
      todo: 'Fund the wallet, or pay fewer intents.',
    });
  }
  await writeRequest(plan.draft, options, tip.height);
}

/** Has the intents screened, and writes the request behind the lines that signers need to judge it. */
export async function writeRequest(
  draft: Draft,
  options: Pick<DraftOptions, 'charter' | 'scripts' | 'coins' | 'screens' | 'approvals'>,
  tipHeight: number,
): Promise<void> {
  const { scripts, coins } = options;
  // The verdict covers intents by their place in the draft, which need not be that of the file.
  const verdicts = await screen({ ...options, intents: draft.intents }, tipHeight);
  const { request } = prepareDraft(draft, verdicts, scripts, placeApprovals(draft, options.approvals ?? []));
  const explained = explainDraft(draft, scripts).split('\n').map(escapeText);
  process.stderr.write(`${explained.join('\n')}\n`);
  const spent = new Set(draft.inputs.map(([txid, vout]) => outpointKey({ txid, vout })));
  for (const line of coins) {
    if (line.kind === 'coin' && !spent.has(outpointKey(line.coin))) continue;
    process.stdout.write(formatLine(line));
  }
  process.stdout.write(formatLine({ kind: 'request', request }));
}

/** Each approval with the place of its intent in the draft; those of other intents are left out. */
function placeApprovals(draft: Draft, approvals: readonly NamedApproval[]): readonly Approval[] {
  return draft.intents.flatMap((signed, place) => {
    const { id } = readPayee(signed);
    return approvals
      .filter(({ intent }) => equalBytes(intent, id))
      .map(({ approver, expires, signature, touch }) => ({ place, approver, expires, signature, touch }));
  });
}

export function refused(codes: readonly string[], what: string): Failure {
  const [code] = codes;
  return new Failure(EXIT.REFUSED, {
    ...(code === undefined ? {} : { code }),
    what: `${what}: ${codes.join(', ')}`,
    todo: 'protocol-spec/codes.json says for each code what to do.',
  });
}

export function assertRequested(intents: readonly SignedIntent[], charter: CharterInForce): void {
  for (const [place, signed] of intents.entries()) {
    const checked = authenticate(signed, charter);
    if (checked.kind === 'refused') throw refused(checked.codes, `intent ${place + 1}`);
    if (checked.kind === 'authentic') continue;
    const todo = 'Give intents as coldwire-vault intent or the exchange’s backend makes them.';
    throw new Failure(EXIT.BAD_INPUT, {
      what: `intent ${place + 1} is none: ${checked.detail}`,
      where: '--intents',
      todo,
    });
  }
}

/** Without a screen the draft carries no verdict, and every signer that has not seen its intents refuses SCREENING. */
async function screen(
  options: Pick<DraftOptions, 'charter' | 'intents' | 'screens'>,
  tipHeight: number,
): Promise<readonly Verdict[]> {
  const { screens, intents, charter } = options;
  if (screens.length === 0) return [];
  const asked = { first: charter.first, timeout: SCREEN_MS };
  const result = await askScreens(screens, { intents, tipHeight }, asked);
  if (result.kind === 'unavailable') {
    const what = result.problems.map((problem) => `${problem.screen}: ${problem.what}`).join('; ');
    throw new Failure(EXIT.IO, { what, where: '--screen', todo: 'Start a screen of the charter.' });
  }
  const { held, verdict } = result.answer;
  if (held.length > 0 || verdict === null) {
    const codes = [...new Set(held.flatMap((row) => row.codes))];
    throw refused(
      codes,
      `${result.screen} holds ${held.map(({ index }) => `intent ${index + 1}`).join(', ')}`,
    );
  }
  return [verdict];
}
