export { failureCodeSchema, isRetryable, publicMessage, type FailureCode } from './codes.ts';
export {
  failureSchema,
  readFailure,
  upstreamAnswerSchema,
  type Failure,
  type UpstreamAnswer,
} from './failure.ts';
