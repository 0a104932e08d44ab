/**
 * A start asks what others know of this machine's past: the nonce that gates witness, and where a line stands whose peer has
 * seen more of it than its disk holds. Spec: protocol-spec/14-memory.md.
 */
import { fromHex, type Positions, taggedHash, toHex } from '@coldwire/protocol';

const u64 = (value: bigint): Uint8Array => {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value);
  return bytes;
};

/**
 * 16 bytes that no other start of this signer has: its clocks go into it, because an older copy of the state counts the same
 * sessions once more. Nothing that leaves a signer is random.
 * @param time seconds since 1970 @param monotonic ns since the machine started
 */
export function makeNonce(name: string, session: number, time: number, monotonic: bigint): Uint8Array {
  const parts = [u64(BigInt(session)), u64(BigInt(time)), u64(monotonic), new TextEncoder().encode(name)];
  return taggedHash('witness', ...parts).slice(0, 16);
}

const HOUR = 3_600_000_000;

/** Claims of one start: whoever holds the line, without any key, could otherwise fill the log with them. */
export const REALIGNS_MAX = 16;

/**
 * With one more an hour: somebody who has used them up has not stopped the line for good.
 * @param uptime µs since the program started
 */
export function realignsUpTo(uptime: number): number {
  return REALIGNS_MAX + Math.floor(uptime / HOUR);
}

/** As the detail of the event `realign`. */
export function writePositions(peer: string, { mine, theirs }: Positions): string {
  return [mine.seq, toHex(mine.hash), theirs.seq, toHex(theirs.hash), peer].join(' ');
}

/** @throws Error if it is none: the log is damaged or of another version */
export function readPositions(detail: string): { readonly peer: string; readonly positions: Positions } {
  const found = /^(\d{1,16}) ([0-9a-f]{64}) (\d{1,16}) ([0-9a-f]{64}) (.{1,16})$/u.exec(detail);
  const [, mine = '', mineHash = '', theirs = '', theirsHash = '', peer = ''] = found ?? [];
  if (found === null) throw new Error('a realign record of the evidence log is damaged');
  const positions = {
    mine: { seq: Number(mine), hash: fromHex(mineHash) },
    theirs: { seq: Number(theirs), hash: fromHex(theirsHash) },
  };
  return { peer, positions };
}
