/** Lines: bytes over a serial tty, FIFOs, pipes or a pseudo-terminal, and the link's machine on top of them. */
export { attachLink, type Link, type LinkOwner } from './attach.ts';
export { type LastingOwner, makeLasting } from './lasting.ts';
export { type LoopResult, measureLoop } from './loop.ts';
export { findOccupant, type Occupant } from './occupant.ts';
export { openFifo, openStdio, openTty } from './open.ts';
export { PENDING_MAX, type Port } from './port.ts';
export { openPtyPair, type PtyPair } from './pty-pair.ts';
export { findUnclean, readSettings } from './stty.ts';
