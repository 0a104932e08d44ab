/** SCREEN_DENY. Spec: protocol-spec/12-screen.md, "Deny list". */
import type { Rule } from './rule.ts';

// The destination is not on the house's deny list.
export const deny: Rule = ({ denied }) => (denied ? { code: 'SCREEN_DENY' } : undefined);
