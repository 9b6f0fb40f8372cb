/** What was given cannot be used. The text names it and says what would do. */
export class BadInput extends Error {
  override readonly name = 'BadInput';
}
