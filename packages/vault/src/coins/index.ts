/** Coin selection. */
export {
  type CapCode,
  type Caps,
  feeFor,
  type Selection,
  type SelectionMethod,
  type SelectionRequest,
} from './costs.ts';
export { createDraw, type Draw } from './draw.ts';
export { type Capped, type SelectionResult, type Shortfall, selectCoins } from './select.ts';
