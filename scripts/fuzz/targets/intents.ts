/**
 * Signed intents and verdicts. An intent that is taken is written back as the same bytes; one that does not verify is never
 * authentic, one that is signed by its requester's key is.
 */
import {
  decode,
  decodeCharter,
  decodeIntent,
  encode,
  equalBytes,
  hashCharter,
  hashIntent,
  Intent,
  SignedIntent,
  Verdict,
} from '@coldwire/protocol';
import { authenticate, findObstacles, type IntakeCharter } from '@coldwire/vault/api/intake.ts';
import { readSeeds, seedsOf } from '../corpus.ts';
import { vectorSigner } from '../keys.ts';
import { mutateCbor } from '../mutate/cbor.ts';
import { assertHolds, type Target } from '../target.ts';

const exchange = vectorSigner('exchange');
const bytes = readSeeds('charter').find(({ name }) => name === 'regtest')?.bytes ?? new Uint8Array(0);
const decoded = decodeCharter(bytes);
assertHolds(decoded.ok, 'the charter of the vectors is one');
const charter: IntakeCharter = {
  first: hashCharter(bytes),
  policy: decoded.value.policy,
  requesters: new Map(decoded.value.requesters.map(({ name }) => [name, [exchange.publicKey]])),
};

function checkIntent(signed: SignedIntent): void {
  const [bytes] = signed;
  const intent = decodeIntent(bytes);
  const judged = authenticate(signed, charter);
  assertHolds(intent.ok === (judged.kind !== 'fault'), 'only what is no intent is a fault');
  if (!intent.ok) return;
  assertHolds(equalBytes(encode(Intent, intent.value), bytes), 'an intent is written as the same bytes');
  findObstacles(intent.value, charter, 1000);
  const right = authenticate([bytes, exchange.sign(hashIntent(charter.first, bytes))], charter);
  const mayAsk = charter.requesters.has(intent.value.requester);
  assertHolds((right.kind === 'authentic') === mayAsk, 'the requester’s own signature makes it authentic');
}

export const target: Target = {
  seeds: seedsOf('intent'),
  mutators: [mutateCbor],
  maxLength: 2048,
  run(input) {
    const signed = decode(SignedIntent, input, 4096);
    if (signed.ok) {
      assertHolds(
        equalBytes(encode(SignedIntent, signed.value), input),
        'a pair is written as the same bytes',
      );
      checkIntent(signed.value);
    }
    const verdict = decode(Verdict, input, 4096);
    if (verdict.ok) assertHolds(equalBytes(encode(Verdict, verdict.value), input), 'a verdict likewise');
  },
};
