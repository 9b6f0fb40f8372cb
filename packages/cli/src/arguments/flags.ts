import { InvalidArgumentError } from 'commander';

/** Parses a whole number from `min` to `max`. @throws {InvalidArgumentError} commander adds the name of the flag */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}

/** Parses a number from `min` to `max`. @throws {InvalidArgumentError} commander adds the name of the flag */
export function decimalNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a number from ${min} to ${max}.`);
  };
}

/** Collects the values of a `key=value` flag that can be repeated. @throws {InvalidArgumentError} */
export function keyValue(
  text: string,
  previous: Record<string, string> = {},
): Record<string, string> {
  const separator = text.indexOf('=');
  if (separator < 1) throw new InvalidArgumentError('It must be key=value.');
  return { ...previous, [text.slice(0, separator)]: text.slice(separator + 1) };
}

/** Splits a comma-separated list. */
export function commaSeparated(text: string): string[] {
  return text.split(',').map((item) => item.trim());
}
