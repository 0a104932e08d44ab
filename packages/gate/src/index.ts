/** The gate's pure core, for the auditor and for tests. */
export { decodeGateChange, encodeGateChange, GateChange } from './core/change.ts';
export { type GateCharter, loadGateCharter } from './core/charter.ts';
export type { ClearedSpend } from './core/combine.ts';
export { homeOf } from './core/conflict.ts';
export {
  decideGreeting,
  decideMessage,
  decideStart,
  type GateDecision,
  type GateReply,
} from './core/decide.ts';
export { type Rebuilt, rebuild } from './core/rebuild.ts';
export { GATE_CODES, type GateCode, type GateRefusal } from './core/refusal.ts';
export { applyGate, createGateState, type GateState } from './core/state.ts';
export type { OpenSeal } from './core/unseal.ts';
