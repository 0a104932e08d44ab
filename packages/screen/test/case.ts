/** One case of protocol-spec/vectors/screen, in the form of protocol-spec/12-screen.md, "Vectors". */
import { bool, bytes, list, literal, NETWORKS, sats, tuple, uint } from '@coldwire/protocol';

export const Case = tuple(
  tuple(sats(), uint(), uint(), uint(), uint()),
  literal(...NETWORKS),
  list(tuple(bytes(1, 160), bool(), uint()), 0, 4096),
  list(bytes(1, 42), 0, 16),
  bytes(1, 160),
);
