// How long an answer may take as a whole: one that always moves and never ends would hold its upload's place for ever.

/** Informational answers (1xx) before the real one; servers send one or two. */
const mostInformational = 32;

export class AnswerTooSlow extends Error {
  override readonly name = 'AnswerTooSlow';
}

export interface Patience {
  /** Aborts the request when patience is over, with an `AnswerTooSlow`. */
  readonly signal: AbortSignal;
  /** The request was sent whole: from now on the answer's time counts. */
  readonly begin: () => void;
  /** An informational answer came. The idle timeout begins anew with each, so their number is bounded, too (SMG-38). */
  readonly informed: () => void;
  readonly end: () => void;
}

/** @param milliseconds from `begin` to `end` */
export function patience(milliseconds: number): Patience {
  const controller = new AbortController();
  const giveUp = (why: string): void => controller.abort(new AnswerTooSlow(why));
  let timer: NodeJS.Timeout | undefined;
  let informational = 0;
  return {
    signal: controller.signal,
    begin: () => {
      timer ??= setTimeout(giveUp, milliseconds, `the answer was not complete after ${milliseconds} ms`).unref();
    },
    informed: () => {
      informational += 1;
      if (informational > mostInformational) giveUp(`more than ${mostInformational} informational answers`);
    },
    end: () => clearTimeout(timer),
  };
}
