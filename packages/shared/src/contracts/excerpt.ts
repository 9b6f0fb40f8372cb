/** The first `length` characters of a text. It counts code points, so a surrogate pair is never split. */
export function excerpt(text: string, length: number): string {
  if (text.length <= length) return text;
  // A character has at most two UTF-16 units, so the rest of a long text need not be read.
  return Array.from(text.slice(0, length * 2))
    .slice(0, length)
    .join('');
}
