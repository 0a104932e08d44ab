// Strict UTF-8 (RFC 3629, Unicode table 3-7): no overlong forms, no surrogates, nothing above U+10FFFF.

/** Returns the offset of the first byte that does not belong to a valid sequence, or -1 if there is none. */
export function findInvalidUtf8(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to) {
    const lead = bytes[at] ?? 0;
    if (lead < 0x80) {
      at += 1;
      continue;
    }
    const width = sequenceWidth(lead);
    if (width === 0 || at + width > to) return at;
    const second = bytes[at + 1] ?? 0;
    if (second < lowestSecond(lead) || second > highestSecond(lead)) return at;
    for (let next = at + 2; next < at + width; next += 1) {
      if (((bytes[next] ?? 0) & 0xc0) !== 0x80) return at;
    }
    at += width;
  }
  return -1;
}

function sequenceWidth(lead: number): number {
  if (lead < 0xc2) return 0; // a continuation byte, or the lead of an overlong pair
  if (lead < 0xe0) return 2;
  if (lead < 0xf0) return 3;
  return lead < 0xf5 ? 4 : 0; // F5 and above would pass U+10FFFF
}

function lowestSecond(lead: number): number {
  if (lead === 0xe0) return 0xa0; // below: overlong
  return lead === 0xf0 ? 0x90 : 0x80;
}

function highestSecond(lead: number): number {
  if (lead === 0xed) return 0x9f; // above: surrogates
  return lead === 0xf4 ? 0x8f : 0xbf;
}
