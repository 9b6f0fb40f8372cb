/** The label of every value beyond the limit. */
const other = 'other';

/** Values of another form get the label `other`. */
const plainName = /^[\w./:@+-]{1,64}$/;

/**
 * Bounds a label whose values come from callers: the first `max` different values stay, all others become `other`,
 * because Prometheus keeps each value as a series.
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
 * Binds a metric to each combination of labels once and caches the result, so that counting builds no label objects.
 * The values must come from closed sets, because the cache never shrinks.
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
