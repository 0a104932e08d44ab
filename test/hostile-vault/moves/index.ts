/**
 * What the attacker tries. Some moves are guided: each is a known way of stealing, with the real parts it needs. Others change
 * one thing at random in what worked before. None says what should come out: that is the judge's business.
 */
import type { Attacker } from '../attacker.ts';
import { BLOCKS } from './blocks.ts';
import { CHARTERS } from './charters.ts';
import { LIES } from './lies.ts';
import { LINE } from './line.ts';
import type { Move } from './move.ts';
import { PAYMENTS } from './payments.ts';
import { PEOPLE } from './people.ts';

export const MOVES: readonly Move[] = [PAYMENTS, LIES, LINE, BLOCKS, PEOPLE, CHARTERS].flat();
const TOTAL = MOVES.reduce((sum, { weight }) => sum + weight, 0);

export function drawMove({ random }: Attacker): Move {
  let at = random.next() * TOTAL;
  for (const move of MOVES) {
    at -= move.weight;
    if (at < 0) return move;
  }
  throw new Error('weights do not add up');
}
