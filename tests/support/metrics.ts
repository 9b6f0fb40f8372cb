/** One line of an exposition. */
interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

export interface Scrape {
  text: string;
  samples: Sample[];
  /** The sum of the series with this name and these labels; 0 when there is none. */
  sum(name: string, labels?: Record<string, string>): number;
  /** The values that a label has. */
  values(label: string): Set<string>;
}

const sampleLine = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (NaN|[+-]?(?:Inf|[\d.]+(?:e[+-]?\d+)?))$/;
const labelPair = /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/gy;

/**
 * Reads an exposition as strictly as its format is: a sample follows the HELP and TYPE of its metric, no
 * series is there twice, what counts ends in `_total`.
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function readExposition(text: string): Scrape {
  const types = new Map<string, string>();
  const helps = new Set<string>();
  const series = new Set<string>();
  const samples: Sample[] = [];
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [, kind, metric, rest] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (kind === 'HELP') helps.add(metric as string);
    else if (kind === 'TYPE') types.set(metric as string, rest as string);
    else samples.push(readSample(line));
  }
  for (const { name, labels } of samples) {
    const metric = types.has(name) ? name : name.replace(/_(bucket|sum|count)$/, '');
    if (!types.has(metric) || !helps.has(metric)) throw new Error(`${name} has no HELP or TYPE`);
    if ((types.get(metric) === 'counter') !== metric.endsWith('_total'))
      throw new Error(`${metric} is a ${types.get(metric)}`);
    const key = `${name}${JSON.stringify(labels)}`;
    if (series.has(key)) throw new Error(`twice: ${key}`);
    series.add(key);
  }
  return {
    text,
    samples,
    sum: (name, labels = {}) =>
      samples
        .filter(
          (sample) =>
            sample.name === name &&
            Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
        )
        .reduce((sum, { value }) => sum + value, 0),
    values: (label) => new Set(samples.flatMap(({ labels }) => labels[label] ?? [])),
  };
}

function readSample(line: string): Sample {
  const [, name, pairs = '', value] = sampleLine.exec(line) ?? [];
  if (name === undefined) throw new Error(`not a sample: ${line}`);
  const labels: Record<string, string> = {};
  let read = 0;
  for (const [pair, label, text] of pairs.matchAll(labelPair)) {
    labels[label as string] = text as string;
    read += pair.length;
  }
  if (read !== pairs.length) throw new Error(`labels that cannot be read: ${line}`);
  return { name, labels, value: Number(value === '+Inf' ? Infinity : value) };
}

export async function scrape(url: string): Promise<Scrape> {
  const response = await fetch(`${url}/metrics`);
  if (response.status !== 200) throw new Error(`${url}: ${response.status}`);
  if (response.headers.get('content-type') !== 'text/plain; version=0.0.4; charset=utf-8')
    throw new Error(`${url}: ${response.headers.get('content-type')}`);
  return readExposition(await response.text());
}
