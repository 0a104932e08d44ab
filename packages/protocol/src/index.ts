/** The protocol: strict CBOR, messages, link frames, transcript records, refusal codes. Pure: no clock, disk or port. */
export * from './approval/approval.ts';
export * from './approval/sshsig.ts';
export * from './bytes.ts';
export * from './cbor/index.ts';
export * from './charter/charter.ts';
export * from './ed25519.ts';
export * from './escape.ts';
export * from './evidence/record.ts';
export * from './fault.ts';
export * from './hash.ts';
export * from './intent/intent.ts';
export * from './intent/registration.ts';
export * from './intent/verdict.ts';
export * from './message/bodies.ts';
export * from './message/chain.ts';
export * from './message/header.ts';
export * from './message/types.ts';
