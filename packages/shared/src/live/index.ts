export { wakeUpSchema, type WakeUp } from './wake-up.ts';
