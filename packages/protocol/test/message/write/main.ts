/**
 * Wrote protocol-spec/vectors/{message,charter,intent,evidence}. A vector that exists is frozen and never written again.
 * Run: `node packages/protocol/test/message/write/main.ts`.
 */
import { writeBodies } from './bodies.ts';
import { writeCharters } from './charters.ts';
import { writeEvidence } from './evidence.ts';
import { writeIntents } from './intents.ts';
import { writeChain, writeMessages } from './messages.ts';

writeBodies();
writeMessages();
writeChain();
writeCharters();
writeIntents();
writeEvidence();
