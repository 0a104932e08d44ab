// A signer that has lost its memory goes on from where the vault's hello says that the line stands; nothing else makes it.
import { describe, expect, it } from 'vitest';
import {
  type Chain,
  CLAIM_MAX,
  createChain,
  draftMessage,
  findRealignment,
  isReturn,
  judgeMessage,
  lookAhead,
  type Message,
  messageHash,
  planResumption,
  type Resume,
  realignChain,
  recordReceived,
  recordSent,
  START,
  suspectSelf,
  UNACKNOWLEDGED_MAX,
} from '../../src/index.ts';
import { keyOf, made } from './samples.ts';

const CHARTER = made('charter');

function end(self: string, peer: string): Chain {
  const incoming = self === 'vault' ? 'up' : 'down';
  return createChain({ self, peer, peerKey: keyOf(peer).publicKey, incoming, receiver: 'signer' });
}

function make(chain: Chain, session = 1): Message {
  const type = 'HELLO';
  const out = { type, charter: CHARTER, session, request: null, body: new Uint8Array(1) } as const;
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

/** A hello of whoever holds the line: no key is in it. */
const claim = (mine: Chain['mine'], acknowledgedSeq: number, hash = made('nobody')): Resume => ({
  ...mine,
  acknowledgedSeq,
  acknowledgedHash: hash,
});

/** The chain after a hello, if its owner lets it go on from there. */
function hear(chain: Chain, said: Resume): Chain {
  const positions = findRealignment(chain, said);
  return positions === undefined ? chain : realignChain(chain, positions);
}

describe('a place that somebody only claims', () => {
  const lies: readonly (readonly [string, (signer: Chain) => Resume])[] = [
    ['messages of the vault that are far ahead', ({ mine }) => claim(mine, CLAIM_MAX)],
    ['one message of the vault more', ({ mine, theirs }) => claim(mine, theirs.seq + 1)],
    [
      'own messages that are far ahead',
      ({ theirs }) => claim({ seq: CLAIM_MAX, hash: made('x') }, theirs.seq),
    ],
    [
      'another last message of its own',
      ({ mine, theirs }) => claim({ ...mine, hash: made('x') }, theirs.seq),
    ],
    ['the beginning, which is none', () => claim({ seq: 0, hash: made('x') }, 0)],
    ['both', () => claim({ seq: 40, hash: made('x') }, 50)],
  ];

  it.each(lies)(
    'says %s: the next hello of the vault puts it right, with what was not delivered',
    (_, lie) => {
      const talked = talk(5);
      // Two messages of its own, of which the vault has the first.
      const first = make(talked.signer);
      let signer = recordSent(talked.signer, first);
      const vault = recordReceived(talked.vault, first, headerOf(talked.vault, first));
      signer = recordSent(signer, make(signer));
      const claimed = hear(hear(signer, lie(signer)), lie(signer));
      expect(claimed).not.toEqual(signer);
      const positions = findRealignment(claimed, hello(vault));
      if (positions === undefined) throw new Error('the line stays where nobody is');
      expect(isReturn(claimed, positions)).toBe(true);
      expect(realignChain(claimed, positions)).toEqual(signer);
      const plan = planResumption(signer, hello(vault));
      expect(plan).toEqual({ kind: 'resend', messages: signer.sent.slice(-1) });
      expect(findRealignment(signer, hello(vault))).toBeUndefined();
    },
  );

  it('of a line that lost its memory is right when a message is taken there, and a lie after it is taken back', () => {
    let { vault } = talk(5);
    let signer = hear(talk(2).signer, hello(vault));
    expect(signer.proven?.theirs.seq).toBe(2);
    // A lie in between, which fits what the copy knows.
    const older = talk(2).vault;
    expect(hear(signer, hello(older))).toEqual(talk(2).signer);
    signer = hear(hear(signer, hello(older)), hello(vault));
    [vault, signer] = carry(vault, signer);
    expect(signer.proven).toBeUndefined();
    const after = signer;
    signer = hear(hear(signer, claim(signer.mine, 2 ** 40)), hello(vault));
    expect(signer).toEqual(after);
    [signer, vault] = carry(signer, vault);
  });

  it('never lies before a message that was taken: none is taken twice', () => {
    const { vault: early } = talk(2);
    const old = make(early);
    const { signer, vault } = talk(5);
    // Exactly where the old message would be good: its own number, its receipt, what it follows.
    const said = claim(early.theirs, early.mine.seq, early.mine.hash);
    const claimed = hear(signer, said);
    expect(claimed.theirs).toEqual(signer.theirs);
    expect(judgeMessage(claimed, CHARTER, old)).toMatchObject({ fault: { code: 'REPLAY' } });
    const other = hear(signer, claim({ seq: 9, hash: made('x') }, signer.theirs.seq));
    expect(other.theirs).toEqual(signer.theirs);
    expect(hear(claimed, hello(vault))).toEqual(signer);
  });

  it('leaves half of all numbers behind it', () => {
    const { signer } = talk(1);
    const far = { seq: CLAIM_MAX + 1, hash: made('x') };
    expect(findRealignment(signer, claim(far, 1))).toBeUndefined();
    expect(findRealignment(signer, claim(signer.mine, CLAIM_MAX + 1))).toBeUndefined();
    const furthest = hear(signer, claim({ ...far, seq: CLAIM_MAX }, CLAIM_MAX));
    expect(() => make(furthest)).not.toThrow();
    expect(Number.MAX_SAFE_INTEGER - CLAIM_MAX).toBeGreaterThan(2 ** 51);
  });
});

/** One connection: the signer hears the vault's hello, and is sent again what the vault has not acknowledged. */
function connect(signer: Chain, vault: Chain): { signer: Chain; kinds: string[] } {
  let chain = hear(signer, hello(vault));
  const kinds: string[] = [];
  for (const message of vault.sent) {
    const judged = judgeMessage(chain, CHARTER, message);
    kinds.push(judged.kind === 'fault' ? judged.fault.code : judged.kind);
    if (judged.kind === 'new') chain = recordReceived(chain, message, judged.received.header);
    else if (judged.kind !== 'ahead') break;
    else {
      chain = lookAhead(chain, judged);
      if (judged.isProof) break;
    }
  }
  return { signer: chain, kinds };
}

describe('a vault that sends again what it said before it took the messages that its signer has lost', () => {
  /** The vault had taken 7 of the signer's, said three things, and took 9 in the meantime; then it says one more. */
  function part(receipts: readonly number[] = [7, 7, 8]): { vault: Chain; own: readonly Message[] } {
    let { vault, signer } = talk(5);
    const own: Message[] = [];
    while (vault.theirs.seq < 9) {
      for (const receipt of receipts)
        if (receipt === vault.theirs.seq) vault = recordSent(vault, make(vault));
      own.push(make(signer));
      [signer, vault] = carry(signer, vault);
    }
    return { vault: recordSent(vault, make(vault)), own };
  }

  it.each([5, 2, 0])(
    'is looked at, believed, and taken from the first on, by a copy that knows %i turns',
    (known) => {
      const { vault } = part();
      const first = connect(talk(known).signer, vault);
      expect(first.kinds).toEqual(['ahead', 'ahead', 'ahead', 'ahead']);
      expect(first.signer).toMatchObject({ mine: { seq: 9 }, theirs: { seq: 5 }, isShown: true });
      // Nothing was taken: what signed messages came to is what it was.
      const { line: _, ...ends } = talk(known).signer;
      expect(first.signer.proven).toEqual(ends);
      const second = connect(first.signer, vault);
      expect(second.kinds).toEqual(['new', 'new', 'new', 'new']);
      expect(second.signer).toEqual({
        line: talk(0).signer.line,
        mine: vault.theirs,
        theirs: vault.mine,
        acknowledged: vault.theirs,
        sent: [],
      });
      const [after, before] = carry(second.signer, vault);
      carry(before, after);
    },
  );

  it('is answered where the vault stands, also after a break between two of them', () => {
    const { vault, own } = part();
    const [first, second, third, last] = vault.sent;
    if (!first || !second || !third || !last) throw new Error('nothing to send');
    let { signer } = connect(talk(2).signer, vault);
    signer = recordReceived(signer, first, headerOf(signer, first));
    expect(signer.proven).toBeUndefined();
    const answer = make(signer);
    expect(headerOf(vault, answer).seq).toBe(10);
    signer = recordSent(signer, answer);
    // A connection on which the answer is lost: the vault names 9, and the answer goes again.
    expect(findRealignment(signer, hello(vault))).toBeUndefined();
    expect(planResumption(signer, vault.theirs)).toEqual({ kind: 'resend', messages: [answer] });
    expect(suspectSelf(signer, vault.theirs)).toBeUndefined();
    // Whoever names a place that was lost is behind what the vault has shown, and goes nowhere.
    const [, , eighth] = own;
    if (!eighth) throw new Error('nothing was lost');
    const behind = { seq: 8, hash: messageHash(eighth.header) };
    expect(findRealignment(signer, claim(behind, 6))).toBeUndefined();
    expect(planResumption(signer, behind).kind).toBe('fault');
    expect(suspectSelf(signer, behind)).toBeUndefined();
    expect(suspectSelf(signer, { seq: 10, hash: made('x') })).toBe('CLONE');
    for (const message of [second, third, last])
      signer = recordReceived(signer, message, headerOf(signer, message));
    expect(signer.sent).toEqual([answer]);
    expect(signer.acknowledged).toEqual(vault.theirs);
    const heard = recordReceived(vault, answer, headerOf(vault, answer));
    const next = make(heard);
    expect(recordReceived(signer, next, headerOf(signer, next)).sent).toEqual([]);
  });

  it('never goes back in its receipts, and never says another hash of what it acknowledged', () => {
    const { vault, own } = part();
    const [first] = vault.sent;
    const [, , eighth] = own;
    if (!first || !eighth) throw new Error('nothing to send');
    let { signer } = connect(talk(2).signer, vault);
    signer = recordReceived(signer, first, headerOf(signer, first));
    const seven = signer.acknowledged;
    const says = (theirs: Chain['mine']) => {
      const after = { ...vault, mine: signer.theirs, sent: [], theirs };
      const judged = judgeMessage(signer, CHARTER, make(after));
      return judged.kind === 'fault' ? judged.fault.code : judged.kind;
    };
    expect(says(seven)).toBe('new');
    expect(says({ seq: 8, hash: messageHash(eighth.header) })).toBe('new');
    expect(says(signer.mine)).toBe('new');
    expect(says({ ...seven, hash: made('x') })).toBe('BAD_RECEIPT');
    expect(says({ ...seven, seq: 6 })).toBe('BAD_RECEIPT');
    expect(says({ ...signer.mine, hash: made('x') })).toBe('BAD_RECEIPT');
    expect(says({ ...signer.mine, seq: 10 })).toBe('BAD_RECEIPT');
    expect(says(START)).toBe('BAD_RECEIPT');
  });

  it('shows nothing for a place that somebody made up, takes no harm from it, and is taken when its own hello comes', () => {
    const { vault } = part();
    const { signer } = talk(2);
    const lie = hear(signer, { ...hello(vault), seq: 40, hash: made('x') });
    for (const message of vault.sent) expect(judgeMessage(lie, CHARTER, message).kind).not.toBe('new');
    const looked = vault.sent.reduce((chain, message) => {
      const judged = judgeMessage(chain, CHARTER, message);
      expect(judged).toMatchObject({ kind: 'ahead', isProof: false });
      return judged.kind === 'ahead' ? lookAhead(chain, judged) : chain;
    }, lie);
    expect(looked).toMatchObject({ theirs: lie.theirs, proven: lie.proven });
    const first = connect(looked, vault);
    expect(connect(first.signer, vault).kinds).toEqual(['new', 'new', 'new', 'new']);
    // Also where the place was shown already: another hello begins anew.
    const other = hear(first.signer, { ...hello(vault), seq: 40, hash: made('x') });
    expect([other.isShown, other.ahead]).toEqual([undefined, undefined]);
    expect(connect(connect(other, vault).signer, vault).kinds).toEqual(['new', 'new', 'new', 'new']);
  });

  it('is not shown by a message that does not follow the one before it', () => {
    const { vault } = part();
    const signer = hear(talk(2).signer, hello(vault));
    const [first, , third, last] = vault.sent;
    if (!first || !third || !last) throw new Error('nothing to send');
    const judged = judgeMessage(signer, CHARTER, first);
    if (judged.kind !== 'ahead') throw new Error(judged.kind);
    const looked = lookAhead(signer, judged);
    for (const message of [third, last])
      expect(judgeMessage(looked, CHARTER, message)).toMatchObject({ fault: { code: 'BAD_CHAIN' } });
    // The next connection begins with the first again.
    expect(connect(looked, vault).signer.isShown).toBe(true);
  });

  it('is taken also by a copy that has said something else under a number that was lost', () => {
    const { vault } = part();
    const { signer: copy } = talk(5);
    const signer = [1, 2, 3].reduce((chain) => recordSent(chain, make(chain, 2)), copy);
    const first = connect(signer, vault);
    expect(connect(first.signer, vault).kinds).toEqual(['new', 'new', 'new', 'new']);
  });

  it('leaves no more unacknowledged than anybody may', () => {
    const { vault } = part();
    const far = { seq: 7 + UNACKNOWLEDGED_MAX, hash: made('x') };
    const [first] = vault.sent;
    if (!first) throw new Error('nothing to send');
    const hearing = (seq: number) => hear(talk(2).signer, { ...hello(vault), ...far, seq });
    expect(judgeMessage(hearing(far.seq), CHARTER, first).kind).toBe('ahead');
    expect(judgeMessage(hearing(far.seq + 1), CHARTER, first)).toMatchObject({
      fault: { code: 'BAD_RECEIPT' },
    });
  });
});

function headerOf(chain: Chain, message: Message) {
  const judged = judgeMessage(chain, CHARTER, message);
  if (judged.kind !== 'new') throw new Error(JSON.stringify(judged));
  return judged.received.header;
}
