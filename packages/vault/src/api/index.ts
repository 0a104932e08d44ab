/** The vault's HTTP API and its client. */
export { type ApiContext, handleApi, MAX_API_BODY } from './api.ts';
export { type NamedApproval, readApproval } from './approvals.ts';
export {
  type ApiResult,
  approveAtVault,
  listCharters,
  listVaultWithdrawals,
  readVaultStatus,
  readVaultWithdrawal,
  registerAtVault,
  requestAddress,
  submitCharter,
  submitToVault,
} from './client.ts';
export { authenticate, findObstacles, type IntakeCharter, type IntakeCode } from './intake.ts';
export { serveApi } from './server.ts';
export { historyJson, summaryJson, withdrawalJson } from './view.ts';
