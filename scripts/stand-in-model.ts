/**
 * The stand-in model: an OpenAI-compatible server that answers from the prompt alone, so that the whole stack runs
 * with no key and no network. It is for trying promptq out and for demos; its answers mean nothing.
 *
 * Run it (`node scripts/stand-in-model.ts`, with HOST and PORT) or import `startStandInModel`. It needs no other file
 * of this repository, only `@copilotkit/aimock`, so that a small image can hold it. `GET /health` answers 200.
 */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { type ChatCompletionRequest, type ChatMessage, LLMock } from '@copilotkit/aimock';

const defaultHost = '127.0.0.1';
const defaultPort = 4010;
const shortestLatencyMs = 300;
const longestLatencyMs = 900;
/** OpenAI's own rule of thumb for English text. */
const charactersPerToken = 4;
/** Longer texts are judged by their beginning: a stand-in must not spend seconds on a megabyte. */
const longestTextRead = 20_000;

const positiveWords = new Set(
  'amazing beautiful best better calm delicious delight delighted easy enjoy excellent fantastic fast friendly genius glad good great happy helpful hope impressive joy kind love loved lovely nice noble peace perfect pleasant pleased proud recommend reliable satisfied success superb thank thanks trust truth warm wonderful worth'.split(
    ' ',
  ),
);
const negativeWords = new Set(
  'afraid angry ashamed awful bad bitter boring broken complaint confusing cruel damaged dead delay disappointed disappointing dislike dirty error expensive fail failed failure fear grief hate horrible late lost mistake misery never noisy pain poor problem rude sad scared slow sorry terrible tired ugly unhappy unreliable useless waste weak worse worst wrong'.split(
    ' ',
  ),
);
const negations = new Set(
  "no not never without hardly isn't wasn't don't doesn't didn't can't won't".split(' '),
);
const stopWords = new Set(
  "about above after again against all also although always among and another any are aren't because been before being below between both but can can't cannot come could did didn't does doesn't doing don't done down during each either else ever every few for from further get give given had has have having her here hers herself him himself his how however i'm if in into is isn't it its itself just know let like made make many may me might more most much must my myself neither never nor not nothing now of off on once one only or other our ours ourselves out over own part perhaps please rather said same say see shall she should since so some something still such take tell than that the their theirs them themselves then there these they thing things this those though through thus thy till to too under until unless up upon us very was wasn't way we well were what when where whether which while who whom whose why will with within without won't would yes yet you your yours yourself".split(
    ' ',
  ),
);

export interface StandInModel {
  /** What belongs into OPENAI_BASE_URL, `/v1` included. */
  baseUrl: string;
  stop: () => Promise<void>;
}

/** Starts the stand-in model; `port` 0 takes a free one. Calls under way are answered before `stop` resolves. */
export async function startStandInModel(at: { host: string; port: number }): Promise<StandInModel> {
  // aimock reads a journal size of 0 as "without limit": one entry is the least it can keep.
  const server = new LLMock({
    host: at.host,
    port: at.port,
    journalMaxEntries: 1,
    fixtureCountsMaxTestIds: 1,
  });
  server.on(
    { endpoint: 'chat' },
    async (request) => {
      await sleep(latencyMs(promptOf(request)));
      return answer(request);
    },
    // For streamed answers only: a few words at a time, like a model.
    { chunkSize: 16, latency: 30 },
  );
  const url = await server.start();
  return { baseUrl: `${url}/v1`, stop: () => server.stop() };
}

/** What the stand-in says to a request: the same request has the same answer, cut at `max_tokens` like a model's. */
export function answer(request: ChatCompletionRequest): {
  content: string;
  finishReason: 'stop' | 'length';
} {
  const instruction = textOf(request.messages.find((message) => message.role === 'system'));
  const text = textOf(request.messages.findLast((message) => message.role === 'user')).slice(
    0,
    longestTextRead,
  );
  return cut(answerTo(instruction, text, request.response_format?.type), request.max_tokens);
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
    const turned = words
      .slice(Math.max(0, index - 2), index)
      .some((before) => negations.has(before));
    if (turned ? negativeWords.has(word) : positiveWords.has(word)) good++;
    if (turned ? positiveWords.has(word) : negativeWords.has(word)) bad++;
  }
  if (good === 0 && bad === 0) return 'neutral';
  if (Math.min(good, bad) * 2 >= Math.max(good, bad)) return 'mixed';
  return good > bad ? 'positive' : 'negative';
}

/** The three words or pairs of words that the text repeats most; fewer when it has fewer. */
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
    // A pair says more than its parts, but only when it comes back.
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
  const told = /^(?:please\s+)?(?:say|repeat)\s+["']?(.+?)["']?[.!]?$/is.exec(message.trim())?.[1];
  if (told !== undefined) return `${told.charAt(0).toUpperCase()}${told.slice(1)}!`;
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

function cut(
  content: string,
  maxTokens: number | undefined,
): { content: string; finishReason: 'stop' | 'length' } {
  const longest = (maxTokens ?? Infinity) * charactersPerToken;
  if (content.length <= longest) return { content, finishReason: 'stop' };
  return { content: content.slice(0, longest).toWellFormed(), finishReason: 'length' };
}

/** Between 300 and 900 ms, the same for the same prompt. */
export function latencyMs(prompt: string): number {
  const number = createHash('sha256').update(prompt).digest().readUInt32BE(0);
  return shortestLatencyMs + (number % (longestLatencyMs - shortestLatencyMs + 1));
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
    throw new Error('PORT must be a whole number from 0 to 65535');
  const model = await startStandInModel({ host: process.env['HOST'] ?? defaultHost, port });
  console.log(`stand-in model ready at ${model.baseUrl}`);
  const stop = () => void model.stop();
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

if (import.meta.main) await main();
