/**
 * Wrote protocol-spec/vectors/policy/, but for those of 14-memory.md (write-memory.ts): each of these files writes its subject's
 * vectors that do not exist. Run: `node packages/policy/test/vectors/write.ts`.
 */
import './write/admission.ts';
import './write/charters.ts';
import './write/clock.ts';
import './write/destinations.ts';
import './write/intents.ts';
import './write/spends.ts';
import './write/transactions.ts';
import './write/windows.ts';
