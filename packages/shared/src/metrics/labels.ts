/** What stands for every value that is not told apart. */
const other = 'other';

/** Longer, or with other characters, and it is no name that a dashboard could show. */
const plainName = /^[\w./:@+-]{1,64}$/;

/**
 * A label whose values come from callers: the first `max` different ones are told apart, the rest is
 * `other`, because each value is a series that Prometheus keeps for ever.
 */
export function boundedLabel(max: number): (value: string) => string {
  const known = new Set<string>();
  return (value) => {
    if (known.has(value)) return value;
    if (known.size >= max || !plainName.test(value)) return other;
    known.add(value);
    return value;
  };
}

/**
 * Binds a metric to its labels once for each combination and remembers what came of it, so that counting
 * builds no object of labels. The values must come from closed sets: nothing is ever forgotten.
 */
export function cacheLabels<Labels extends string[], Child>(
  bind: (...labels: Labels) => Child,
): (...labels: Labels) => Child {
  const children = new Map<string, Child>();
  return (...labels) => {
    const key = labels.join('\n');
    let child = children.get(key);
    if (child === undefined) {
      child = bind(...labels);
      children.set(key, child);
    }
    return child;
  };
}
