/** All rules, in the order of protocol-spec/codes.json. Every rule is asked; all findings are reported. */
import type { Settings } from '../settings.ts';
import { amount } from './amount.ts';
import { burst } from './burst.ts';
import { deny } from './deny.ts';
import { lookalike } from './lookalike.ts';
import type { Finding, Rule, Subject } from './rule.ts';

const RULES: readonly Rule[] = [amount, burst, lookalike, deny];

export function applyRules(subject: Subject, settings: Settings): readonly Finding[] {
  return RULES.map((rule) => rule(subject, settings)).filter((finding) => finding !== undefined);
}

export { type Finding, SCREEN_CODES, type ScreenCode, type Subject } from './rule.ts';
