/** What every program shares with people: exit codes, failures, answers, its own directory. No sockets. */
export { formatBlockers } from './blocker.ts';
export { openSecureDirectory, syncDirectory, writeFileAtomic } from './directory.ts';
export { escapeJson, escapeText } from './escape.ts';
export { EventLog, type Facts } from './event-log.ts';
export { EXIT, type ExitCode } from './exit.ts';
export { classify, Failure, type FailureText } from './failure.ts';
export { type JsonValue, makeOutput, type Output, toJsonLine } from './output.ts';
export { describeProgram, type ProgramFile, readProgramFile } from './program-file.ts';
export { createRoleKey, ROLES, type Role, type RoleKey, readRoleKey } from './role-key.ts';
export { defineProgram, formatFailure, formatFailureJson, runMain, wantsJson } from './run.ts';
export { type ReadStatus, readStatus, type StatusFields, writeStatus } from './status-file.ts';
