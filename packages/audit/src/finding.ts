/**
 * What an audit finds: a code, the exact place in a log, and one sentence. The codes of this file say what a finding means
 * and what to do; codes that a machine itself may answer with (BAD_SIGNATURE, FORK, …) mean here what they mean there.
 * Spec: protocol-spec/9-evidence.md, "Audit".
 */

interface CodeText {
  readonly means: string;
  readonly action: string;
}

const KEEP = 'Keep the disk and every copy of the log as they are.';

/** In the order in which they are explained to people. */
export const AUDIT_CODES = {
  STATE_CORRUPT: {
    means: 'The log is damaged before its end.',
    action: `${KEEP} Nothing after this place was audited. Take the peer's log for what is missing.`,
  },
  AUDIT_TORN: {
    means: 'The log ends within a batch.',
    action: `A power cut leaves this, and the machine cuts it off at its next start. If there was none: ${KEEP}`,
  },
  AUDIT_RECORD: {
    means: 'A record does not have the form that its kind has, or stands where it cannot.',
    action: 'Another version or a faulty program wrote this log. Keep it, and audit the peer.',
  },
  AUDIT_READING: {
    means: 'Clock readings or session numbers go back, or differ between log and message.',
    action: 'Find out whether the log was edited or the state directory restored from a copy.',
  },
  MALFORMED: {
    means: 'A message or its body does not have the form that the specification gives it.',
    action: 'Find the program that made these bytes; it is faulty or hostile.',
  },
  WRONG_PEER: {
    means: 'A message is from or for somebody who is not on such a line.',
    action: 'Compare the log with the charter. A log that somebody else wrote proves nothing.',
  },
  WRONG_CHARTER: {
    means: 'A message was made under another charter.',
    action: 'Audit each charter by itself: name the one in force at that time.',
  },
  UNKNOWN_TYPE: {
    means: 'A message type does not exist in this version, or not in this direction.',
    action: 'Install the same release on all machines, and audit with that release.',
  },
  BAD_SIGNATURE: {
    means: "A message's signature is not by the key that the charter gives its sender.",
    action:
      'Somebody without the key wrote or changed this message. Treat the machine whose log it is as hostile.',
  },
  BODY_HASH: {
    means: 'The body is not the one that the header was signed for.',
    action: 'Somebody changed it after it was signed. Treat the machine whose log it is as hostile.',
  },
  BAD_CHAIN: {
    means: 'A message does not follow the last one of its chain: one is missing, doubled or out of order.',
    action: "Compare with the peer's log. Records were removed, repeated or moved.",
  },
  BAD_RECEIPT: {
    means: 'A message acknowledges something that was not said at that point.',
    action: 'One side lost its log or was restored from a copy. Audit both logs of this line together.',
  },
  FORK: {
    means: 'One sender made two different messages with one number.',
    action:
      'Two machines ran with one identity, or one was restored from a copy. Stop both, then find out which is real.',
  },
  AUDIT_MISSING: {
    means: 'One end of a line holds a message that the other end, which must have it, does not.',
    action:
      'The log without it was cut or restored from an older copy. Take the machine out of service and rebuild it.',
  },
  AUDIT_PAIRING: {
    means: 'A result answers no request, answers with the wrong kind, or more often than it was asked.',
    action: "Look at both machines' logs around this place.",
  },
  AUDIT_RESULT: {
    means: 'One request was answered with two different results.',
    action: 'The machine lost its memory or runs twice. Take it out of service.',
  },
  AUDIT_NOTICE: {
    means: 'What a machine told about itself is not what its own log says.',
    action: 'The log or the program is not the real one. Take the machine out of service.',
  },
  AUDIT_SIGNED: {
    means: 'SIGNED is not for this request, this transaction or these gates.',
    action: 'The signer is faulty or hostile. Take it out of service; the other two go on.',
  },
  AUDIT_INTENT: {
    means: 'A signer or gate let an intent through that no requester of the charter signed.',
    action: 'Stop withdrawals. Whoever let it through is faulty or hostile.',
  },
  AUDIT_VERDICT: {
    means: 'A signer or gate let an intent through that no screen of the charter cleared.',
    action: 'Stop withdrawals. Whoever let it through is faulty or hostile.',
  },
  AUDIT_APPROVAL: {
    means: 'A signer or gate let an intent through without the approvals that its amount needs.',
    action: 'Stop withdrawals. Whoever let it through is faulty or hostile.',
  },
  AUDIT_CLEARED: {
    means: 'The cleared transaction is not the one of the draft.',
    action: 'Stop withdrawals and examine this gate.',
  },
  AUDIT_SCRIPT: {
    means: 'A Bitcoin signature of a cleared transaction does not verify, or is not in its one allowed form.',
    action: 'Examine the gate, then the signer that is named.',
  },
  AUDIT_SEAL: {
    means:
      'What a signer sealed is not what was spent, or its sealed bytes were not made as the specification says.',
    action:
      'The signer hid something in its message. Take it out of service and keep its memory of boots and builds.',
  },
  AUDIT_NONCE: {
    means: 'A signer signed one thing in two ways, or two things with one nonce.',
    action: 'Its signatures are not deterministic, or leak its key. Take it out of service and move its key.',
  },
  AUDIT_DOUBLE: {
    means: 'Two transactions were cleared for one intent, and both can be mined.',
    action: 'Stop withdrawals. Look both up on the chain; the customer may have been paid twice.',
  },
  AUDIT_REPLAY: {
    means: 'The machine did something else than its rules, run again on the same inputs, say.',
    action: 'The machine ran another program or was tampered with. Take it out of service.',
  },
  AUDIT_STATE: {
    means:
      'The state that follows from the logged changes is not the one that the rules, run again, come to.',
    action: 'Take the machine out of service and examine its build.',
  },
} as const satisfies Record<string, CodeText>;

export type AuditCode = keyof typeof AUDIT_CODES;

/** Where in a log: the directory, the file, the byte at which its batch begins, and the record's number. */
export interface Place {
  readonly log: string;
  readonly file: string;
  readonly at: number;
  readonly record: number;
}

export interface Finding extends Place {
  readonly code: AuditCode;
  readonly what: string;
}

export interface Note extends Place {
  readonly what: string;
}

/** Collects findings and notes, and counts what each check looked at. */
export class Findings {
  readonly list: Finding[] = [];
  readonly notes: Note[] = [];
  readonly #counts = new Map<string, number>();

  find(code: AuditCode, place: Place, what: string): void {
    this.list.push({ code, ...place, what });
  }

  note(place: Place, what: string): void {
    this.notes.push({ ...place, what });
  }

  count(check: string, number = 1): void {
    this.#counts.set(check, this.counted(check) + number);
  }

  counted(check: string): number {
    return this.#counts.get(check) ?? 0;
  }
}
