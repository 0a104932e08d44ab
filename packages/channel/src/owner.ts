/** What a channel needs of the program around it, and what it is made of. */
import type { Entry, EvidenceLog } from '@coldwire/evidence';
import type { LinkOwner, Port } from '@coldwire/link';
import type { Chain, Positions, Received } from '@coldwire/protocol';

/** µs since the program started, and seconds since 1970: read once per event. */
export interface Reading {
  readonly uptime: number;
  readonly time: number;
}

/** What the owner makes of a message: records for the same sync, and what to do after it. */
export interface Taken {
  readonly entries: readonly Entry[];
  readonly after: () => void;
}

/** What a channel needs of the program around it. */
export interface ChannelOwner {
  /** Hash of the first charter: what every message binds. */
  readonly charter: Uint8Array;
  /** How often this program has started with its identity. */
  readonly session: number;
  read(): Reading;
  /** Ed25519 over a message hash; @throws while there is no key: then nothing is sent. */
  sign(hash: Uint8Array): Uint8Array;
  /** 16 bytes for a message body. `binding`: the hash of our message before it, then the body's canonical CBOR. */
  salt(binding: Uint8Array): Uint8Array;
  /** Must not throw for anything that a peer can send. `packed`: the message as evidence, CBOR `[header, body, signature]`. */
  onMessage(received: Received, at: Reading, packed: Uint8Array): Taken;
  /**
   * The peer says that this machine has said or taken more than its log holds. True: that is written down, and the line goes
   * on from where the peer says that it stands.
   */
  realign?(positions: Positions): boolean;
  onUp(): void;
  onDown(reason: string): void;
  /** The peer holds no keys. */
  onLocked(): void;
  /** A body above 15 KiB on its way here. */
  onProgress(have: number, total: number): void;
  /** So many frames were dropped since the last call, with the code that says why. */
  onNoise?(code: string, frames: number): void;
  /** The port is gone (a cable, a peer's shell): stop the channel and make another. */
  onEnd(error: Error | undefined): void;
  /** Something that people should see: a fault of the peer, or a disk that does not write. */
  onAlarm(code: string, detail: string): void;
}

export interface ChannelOptions {
  readonly role: 'initiator' | 'responder';
  readonly port: Port;
  readonly log: EvidenceLog;
  /** As folded from the log. */
  readonly chain: Chain;
  /** 16 bytes that were never given before. */
  readonly nextNonce: () => Uint8Array;
  /** Bits a second; 0 for FIFOs and pipes. */
  readonly baud: number;
  readonly timing?: LinkOwner['timing'];
}
