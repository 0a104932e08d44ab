/** Two ends of a line as chains, without a wire: what they say, what a hello says of them, and what a liar may say. */
import {
  type Chain,
  createChain,
  draftMessage,
  findRealignment,
  type Header,
  judgeMessage,
  type Message,
  messageHash,
  type Resume,
  realignChain,
  recordReceived,
  recordSent,
} from '../../src/index.ts';
import { keyOf, made } from './samples.ts';

export const CHARTER = made('charter');

export function end(self: string, peer: string): Chain {
  const incoming = self === 'vault' ? 'up' : 'down';
  return createChain({ self, peer, peerKey: keyOf(peer).publicKey, incoming, receiver: 'signer' });
}

export function make(chain: Chain, session = 1): Message {
  const type = 'HELLO';
  const out = { type, charter: CHARTER, session, request: null, body: new Uint8Array(1) } as const;
  const draft = draftMessage(chain, { ...out, salt: made('salt', 16), time: 0, uptime: 0 });
  return { ...draft, signature: keyOf(chain.line.self).sign(messageHash(draft.header)) };
}

/** One message from one chain to the other. */
export function carry(from: Chain, to: Chain): readonly [Chain, Chain] {
  const message = make(from);
  const judged = judgeMessage(to, CHARTER, message);
  if (judged.kind !== 'new') throw new Error(JSON.stringify(judged));
  return [recordSent(from, message), recordReceived(to, message, judged.received.header)];
}

export const hello = ({ theirs, acknowledged }: Chain): Resume => ({
  ...theirs,
  acknowledgedSeq: acknowledged.seq,
  acknowledgedHash: acknowledged.hash,
});

/** Both ends after a number of messages each way, in turns. */
export function talk(turns: number): { vault: Chain; signer: Chain } {
  let [vault, signer] = [end('vault', 'A'), end('A', 'vault')];
  for (let turn = 0; turn < turns; turn += 1) {
    [vault, signer] = carry(vault, signer);
    [signer, vault] = carry(signer, vault);
  }
  return { vault, signer };
}

/** A hello of whoever holds the line: no key is in it. */
export const claim = (mine: Chain['mine'], acknowledgedSeq: number, hash = made('nobody')): Resume => ({
  ...mine,
  acknowledgedSeq,
  acknowledgedHash: hash,
});

/** The chain after a hello, if its owner lets it go on from there. */
export function hear(chain: Chain, said: Resume): Chain {
  const positions = findRealignment(chain, said);
  return positions === undefined ? chain : realignChain(chain, positions);
}

/** @throws Error if it is not taken */
export function headerOf(chain: Chain, message: Message): Header {
  const judged = judgeMessage(chain, CHARTER, message);
  if (judged.kind !== 'new') throw new Error(JSON.stringify(judged));
  return judged.received.header;
}
