/**
 * Whole messages on the line from the vault to signer A, judged as the chain judges them: as they are, and signed again by the
 * vault's own key, so that what comes after the signature is reached too. A fault changes nothing; a message that is taken
 * follows its chain, and the same bytes are then a duplicate.
 */
import {
  type Chain,
  createChain,
  decode,
  decodeCharter,
  encode,
  equalBytes,
  Header,
  hashBody,
  hashCharter,
  judgeMessage,
  MessageBytes,
  messageHash,
  recordReceived,
} from '@coldwire/protocol';
import { readSeeds, seedsOf } from '../corpus.ts';
import { vectorSigner } from '../keys.ts';
import { mutateCbor } from '../mutate/cbor.ts';
import { assertHolds, type Target } from '../target.ts';

const vault = vectorSigner('vault');
const charterBytes = readSeeds('charter').find(({ name }) => name === 'regtest')?.bytes ?? new Uint8Array(0);
const charter = hashCharter(charterBytes);
const loaded = decodeCharter(charterBytes);
assertHolds(loaded.ok, 'the charter of the vectors is one');
const vaultName = loaded.value.vaults[0]?.name ?? '';
const signerName = loaded.value.signers[0]?.name ?? '';

function emptyChain(): Chain {
  const peer = { peer: vaultName, peerKey: vault.publicKey, self: signerName };
  return createChain({ ...peer, incoming: 'down', receiver: 'signer' });
}

interface Parts {
  readonly header: Uint8Array;
  readonly body: Uint8Array;
  readonly signature: Uint8Array;
}

function judge(chain: Chain, message: Parts): Chain {
  const judged = judgeMessage(chain, charter, message);
  if (judged.kind !== 'new') return chain;
  const { header } = judged.received;
  assertHolds(equalBytes(encode(Header, header), message.header), 'a header is written as the same bytes');
  const next = recordReceived(chain, message, header);
  assertHolds(next.theirs.seq === chain.theirs.seq + 1, 'numbers have no gap');
  const again = judgeMessage(next, charter, message);
  assertHolds(again.kind === 'duplicate', 'the same bytes again are a duplicate');
  return next;
}

/** The same message as the vault itself would have made it: body hash, length and signature are right. */
function signAgain(message: Parts): Parts | undefined {
  const header = decode(Header, message.header, 1024);
  if (!header.ok) return undefined;
  const { body } = message;
  const right = { ...header.value, bodyHash: hashBody(body), bodyLength: body.length };
  const bytes = encode(Header, right);
  return { header: bytes, body, signature: vault.sign(messageHash(bytes)) };
}

export const target: Target = {
  seeds: seedsOf('message', 'message'),
  mutators: [mutateCbor],
  maxLength: 16_384,
  run(input) {
    const decoded = decode(MessageBytes, input, 600 * 1024);
    if (!decoded.ok) return;
    const [header, body, signature] = decoded.value;
    judge(emptyChain(), { header, body, signature });
    const signed = signAgain({ header, body, signature });
    if (signed !== undefined) judge(emptyChain(), signed);
  },
};
