/**
 * Rehearses a charter that is not in force: every SIGN and REGISTER and every order of custodians that the signers' logs hold is judged
 * once more as it was, and once under the proposed charter, in the state that the signer really had then. Says which verdicts
 * would have been others, and why. Neither writes anything nor asks who signed the proposal. Signers' own logs only: a gate's
 * verdicts rest on seals that only it opens.
 * Spec: protocol-spec/5-charter.md, "Rehearsal".
 */
import { readSignedCharter } from '@coldwire/channel';
import { type CharterInForce, loadCharter, type PolicyState } from '@coldwire/policy';
import { EXIT, Failure } from '@coldwire/program';
import { apply, decodeChange } from '@coldwire/signer/core/change.ts';
import { createState, type SignerState } from '@coldwire/signer/core/state.ts';
import { createScripts, type WalletScripts } from '@coldwire/wallet';
import { noblePointMath } from '@coldwire/wallet/noble.ts';
import { Findings } from '../finding.ts';
import type { Transcript } from '../log/transcript.ts';
import { openRoster } from '../roster.ts';
import { loadTranscripts, type Progress } from '../verify/verify.ts';
import { judgeQuestion, type Question, readQuestion, type Verdict } from './question.ts';

export type { Verdict };

export interface ChangedVerdict {
  readonly signer: string;
  /** Of the message; `order` for one that came to the console. */
  readonly type: string;
  /** Empty for an order at the console. */
  readonly request: string;
  /** Seconds since 1970, by the signer's clock. */
  readonly time: number;
  readonly before: Verdict;
  readonly after: Verdict;
}

export interface Rehearsal {
  readonly requests: number;
  readonly approvedBefore: number;
  readonly approvedAfter: number;
  readonly changed: readonly ChangedVerdict[];
}

/**
 * @param paths evidence log directories of signers, or directories above them
 * @param first path of the first charter
 * @param proposed path of the charter to try; its signatures are not looked at
 * @throws Failure
 */
export function rehearse(
  paths: readonly string[],
  first: string,
  proposed: string,
  progress?: Progress,
): Rehearsal {
  const roster = openRoster(first);
  const began = load(roster.bytes, first);
  const trial = new Trial(load(readSignedCharter(proposed)[0], proposed));
  const transcripts = loadTranscripts(paths, roster, new Findings(), progress);
  const signers = transcripts.filter(({ role }) => role === 'signer');
  if (signers.length === 0) {
    throw new Failure(EXIT.BAD_INPUT, {
      what: 'there is no signer’s own log in it',
      where: paths.join(', '),
      todo: 'Name the state directory of a signer, or one above it.',
    });
  }
  for (const transcript of signers) {
    progress?.(`rehearsing ${transcript.owner}`);
    rehearseLog(transcript, createState(began, transcript.owner, noblePointMath), trial);
  }
  return trial.result;
}

function load(bytes: Uint8Array, where: string): CharterInForce {
  const loaded = loadCharter(bytes);
  if (loaded.ok) return loaded.value;
  throw new Failure(EXIT.BAD_INPUT, {
    what: `the charter does not hold together: ${loaded.problems.join('; ')}`,
    where,
    todo: 'Build it again: coldwire-charter build.',
  });
}

/** The state is what the journal says: what really happened, whatever the trial would have made of it. */
function rehearseLog(transcript: Transcript, began: SignerState, trial: Trial): void {
  let state = began;
  for (const item of transcript.items) {
    if (item.kind === 'change') state = apply(state, decodeChange(item.entry.bytes));
    const question = readQuestion(item);
    // A SIGN that was asked before gets its stored result: no rule is run.
    if (question === undefined || (question.type === 'SIGN' && state.results.has(question.request))) continue;
    trial.judge(state, question);
  }
}

class Trial {
  readonly #proposed: CharterInForce;
  readonly #scripts: readonly WalletScripts[];
  readonly #changed: ChangedVerdict[] = [];
  #requests = 0;
  #before = 0;
  #after = 0;

  constructor(proposed: CharterInForce) {
    const { charter, network } = proposed;
    this.#proposed = proposed;
    this.#scripts = charter.wallets.map((wallet) => createScripts({ network, ...wallet }, noblePointMath));
  }

  get result(): Rehearsal {
    return {
      requests: this.#requests,
      approvedBefore: this.#before,
      approvedAfter: this.#after,
      changed: this.#changed,
    };
  }

  judge({ name, policy }: SignerState, question: Question): void {
    const before = judgeQuestion(policy, name, question);
    const after = judgeQuestion(this.#under(policy), name, question);
    if (before === undefined || after === undefined) return;
    this.#requests += 1;
    if (before.approved) this.#before += 1;
    if (after.approved) this.#after += 1;
    if (before.codes.join() === after.codes.join()) return;
    const { type, request, time } = question;
    this.#changed.push({ signer: name, type, request, time, before, after });
  }

  /** The same state with the proposed charter in force. Deciding changes nothing, so everything else is shared. */
  #under(policy: PolicyState): PolicyState {
    const { charter } = this.#proposed;
    return {
      ...policy,
      // Intents and verdicts bind the first charter, whatever the proposal says that it follows.
      charter: { ...this.#proposed, first: policy.charter.first },
      scripts: this.#scripts,
      minedChange: charter.wallets.map((_, wallet) => policy.minedChange[wallet] ?? []),
    };
  }
}
