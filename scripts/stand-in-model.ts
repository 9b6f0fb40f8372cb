/**
 * The stand-in model: an OpenAI-compatible server that computes its answers from the prompt, so that promptq runs without a
 * key and without a network. It is meant for trials and demos. Its answers mean nothing.
 *
 * Run it (`node scripts/stand-in-model.ts`, with HOST and PORT) or import `startStandInModel`. It imports no other file of
 * this repository, only `@copilotkit/aimock`, which keeps its image small. `GET /health` answers 200.
 */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { type ChatCompletionRequest, type ChatMessage, LLMock } from '@copilotkit/aimock';

const defaultHost = '127.0.0.1';
const defaultPort = 4010;
const minLatencyMs = 300;
const maxLatencyMs = 900;
/** OpenAI's own rule of thumb for English text. */
const charactersPerToken = 4;
/** Only the beginning of a longer text is read, so that a megabyte does not take seconds. */
const maxTextCharacters = 20_000;

const wordSet = (words: string) => new Set(words.split(' '));
const positiveWords = wordSet(
  'amazing beautiful best better calm delicious delight delighted easy enjoy excellent fantastic fast friendly genius glad good great happy helpful hope impressive joy kind love loved lovely nice noble peace perfect pleasant pleased proud recommend reliable satisfied success superb thank thanks trust truth warm wonderful worth',
);
const negativeWords = wordSet(
  'afraid angry ashamed awful bad bitter boring broken complaint confusing cruel damaged dead delay disappointed disappointing dislike dirty error expensive fail failed failure fear grief hate horrible late lost mistake misery never noisy pain poor problem rude sad scared slow sorry terrible tired ugly unhappy unreliable useless waste weak worse worst wrong',
);
const negations = wordSet(
  "no not never without hardly isn't wasn't don't doesn't didn't can't won't",
);
const stopWords = wordSet(
  "about above after again against all also although always among and another any are aren't because been before being below between both but can can't cannot come could did didn't does doesn't doing don't done down during each either else ever every few for from further get give given had has have having her here hers herself him himself his how however i'm if in into is isn't it its itself just know let like made make many may me might more most much must my myself neither never nor not nothing now of off on once one only or other our ours ourselves out over own part perhaps please rather said same say see shall she should since so some something still such take tell than that the their theirs them themselves then there these they thing things this those though through thus thy till to too under until unless up upon us very was wasn't way we well were what when where whether which while who whom whose why will with within without won't would yes yet you your yours yourself",
);

export interface StandInModel {
  /** The value for OPENAI_BASE_URL, including `/v1`. */
  baseUrl: string;
  stop: () => Promise<void>;
}

/** Starts the stand-in model. Port 0 means any free port. `stop` resolves when the calls in flight are answered. */
export async function startStandInModel(address: {
  host: string;
  port: number;
}): Promise<StandInModel> {
  // aimock reads a journal size of 0 as "no limit", so 1 is the minimum.
  const server = new LLMock({
    host: address.host,
    port: address.port,
    journalMaxEntries: 1,
    fixtureCountsMaxTestIds: 1,
  });
  server.on(
    { endpoint: 'chat' },
    async (request) => {
      await sleep(latencyMs(promptOf(request)));
      return answer(request);
    },
    // A streamed answer comes a few words at a time, as from a model.
    { chunkSize: 16, latency: 30 },
  );
  const url = await server.start();
  return { baseUrl: `${url}/v1`, stop: () => server.stop() };
}

/** The answer to a request. The same request always has the same answer. It is truncated at `max_tokens`. */
export function answer(request: ChatCompletionRequest): {
  content: string;
  finishReason: 'stop' | 'length';
} {
  const instruction = textOf(request.messages.find((message) => message.role === 'system'));
  const text = textOf(request.messages.findLast((message) => message.role === 'user')).slice(
    0,
    maxTextCharacters,
  );
  return truncate(answerTo(instruction, text, request.response_format?.type), request.max_tokens);
}

function answerTo(instruction: string, text: string, responseFormat: string | undefined): string {
  if (instruction.startsWith('Answer with one word')) return sentimentOf(text);
  if (instruction.startsWith('Name three topics')) return topicsOf(text).join(', ');
  if (instruction.startsWith('Summarize')) return firstSentenceOf(text);
  const reply = replyTo(text);
  return responseFormat?.startsWith('json') === true ? JSON.stringify({ reply }) : reply;
}

