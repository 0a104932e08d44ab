/**
 * REGISTER: shows each signer the destinations that requesters registered, once; the charter's delay runs there from then on.
 * A signer that says it does not know one is shown it again.
 * Spec: protocol-spec/10-policy.md, "Destinations".
 */
import { decodeIntent, encode, Register, toHex } from '@coldwire/protocol';
import { type Batch, forgetRegistered, recordRegistered, registrationsFor } from '../queue/index.ts';
import { draftOf } from './admit.ts';
import { type Refusal, readRefusals } from './peer.ts';
import type { Signer } from './signer.ts';
import type { Vault } from './vault.ts';

const PER_ROUND = 256;

/** @throws Away */
export async function registerDestinations({ store, report }: Vault, signer: Signer): Promise<void> {
  for (;;) {
    const rows = registrationsFor(store, signer.name, PER_ROUND);
    for (const row of rows) {
      const { registration, signature } = row;
      const reply = await signer.request('REGISTER', encode(Register, { registration, signature }));
      // A refusal stays one under this charter; asking at every turn would only fill the log.
      recordRegistered(store, signer.name, row);
      if (reply.type === 'DONE') continue;
      const code = readRefusals(reply.body)[0]?.code ?? 'MALFORMED';
      report.alarm(code, signer.name, `it does not take the registration of ${toHex(row.script)}`);
    }
    if (rows.length < PER_ROUND) return;
  }
}

/** Notes which destinations of a batch the signer does not know. */
export function forgetUnknown(
  { store }: Vault,
  signer: Signer,
  batch: Batch,
  refusals: readonly Refusal[],
): void {
  const unknown = refusals
    .filter(({ code }) => code === 'DESTINATION_UNKNOWN')
    .map(({ facts }) => facts.get('intent'));
  for (const [bytes] of draftOf(batch).intents) {
    const intent = decodeIntent(bytes);
    if (!intent.ok || !unknown.includes(toHex(intent.value.id))) continue;
    forgetRegistered(store, signer.name, intent.value.requester, intent.value.script);
  }
}
