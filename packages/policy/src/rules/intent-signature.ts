/** INTENT_SIGNATURE. Spec: protocol-spec/10-policy.md, "Intents". Precedents: Bybit 2025, DMM 2024. */
import { verifyEd25519 } from '@coldwire/protocol';
import { refuse } from '../refusal.ts';
import type { Rule } from './rule.ts';

// At first sight an intent is signed by a key that the charter gives to the requester it names.
export const intentSignature: Rule = ({ intents }, state) =>
  intents
    .filter(({ record, intent, hash, signature }) => {
      if (record !== undefined) return false;
      const keys = state.charter.requesters.get(intent.requester) ?? [];
      return !keys.some((key) => verifyEd25519(key, hash, signature));
    })
    .map(({ id }) => refuse('INTENT_SIGNATURE', { intent: id }));
