/** The first `length` characters of a text (code points: no half of a surrogate pair is left). */
export function excerpt(text: string, length: number): string {
  if (text.length <= length) return text;
  // A character has at most two UTF-16 units, so only that much of a long text is looked at.
  return Array.from(text.slice(0, length * 2))
    .slice(0, length)
    .join('');
}
