export {
  appendTokens,
  readTokens,
  type Appended,
  type OutputPosition,
  type Tokens,
} from './tokens.ts';
export { wakeUpSchema, type WakeUp } from './wake-up.ts';
