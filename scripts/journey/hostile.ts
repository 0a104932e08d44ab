/**
 * The vault's machine in an attacker's hands: its real key and its real line, and drafts that steal. The signers must say
 * no, each time with the code that names it, and sign nothing.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { readSignedCharter, unpackMessage } from '@coldwire/channel';
import { readLog } from '@coldwire/evidence';
import { openTty } from '@coldwire/link';
import { readRoleKey } from '@coldwire/program';
import {
  BODY_MAX,
  createEd25519Signer,
  decode,
  decodeCharter,
  decodeIntent,
  encode,
  hashCharter,
  Intent,
  MESSAGE_TYPES,
  Refused,
  SALT_LENGTH,
  SignRequest,
} from '@coldwire/protocol';
import { Session } from '@coldwire/vault/session/session.ts';
import type { Ground, SignerName } from './ground.ts';
import type { Machines } from './machines.ts';

/** The newest SIGN request that a signer took: something real to tamper with. */
function newestRequest(ground: Ground, signer: SignerName): SignRequest {
  let newest: SignRequest | undefined;
  for (const item of readLog(ground.path('state', signer))) {
    if (item.kind !== 'batch') continue;
    for (const [, kind, , , bytes] of item.records) {
      if (kind !== 'received') continue;
      const { message, header } = unpackMessage(bytes);
      if (header.type !== MESSAGE_TYPES.SIGN.number) continue;
      const request = decode(SignRequest, message.body.subarray(SALT_LENGTH), BODY_MAX);
      if (request.ok) newest = request.value;
    }
  }
  if (newest === undefined) throw new Error(`signer ${signer} has taken no SIGN yet`);
  return newest;
}

/** Offers drafts to one signer with the vault's own key while the vault is stopped. @returns the codes of each refusal */
export async function offerDrafts(
  ground: Ground,
  machines: Machines,
  signer: SignerName,
): Promise<Readonly<Record<'redirectedChange' | 'inventedIntent', readonly string[]>>> {
  const [bytes] = readSignedCharter(ground.charter);
  const charter = decodeCharter(bytes);
  const line = machines.lines.get(signer);
  const peer = charter.ok ? charter.value.signers.find(({ name }) => name === signer) : undefined;
  if (line === undefined || peer === undefined) throw new Error(`no line to ${signer}`);
  const session = new Session(
    {
      openPort: () => openTty(line.left, 115_200),
      baud: 115_200,
      line: { self: 'vault-1', peer: signer, peerKey: peer.key, incoming: 'up', receiver: 'signer' },
      charter: hashCharter(bytes),
      identity: createEd25519Signer(readRoleKey(ground.path('keys', 'vault-1.key'), 'vault').identity),
      directory: ground.path('state', 'vault-1', 'lines', signer),
      hello: () => ({
        software: 'attacker',
        epoch: 0,
        tipHeight: 0,
        tipHash: new Uint8Array(32),
        frozen: false,
      }),
    },
    {
      onReadiness: () => undefined,
      onHello: () => undefined,
      onNotice: () => undefined,
      onProgress: () => undefined,
      onStray: () => undefined,
      onAlarm: () => undefined,
    },
  );
  const offer = async (request: SignRequest): Promise<readonly string[]> => {
    const asked = session.ask('SIGN', new Uint8Array(randomBytes(16)), encode(SignRequest, request));
    const reply = await Promise.race([asked, sleep(30_000)]);
    if (reply?.type !== 'REFUSED')
      throw new Error(`the signer answered ${reply?.type ?? 'nothing'} to a hostile draft`);
    const refused = decode(Refused, reply.body, BODY_MAX);
    if (!refused.ok) throw new Error('the refusal is not one');
    return [...new Set(refused.value.refusals.map(({ code }) => code))];
  };
  try {
    const honest = newestRequest(ground, signer);
    return {
      redirectedChange: await offer(redirectChange(honest)),
      inventedIntent: await offer(inventIntent(honest)),
    };
  } finally {
    await session.stop();
  }
}

/** The change goes to a wallet that the charter does not have: no script can be said on the line, only this. */
function redirectChange(request: SignRequest): SignRequest {
  const { draft } = request;
  const change = draft.change.map(([, index, amount, position]) => [7, index, amount, position] as const);
  return { ...request, draft: { ...draft, change } };
}

/** A withdrawal that nobody asked for, in place of the first: the signature under it is another withdrawal's. */
function inventIntent(request: SignRequest): SignRequest {
  const { draft } = request;
  const intents = draft.intents.map(([bytes, signature], i) => {
    const intent = decodeIntent(bytes);
    if (i > 0 || !intent.ok) return [bytes, signature] as const;
    const id = new Uint8Array(randomBytes(16));
    return [encode(Intent, { ...intent.value, id }), signature] as const;
  });
  return { ...request, draft: { ...draft, intents } };
}
