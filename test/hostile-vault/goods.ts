/**
 * The next good request: now and then the vault is honest for a moment, and a small payment that no rule is against must go
 * through, whatever was done before. Signers hear of the blocks, a quorum ends what is frozen, charters are brought; then two
 * signers that are not lost sign, a gate clears, and the chain has it. Limits that are full refill within the patience.
 */
import { encode, SignRequest } from '@coldwire/protocol';
import { type GateName, SIGNERS, type SignerName } from '../world/charter.ts';
import { pause } from '../world/processes.ts';
import { mine } from '../world/world.ts';
import { type Attacker, codesOf, type Story } from './attacker.ts';
import { carryOrder, readState } from './carry.ts';
import type { OwnCoin } from './chain-view.ts';
import { isGate, PEERS } from './lines.ts';
import { bringUp } from './moves/charters.ts';
import { compose, drawCoins, homeOf } from './moves/move.ts';

/** Longer than any window of any charter of the run lasts, at a gate and at a signer that is fed. */
const PATIENCE_MS = 150_000;
const BETWEEN_MS = 500;
/** sat: a power of two. */
const HOME_FEE = 4_096n;

/** @returns whether it was paid; if not, that is a violation already said */
export async function payHonestly(attacker: Attacker): Promise<boolean> {
  const end = performance.now() + PATIENCE_MS;
  const codes = new Set<string>();
  while (performance.now() < end && !attacker.lines.isStopped) {
    await makeReady(attacker);
    const why = await payOnce(attacker);
    if (why === 'paid') return true;
    for (const code of why) codes.add(code);
    await pause(BETWEEN_MS);
  }
  if (!attacker.lines.isStopped)
    attacker.judge.say('stuck', `an honest payment did not go through: ${[...codes].join(' ')}`);
  return false;
}

async function makeReady(attacker: Attacker): Promise<void> {
  const { people, view, world } = attacker;
  mine(world, 1);
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

/** @returns the codes of all refusals if it was not paid */
async function payOnce(attacker: Attacker): Promise<'paid' | readonly string[]> {
  const { people, view } = attacker;
  const coins = drawCoins(attacker, 1);
  if (coins.length === 0) return ['no coin'];
  const wish = people.askPlainly(view.height);
  const why = await carry(
    attacker,
    compose(attacker, { wishes: [wish], coins, fee: 4_000n }),
    coins,
    homeOf(wish),
  );
  if (why !== 'paid' && why.some((row) => row.includes('LIMIT'))) await bringHome(attacker, coins);
  return why;
}

/** Too much was signed for a coin already: what always remains takes it to a fresh coin of ours (10-policy.md, "Bounded spends"). */
async function bringHome(attacker: Attacker, coins: readonly OwnCoin[]): Promise<void> {
  const [amount] = coins.map((coin) => coin.amount);
  if (amount === undefined || amount <= HOME_FEE) return;
  const plain = compose(attacker, { wishes: [], coins, fee: HOME_FEE });
  const draft = { ...plain.draft, locktime: 0, change: [[0, 0, amount - HOME_FEE, 0] as const] };
  await carry(attacker, { ...plain, draft }, coins, 'gate-1');
}

/** Two of those that sign, the gate, and a block. @returns the refusals on the way if it is not in the chain then */
async function carry(
  attacker: Attacker,
  request: SignRequest,
  coins: readonly OwnCoin[],
  gate: GateName,
): Promise<'paid' | readonly string[]> {
  const body = encode(SignRequest, request);
  const refusals: string[] = [];
  for (const name of attacker.random.shuffle<SignerName>(SIGNERS)) {
    await attacker.admit(name, coins);
    const answer = await attacker.sign(name, body);
    const codes = answer === 'silent' ? ['silent'] : answer.type === 'SIGNED' ? [] : codesOf(answer.body);
    if (codes.includes('UNKNOWN_OUTPOINT')) attacker.forgetAdmitted(name, coins);
    if (codes.length > 0) refusals.push(`${name}: ${codes.join('+')}`);
    if ((attacker.storyOf(body)?.signed.size ?? 0) >= 2) break;
  }
  const story = attacker.storyOf(body);
  if (story === undefined || story.signed.size < 2) return refusals;
  const answer = await attacker.clear(gate, story, [...story.signed.values()].slice(0, 2));
  if (answer === 'silent' || answer.type !== 'CLEARED')
    return [...refusals, `${gate}: ${answer === 'silent' ? 'silent' : codesOf(answer.body).join('+')}`];
  return isMined(attacker, story) ? 'paid' : [...refusals, 'not mined'];
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
