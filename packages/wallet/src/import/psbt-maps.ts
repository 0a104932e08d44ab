/**
 * A PSBT as key-value maps, whatever they mean: magic bytes, one global map, then one for each input and each output.
 * Refuses (PSBT_FORM) other magic bytes, a length beyond the end or not in its shortest form, an empty key's type, maps too few
 * or too many, bytes left over; (PSBT_DUPLICATE) a key that stands twice in a map; (TOO_LARGE) more entries than a PSBT of ours
 * ever has. Order within a map is free, as in BIP-174, and is kept: written again it is the same bytes.
 * Spec: protocol-spec/3-wallet.md, "Reading a PSBT". Source: BIP-174.
 */
import { concatBytes, toHex } from '@coldwire/protocol/bytes.ts';
import { type Fault, makeFault } from '@coldwire/protocol/fault.ts';
import { createReader, type Reader } from '../wire-reader.ts';
import { compactSizeLength, prefixedLength, Writer } from '../wire-writer.ts';

/** `at`: where the key begins, for faults. The key is `type ‖ keyData`, the type a CompactSize. */
export type PsbtEntry = {
  readonly at: number;
  readonly type: number;
  readonly keyData: Uint8Array;
  readonly value: Uint8Array;
};

export type PsbtMap = readonly PsbtEntry[];

export const PSBT_MAGIC = Uint8Array.of(0x70, 0x73, 0x62, 0x74, 0xff);
/** Our own maps have at most a dozen entries. */
const MOST_ENTRIES = 64;

/** A cursor over the maps, since only the first one tells how many there are. */
export type PsbtMapReader = {
  /** The next map; undefined once there is a fault. */
  next(): PsbtMap | undefined;
  /** The first fault met; bytes left over are one. */
  end(): Fault | undefined;
};

/** Reads the key's own CompactSize: the type. */
function readType(reader: Reader, key: Uint8Array, at: number): { type: number; keyData: Uint8Array } {
  const inner = createReader(key);
  const type = inner.compactSize(0xffffffff, 'the type of a key');
  const keyData = inner.raw(key.length - inner.at(), 'a key');
  const fault = inner.end();
  if (fault !== undefined) reader.fail(fault.code, fault.detail, at);
  return { type, keyData };
}

function readEntries(reader: Reader, refuse: (fault: Fault) => void): PsbtMap {
  const entries: PsbtEntry[] = [];
  const keys = new Set<string>();
  for (;;) {
    const at = reader.at();
    const key = reader.prefixed('a key');
    if (reader.failed() || key.length === 0) return entries;
    const { type, keyData } = readType(reader, key, at);
    const value = reader.prefixed('a value');
    if (reader.failed()) return entries;
    const name = toHex(key);
    if (keys.has(name)) refuse(makeFault('PSBT_DUPLICATE', 'a key that stands twice in its map', at));
    if (entries.length === MOST_ENTRIES) {
      refuse(makeFault('TOO_LARGE', `more than ${MOST_ENTRIES} entries in one map`, at));
      return entries;
    }
    keys.add(name);
    entries.push({ at, type, keyData, value });
  }
}

/** Everything that Bitcoin's encoding can have wrong is one fault here; a limit keeps its own code. */
function asPsbtFault({ code, detail, at }: Fault): Fault {
  return makeFault(code === 'TOO_LARGE' ? code : 'PSBT_FORM', detail, at);
}

export function readPsbtMaps(bytes: Uint8Array): PsbtMapReader {
  const reader = createReader(bytes);
  let first: Fault | undefined;
  const refuse = (fault: Fault): void => {
    first ??= fault;
  };
  const magic = reader.raw(PSBT_MAGIC.length, 'the magic bytes');
  if (!magic.every((byte, i) => byte === PSBT_MAGIC[i]))
    refuse(makeFault('PSBT_FORM', 'it does not begin as a PSBT', 0));
  return {
    next() {
      const map = first === undefined && !reader.failed() ? readEntries(reader, refuse) : undefined;
      return first === undefined && !reader.failed() ? map : undefined;
    },
    end() {
      const fault = reader.end();
      return first ?? (fault === undefined ? undefined : asPsbtFault(fault));
    },
  };
}

function keyOf({ type, keyData }: PsbtEntry): Uint8Array {
  const writer = new Writer(compactSizeLength(type) + keyData.length);
  writer.compactSize(type);
  writer.raw(keyData);
  return writer.finish();
}

/** The bytes of a PSBT of these maps: of maps that were read, the bytes that they were read from. */
export function writePsbtMaps(maps: readonly PsbtMap[]): Uint8Array {
  const parts = maps.flatMap((map) => [
    ...map.map((entry) => {
      const key = keyOf(entry);
      const writer = new Writer(prefixedLength(key.length) + prefixedLength(entry.value.length));
      writer.prefixed(key);
      writer.prefixed(entry.value);
      return writer.finish();
    }),
    Uint8Array.of(0),
  ]);
  return concatBytes(PSBT_MAGIC, ...parts);
}
