/** Ctrl-C, or whoever stops processes, has ended the command. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  /** As shells report it: 128 and the signal's number. */
  readonly exitCode: number;

  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super(signal);
    this.exitCode = signal === 'SIGINT' ? 130 : 143;
  }
}
