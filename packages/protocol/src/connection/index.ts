/** The link's machine and what rides on its byte stream. */
export { MAX_WINDOW, nameConnection } from './hello.ts';
export * from './link.ts';
export { DEFAULT_TIMING, type Timing } from './timing.ts';
