/** The input of a command cannot be used. The message names the flag or argument and says what is allowed. */
export class BadInput extends Error {
  override readonly name = 'BadInput';
}

/** A signal ended the command, usually Ctrl-C. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  /** 128 plus the number of the signal, as shells report it. */
  readonly exitCode: number;

  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super(signal);
    this.exitCode = signal === 'SIGINT' ? 130 : 143;
  }
}
