/** Verification and replay of evidence logs. */
export { AUDIT_CODES, type AuditCode, type Finding, type Note } from './finding.ts';
export { findCharter } from './log/find-charter.ts';
export { rehearsalJson, rehearsalText } from './replay/rehearsal-report.ts';
export { rehearse } from './replay/rehearse.ts';
export { replayLogs } from './replay/replay.ts';
export { type Check, type Report, reportJson, reportText } from './report.ts';
export { type Progress, verifyLogs } from './verify/verify.ts';
