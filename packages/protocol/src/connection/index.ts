/** The link's machine and what rides on its byte stream. */

export {
  type CourierAction,
  type CourierEvent,
  type CourierState,
  canPost,
  createCourier,
  stepCourier,
  type Vetted,
} from './courier.ts';
export { MAX_WINDOW, nameConnection } from './hello.ts';
export { CHUNK_MAX, INLINE_BODY_MAX, ITEM_MAX, type Message } from './items.ts';
export * from './link.ts';
export { DEFAULT_TIMING, type Timing } from './timing.ts';
