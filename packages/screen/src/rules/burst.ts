/** SCREEN_BURST. Spec: protocol-spec/12-screen.md, "Burst". */
import type { Rule } from './rule.ts';

// The requester has not asked for more withdrawals in a short time than it ever should.
export const burst: Rule = ({ recent }, { burstCount }) =>
  recent >= burstCount ? { code: 'SCREEN_BURST' } : undefined;
