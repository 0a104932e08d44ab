// Deterministic CBOR (protocol-spec/1-cbor.md): everything that other parts of Coldwire use of it.

export type { Fault, FaultCode, Result } from '../fault.ts';
export { decode, encode } from './codec.ts';
export {
  type Field,
  field,
  list,
  type OptionalField,
  optional,
  type StructOf,
  struct,
  tuple,
  type VariantOf,
  variant,
} from './compound.ts';
export {
  DEFAULT_MAX_BYTES,
  DEFAULT_MAX_DEPTH,
  DEFAULT_MAX_ITEMS,
  type ItemScan,
  type Limits,
  scan,
  scanItem,
} from './scanner.ts';
export {
  bool,
  bytes,
  type Infer,
  literal,
  Mismatch,
  nullable,
  type Schema,
  sats,
  text,
  u64,
  uint,
} from './schema.ts';
export { readSequence, readSequenceItem, type SequenceStep } from './sequence.ts';
