/** Traffic for tests of ports: all values, and many bytes both ways at once, compared by hash. */
import { createHash } from 'node:crypto';
import { PENDING_MAX, type Port } from '../src/port.ts';

/** What one port reads, as it comes. */
export class Listener {
  readonly hash = createHash('sha256');
  length = 0;
  readonly first: number[] = [];

  constructor(port: Port) {
    port.onBytes((bytes) => {
      if (this.first.length < 1024) this.first.push(...bytes.subarray(0, 1024));
      this.hash.update(bytes);
      this.length += bytes.length;
    });
  }
}

export async function until(done: () => boolean, within = 60_000): Promise<void> {
  const end = performance.now() + within;
  while (!done()) {
    if (performance.now() > end) throw new Error('it did not come about in time');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Blocks of a fixed but irregular pattern, cut into writes of a link frame's size. */
function* makeWrites(length: number, seed: number): Generator<Uint8Array> {
  let value = seed;
  for (let at = 0; at < length; ) {
    const size = Math.min(534, length - at);
    const bytes = new Uint8Array(size);
    for (let i = 0; i < size; i++) {
      value = (Math.imul(value, 1_103_515_245) + 12_345) >>> 0;
      bytes[i] = value >>> 16;
    }
    yield bytes;
    at += size;
  }
}

/** Writes `length` bytes as the port takes them; returns their SHA-256 in hexadecimal. */
export async function pour(port: Port, length: number, seed: number): Promise<string> {
  const hash = createHash('sha256');
  for (const bytes of makeWrites(length, seed)) {
    if (port.pending() + bytes.length > PENDING_MAX) await until(() => port.pending() < PENDING_MAX / 2);
    if (!port.write(bytes)) throw new Error('the port dropped a write that has room');
    hash.update(bytes);
  }
  return hash.digest('hex');
}

/** Pours both ways at once and returns what was sent and what came: `[sent, came]` for each direction. */
export async function exchange(left: Port, right: Port, length: number): Promise<[string, string][]> {
  const [atLeft, atRight] = [new Listener(left), new Listener(right)];
  const [fromLeft, fromRight] = await Promise.all([pour(left, length, 1), pour(right, length, 2)]);
  await until(() => atLeft.length >= length && atRight.length >= length);
  return [
    [fromLeft, atRight.hash.digest('hex')],
    [fromRight, atLeft.hash.digest('hex')],
  ];
}
