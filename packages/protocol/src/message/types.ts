/**
 * The message types of the line and who may send each. A number is never reused.
 * Refuses (UNKNOWN_TYPE): a number that is not here, and a type in the wrong direction.
 * Spec: protocol-spec/4-messages.md, "Types".
 */

/** `down`: from the vault to a signer or gate. `up`: from a signer or gate to the vault. */
export type Direction = 'down' | 'up';
export type Receiver = 'signer' | 'gate';

interface TypeRow {
  readonly number: number;
  readonly directions: readonly Direction[];
  readonly peers: readonly Receiver[];
}

const both: readonly Direction[] = ['down', 'up'];
const any: readonly Receiver[] = ['signer', 'gate'];

export const MESSAGE_TYPES = {
  HELLO: { number: 1, directions: both, peers: any },
  STATUS: { number: 2, directions: ['down'], peers: any },
  STATE: { number: 3, directions: ['up'], peers: any },
  HEADERS: { number: 4, directions: ['down'], peers: ['signer'] },
  ADMIT: { number: 5, directions: ['down'], peers: ['signer'] },
  SIGN: { number: 6, directions: ['down'], peers: ['signer'] },
  SIGNED: { number: 7, directions: ['up'], peers: ['signer'] },
  REFUSED: { number: 8, directions: ['up'], peers: any },
  DEAD: { number: 9, directions: ['down'], peers: ['signer'] },
  FREEZE: { number: 10, directions: ['down'], peers: ['signer'] },
  UNFREEZE: { number: 11, directions: ['down'], peers: ['signer'] },
  DONE: { number: 12, directions: ['up'], peers: any },
  NOTICE: { number: 13, directions: ['up'], peers: ['signer'] },
  CLEAR: { number: 14, directions: ['down'], peers: ['gate'] },
  CLEARED: { number: 15, directions: ['up'], peers: ['gate'] },
  CHARTER: { number: 16, directions: ['down'], peers: any },
  REGISTER: { number: 17, directions: ['down'], peers: ['signer'] },
  WITNESS: { number: 20, directions: ['down'], peers: ['gate'] },
  WITNESSED: { number: 25, directions: ['up'], peers: ['gate'] },
  ATTEST: { number: 26, directions: ['down'], peers: ['signer'] },
  RESTORE: { number: 27, directions: ['down'], peers: ['signer'] },
  DEATH: { number: 28, directions: ['up'], peers: ['signer'] },
  BURY: { number: 29, directions: ['down'], peers: ['gate'] },
} as const satisfies Record<string, TypeRow>;

/**
 * Numbers set aside for messages of later versions; version 1 refuses them as UNKNOWN_TYPE.
 * 18 APPROVAL, 19 CANCEL, 21 CHECKPOINT, 22 COSIGN, 23 TAIL, 24 CHECKIN.
 */
export const RESERVED_TYPES: readonly number[] = [18, 19, 21, 22, 23, 24];

export type MessageType = keyof typeof MESSAGE_TYPES;

const byNumber = new Map<number, MessageType>();
for (const name of Object.keys(MESSAGE_TYPES)) {
  if (isMessageType(name)) byNumber.set(MESSAGE_TYPES[name].number, name);
}

function isMessageType(name: string): name is MessageType {
  return name in MESSAGE_TYPES;
}

export function messageTypeOf(number: number): MessageType | undefined {
  return byNumber.get(number);
}

/** Whether a message of this type may go this way to or from this kind of peer. */
export function mayTravel(type: MessageType, direction: Direction, peer: Receiver): boolean {
  const row: TypeRow = MESSAGE_TYPES[type];
  return row.directions.includes(direction) && row.peers.includes(peer);
}
