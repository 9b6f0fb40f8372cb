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
