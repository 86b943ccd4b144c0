// Where an entry stands in the order in which a store got the entries: `<milliseconds>-<number>`, as Redis writes it.

export interface Position {
  readonly ms: number;
  readonly seq: number;
}

/** Reads a position; undefined when the text is none. */
export function readPosition(text: string): Position | undefined {
  const parts = /^([0-9]{1,15})-([0-9]{1,9})$/.exec(text);
  return parts === null ? undefined : { ms: Number(parts[1]), seq: Number(parts[2]) };
}

export function writePosition({ ms, seq }: Position): string {
  return `${ms}-${seq}`;
}

/** Negative when `a` came before `b`. */
export function comparePositions(a: Position, b: Position): number {
  return a.ms - b.ms || a.seq - b.seq;
}

/**
 * The position after `last` at this time. A clock that is set back makes no position twice and none out of order.
 * @param now milliseconds since 1970
 */
export function positionAfter(last: Position, now: number): Position {
  return now > last.ms ? { ms: Math.floor(now), seq: 0 } : { ms: last.ms, seq: last.seq + 1 };
}
