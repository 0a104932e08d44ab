/** Changes of a signer's memory of itself, journalled like all others. Spec: protocol-spec/14-memory.md, "Changes". */
import { bytes, field, list, literal, struct, text, tuple, uint } from '@coldwire/protocol';

const hash = () => bytes(32);
const height = () => uint(0xffffffff);
const uptime = () => uint();
const name = () => text(1, 16);

/** A start asks for witnesses. */
export const AskedChange = struct('AskedChange', { nonce: field(1, bytes(16)) });

/** Vaults of which one change can tell. */
export const HEADS_NOTED = 8;

/** Gates have said what they have seen: the highest number by vault. */
export const AttestedChange = struct('AttestedChange', {
  gates: field(1, list(name(), 1, 8)),
  heads: field(2, list(tuple(name(), uint()), 0, HEADS_NOTED)),
});

/** The clock is fresh for the first time since the start. */
export const BornChange = struct('BornChange', { height: field(1, height()) });

export const LatchedChange = struct('LatchedChange', {
  uptime: field(1, uptime()),
  code: field(2, literal('STATE_ROLLBACK', 'CLONE')),
  gate: field(3, name()),
  vault: field(4, name()),
  have: field(5, uint()),
  seen: field(6, uint()),
});

/** Custodians froze. */
export const OrderedChange = struct('OrderedChange', {
  uptime: field(1, uptime()),
  by: field(2, list(text(1, 32), 1, 64)),
  order: field(3, hash()),
  expires: field(4, height()),
});

export const UnfrozenChange = struct('UnfrozenChange', {
  uptime: field(1, uptime()),
  order: field(2, hash()),
  expires: field(3, height()),
});

export const RestoredChange = struct('RestoredChange', {
  uptime: field(1, uptime()),
  height: field(2, height()),
});
