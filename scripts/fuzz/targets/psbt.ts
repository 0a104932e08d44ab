/**
 * PSBTs that other wallets drafted. What is read is written back as the same bytes; another reader, @scure/btc-signer, takes it
 * and finds the same transaction. A draft that comes of it is that transaction, and every input and output of it is ours or
 * an intent's.
 */
import { encode, equalBytes, Intent, type SignedIntent } from '@coldwire/protocol';
import { draftTransaction, importDraft } from '@coldwire/vault/draft/index.ts';
import { type AccountKey, accountPath, createScripts, serializeStripped } from '@coldwire/wallet';
import { type ReadPsbt, readPsbt } from '@coldwire/wallet/import/psbt.ts';
import { writePsbtMaps } from '@coldwire/wallet/import/psbt-maps.ts';
import { noblePointMath } from '@coldwire/wallet/noble.ts';
import { Transaction } from '@scure/btc-signer';
import { readSeeds, seedsOf } from '../corpus.ts';
import { mutatePsbt } from '../mutate/psbt.ts';
import { assertHolds, type Target } from '../target.ts';

const exported = readPsbt(
  readSeeds('psbt').find(({ name }) => name === 'ok-export')?.bytes ?? new Uint8Array(0),
);
assertHolds(exported.ok, 'the vector of our own export is read');
/** The wallet of the vectors: its account keys stand in the global map (BIP-32 serialization and origin). */
const keys = (exported.value.maps[0] ?? []).flatMap(({ type, keyData, value }): AccountKey[] => {
  if (type !== 1) return [];
  const fingerprint = value.slice(0, 4);
  const [chainCode, publicKey] = [keyData.slice(13, 45), keyData.slice(45)];
  return [{ fingerprint, path: accountPath('regtest'), publicKey, chainCode }];
});
const scripts = [createScripts({ network: 'regtest', threshold: 2, keys }, noblePointMath)];
const [payment] = exported.value.tx.outputs;
assertHolds(payment !== undefined, 'the vector pays somebody');
const wish = { id: new Uint8Array(16), requester: 'exchange', created: 1, expires: 2 };
const intents: readonly SignedIntent[] = [[encode(Intent, { ...wish, ...payment }), new Uint8Array(64)]];
assertHolds(importDraft(exported.value, scripts, intents).kind === 'imported', 'the vector gives a draft');

/** Without hints: the other reader wants the points of keys on the curve, and we do not even look at them. */
function readElsewhere({ maps, tx: { inputs } }: ReadPsbt): Uint8Array {
  const isHint = (place: number, type: number): boolean =>
    type === (place === 0 ? 0x01 : place <= inputs.length ? 0x06 : 0x02);
  const bare = maps.map((map, place) => map.filter(({ type }) => !isHint(place, type)));
  const options = {
    allowUnknownInputs: true,
    allowUnknownOutputs: true,
    disableScriptCheck: true,
    allowUnknownVersion: true,
  };
  return Transaction.fromPSBT(writePsbtMaps(bare), options).unsignedTx;
}

export const target: Target = {
  seeds: seedsOf('psbt'),
  mutators: [mutatePsbt],
  maxLength: 8192,
  run(input) {
    const read = readPsbt(input);
    if (!read.ok) {
      assertHolds(
        /^(PSBT_[A-Z]+|TOO_LARGE)$/.test(read.fault.code),
        'a PSBT is refused with a code of its own',
      );
      return;
    }
    const psbt = read.value;
    assertHolds(equalBytes(writePsbtMaps(psbt.maps), input), 'what is read is written as the same bytes');
    assertHolds(psbt.inputs.length === psbt.tx.inputs.length, 'every input has its map');
    assertHolds(psbt.outputs.length === psbt.tx.outputs.length, 'every output has its map');
    const unsigned = serializeStripped(psbt.tx);
    assertHolds(equalBytes(readElsewhere(psbt), unsigned), 'another reader finds the same transaction');
    const imported = importDraft(psbt, scripts, intents);
    if (imported.kind !== 'imported') return;
    const { draft } = imported;
    const built = serializeStripped(draftTransaction(draft, scripts));
    assertHolds(equalBytes(built, unsigned), 'the draft is the transaction of the PSBT');
    assertHolds(draft.intents.length + draft.change.length === psbt.tx.outputs.length, 'nobody else is paid');
  },
};
