/**
 * The next good request: now and then the vault is honest for a moment, and a small payment that no rule is against must go
 * through, whatever was done before. Signers hear of the blocks, a quorum ends what is frozen, charters are brought; then every
 * signer that was never set back signs, since no one of them may be out of service for ever; a gate clears with the signatures of
 * two, another two each time; and the chain has it. Limits that are full refill within the patience.
 */
import { encode, SignRequest } from '@coldwire/protocol';
import { type GateName, SIGNERS, type SignerName } from '../world/charter.ts';
import { pause } from '../world/processes.ts';
import { mine } from '../world/world.ts';
import { type Attacker, codesOf, type Story } from './attacker.ts';
import { carryOrder, readState } from './carry.ts';
import type { OwnCoin } from './chain-view.ts';
import { type Answer, isGate, PEERS } from './lines.ts';
import { bringUp } from './moves/charters.ts';
import { compose, drawCoins, homeOf } from './moves/move.ts';

/** Longer than any window of any charter of the run lasts, at a gate and at a signer that is fed. */
const PATIENCE_MS = 150_000;
const BETWEEN_MS = 500;
/** sat: a power of two. */
const HOME_FEE = 4_096n;

/** Codes that time alone takes away: the same request is asked again. */
const PASSING = /^(AMOUNT|COUNT|FEE|DESTINATION|REQUESTER)_WINDOW$/;

/** A payment on its way. */
interface Errand {
  readonly body: Uint8Array;
  readonly coins: readonly OwnCoin[];
  readonly gate: GateName;
}

/** What came of an attempt. */
interface Outcome {
  readonly isPaid: boolean;
  /** `NAME: CODE+CODE` of each that did not do its part. */
  readonly refusals: readonly string[];
  /** Nothing but limits that are full stands against it. */
  readonly isPassing: boolean;
}

/**
 * @param turn which two signatures a gate is shown: another two each time
 * @returns whether it was paid; if not, that is a violation already said
 */
export async function payHonestly(attacker: Attacker, turn: number): Promise<boolean> {
  const end = performance.now() + PATIENCE_MS;
  const said = new Set<string>();
  let errand: Errand | undefined;
  while (performance.now() < end && !attacker.lines.isStopped) {
    await makeReady(attacker);
    errand ??= setOut(attacker);
    const outcome = errand === undefined ? undefined : await carry(attacker, errand, turn);
    if (outcome?.isPaid === true) return true;
    for (const row of outcome?.refusals ?? ['no coin']) said.add(row);
    const isFull = outcome?.refusals.some((row) => row.includes('LIMIT')) === true;
    if (isFull && errand !== undefined) await bringHome(attacker, errand.coins);
    if (outcome?.isPassing !== true) errand = undefined;
    await pause(BETWEEN_MS);
  }
  if (!attacker.lines.isStopped)
    attacker.judge.say('stuck', `an honest payment did not go through: ${[...said].join(' ')}`);
  return false;
}

async function makeReady(attacker: Attacker): Promise<void> {
  const { people, view, world } = attacker;
  // As many as a second of the signers' clocks can take (11-clock.md), so that windows refill no slower than they must.
  mine(world, 2);
  view.follow();
  await Promise.all(
    PEERS.map(async (name) => {
      await bringUp(attacker, name);
      if (!isGate(name)) await attacker.feed(name);
    }),
  );
  for (const name of attacker.unwitnessed) await attacker.attest(name);
  for (const name of SIGNERS) {
    const state = await readState(attacker, name);
    if (state?.frozen === true)
      await carryOrder(
        attacker,
        name,
        'UNFREEZE',
        people.order('unfreeze', 2, view.height, { signer: name }),
      );
  }
}

function setOut(attacker: Attacker): Errand | undefined {
  const { people, view } = attacker;
  const coins = drawCoins(attacker, 1);
  if (coins.length === 0) return undefined;
  const wish = people.askPlainly(view.height);
  const request = compose(attacker, { wishes: [wish], coins, fee: 4_000n });
  return { body: encode(SignRequest, request), coins, gate: homeOf(wish) };
}

/** Too much was signed for a coin already: what always remains takes it to a fresh coin of ours (10-policy.md, "Bounded spends"). */
async function bringHome(attacker: Attacker, coins: readonly OwnCoin[]): Promise<void> {
  const [amount] = coins.map((coin) => coin.amount);
  if (amount === undefined || amount <= HOME_FEE) return;
  const plain = compose(attacker, { wishes: [], coins, fee: HOME_FEE });
  const draft = { ...plain.draft, locktime: 0, change: [[0, 0, amount - HOME_FEE, 0] as const] };
  const body = encode(SignRequest, { ...plain, draft });
  await carry(attacker, { body, coins, gate: 'gate-1' }, 0);
}

/** Every signer that was never set back, the gate, and a block. */
async function carry(attacker: Attacker, { body, coins, gate }: Errand, turn: number): Promise<Outcome> {
  const { judge } = attacker;
  const must = SIGNERS.filter((name) => judge.isWhole(name));
  const hasSigned = (name: SignerName): boolean => attacker.storyOf(body)?.signed.has(name) === true;
  const refusals: { readonly name: SignerName | GateName; readonly codes: readonly string[] }[] = [];
  for (const name of SIGNERS.filter((one) => !hasSigned(one))) {
    await attacker.admit(name, coins);
    const codes = codesIn(await attacker.sign(name, body));
    if (codes.includes('UNKNOWN_OUTPOINT')) attacker.forgetAdmitted(name, coins);
    if (codes.length > 0 && must.includes(name)) refusals.push({ name, codes });
  }
  const story = attacker.storyOf(body);
  if (story !== undefined && must.every(hasSigned)) {
    const codes = codesIn(await attacker.clear(gate, story, drawTwo(story, turn)));
    if (codes.length > 0) refusals.push({ name: gate, codes });
    else if (isMined(attacker, story)) return { isPaid: true, refusals: [], isPassing: false };
    else refusals.push({ name: gate, codes: ['not mined'] });
  }
  return {
    isPaid: false,
    refusals: refusals.map(({ name, codes }) => `${name}: ${codes.join('+')}`),
    isPassing: refusals.every(({ codes }) => codes.every((code) => PASSING.test(code))),
  };
}

/** Of three AB, BC, CA in turn; of two these. */
function drawTwo({ signed }: Story, turn: number) {
  const all = SIGNERS.map((name) => signed.get(name)).filter((one) => one !== undefined);
  return [...all.slice(turn % all.length), ...all].slice(0, 2);
}

function codesIn(answer: Answer): readonly string[] {
  if (answer === 'silent') return ['silent'];
  return answer.type === 'REFUSED' ? codesOf(answer.body) : [];
}

function isMined(attacker: Attacker, { txid }: Story): boolean {
  const { raws, view, world } = attacker;
  const raw = raws.get(txid);
  if (raw === undefined) return false;
  attacker.broadcast(raw);
  mine(world, 1);
  view.follow();
  return world.chain.node.chain.blockOf(txid) !== undefined;
}