function sentimentOf(text: string): 'positive' | 'negative' | 'mixed' | 'neutral' {
  let good = 0;
  let bad = 0;
  const words = wordsOf(text);
  for (const [index, word] of words.entries()) {
    const isNegated = words
      .slice(Math.max(0, index - 2), index)
      .some((before) => negations.has(before));
    if (isNegated ? negativeWords.has(word) : positiveWords.has(word)) good++;
    if (isNegated ? positiveWords.has(word) : negativeWords.has(word)) bad++;
  }
  if (good === 0 && bad === 0) return 'neutral';
  if (Math.min(good, bad) * 2 >= Math.max(good, bad)) return 'mixed';
  return good > bad ? 'positive' : 'negative';
}

/** At most three words or pairs of words: those that the text repeats most often. */
function topicsOf(text: string): string[] {
  const words = wordsOf(text);
  const counts = new Map<string, number>();
  const count = (topic: string, first: number, again: number) => {
    const before = counts.get(topic);
    counts.set(topic, before === undefined ? first : before + again);
  };
  for (const [index, word] of words.entries()) {
    if (!isTopic(word)) continue;
    count(word, 2, 2);
    const next = words[index + 1];
    // A pair is more specific than its words, but only if it is repeated.
    if (next !== undefined && next !== word && isTopic(next)) count(`${word} ${next}`, 1.9, 2.5);
  }
  const topics: string[] = [];
  for (const [topic] of [...counts].toSorted((one, other) => other[1] - one[1])) {
    const isNew = topics.every(
      (chosen) => !` ${chosen} `.includes(` ${topic} `) && !` ${topic} `.includes(` ${chosen} `),
    );
    if (isNew) topics.push(topic);
    if (topics.length === 3) break;
  }
  return topics.length > 0 ? topics : ['no words'];
}

function isTopic(word: string): boolean {
  return (word.length > 2 || /[^\p{ASCII}]/u.test(word)) && !stopWords.has(word);
}

function firstSentenceOf(text: string): string {
  const paragraph = text.split(/\n\s*\n/).find((lines) => lines.trim() !== '');
  if (paragraph === undefined) return 'There is no text.';
  const line = paragraph.replaceAll(/\s+/g, ' ').trim();
  const [first] = new Intl.Segmenter('en', { granularity: 'sentence' }).segment(line);
  return first?.segment.trim() ?? line;
}

function replyTo(message: string): string {
  const phrase = /^(?:please\s+)?(?:say|repeat)\s+["']?(.+?)["']?[.!]?$/is.exec(
    message.trim(),
  )?.[1];
  if (phrase !== undefined) return `${phrase.charAt(0).toUpperCase()}${phrase.slice(1)}!`;
  if (/^(?:hi|hello|hey|good (?:morning|day|evening))\b/i.test(message.trim()))
    return 'Hello! How can I help you?';
  const topics = new Intl.ListFormat('en').format(topicsOf(message));
  return message.trim().endsWith('?')
    ? `Your question is about ${topics}. A real model would answer it; this is the stand-in.`
    : `You wrote about ${topics}. You began with: "${firstSentenceOf(message)}"`;
}

function wordsOf(text: string): string[] {
  const segments = new Intl.Segmenter('en', { granularity: 'word' }).segment(
    text.replaceAll('’', "'").toLowerCase(),
  );
  return [...segments]
    .filter(({ isWordLike }) => isWordLike === true)
    .map(({ segment }) => segment);
}

function truncate(
  content: string,
  maxTokens: number | undefined,
): { content: string; finishReason: 'stop' | 'length' } {
  const maxCharacters = (maxTokens ?? Infinity) * charactersPerToken;
  if (content.length <= maxCharacters) return { content, finishReason: 'stop' };
  return { content: content.slice(0, maxCharacters).toWellFormed(), finishReason: 'length' };
}

/** A latency between 300 and 900 ms, which depends on the prompt only. */
export function latencyMs(prompt: string): number {
  const number = createHash('sha256').update(prompt).digest().readUInt32BE(0);
  return minLatencyMs + (number % (maxLatencyMs - minLatencyMs + 1));
}

function promptOf(request: ChatCompletionRequest): string {
  return request.messages.map(textOf).join('\n');
}

function textOf(message: ChatMessage | undefined): string {
  const content = message?.content ?? '';
  return typeof content === 'string' ? content : content.map((part) => part.text ?? '').join('');
}

async function main(): Promise<void> {
  const port = Number(process.env['PORT'] ?? defaultPort);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error('PORT must be a whole number from 0 to 65535; 0 means any free port');
  const model = await startStandInModel({ host: process.env['HOST'] ?? defaultHost, port });
  console.log(`The stand-in model is ready at ${model.baseUrl}`);
  const stop = () => void model.stop();
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

if (import.meta.main) await main();
