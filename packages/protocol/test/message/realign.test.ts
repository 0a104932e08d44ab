// A signer that has lost its memory goes on from where the vault's hello says that the line stands; nothing else makes it.
import { describe, expect, it } from 'vitest';
import {
  type Chain,
  createChain,
  draftMessage,
  findRealignment,
  judgeMessage,
  type Message,
  messageHash,
  type Resume,
  realignChain,
  recordReceived,
  recordSent,
} from '../../src/index.ts';
import { keyOf, made } from './samples.ts';

const CHARTER = made('charter');

function end(self: string, peer: string): Chain {
  const incoming = self === 'vault' ? 'up' : 'down';
  return createChain({ self, peer, peerKey: keyOf(peer).publicKey, incoming, receiver: 'signer' });
}

function make(chain: Chain): Message {
  const type = 'HELLO';
  const out = { type, charter: CHARTER, session: 1, request: null, body: new Uint8Array(1) } as const;
  const draft = draftMessage(chain, { ...out, salt: made('salt', 16), time: 0, uptime: 0 });
  return { ...draft, signature: keyOf(chain.line.self).sign(messageHash(draft.header)) };
}

/** One message from one chain to the other. */
function carry(from: Chain, to: Chain): readonly [Chain, Chain] {
  const message = make(from);
  const judged = judgeMessage(to, CHARTER, message);
  if (judged.kind !== 'new') throw new Error(JSON.stringify(judged));
  return [recordSent(from, message), recordReceived(to, message, judged.received.header)];
}

const hello = ({ theirs, acknowledged }: Chain): Resume => ({
  ...theirs,
  acknowledgedSeq: acknowledged.seq,
  acknowledgedHash: acknowledged.hash,
});

/** Both ends after a number of messages each way, in turns. */
function talk(turns: number): { vault: Chain; signer: Chain } {
  let [vault, signer] = [end('vault', 'A'), end('A', 'vault')];
  for (let turn = 0; turn < turns; turn += 1) {
    [vault, signer] = carry(vault, signer);
    [signer, vault] = carry(signer, vault);
  }
  return { vault, signer };
}

describe('a line whose signer runs on an older copy', () => {
  it.each([0, 1, 3])('goes on from where the vault stands, when the copy knows %i turns of five', (known) => {
    const { vault } = talk(5);
    const { signer } = talk(known);
    const positions = findRealignment(signer, hello(vault));
    if (positions === undefined) throw new Error('nothing was found');
    let ours = realignChain(signer, positions);
    let theirs = vault;
    expect([ours.mine.seq, ours.theirs.seq, ours.sent.length]).toEqual([5, 5, 0]);
    [ours, theirs] = carry(ours, theirs);
    [theirs, ours] = carry(theirs, ours);
    expect(findRealignment(ours, hello(theirs))).toBeUndefined();
  });

  it('is not what a line is on which messages are under way', () => {
    const { vault, signer } = talk(3);
    expect(findRealignment(signer, hello(vault))).toBeUndefined();
    const ahead = recordSent(signer, make(signer));
    expect(findRealignment(ahead, hello(vault))).toBeUndefined();
    expect(findRealignment(recordSent(vault, make(vault)), hello(signer))).toBeUndefined();
  });

  it('needs both places: a hello that names one finds nothing', () => {
    const { vault } = talk(5);
    const { theirs } = vault;
    expect(findRealignment(talk(1).signer, { ...theirs })).toBeUndefined();
  });

  it('shows also where the copy said something else under the same number', () => {
    const { vault } = talk(5);
    const other = talk(4);
    const signer = recordSent(other.signer, { ...make(other.signer), header: make(talk(2).signer).header });
    expect(findRealignment(signer, hello(vault))?.mine).toEqual(vault.theirs);
  });
});
